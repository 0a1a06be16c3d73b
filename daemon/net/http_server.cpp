#include "net/http_server.hpp"

#include "base/log.hpp"
#include "net/http_connection.hpp"
#include "net/http_peer.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <sys/socket.h>

namespace hobd {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::uint32_t kMaxRefusedAtOnce = 64;  // connections over the limit that still get their 503
constexpr std::size_t kScratch = 64 * 1024;

std::chrono::milliseconds sweep_interval(const HttpServerOptions& o) {
  const auto shortest = std::min({o.request_timeout, o.idle_timeout, o.write_timeout, o.ping_interval});
  return std::clamp<std::chrono::milliseconds>(shortest / 8, 5ms, 500ms);
}

class Server final : public HttpServer {
 public:
  Server(asio::any_io_executor executor, HttpServerOptions options, RequestHandler& handler)
      : core_(std::make_shared<ServerCore>(executor, std::move(options), handler)),
        acceptor_(executor),
        tasks_(executor) {}

  ~Server() override {
    core_->handler = nullptr;
    cut_all();
  }

  Result<void> listen() override {
    const auto& options = core_->options;
    const auto where = fmt::format("listen on {}:{}", options.address, options.port);
    error_code ec;
    const auto address = asio::ip::make_address(options.address, ec);
    if (ec) return Error{Code::invalid, where + ": not a numeric address"};
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
      const auto message = ec.message();
      error_code ignored;
      acceptor_.close(ignored);
      if (ec == asio::error::address_in_use)
        return Error{Code::unavailable, where + ": the port is taken, perhaps by another hobd; stop it (ss -ltnp "
                                                "names it) or change http.listen"};
      if (ec == asio::error::access_denied)
        return Error{Code::unavailable, where + ": permission denied; ports below 1024 need a privilege, change "
                                                "http.listen"};
      return Error{Code::unavailable, fmt::format("{}: {}", where, message)};
    }
    return begin();
  }

  Result<void> adopt(int fd) override {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    int listens = 0;
    socklen_t listens_length = sizeof listens;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0 ||
        (name.ss_family != AF_INET && name.ss_family != AF_INET6) ||
        ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_length) != 0 || listens == 0)
      return Error{Code::invalid, fmt::format("adopt descriptor {}: not a listening TCP socket", fd)};
    error_code ec;
    acceptor_.assign(name.ss_family == AF_INET ? tcp::v4() : tcp::v6(), fd, ec);
    if (ec) return Error{Code::unavailable, fmt::format("adopt descriptor {}: {}", fd, ec.message())};
    return begin();
  }

  std::uint16_t port() const override { return port_; }
  HttpServerStats stats() const override {
    auto stats = core_->stats;
    stats.connections = static_cast<std::uint32_t>(core_->peers().size());
    return stats;
  }

  awaitable<void> drain(std::chrono::milliseconds limit) override {
    const auto core = core_;  // `this` may go while the coroutine waits
    core->draining = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& peer : std::vector(core->peers())) peer->drain();
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!core->peers().empty() && std::chrono::steady_clock::now() < deadline) {
      core->emptied.expires_at(deadline);
      co_await core->emptied.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    for (const auto& peer : std::vector(core->peers())) peer->cut();
  }

 private:
  Result<void> begin() {
    error_code ec;
    port_ = acceptor_.local_endpoint(ec).port();
    acceptor_.non_blocking(true, ec);
    tasks_.spawn("http accept", accept_loop());
    tasks_.spawn("http deadlines", sweep(core_, sweep_interval(core_->options)));
    return {};
  }

  /// The group cancels it before `this` goes.
  awaitable<void> accept_loop() {
    const auto core = core_;
    while (!core->draining && core->handler != nullptr) {
      error_code ec;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (core->handler == nullptr || ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor)
        co_return;
      if (ec) {
        // Out of descriptors, most likely: accepting again at once would spin.
        log::warn("net", "accept a connection: {}", ec.message());
        asio::steady_timer pause(core->executor, 100ms);
        co_await pause.async_wait(asio::use_awaitable);
        if (core->handler == nullptr) co_return;
        continue;
      }
      admit(core, std::move(socket));
    }
  }

  static void admit(const std::shared_ptr<ServerCore>& core, tcp::socket socket) {
    error_code ec;
    const auto remote = socket.remote_endpoint(ec);
    if (!ec) socket.non_blocking(true, ec);
    if (ec) return;  // gone already
    socket.set_option(tcp::no_delay(true), ec);
    const auto open = core->peers().size();
    if (open >= std::size_t{core->options.max_connections} + kMaxRefusedAtOnce) {
      ++core->stats.refused;
      return;
    }
    auto connection = std::make_shared<HttpConnection>(core, std::move(socket), remote.address().to_string());
    core->add(connection);
    if (open >= core->options.max_connections)
      connection->refuse(503, "too many connections");
    else
      connection->start();
  }

  static awaitable<void> sweep(std::shared_ptr<ServerCore> core, std::chrono::milliseconds interval) {
    asio::steady_timer timer(core->executor);
    std::vector<std::shared_ptr<Peer>> peers;
    while (core->handler != nullptr) {
      timer.expires_after(interval);
      co_await timer.async_wait(asio::use_awaitable);
      peers = core->peers();  // a copy: a tick may remove
      const auto now = std::chrono::steady_clock::now();
      for (const auto& peer : peers) peer->tick(now);
      peers.clear();
    }
  }

  void cut_all() {
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& peer : std::vector(core_->peers())) peer->cut();
  }

  std::shared_ptr<ServerCore> core_;  // shared with connections
  tcp::acceptor acceptor_;
  TaskGroup tasks_;
  std::uint16_t port_ = 0;
};

}  // namespace

ServerCore::ServerCore(asio::any_io_executor e, HttpServerOptions o, RequestHandler& h)
    : executor(e), options(std::move(o)), handler(&h), scratch(kScratch), emptied(e) {}

void ServerCore::add(std::shared_ptr<Peer> peer) {
  peer->slot_ = peers_.size();
  peers_.push_back(std::move(peer));
}

void ServerCore::remove(Peer& peer) {
  const auto slot = peer.slot_;
  if (slot >= peers_.size() || peers_[slot].get() != &peer) return;
  const auto keep = std::move(peers_[slot]);  // until the end of this function
  if (slot + 1 != peers_.size()) {
    peers_[slot] = std::move(peers_.back());
    peers_[slot]->slot_ = slot;
  }
  peers_.pop_back();
  if (peers_.empty()) emptied.cancel();
}

const std::string& ServerCore::http_date() {
  const auto now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
  }
  return date_;
}

std::unique_ptr<HttpServer> make_http_server(asio::any_io_executor executor, HttpServerOptions options,
                                             RequestHandler& handler) {
  return std::make_unique<Server>(executor, std::move(options), handler);
}

}  // namespace hobd
