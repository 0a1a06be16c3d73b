#include "net/websocket_client.hpp"

#include "base/text.hpp"
#include "net/address_policy.hpp"
#include "net/http_syntax.hpp"
#include "net/tls_context.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <fmt/format.h>

#include <deque>
#include <optional>

namespace hobd {

namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using Plain = websocket::stream<tcp::socket, false>;
using Secure = websocket::stream<beast::ssl_stream<tcp::socket>, false>;

constexpr std::size_t kMaxQueuedBytes = 8 << 20;
constexpr std::chrono::seconds kCloseLimit{5};  // for the peer to answer a close

struct Place {
  bool secure = false;
  std::string host, port, target;
  std::string text() const { return host + ":" + port; }
};

Result<Place> parse_place(const WebSocketClientOptions& options) {
  const auto parsed = boost::urls::parse_uri(options.url);
  if (!parsed) return Error{Code::invalid, "not a WebSocket URL"};
  Place place;
  const auto scheme = to_lower_ascii(std::string_view(parsed->scheme().data(), parsed->scheme().size()));
  if (scheme != "ws" && scheme != "wss") return Error{Code::invalid, "a WebSocket URL must be ws or wss"};
  place.secure = scheme == "wss";
  place.host = parsed->host_address();
  place.port = parsed->has_port() && !parsed->port().empty() ? std::string(parsed->port())
                                                             : std::string(place.secure ? "443" : "80");
  place.target = std::string(parsed->encoded_target());
  if (place.target.empty() || place.target.front() != '/') place.target.insert(0, "/");
  if (!is_host(std::string_view(parsed->encoded_host().data(), parsed->encoded_host().size())))
    return Error{Code::invalid, "the WebSocket URL has no host"};
  for (const auto& [name, value] : options.headers.fields())
    if (!is_token(name) || !is_field_value(value))
      return Error{Code::invalid, fmt::format("header {}: a character that headers can't have", to_valid_utf8(name))};
  if (!options.subprotocol.empty() && !is_token(options.subprotocol))
    return Error{Code::invalid, "the subprotocol is not a token"};
  return place;
}

class Client final : public WebSocketClient, public std::enable_shared_from_this<Client> {
 public:
  Client(asio::any_io_executor executor, WebSocketClientOptions options)
      : executor_(executor),
        options_(std::move(options)),
        resolver_(executor),
        done_(executor),
        limit_(executor),
        tasks_(executor) {}

  awaitable<Result<WebSocketClose>> async_run(WebSocketClientHandlers handlers) override {
    return run(shared_from_this(), std::move(handlers));
  }

  Result<void> send(std::string_view message, bool is_text) override {
    if (!open_ || closing_) return Error{Code::not_found, "the WebSocket is not open"};
    if (queued_bytes_ + message.size() > kMaxQueuedBytes)
      return Error{Code::overloaded, "8 MiB wait to be sent on the WebSocket"};
    queued_bytes_ += message.size();
    queue_.push_back({std::string(message), is_text});
    write_next();
    return {};
  }

  void close(std::uint16_t code, std::string_view reason) override {
    if (closing_ || result_) return;
    closing_ = true;
    close_code_ = is_close_code(code) ? code : std::uint16_t{1000};
    close_reason_ = utf8_prefix(reason, 120);
    if (!open_) return abandon();
    start_limit(kCloseLimit);
    write_next();
  }

 private:
  struct Message {
    std::string text;
    bool is_text;
  };

