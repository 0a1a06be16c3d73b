// A server on a thread of its own, and blocking raw TCP and WebSocket clients to poke it with.
#pragma once

#include "net/http_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <arpa/inet.h>
#include <future>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace net_test {

using namespace hobd;
using namespace std::chrono_literals;
using ExchangePtr = std::shared_ptr<HttpExchange>;

/// Runs `task` to its end on a fresh io_context and returns its value.
template <class T>
T run(asio::io_context& io, awaitable<T> task) {
  auto result = asio::co_spawn(io, std::move(task), asio::use_future);
  io.restart();
  io.run();
  return result.get();
}

class TestServer final : public RequestHandler {
 public:
  using Handle = std::function<void(ExchangePtr)>;

  explicit TestServer(Handle handle, HttpServerOptions options = {})
      : handle_(std::move(handle)), server_(make_http_server(io_.get_executor(), options, *this)) {
    server_->listen().value();
    port_ = server_->port();
    thread_ = std::thread([this] { io_.run(); });
  }
  /// Runs `function` on the server's thread and waits for it.
  template <class Function>
  auto call(Function function) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto result = task.get_future();
    asio::post(io_, [&task] { task(); });
    return result.get();
  }
  ~TestServer() override {
    call([this] { server_.reset(); });
    work_.reset();
    io_.stop();
    thread_.join();
  }

  HttpServerStats stats() {
    return call([this] { return server_->stats(); });
  }
  void drain(std::chrono::milliseconds limit) {
    asio::co_spawn(io_, server_->drain(limit), asio::use_future).get();
  }
  /// Waits until `condition` of the stats holds.
  template <class Condition>
  bool until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition(stats())) return true;
      std::this_thread::yield();
    }
    return false;
  }

  void handle(ExchangePtr exchange) override { handle_(std::move(exchange)); }
  ErrorAnswer error_answer(const ServerError& error) override {
    return {{{"Content-Type", "application/json"}, {"X-Target", error.request.target}},
            "{\"error\":" + std::to_string(error.status) + ",\"message\":\"" + std::string(error.message) + "\"}"};
  }

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  asio::io_context& io() { return io_; }

 private:
  Handle handle_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A blocking TCP client; every wait ends after 20 s with an exception.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) throw std::runtime_error("connect");
  }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  int fd() const { return fd_; }

  /// Exactly `size` bytes; fewer at the end of the stream.
  std::string read(std::size_t size) {
    while (in_.size() < size && more()) {
    }
    return take(std::min(size, in_.size()));
  }
  std::string read_through(std::string_view mark) {
    std::size_t at;
    while ((at = in_.find(mark)) == std::string::npos)
      if (!more()) return take(in_.size());
    return take(at + mark.size());
  }
  std::string read_all() {
    while (more()) {
    }
    return take(in_.size());
  }
  /// Header and body of a response with Content-Length.
  std::string read_response() {
    auto head = read_through("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + read(std::stoul(head.substr(at + 16)));
  }
  std::string ask(std::string_view request) {
    send(request);
    return read_response();
  }

  // WebSocket
  std::string upgrade(std::string_view path = "/ws", std::string_view behind = {}) {
    send("GET " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" +
         std::string(behind));
    return read_through("\r\n\r\n");
  }
  static std::string frame(int first_byte, std::string_view payload) {
    std::string out(1, static_cast<char>(first_byte));
    if (payload.size() < 126) {
      out += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65536) {
      out += static_cast<char>(0x80 | 126);
      out += static_cast<char>(payload.size() >> 8);
      out += static_cast<char>(payload.size() & 255);
    } else {
      out += static_cast<char>(0x80 | 127);
      for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((payload.size() >> shift) & 255);
    }
    out.append(4, '\0');  // a mask of zeros changes nothing
    return out.append(payload);
  }
  struct Frame {
    int opcode = -1;  // -1: the stream ended
    std::string payload;
    int close_code() const {
      return payload.size() < 2 ? 0
                                : static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
    }
  };
  Frame read_frame() {
    const auto head = read(2);
    if (head.size() < 2) return {};
    std::size_t size = static_cast<unsigned char>(head[1]) & 127;
    if (size >= 126) {
      const auto extended = read(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : extended) size = size * 256 + static_cast<unsigned char>(c);
    }
    return {head[0] & 15, read(size)};
  }
  /// The first frame with that opcode, or {-1} at the end.
  Frame read_frame(int opcode) {
    for (;;) {
      auto frame = read_frame();
      if (frame.opcode == opcode || frame.opcode == -1) return frame;
    }
  }

 private:
  bool more() {
    char buffer[16384];
    const auto size = ::recv(fd_, buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("nothing came for 20 s");
    if (size <= 0) return false;
    in_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }
  std::string take(std::size_t size) {
    auto out = in_.substr(0, size);
    in_.erase(0, size);
    return out;
  }

  int fd_;
  std::string in_;
};

inline std::string close_payload(int code, std::string_view reason = {}) {
  std::string out;
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code & 255);
  return out.append(reason);
}

}  // namespace net_test
