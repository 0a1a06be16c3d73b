#include "net/websocket_session.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http_syntax.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <optional>

namespace hobd {

namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using asio::ip::tcp;

constexpr std::chrono::seconds kCloseLimit{5};  // for the peer to answer a close
constexpr std::size_t kKeptBuffer = 2048;       // a read buffer larger than this is given back

/// A socket that first yields bytes which were read before. Beast's accept() would drop them.
class ReplayStream {
 public:
  using executor_type = tcp::socket::executor_type;
  using next_layer_type = tcp::socket;

  ReplayStream(tcp::socket socket, std::string early) : socket_(std::move(socket)), early_(std::move(early)) {}
  executor_type get_executor() noexcept { return socket_.get_executor(); }
  tcp::socket& next_layer() noexcept { return socket_; }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    std::size_t size = 0;
    if (!early_.empty()) {
      size = asio::buffer_copy(buffers, asio::buffer(early_));
      early_.erase(0, size);
      if (early_.empty()) early_.shrink_to_fit();
    }
    return asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this, size](auto completion, const Buffers& where) {
          if (size == 0) return socket_.async_read_some(where, std::move(completion));
          asio::post(socket_.get_executor(), beast::bind_front_handler(std::move(completion), error_code(), size));
        },
        handler, buffers);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  tcp::socket socket_;
  std::string early_;
};