  /// The work is a task of its own, since resolving and TLS don't heed Asio's cancellation everywhere.
  static awaitable<Result<WebSocketClose>> run(std::shared_ptr<Client> self, WebSocketClientHandlers handlers) {
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    self->handlers_ = std::move(handlers);
    self->tasks_.spawn("websocket client", work(self));
    while (!self->result_) {
      if (cancellation.cancelled() != asio::cancellation_type::none) {
        self->finish(Error{Code::cancelled, "the WebSocket was cancelled"});
        self->abandon();
        break;
      }
      self->done_.expires_at(asio::steady_timer::time_point::max());
      co_await self->done_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    auto result = std::move(*self->result_);
    co_return result;
  }

  static awaitable<void> work(std::shared_ptr<Client> self) {
    auto result = co_await self->session();
    self->finish(std::move(result));
  }

  awaitable<Result<WebSocketClose>> session() {
    CO_TRY(place_, parse_place(options_));
    start_limit(options_.connect_timeout);
    CO_TRY(tcp::socket socket, co_await connect());
    if (place_.secure) {
      CO_TRY(tls_, client_tls_context());
      secure_.emplace(std::move(socket), *tls_);
      CO_CHECK(co_await start_tls(secure_->next_layer()));
      co_return co_await talk(*secure_);
    }
    plain_.emplace(std::move(socket));
    co_return co_await talk(*plain_);
  }

  awaitable<Result<tcp::socket>> connect() {
    error_code ec;
    const auto found =
        co_await resolver_.async_resolve(place_.host, place_.port, asio::redirect_error(asio::use_awaitable, ec));
    if (timed_out_) co_return late("resolve");
    if (ec) co_return Error{Code::unavailable, fmt::format("resolve {}: no such host", place_.host)};
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found)
      if (!options_.public_only || is_public_address(entry.endpoint().address())) endpoints.push_back(entry.endpoint());
    if (endpoints.empty())
      co_return Error{Code::denied, fmt::format("connect to {}: not a public address", place_.text())};
    connecting_.emplace(executor_);
    co_await asio::async_connect(*connecting_, endpoints, asio::redirect_error(asio::use_awaitable, ec));
    if (timed_out_) co_return late("connect");
    if (ec)
      co_return Error{Code::unavailable, fmt::format("connect to {}: {}", place_.text(), to_lower_ascii(ec.message()))};
    auto socket = std::move(*connecting_);
    connecting_.reset();
    socket.set_option(tcp::no_delay(true), ec);
    co_return socket;
  }

