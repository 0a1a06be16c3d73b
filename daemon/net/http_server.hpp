// The HTTP/1.1 and WebSocket server: sockets, parsing, limits and timeouts. What a request means is the
// RequestHandler's business, who answers through the HttpExchange, at once or over hours.
//
// Everything runs on the core thread. RFC 9110, 9112 (HTTP/1.1), RFC 6455 (WebSocket).
#pragma once

#include "base/task_group.hpp"
#include "net/http_types.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace hobd {

struct HttpRequest {
  std::string method;   // "GET"
  std::string target;   // as sent: "/a/b?c=d"
  std::string path;     // percent-decoded, without the query, dot segments refused
  std::string query;    // as sent
  HttpHeaders headers;
  std::string body;
  std::string remote;   // "127.0.0.1"
  bool websocket = false;  // an upgrade request that is in order
};

/// What a WebSocket's owner is told. All on the core thread, never inside a call of the owner's.
struct WebSocketHandlers {
  std::function<void(std::string message, bool is_text)> message;
  std::function<void(std::uint16_t code, std::string reason)> closed;  // once, the last call
};

/// One request and the way to answer it. Kept by the handler as long as it may answer (shared_ptr: the
/// connection and the handler both hold it). Exactly one of respond(), begin() or accept() is called; a
/// dropped exchange is answered with 500. After the client has gone every function is a no-op.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual const HttpRequest& request() const = 0;

  /// Sends a whole response.
  virtual void respond(int status, HttpHeaders headers, std::string body) = 0;

  /// Starts a streamed response (chunked, or until close for HTTP/1.0).
  virtual void begin(int status, HttpHeaders headers) = 0;
  /// Queues a piece. false: the client has gone or over 8 MiB wait, and the piece was not taken.
  virtual bool write(std::string_view piece) = 0;
  virtual void end() = 0;
  /// Cuts a streamed response short, so that the client sees it is incomplete.
  virtual void abort() = 0;

  /// Accepts the upgrade; afterwards send() and close().
  virtual void accept(WebSocketHandlers handlers, HttpHeaders headers) = 0;
  /// Queues one message; false as for write().
  virtual bool send(std::string_view message, bool is_text) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

  /// Called once when the client goes before the answer was complete.
  virtual void on_gone(std::function<void()> handler) = 0;
  /// Bytes queued and not yet taken by the kernel.
  virtual std::size_t pending() const = 0;
};

/// An error that the server answers itself (400, 408, 413, 426, 431, 500, 503): the framing alone went wrong.
struct ServerError {
  int status = 0;
  std::string_view message;
  /// The request as far as it was read: its path and header fields, empty when it didn't come so far.
  const HttpRequest& request;
};
struct ErrorAnswer {
  HttpHeaders headers;
  std::string body;
};

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// A whole request has arrived. Must not block; may answer before or after it returns.
  virtual void handle(std::shared_ptr<HttpExchange> exchange) = 0;
  /// What an error of the server's own is answered with.
  virtual ErrorAnswer error_answer(const ServerError& error) = 0;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 0;             // 0: any free one, see port()
  std::size_t max_header = 16 * 1024;
  std::uint64_t max_body = 1 << 20;
  std::uint64_t max_message = 1 << 20;  // a WebSocket message
  std::uint32_t max_connections = 10'000;
  std::chrono::milliseconds request_timeout{30'000};  // first byte to last byte of a request
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds write_timeout{30'000};    // a client that takes nothing for so long is cut
  std::chrono::milliseconds ping_interval{30'000};    // WebSocket
  /// WebSocket messages a second from one client, over a burst of as many; beyond, it is closed with 1008.
  std::uint32_t max_messages_per_second = 1000;
};

struct HttpServerStats {
  std::uint32_t connections = 0, websockets = 0;
  std::uint64_t requests = 0, refused = 0;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  /// Binds and listens. unavailable: the port is taken (the message names who may hold it and what to change).
  virtual Result<void> listen() = 0;
  /// Takes a listening socket from systemd instead.
  virtual Result<void> adopt(int listening_fd) = 0;
  virtual std::uint16_t port() const = 0;
  virtual HttpServerStats stats() const = 0;
  /// Stops accepting, lets running exchanges end within `limit`, closes WebSockets with 1001, then cuts.
  virtual awaitable<void> drain(std::chrono::milliseconds limit) = 0;
};

/// `handler` outlives the server.
std::unique_ptr<HttpServer> make_http_server(asio::any_io_executor executor, HttpServerOptions options,
                                             RequestHandler& handler);

}  // namespace hobd