template <class Handler>
void async_teardown(beast::role_type role, ReplayStream& stream, Handler&& handler) {
  websocket::async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

class Session final : public WebSocketSession {
 public:
  Session(std::shared_ptr<ServerCore> core, std::shared_ptr<HttpExchange> exchange, WebSocketHandlers handlers,
          HttpHeaders headers)
      : core_(std::move(core)),
        exchange_(std::move(exchange)),
        handlers_(std::move(handlers)),
        headers_(std::move(headers)) {}

  void start(tcp::socket socket, std::string early) override {
    ++core_->stats.websockets;
    stream_.emplace(std::move(socket), std::move(early));
    stream_->read_message_max(core_->options.max_message);
    stream_->auto_fragment(false);
    stream_->set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
      for (const auto& [name, value] : headers_.fields())
        if (is_token(name) && is_field_value(value)) response.insert(name, value);
      headers_ = {};
    }));
    stream_->control_callback([this](websocket::frame_type kind, beast::string_view) { on_control(kind); });
    const auto now = std::chrono::steady_clock::now();
    deadline_ = now + core_->options.write_timeout;
    last_heard_ = last_ping_ = refilled_ = now;
    tokens_ = core_->options.max_messages_per_second;

    beast::http::request<beast::http::empty_body> request(beast::http::verb::get, "/", 11);
    for (const auto* name : {"Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"})
      request.set(name, exchange_->request().headers.get(name));
    request.set("Connection", "Upgrade");
    request.set("Upgrade", "websocket");
    stream_->async_accept(request, [self = self()](error_code ec) {
      if (ec) return self->finish(1006, "the handshake failed");
      self->open_ = true;
      self->read();
      self->write_next();
    });
  }

  bool send(std::string_view message, bool is_text) override {
    if (closing_ || finished_ || queued_bytes_ + message.size() > kMaxQueuedBytes) return false;
    queued_bytes_ += message.size();
    queue_.push_back({std::string(message), is_text});
    write_next();
    return true;
  }

  void close(std::uint16_t code, std::string_view reason) override {
    if (closing_ || finished_) return;
    closing_ = true;
    close_code_ = is_close_code(code) ? code : std::uint16_t{1000};
    close_reason_ = utf8_prefix(reason, 120);
    deadline_ = std::chrono::steady_clock::now() + kCloseLimit;
    write_next();
  }

  std::size_t pending() const override { return queued_bytes_; }

  void tick(SteadyTime now) override {
    if (finished_) return;
    if ((writing_ || closing_ || !open_) && now > deadline_) return cut();
    if (!open_ || closing_ || now - last_ping_ < core_->options.ping_interval) return;
    if (waits_for_pong_) {
      cut_code_ = 1006;
      cut_reason_ = "no answer to a ping";
      return cut();
    }
    last_ping_ = now;
    if (now - last_heard_ < core_->options.ping_interval || pinging_) return;
    waits_for_pong_ = pinging_ = true;
    stream_->async_ping({}, [self = self()](error_code) { self->pinging_ = false; });
  }

  void drain() override { close(1001, "the server stops"); }

  void cut() override {
    error_code ignored;
    if (stream_) stream_->next_layer().next_layer().close(ignored);  // ends the pending read, which finishes
    if (!open_ && !stream_) finish(1006, "");
  }

 private:
  struct Message {
    std::string text;
    bool is_text;
  };

  std::shared_ptr<Session> self() { return std::static_pointer_cast<Session>(shared_from_this()); }

  void read() {
    stream_->async_read(buffer_, [self = self()](error_code ec, std::size_t) { self->on_read(ec); });
  }

  void on_read(error_code ec) {
    if (ec) return on_error(ec);
    heard();
    std::string message(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
    const bool is_text = stream_->got_text();
    if (!take_token()) close(1008, "too many messages");
    if (!closing_ && handlers_.message) deliver(std::move(message), is_text);
    read();
  }

  void deliver(std::string message, bool is_text) {
    try {
      handlers_.message(std::move(message), is_text);
    } catch (const std::exception& e) {
      log::error("net", "a WebSocket handler failed: {}", e.what());
      close(1011, "internal error");
    }
  }

  void on_error(error_code ec) {
    if (cut_code_ != 0) return finish(cut_code_, cut_reason_);
    if (ec == websocket::error::closed) {
      const auto& reason = stream_->reason();
      // No code in the peer's frame reads as 1005.
      return finish(reason.code == 0 ? std::uint16_t{1005} : static_cast<std::uint16_t>(reason.code),
                    std::string(reason.reason.data(), reason.reason.size()));
    }
    if (ec == websocket::error::message_too_big) return finish(1009, "the message is too big");
    if (ec == websocket::error::bad_frame_payload) return finish(1007, "the text is not UTF-8");
    if (ec == websocket::condition::protocol_violation) return finish(1002, ec.message());
    finish(1006, "");
  }

  void on_control(websocket::frame_type kind) {
    heard();
    if (kind == websocket::frame_type::close) {
      // Beast would echo a code that may not stand in a frame.
      const auto code = static_cast<std::uint16_t>(stream_->reason().code);
      if (code != 0 && code != 1005 && !is_close_code(code)) {
        cut_code_ = 1002;
        cut_reason_ = "bad close code";
        cut();
      }
      return;
    }
    if (!take_token())
      asio::post(core_->executor, [self = self()] { self->close(1008, "too many messages"); });
  }

  void heard() {
    last_heard_ = std::chrono::steady_clock::now();
    waits_for_pong_ = false;
  }

  /// Refills at the limit, up to one second's worth.
  bool take_token() {
    const double rate = core_->options.max_messages_per_second;
    const std::chrono::duration<double> passed = last_heard_ - refilled_;
    refilled_ = last_heard_;
    tokens_ = std::min(rate, tokens_ + passed.count() * rate);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  void write_next() {
    if (!open_ || writing_ || finished_) return;
    if (queue_.empty()) {
      if (closing_) send_close();
      return;
    }
    writing_ = true;
    if (!closing_) deadline_ = std::chrono::steady_clock::now() + core_->options.write_timeout;
    current_ = std::move(queue_.front());
    queue_.erase(queue_.begin());
    if (queue_.empty()) queue_ = {};
    stream_->text(current_.is_text);
    stream_->async_write(asio::buffer(current_.text), [self = self()](error_code ec, std::size_t) {
      self->queued_bytes_ -= self->current_.text.size();
      self->current_ = {};
      self->writing_ = false;
      if (!ec) self->write_next();  // else the read ends too
    });
  }

  void send_close() {
    if (std::exchange(close_sent_, true)) return;
    stream_->async_close(websocket::close_reason(websocket::close_code(close_code_),
                                                 beast::string_view(close_reason_.data(), close_reason_.size())),
                         [self = self()](error_code) {});
  }

  void finish(std::uint16_t code, std::string reason) {
    if (std::exchange(finished_, true)) return;
    --core_->stats.websockets;
    error_code ignored;
    stream_->next_layer().next_layer().close(ignored);
    const auto handlers = std::exchange(handlers_, {});
    const auto exchange = std::move(exchange_);
    core_->remove(*this);
    if (handlers.closed) handlers.closed(code, std::move(reason));
  }

  std::shared_ptr<ServerCore> core_;
  std::shared_ptr<HttpExchange> exchange_;  // which holds the connection, which holds this: until finish()
  WebSocketHandlers handlers_;
  HttpHeaders headers_;
  std::optional<websocket::stream<ReplayStream, false>> stream_;
  beast::flat_buffer buffer_;
  std::vector<Message> queue_;
  Message current_{};
  std::size_t queued_bytes_ = 0;
  SteadyTime deadline_{}, last_heard_{}, last_ping_{}, refilled_{};
  double tokens_ = 0;
  std::uint16_t close_code_ = 1000, cut_code_ = 0;
  std::string close_reason_, cut_reason_;
  bool open_ = false, writing_ = false, pinging_ = false, waits_for_pong_ = false;
  bool closing_ = false, close_sent_ = false, finished_ = false;
};

}  // namespace

std::shared_ptr<WebSocketSession> make_websocket_session(std::shared_ptr<ServerCore> core,
                                                         std::shared_ptr<HttpExchange> exchange,
                                                         WebSocketHandlers handlers, HttpHeaders headers) {
  return std::make_shared<Session>(std::move(core), std::move(exchange), std::move(handlers), std::move(headers));
}

}  // namespace hobd
