// A WebSocket client (ws and wss) on Beast, for channels such as Discord's gateway. RFC 6455.
#pragma once

#include "base/task_group.hpp"
#include "net/http_types.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace hobd {

struct WebSocketClientOptions {
  std::string url;  // ws:// or wss://
  HttpHeaders headers;
  std::string subprotocol;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds ping_interval{30'000};
  std::uint64_t max_message = 1 << 20;
  bool public_only = false;  // as in HttpClientRequest
};

struct WebSocketClientHandlers {
  std::function<void(const HttpHeaders& response)> open;
  std::function<void(std::string message, bool is_text)> message;
};

struct WebSocketClose {
  std::uint16_t code = 1006;
  std::string reason;
};

/// One connection. All on the core thread.
class WebSocketClient {
 public:
  virtual ~WebSocketClient() = default;
  /// Connects and runs until it is closed: the close on an orderly end, else unavailable, timeout, denied,
  /// invalid or cancelled. Called once.
  virtual awaitable<Result<WebSocketClose>> async_run(WebSocketClientHandlers handlers) = 0;
  /// Queues a message; not_found when not open, overloaded when 8 MiB wait.
  virtual Result<void> send(std::string_view message, bool is_text) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

std::shared_ptr<WebSocketClient> make_websocket_client(asio::any_io_executor executor, WebSocketClientOptions options);

}  // namespace hobd
