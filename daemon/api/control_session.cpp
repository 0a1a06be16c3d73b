#include "api/control_session.hpp"

#include "api/keys.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hobd {
namespace {

// JSON-RPC 2.0, section 5.1.
constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kHobErrors = -32000;  // minus the code

int rpc_number(Code code) { return kHobErrors - static_cast<int>(code); }

std::string login_name(uid_t uid) {
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found) return found->pw_name;
  return "uid-" + std::to_string(uid);
}

}  // namespace

ControlSession::ControlSession(asio::local::stream_protocol::socket socket, MethodTable& methods,
                               const ControlSocketOptions& options)
    : socket_(std::move(socket)),
      methods_(methods),
      options_(options),
      wake_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      tasks_(socket_.get_executor()) {}

awaitable<void> ControlSession::run(Users& users) {
  auto who = co_await identify(users);
  if (who.has_error()) {
    log::warn("api", "control socket: a peer is turned away: {}", who.error().message);
    close();
    co_return;
  }
  who_ = *std::move(who);
  // The writer holds the session: it ends when close() has been called and wakes it.
  tasks_.spawn("control writer", [](std::shared_ptr<ControlSession> self) -> awaitable<void> {
    co_await self->write_lines();
  }(shared_from_this()));
  co_await read_lines();
}

awaitable<Result<Principal>> ControlSession::identify(Users& users) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  // native_handle() is not const; the descriptor doesn't change.
  const int fd = const_cast<asio::local::stream_protocol::socket&>(socket_).native_handle();
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    co_return Error{Code::denied, "its credentials can't be read"};
  const bool is_admin = peer.uid == 0 || peer.uid == geteuid();
  const std::string login = login_name(peer.uid);
  Principal who;
  who.via = "socket";
  auto user = co_await users.find_by_name(login);
  if (user.has_error() && user.error().code == Code::not_found) {
    // A name of its own: g++ 12 destroys a temporary of ?: in a co_await twice.
    const std::string name = is_admin ? "default" : login;
    user = co_await users.ensure(name, false);
  }
  if (user.has_error()) co_return user.error().with_context("user " + login);
  who.user_id = user->id;
  who.user_name = user->name;
  if (is_admin) {
    who.scopes = {"admin"};
  } else {
    who.scopes = user_scopes();
    who.scopes.insert("keys");
  }
  co_return who;
}

