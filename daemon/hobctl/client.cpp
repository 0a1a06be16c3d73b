#include "hobctl/client.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace hobd::ctl {
namespace {

constexpr std::size_t kMaxLine = 64 << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Client::connect(const std::string& path) {
  lost_ = true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{Code::invalid, "the socket's path is too long: " + path};
  std::memcpy(address.sun_path, path.data(), path.size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return Error{Code::unavailable, fmt::format("make a socket: {}", std::strerror(errno))};
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int number = errno;
    const char* advice = number == EACCES ? "join the group hob, or use sudo" : "is hobd running? (systemctl status hobd, or scripts/quickstart)";
    return Error{Code::unavailable, fmt::format("no daemon on {}: {}; {}", path, std::strerror(number), advice)};
  }
  lost_ = false;
  return {};
}

Result<json::value> Client::call(std::string_view method, json::object params, const std::function<void(const json::value& event)>& on_event) {
  const std::int64_t id = next_id_++;
  const json::object request{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
  TRY(write_all(json::serialize(request) + "\n"));
  for (;;) {
    const std::string line = TRY(read_line());
    auto message = parse_json_object(line);
    if (message.has_error()) {
      lost_ = true;
      return message.error().with_context("the daemon's answer");
    }
    if (string_or(*message, "method") == "stream") {
      const json::object* event = object_at(*message, "params");
      if (event && on_event && int_or(*event, "id") == id && event->contains("event")) on_event(event->at("event"));
      continue;
    }
    const json::value* answered = message->if_contains("id");
    if (const json::object* error = object_at(*message, "error")) {
      if (answered && !answered->is_null() && int_or(*message, "id") != id) continue;  // of a call given up earlier
      const json::object* data = object_at(*error, "data");
      return Error{code_from_name(data ? string_or(*data, "status") : "internal"), std::string(string_or(*error, "message"))};
    }
    if (int_or(*message, "id") != id) continue;
    json::value* result = message->if_contains("result");
    if (result) return std::move(*result);
  }
}

Result<std::string> Client::read_line() {
  std::size_t scanned = 0;
  for (;;) {
    if (const std::size_t end = buffer_.find('\n', scanned); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    scanned = buffer_.size();
    if (scanned > kMaxLine) return Error{Code::overloaded, "the daemon's answer is too long"};
    char piece[65536];
    const ssize_t count = ::recv(fd_, piece, sizeof piece, 0);
    if (count > 0) {
      buffer_.append(piece, static_cast<std::size_t>(count));
    } else if (count < 0 && errno == EINTR) {
      if (interrupted && interrupted()) return Error{Code::cancelled, "interrupted"};
    } else {
      lost_ = true;
      return Error{Code::unavailable, "the daemon went away"};
    }
  }
}

Result<void> Client::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      lost_ = true;
      return Error{Code::unavailable, "the daemon went away"};
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

std::string socket_path(const std::string& given) {
  if (!given.empty()) return given;
  if (const std::string path = environment("HOB_SOCKET"); !path.empty()) return path;
  if (const std::string folder = environment("XDG_RUNTIME_DIR"); !folder.empty())
    if (const std::string path = folder + "/hob/hob.sock"; ::access(path.c_str(), F_OK) == 0) return path;
  const std::string system = "/run/hob/hob.sock";
  if (::access(system.c_str(), F_OK) == 0) return system;
  // Where scripts/quickstart puts it without XDG_RUNTIME_DIR.
  std::string state = environment("XDG_STATE_HOME");
  if (state.empty() && !environment("HOME").empty()) state = environment("HOME") + "/.local/state";
  if (const std::string path = state + "/hob/run/hob/hob.sock"; !state.empty() && ::access(path.c_str(), F_OK) == 0) return path;
  return system;
}

}  // namespace hobd::ctl
