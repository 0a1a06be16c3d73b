// The HTTP client: every outgoing request of the daemon and its plugins, on one curl multi handle driven
// by Asio. Connections are reused; the CA bundle is loaded at the first https request.
#pragma once

#include "base/task_group.hpp"
#include "net/http_types.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace hobd {

struct HttpClientRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::string body;
  std::chrono::milliseconds timeout{30'000};  // whole request; 0: none
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{60'000};  // no byte for so long; 0: none
  std::uint64_t max_body = 8 << 20;                 // more is an error
  int max_redirects = 5;                            // Authorization and cookies don't follow to another host
  /// Refuses loopback, private, link-local, CGNAT and multicast addresses, after name resolution and on each
  /// redirect (so that a name that resolves to 127.0.0.1 gets nowhere).
  bool public_only = false;
  /// Called on each redirect with its URL; false stops with denied. Null allows.
  std::function<bool(std::string_view url)> allow_redirect;
  /// Called on the core thread. With on_data set, the body of a 2xx response goes there in pieces instead of
  /// into HttpClientResponse::body. Returning false from on_data ends the request with cancelled.
  std::function<void(int status, const HttpHeaders& headers, std::string_view url)> on_head;
  std::function<bool(std::string_view piece)> on_data;
};

struct HttpClientResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  std::string url;  // after redirects
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Sends and waits for the end of the response. Any status is a response. Errors: invalid (url), denied
  /// (address or redirect), unavailable (resolve, connect, TLS, reset, ended early: "connect to 127.0.0.1:1234:
  /// connection refused"), timeout (which one), overloaded (max_body), cancelled (Asio cancellation).
  virtual awaitable<Result<HttpClientResponse>> async_send(HttpClientRequest request) = 0;
};

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor);

/// Splits a byte stream into server-sent events (WHATWG HTML, "Server-sent events"). Pure.
class SseParser {
 public:
  struct Event {
    std::string name = "message", data, id;
  };
  /// Takes the next bytes and calls `sink` for each complete event. overloaded: an event is larger than 8 MiB.
  Result<void> feed(std::string_view bytes, const std::function<void(Event)>& sink);

 private:
  std::string buffer_;
  Event event_;
  bool has_data_ = false;
  bool first_ = true;  // a leading byte order mark is skipped
};

/// One event as it goes over the wire: "event: name\ndata: ...\n\n"; "" leaves the name out.
std::string format_sse(std::string_view name, std::string_view data);

}  // namespace hobd
