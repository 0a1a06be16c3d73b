// The handler's end of one request. Forwards to its connection; going away unanswered is an answer too.
#pragma once

#include "net/http_connection.hpp"

namespace hobd {

class Exchange final : public HttpExchange, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<HttpConnection> connection, HttpRequest request)
      : connection_(std::move(connection)), request_(std::move(request)) {}
  ~Exchange() override {
    if (!done_) connection_->dropped(request_);
  }

  const HttpRequest& request() const override { return request_; }

  void respond(int status, HttpHeaders headers, std::string body) override {
    if (std::exchange(begun_, true)) return;
    done_ = true;
    connection_->respond(status, headers, std::move(body));
  }
  void begin(int status, HttpHeaders headers) override {
    if (std::exchange(begun_, true)) return;
    streaming_ = true;
    connection_->begin(status, headers);
  }
  bool write(std::string_view piece) override { return streaming_ && !done_ && connection_->write(piece); }
  void end() override {
    if (streaming_ && !std::exchange(done_, true)) connection_->end();
  }
  void abort() override {
    if (begun_ && !streaming_) return;
    begun_ = true;
    if (!std::exchange(done_, true)) connection_->abort();
  }
  void accept(WebSocketHandlers handlers, HttpHeaders headers) override {
    if (std::exchange(begun_, true)) return;
    done_ = websocket_ = true;
    connection_->accept(shared_from_this(), std::move(handlers), std::move(headers));
  }
  bool send(std::string_view message, bool is_text) override {
    return websocket_ && connection_->send(message, is_text);
  }
  void close(std::uint16_t code, std::string_view reason) override {
    if (websocket_) connection_->close_websocket(code, reason);
  }
  void on_gone(std::function<void()> handler) override {
    if (!done_) connection_->on_gone(std::move(handler));
  }
  std::size_t pending() const override { return done_ && !websocket_ ? 0 : connection_->pending(); }

 private:
  std::shared_ptr<HttpConnection> connection_;  // may be closed long before the handler lets go
  HttpRequest request_;
  bool begun_ = false, streaming_ = false, websocket_ = false;
  bool done_ = false;  // answered: the connection is another exchange's now
};

}  // namespace hobd
