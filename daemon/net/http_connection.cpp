#include "net/http_connection.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http_exchange.hpp"
#include "net/http_syntax.hpp"
#include "net/websocket_session.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <array>

namespace hobd {

namespace {

using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxReadAhead = 64 * 1024;      // pipelined bytes kept while an exchange runs
constexpr std::size_t kMaxUnsentBeforeNext = 1 << 20;  // no next request while so much of the last answer waits
constexpr int kRequestsPerTurn = 64;                   // then other connections get their turn
constexpr std::size_t kJoinBelow = 16 * 1024;          // header and body are copied into one piece below this
constexpr std::size_t kMaxLingered = 4 << 20;
constexpr std::chrono::seconds kLinger{2};

bool would_block(const error_code& ec) {
  return ec == asio::error::would_block || ec == asio::error::try_again || ec == asio::error::interrupted;
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<ServerCore> core, asio::ip::tcp::socket socket, std::string remote)
    : core_(std::move(core)), socket_(std::move(socket)), remote_(std::move(remote)) {}

void HttpConnection::start() {
  read_deadline_ = SteadyClock::now() + core_->options.idle_timeout;
  wait_readable();
}

void HttpConnection::refuse(int status, std::string_view message) {
  answer_error(status, message);
  wait_readable();
}

// ---- reading

void HttpConnection::wait_readable() {
  if (waiting_readable_ || broken_) return;
  switch (state_) {
    case State::reading:
    case State::lingering: break;
    case State::busy:
    case State::streaming:
      // Also to see the client go. An upgrade's bytes belong to the WebSocket.
      if (is_upgrade_ || in_.size() >= kMaxReadAhead) return;
      break;
    default: return;
  }
  waiting_readable_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = self()](error_code ec) {
    self->waiting_readable_ = false;
    if (!ec) self->on_readable();
  });
}

void HttpConnection::on_readable() {
  if (state_ == State::closed || state_ == State::upgraded || broken_) return;
  if (is_upgrade_ && state_ != State::lingering) return;
  error_code ec;
  const auto size = socket_.read_some(asio::buffer(core_->scratch), ec);
  if (ec && would_block(ec)) return wait_readable();
  if (ec) {
    if (state_ == State::reading && queued_bytes_ != 0 && ec == asio::error::eof) {
      close_after_ = true;  // it has sent all it will; let it have the last answers
      return;
    }
    return gone();
  }
  std::string_view bytes(core_->scratch.data(), size);
  if (state_ == State::lingering) {
    lingered_ += size;
    return lingered_ > kMaxLingered ? close() : wait_readable();
  }
  if (in_.empty() && can_parse()) {
    consume(bytes);
    if (state_ != State::lingering) in_.append(bytes);
  } else {
    in_.append(bytes);
    pump();
  }
  wait_readable();
}

bool HttpConnection::can_parse() const {
  return state_ == State::reading && !close_after_ && !broken_ && queued_bytes_ < kMaxUnsentBeforeNext &&
         core_->handler != nullptr;
}

void HttpConnection::pump() {
  if (pumping_ || in_.empty() || !can_parse()) return;
  std::string held = std::move(in_);
  in_ = {};
  std::string_view bytes = held;
  consume(bytes);
  if (bytes.empty() || state_ == State::lingering || state_ == State::closed) return;
  held.erase(0, held.size() - bytes.size());
  in_ = std::move(held);
}

