// A load generator on one epoll thread: N connections, each sending one request after another over HTTP or
// WebSocket and timing the answers. Light, so that it is not what is measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hobtest {

struct LoadOptions {
  int port = 0;
  int connections = 1;
  int requests = 1000;  // in all
  std::string path = "/v1/chat/completions";  // HTTP, or the WebSocket's with websocket = true
  std::string body = {}; // "%n" becomes the request's number, "%c" the connection's
  bool websocket = false;
  std::string done_mark = "\"event\":\"done\"";  // WebSocket: the message that ends a request holds this
  std::string ok_mark = {};                          // HTTP: a good answer holds this
};

struct LoadResult {
  double seconds = 0;
  std::uint64_t good = 0, bad = 0;
  std::vector<double> micros;  // one a good request, sorted
  std::string first_bad;
  double percentile(double p) const;
};

LoadResult run_load(const LoadOptions& options);

/// micros: the round trips of the pings that were answered, sorted.
struct HoldResult {
  int open = 0, lost = 0;
  std::vector<double> micros;
  double percentile(double p) const;
};
/// `count` idle WebSockets on `path`; open() says how many were accepted.
class HeldSockets {
 public:
  HeldSockets(int port, std::string path, int count);
  ~HeldSockets();
  HeldSockets(const HeldSockets&) = delete;
  HeldSockets& operator=(const HeldSockets&) = delete;
  int open() const { return int(fds_.size()); }
  /// Pings one in `every`, one after another, and waits for each pong.
  HoldResult ping(int every);

 private:
  std::vector<int> fds_;
};

}  // namespace hobtest