  awaitable<Result<void>> start_tls(beast::ssl_stream<tcp::socket>& stream) {
    error_code ec;
    asio::ip::make_address(place_.host, ec);
    const bool is_name = bool(ec);  // a literal address has no SNI
    if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), place_.host.c_str()) != 1)
      co_return Error{Code::internal, "set the TLS server name"};
    stream.set_verify_callback(ssl::host_name_verification(place_.host), ec);
    co_await stream.async_handshake(ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, ec));
    if (timed_out_) co_return late("TLS handshake");
    if (ec)
      co_return Error{Code::unavailable, fmt::format("TLS handshake with {}: {}", place_.text(), ec.message())};
    co_return Result<void>{};
  }

  template <class Stream>
  awaitable<Result<WebSocketClose>> talk(Stream& stream) {
    // Beast pings at half the idle time, so a silent peer is cut within two intervals.
    stream.set_option(websocket::stream_base::timeout{websocket::stream_base::none(), options_.ping_interval * 2, true});
    stream.read_message_max(options_.max_message);
    stream.auto_fragment(false);
    stream.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      request.set("User-Agent", "hob");
      for (const auto& [name, value] : options_.headers.fields()) request.set(name, value);
      if (!options_.subprotocol.empty()) request.set("Sec-WebSocket-Protocol", options_.subprotocol);
    }));
    error_code ec;
    websocket::response_type response;
    const bool usual_port = place_.port == (place_.secure ? "443" : "80");
    const auto bracketed = place_.host.find(':') == std::string::npos ? place_.host : "[" + place_.host + "]";
    const auto host = usual_port ? bracketed : bracketed + ":" + place_.port;
    co_await stream.async_handshake(response, host, place_.target, asio::redirect_error(asio::use_awaitable, ec));
    if (timed_out_) co_return late("WebSocket handshake");
    if (ec == websocket::error::upgrade_declined) {
      const int status = static_cast<int>(response.result_int());
      const auto code = status == 401 || status == 403 ? Code::denied : Code::unavailable;
      co_return Error{code, fmt::format("WebSocket handshake with {}: HTTP {}", place_.text(), status)};
    }
    if (ec)
      co_return Error{Code::unavailable, fmt::format("WebSocket handshake with {}: {}", place_.text(), ec.message())};
    limit_.cancel();
    if (result_) co_return Error{Code::cancelled, "the WebSocket was cancelled"};
    HttpHeaders headers;
    for (const auto& field : response)
      headers.add(std::string(field.name_string()), std::string(field.value()));
    open_ = true;
    if (handlers_.open) handlers_.open(headers);

    beast::flat_buffer buffer;
    for (;;) {
      co_await stream.async_read(buffer, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return ended(stream, ec);
      std::string message(static_cast<const char*>(buffer.data().data()), buffer.size());
      buffer.consume(buffer.size());
      if (handlers_.message && !closing_) handlers_.message(std::move(message), stream.got_text());
    }
  }

  template <class Stream>
  Result<WebSocketClose> ended(Stream& stream, error_code ec) {
    if (ec == websocket::error::closed) {
      const auto& reason = stream.reason();
      WebSocketClose close;
      close.code = reason.code == 0 ? std::uint16_t{1005} : static_cast<std::uint16_t>(reason.code);
      close.reason = std::string(reason.reason.data(), reason.reason.size());
      return close;
    }
    if (closing_ && timed_out_) return WebSocketClose{};  // it was told, and didn't answer
    const auto where = fmt::format("WebSocket with {}", place_.text());
    if (ec == beast::error::timeout) return Error{Code::timeout, where + ": no answer to a ping"};
    if (ec == websocket::error::message_too_big)
      return Error{Code::unavailable, fmt::format("{}: a message is larger than {} bytes", where, options_.max_message)};
    return Error{Code::unavailable, fmt::format("{}: {}", where, ec == asio::error::eof ? "closed by the peer" : ec.message())};
  }

  void write_next() {
    if (secure_)
      write_to(*secure_);
    else if (plain_)
      write_to(*plain_);
  }

  template <class Stream>
  void write_to(Stream& stream) {
    if (!open_ || writing_ || close_sent_ || result_) return;
    if (queue_.empty()) {
      if (!closing_) return;
      close_sent_ = true;
      stream.async_close(
          websocket::close_reason(websocket::close_code(close_code_),
                                  beast::string_view(close_reason_.data(), close_reason_.size())),
          [self = shared_from_this()](error_code) {});
      return;
    }
    writing_ = true;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    stream.text(current_.is_text);
    stream.async_write(asio::buffer(current_.text), [self = shared_from_this()](error_code ec, std::size_t) {
      self->queued_bytes_ -= self->current_.text.size();
      self->current_ = {};
      self->writing_ = false;
      if (!ec) self->write_next();  // else the read ends too
    });
  }

  void start_limit(std::chrono::milliseconds limit) {
    limit_.expires_after(limit);
    limit_.async_wait([weak = weak_from_this()](error_code ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->timed_out_ = true;
      self->abandon();
    });
  }

  Error late(std::string_view step) const {
    return {Code::timeout, fmt::format("{} {}: not done within {} ms", step, place_.text(),
                                       options_.connect_timeout.count())};
  }

  /// Ends whatever the work waits for.
  void abandon() {
    error_code ignored;
    resolver_.cancel();
    if (connecting_) connecting_->close(ignored);
    if (plain_) plain_->next_layer().close(ignored);
    if (secure_) secure_->next_layer().next_layer().close(ignored);
  }

  void finish(Result<WebSocketClose> result) {
    if (result_) return;
    result_ = std::move(result);
    open_ = false;
    handlers_ = {};
    limit_.cancel();
    done_.cancel();
  }

  asio::any_io_executor executor_;
  WebSocketClientOptions options_;
  WebSocketClientHandlers handlers_;
  Place place_;
  tcp::resolver resolver_;
  std::optional<tcp::socket> connecting_;
  std::shared_ptr<ssl::context> tls_;  // the streams refer to it
  std::optional<Plain> plain_;
  std::optional<Secure> secure_;
  std::optional<Result<WebSocketClose>> result_;
  std::deque<Message> queue_;
  Message current_{};
  std::size_t queued_bytes_ = 0;
  std::uint16_t close_code_ = 1000;
  std::string close_reason_;
  bool open_ = false, writing_ = false, closing_ = false, close_sent_ = false, timed_out_ = false;
  asio::steady_timer done_;   // cancelled when there is a result
  asio::steady_timer limit_;  // of connecting, later of closing
  TaskGroup tasks_;
};

}  // namespace

std::shared_ptr<WebSocketClient> make_websocket_client(asio::any_io_executor executor, WebSocketClientOptions options) {
  return std::make_shared<Client>(executor, std::move(options));
}

}  // namespace hobd