void HttpConnection::consume(std::string_view& bytes) {
  pumping_ = true;
  int requests = 0;
  while (!bytes.empty() && can_parse()) {
    if (!parser_) {
      // Empty lines between requests are let pass (RFC 9112, 2.2).
      if (bytes.front() == '\r' || bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
      if (requests == kRequestsPerTurn) {
        asio::post(core_->executor, [self = self()] { self->pump(); });
        break;
      }
      parser_ = std::make_unique<RequestParser>(core_->options.max_header, core_->options.max_body);
      read_deadline_ = SteadyClock::now() + core_->options.request_timeout;
    }
    bytes.remove_prefix(parser_->feed(bytes));
    if (parser_->state() == RequestParser::State::complete) {
      ++requests;
      start_exchange();
    } else if (parser_->state() == RequestParser::State::failed) {
      answer_error(parser_->error_status(), parser_->error_message());
    } else {
      if (parser_->take_expect_continue() && bytes.empty()) queue("HTTP/1.1 100 Continue\r\n\r\n");
      break;
    }
  }
  pumping_ = false;
}

void HttpConnection::start_exchange() {
  auto request = parser_->take();
  request.remote = remote_;
  http10_ = parser_->http10();
  keep_alive_ = parser_->keep_alive() && !core_->draining;
  is_head_ = request.method == "HEAD";
  is_upgrade_ = request.websocket;
  parser_.reset();
  state_ = State::busy;
  ++core_->stats.requests;
  auto exchange = std::make_shared<Exchange>(self(), std::move(request));
  try {
    core_->handler->handle(std::move(exchange));  // dropped unanswered, it answers 500
  } catch (const std::exception& e) {
    log::error("net", "a request handler failed: {}", e.what());
  }
}

// ---- answering

std::string HttpConnection::head(int status, const HttpHeaders& headers, std::string_view framing) {
  std::string out;
  out.reserve(256);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason_phrase(status),
                 core_->http_date());
  for (const auto& [name, value] : headers.fields()) {
    if (equals_ignore_case(name, "Connection") && list_has_token(value, "close")) keep_alive_ = false;
    const bool ours = equals_ignore_case(name, "Content-Length") || equals_ignore_case(name, "Transfer-Encoding") ||
                      equals_ignore_case(name, "Connection") || equals_ignore_case(name, "Date");
    if (ours || !is_token(name) || !is_field_value(value)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out.append(framing);
  if (!keep_alive_)
    out.append("Connection: close\r\n");
  else if (http10_)
    out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
  return out;
}

void HttpConnection::respond(int status, const HttpHeaders& headers, std::string body) {
  if (state_ != State::busy || broken_) return;
  if (core_->draining || status == 101) keep_alive_ = false;
  std::string framing;
  if (!has_no_body(status)) framing = fmt::format("Content-Length: {}\r\n", body.size());
  std::string text = head(status, headers, framing);
  if (is_head_ || has_no_body(status)) body.clear();
  if (body.size() < kJoinBelow) {
    text.append(body);
    queue(std::move(text));
  } else {
    queue(std::move(text), std::move(body));
  }
  finish_answer();
}

void HttpConnection::begin(int status, const HttpHeaders& headers) {
  if (state_ != State::busy || broken_) return;
  if (core_->draining || http10_) keep_alive_ = false;
  const bool chunked = !http10_ && !has_no_body(status);
  if (has_no_body(status)) is_head_ = true;
  state_ = State::streaming;
  queue(head(status, headers, chunked ? "Transfer-Encoding: chunked\r\n" : ""));
}

bool HttpConnection::write(std::string_view piece) {
  if (state_ != State::streaming || broken_ || queued_bytes_ + piece.size() > kMaxQueuedBytes) return false;
  if (is_head_ || piece.empty()) return true;
  std::string text;
  text.reserve(piece.size() + 20);
  if (http10_)
    text.append(piece);
  else
    fmt::format_to(std::back_inserter(text), "{:x}\r\n{}\r\n", piece.size(), piece);
  queue(std::move(text));
  return true;
}

void HttpConnection::end() {
  if (state_ != State::streaming || broken_) return;
  if (!http10_ && !is_head_) queue("0\r\n\r\n");
  finish_answer();
}

void HttpConnection::abort() {
  if ((state_ != State::streaming && state_ != State::busy) || broken_) return;
  if (http10_ || state_ == State::busy) {
    // Where the end of the connection is the end of the body, only a reset tells the difference.
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    gone_ = nullptr;
    return close();
  }
  keep_alive_ = false;
  finish_answer();
}

void HttpConnection::finish_answer() {
  gone_ = nullptr;
  is_upgrade_ = false;
  if (broken_) return;
  state_ = State::reading;
  read_deadline_ = SteadyClock::now() + core_->options.idle_timeout;
  if (!keep_alive_) {
    close_after_ = true;
    if (queued_bytes_ == 0) linger();
  }
  if (state_ == State::reading && !in_.empty() && !pumping_)
    asio::post(core_->executor, [self = self()] {
      self->pump();
      self->wait_readable();
    });
  wait_readable();
}

void HttpConnection::answer_error(int status, std::string_view message) {
  ++core_->stats.refused;
  const auto parser = std::move(parser_);  // `message` may be its own
  in_ = {};
  keep_alive_ = false;
  is_head_ = http10_ = false;
  state_ = State::busy;
  const HttpRequest nothing;
  ErrorAnswer answer;
  if (core_->handler)
    answer = core_->handler->error_answer({.status = status, .message = message, .request = parser ? parser->partial() : nothing});
  if (status == 426) answer.headers.set("Sec-WebSocket-Version", "13");
  if (status == 503) answer.headers.set("Retry-After", "1");
  respond(status, answer.headers, std::move(answer.body));
}

void HttpConnection::dropped(const HttpRequest& request) {
  if (broken_) return;
  if (state_ == State::streaming) return abort();
  if (state_ != State::busy) return;
  log::error("net", "a request was dropped without an answer");
  ErrorAnswer answer;
  if (core_->handler)
    answer = core_->handler->error_answer({.status = 500, .message = "the request was dropped without an answer", .request = request});
  respond(500, answer.headers, std::move(answer.body));
}

// ---- writing

void HttpConnection::queue(std::string first, std::string second) {
  if (broken_ || state_ == State::closed) return;
  if (queue_.empty()) write_deadline_ = SteadyClock::now() + core_->options.write_timeout;
  queued_bytes_ += first.size() + second.size();
  queue_.push_back(std::move(first));
  if (!second.empty()) queue_.push_back(std::move(second));
  if (!waiting_writable_) flush();
}

void HttpConnection::flush() {
  while (!queue_.empty()) {
    std::array<asio::const_buffer, 16> buffers;
    std::size_t count = 0;
    for (; count < buffers.size() && count < queue_.size(); ++count) buffers[count] = asio::buffer(queue_[count]);
    buffers[0] += sent_;
    error_code ec;
    std::size_t size = 0;
    if (count == 1) {
      size = socket_.write_some(buffers[0], ec);
    } else {
      size = socket_.write_some(buffers, ec);
    }
    if (ec) return would_block(ec) ? wait_writable() : fail_later();
    queued_bytes_ -= size;
    write_deadline_ = SteadyClock::now() + core_->options.write_timeout;
    size += sent_;
    std::size_t done = 0;
    while (done < queue_.size() && size >= queue_[done].size()) size -= queue_[done++].size();
    sent_ = size;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
  }
  if (queue_.capacity() > 4) queue_ = {};
}

void HttpConnection::wait_writable() {
  waiting_writable_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = self()](error_code ec) {
    self->waiting_writable_ = false;
    if (!ec) self->on_writable();
  });
}