awaitable<void> ControlSession::read_lines() {
  std::string buffer;
  std::size_t scanned = 0;  // no line end before here
  std::array<char, 16384> piece;
  while (!closed_ && !finishing_) {
    boost::system::error_code error;
    const std::size_t count =
        co_await socket_.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof) break;
    if (error) {
      close();
      co_return;
    }
    buffer.append(piece.data(), count);
    std::size_t begin = 0;
    for (std::size_t end; !finishing_ && !closed_ && (end = buffer.find('\n', scanned)) != std::string::npos; scanned = begin = end + 1)
      if (const std::string_view line = trim(std::string_view(buffer).substr(begin, end - begin)); !line.empty()) take_line(line);
    buffer.erase(0, begin);
    scanned = buffer.size();
    if (buffer.size() > options_.max_line) {
      send_error(nullptr, kInvalidRequest, {Code::invalid, "a line is longer than " + std::to_string(options_.max_line) + " bytes"});
      finish();
    }
  }
  // The peer may have shut its writing side only (printf ... | nc): then it still waits for its answers.
  finish();
  while (!closed_ && !peer_has_gone()) {
    boost::system::error_code error;
    co_await socket_.async_wait(asio::local::stream_protocol::socket::wait_error, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
  close();
}

bool ControlSession::peer_has_gone() {
  pollfd state{socket_.native_handle(), POLLIN, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

void ControlSession::finish() {
  finishing_ = true;
  if (in_flight_ == 0 && queue_.empty()) close();
}

void ControlSession::close() {
  if (closed_) return;
  closed_ = true;
  finishing_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  wake_.cancel();
  tasks_.cancel();
}

awaitable<void> ControlSession::write_lines() {
  while (!closed_) {
    if (queue_.empty()) {
      boost::system::error_code ignored;
      co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    boost::system::error_code error;
    co_await asio::async_write(socket_, asio::buffer(queue_.front()), asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      close();
      co_return;
    }
    queued_ -= queue_.front().size();
    queue_.pop_front();
    if (finishing_ && in_flight_ == 0 && queue_.empty()) close();
  }
}

void ControlSession::send(const json::object& message) {
  if (closed_) return;
  std::string line = json::serialize(message);
  line += '\n';
  if (queued_ + line.size() > options_.max_queue) {
    log::warn("api", "control socket: {} reads too slowly and is cut", who_.user_name);
    close();
    return;
  }
  queued_ += line.size();
  queue_.push_back(std::move(line));
  wake_.cancel();
}

void ControlSession::send_error(const json::value& id, int number, const Error& error) {
  json::object message{{"jsonrpc", "2.0"}, {"id", id}};
  message["error"] = {{"code", number}, {"message", error.message}, {"data", {{"status", code_name(error.code)}}}};
  send(message);
}

void ControlSession::take_line(std::string_view line) {
  auto parsed = parse_json(line);
  if (parsed.has_error()) return send_error(nullptr, kParseError, parsed.error());
  if (parsed->is_array())
    return send_error(nullptr, kInvalidRequest, {Code::unsupported, "batches aren't served: send one request a line"});
  const json::object* request = parsed->if_object();
  if (!request) return send_error(nullptr, kInvalidRequest, {Code::invalid, "a request is an object"});
  const json::value* id = request->if_contains("id");
  const json::value no_id = nullptr;
  if (id && !id->is_null() && !id->is_string() && !id->is_number())
    return send_error(no_id, kInvalidRequest, {Code::invalid, "id: a string or a number is wanted"});
  const json::value& shown_id = id ? *id : no_id;
  if (string_or(*request, "jsonrpc") != "2.0")
    return send_error(shown_id, kInvalidRequest, {Code::invalid, "jsonrpc: must be \"2.0\""});
  const std::string_view method = string_or(*request, "method");
  if (method.empty()) return send_error(shown_id, kInvalidRequest, {Code::invalid, "method: a name is wanted"});
  const json::value* params = request->if_contains("params");
  if (params && !params->is_object() && !params->is_null())
    return send_error(shown_id, kInvalidParams, {Code::invalid, "params: parameters go by name, in an object"});
  if (in_flight_ >= options_.max_requests)
    return send_error(shown_id, rpc_number(Code::overloaded),
                      {Code::overloaded, std::to_string(in_flight_) + " requests run on this connection; wait for one to end"});
  ++in_flight_;
  tasks_.spawn("control request",
               answer(shared_from_this(), std::string(method), params && params->is_object() ? params->get_object() : json::object{},
                      shown_id, id != nullptr));
}

awaitable<void> ControlSession::answer(std::shared_ptr<ControlSession> self, std::string method, json::object params,
                                       json::value id, bool wants_answer) {
  // Also when a cancellation leaves through here as an exception.
  struct Finished {
    ControlSession& session;
    ~Finished() {
      --session.in_flight_;
      if (session.finishing_ && session.in_flight_ == 0 && session.queue_.empty()) session.close();
    }
  } finished{*self};
  std::function<void(const json::value&)> on_event = [weak = self->weak_from_this(), id](const json::value& event) {
    const auto session = weak.lock();
    if (!session) return;
    session->send({{"jsonrpc", "2.0"}, {"method", "stream"}, {"params", {{"id", id}, {"event", event}}}});
  };
  const bool known = self->methods_.has(method);
  const auto result = co_await self->methods_.invoke(self->who_, method, std::move(params), std::move(on_event));
  if (!wants_answer) co_return;
  if (result.has_error())
    self->send_error(id, known ? rpc_number(result.error().code) : kMethodNotFound, result.error());
  else
    self->send({{"jsonrpc", "2.0"}, {"id", id}, {"result", *result}});
}

}  // namespace hobd
