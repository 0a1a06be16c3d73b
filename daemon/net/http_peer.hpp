// What the server's connections share, and what the server asks of each. Inside net/ only.
//
// No connection owns a timer: one sweep of the server looks at all deadlines, several times per shortest
// timeout. No connection owns a read buffer while it waits: bytes land in one buffer of the server.
#pragma once

#include "net/http_server.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace hobd {

using SteadyTime = std::chrono::steady_clock::time_point;

inline constexpr std::size_t kMaxQueuedBytes = 8 << 20;  // of one connection, not yet taken by the kernel

class Peer : public std::enable_shared_from_this<Peer> {
 public:
  virtual ~Peer() = default;
  /// Looks at its deadlines. May end it.
  virtual void tick(SteadyTime now) = 0;
  /// The server stops: end when what runs has ended.
  virtual void drain() = 0;
  /// Ends at once.
  virtual void cut() = 0;

 private:
  friend class ServerCore;
  std::size_t slot_ = 0;  // index in ServerCore::peers_
};

/// Shared by the server and its connections, some of which an exchange keeps longer than the server lives.
class ServerCore {
 public:
  ServerCore(asio::any_io_executor executor, HttpServerOptions options, RequestHandler& handler);

  void add(std::shared_ptr<Peer> peer);
  void remove(Peer& peer);
  const std::vector<std::shared_ptr<Peer>>& peers() const { return peers_; }
  /// "Sat, 21 Nov 2026 08:15:30 GMT", formatted once a second.
  const std::string& http_date();

  asio::any_io_executor executor;
  const HttpServerOptions options;
  RequestHandler* handler;  // null once the server is gone
  HttpServerStats stats;
  bool draining = false;
  std::vector<char> scratch;   // every read lands here first
  asio::steady_timer emptied;  // cancelled when the last peer leaves

 private:
  std::vector<std::shared_ptr<Peer>> peers_;
  std::string date_;
  std::int64_t date_second_ = 0;
};

}  // namespace hobd