void HttpConnection::on_writable() {
  if (broken_ || state_ == State::closed) return;
  flush();
  if (broken_ || waiting_writable_) return;
  if (close_after_ && state_ == State::reading) return linger();
  pump();
  wait_readable();
}

// ---- ending

void HttpConnection::fail_later() {
  broken_ = true;
  asio::post(core_->executor, [self = self()] { self->gone(); });
}

void HttpConnection::gone() {
  const auto handler = std::exchange(gone_, nullptr);
  const bool unanswered = state_ == State::busy || state_ == State::streaming;
  close();
  if (handler && unanswered) handler();
}

void HttpConnection::on_gone(std::function<void()> handler) {
  if (broken_ || state_ == State::closed) {
    asio::post(core_->executor, std::move(handler));
  } else if (state_ == State::busy || state_ == State::streaming) {
    gone_ = std::move(handler);
  }
}

/// Closing a socket that has unread bytes sends a reset, which may overtake the answer: so say that nothing
/// more comes, and read what is still on its way, for a while.
void HttpConnection::linger() {
  error_code ec;
  socket_.shutdown(asio::socket_base::shutdown_send, ec);
  if (ec) return close();
  state_ = State::lingering;
  read_deadline_ = SteadyClock::now() + kLinger;
  in_ = {};
  wait_readable();
}

void HttpConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  broken_ = true;
  error_code ignored;
  socket_.close(ignored);
  parser_.reset();
  in_ = {};
  queue_ = {};
  queued_bytes_ = 0;
  core_->remove(*this);
}

void HttpConnection::tick(SteadyTime now) {
  if (state_ == State::upgraded || state_ == State::closed || broken_) return;
  if (state_ == State::lingering) {
    if (now > read_deadline_) close();
    return;
  }
  if (!queue_.empty()) {
    if (now > write_deadline_) gone();
    return;
  }
  if (state_ != State::reading || now < read_deadline_) return;
  if (parser_)
    answer_error(408, "the request took too long to arrive");
  else
    close();
}

void HttpConnection::drain() {
  if (state_ == State::reading && !parser_ && in_.empty() && queue_.empty()) return close();
  if (state_ == State::busy || state_ == State::streaming) keep_alive_ = false;
  if (state_ == State::reading && !queue_.empty()) close_after_ = true;
}

void HttpConnection::cut() { gone(); }

// ---- upgrade

void HttpConnection::accept(const std::shared_ptr<Exchange>& exchange, WebSocketHandlers handlers, HttpHeaders headers) {
  if (state_ != State::busy || broken_) return;
  if (!is_upgrade_) return dropped(exchange->request());
  gone_ = nullptr;
  state_ = State::upgraded;
  session_ = make_websocket_session(core_, exchange, std::move(handlers), std::move(headers));
  // Bytes that came with the request may still be on their way into in_, and the owner isn't called back
  // from here: go on later.
  asio::post(core_->executor, [self = self()] {
    const auto session = self->session_;
    self->core_->add(session);
    self->broken_ = true;
    session->start(std::move(self->socket_), std::exchange(self->in_, {}));
    self->state_ = State::closed;
    self->core_->remove(*self);
  });
}

bool HttpConnection::send(std::string_view message, bool is_text) { return session_ && session_->send(message, is_text); }

void HttpConnection::close_websocket(std::uint16_t code, std::string_view reason) {
  if (session_) session_->close(code, reason);
}

std::size_t HttpConnection::pending() const { return session_ ? session_->pending() : queued_bytes_; }

}  // namespace hobd
