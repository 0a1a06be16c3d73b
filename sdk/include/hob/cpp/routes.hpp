// HTTP routes and WebSockets on the daemon's own listener: see ext/routes.h.
#pragma once

#include "link.hpp"

namespace hob {

/// One request. It owns its parts, so it may be moved into a task.
class Request {
 public:
  Request() = default;
  Request(hob_id call, std::string_view head_json, std::string_view body)
      : body(body), call_(call), head_(Json::parse(head_json)) {}

  std::string body;

  /// The call's id: what methods().invoke() takes as as_call, so that the request's user asks.
  hob_id call() const noexcept { return call_; }
  std::string_view id() const { return head_["id"].text(); }
  std::string_view method() const { return head_["method"].text(); }
  std::string_view path() const { return head_["path"].text(); }
  std::string_view route() const { return head_["route"].text(); }
  std::string_view remote() const { return head_["remote"].text(); }
  std::string_view param(std::string_view name) const { return head_["params"][name].text(); }
  std::string_view query(std::string_view name, std::string_view fallback = {}) const {
    return head_["query"][name].text(fallback);
  }
  std::string_view header(std::string_view lower_case) const { return head_["headers"][lower_case].text(); }
  /// {"id","name","scopes"}; null on routes without authentication.
  JsonRef user() const { return head_["user"]; }
  bool is_websocket() const { return head_["websocket"].boolean(); }
  const Json& head() const { return head_; }
  /// The body as JSON; throws invalid.
  Json json() const { return Json::parse(body); }

 private:
  hob_id call_ = 0;
  Json head_;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool is_json = false;  // body is a JSON text, sent as application/json

  static Response json(const Json& value, int status = 200) { return json_text(value.dump(), status); }
  /// `text` is an object or array, written already.
  static Response json_text(std::string text, int status = 200) { return {status, {}, std::move(text), true}; }
  static Response text(std::string text, std::string content_type = "text/plain; charset=utf-8", int status = 200) {
    return {status, {{"content-type", std::move(content_type)}}, std::move(text), false};
  }
};

namespace detail {

inline std::string response_head(int status, const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string head = "{\"status\":" + std::to_string(status);
  if (!headers.empty()) {
    head += ",\"headers\":";
    char before = '{';
    for (const auto& [name, value] : headers) {
      head += before;
      append_quoted(head, name);
      head += ':';
      append_quoted(head, value);
      before = ',';
    }
    head += '}';
  }
  return head;
}
inline std::string response_json(const Response& response) {
  std::string out = response_head(response.status, response.headers);
  out += ",\"body\":";
  if (response.is_json) {
    out += response.body;
  } else {
    append_quoted(out, response.body);
  }
  out += '}';
  return out;
}

}  // namespace detail

/// An accepted WebSocket. Move-only; one that is destroyed open closes with 1011.
class WebSocket {
 public:
  WebSocket() = default;
  explicit WebSocket(Call call) : call_(std::move(call)) {}
  WebSocket(WebSocket&&) noexcept = default;
  WebSocket& operator=(WebSocket&& other) noexcept {
    if (this != &other) {
      close(1011, "");
      call_ = std::move(other.call_);
    }
    return *this;
  }
  ~WebSocket() { close(1011, ""); }

  hob_id id() const noexcept { return call_.id(); }
  bool is_open() const noexcept { return call_.is_open(); }
  /// False: the client is gone, or 8 MiB wait for it and this was dropped.
  bool send(std::string_view text) { return call_.emit(text); }
  void close(int code = 1000, std::string_view reason = {}) {
    if (!call_.is_open()) return;
    std::string end = "{\"code\":" + std::to_string(code) + ",\"reason\":";
    detail::append_quoted(end, reason);
    end += '}';
    call_.finish_bytes(end);
  }
  /// Both on the strand. on_gone: the client left; close() what remains.
  void on_message(std::function<void(bool is_text, std::string_view data)> listener) {
    if (call_.link_) call_.link_->on_message(call_.id(), std::move(listener));
  }
  void on_gone(std::function<void()> listener) { call_.on_cancel(std::move(listener)); }

 private:
  Call call_;
};

/// The answer to one request, whole or in pieces. Move-only; forgotten, it answers internal.
class Responder {
 public:
  explicit Responder(Call call) : call_(std::move(call)) {}

  hob_id call() const noexcept { return call_.id(); }
  bool is_open() const noexcept { return call_.is_open(); }
  void respond(const Response& response) { call_.finish_bytes(detail::response_json(response)); }
  /// The error answer of the house; after start() the connection is cut.
  void fail(const Error& error) { call_.fail(error); }

  /// Begins a streamed answer; then any number of write(), then end(). False: the client is gone.
  bool start(int status, const std::vector<std::pair<std::string, std::string>>& headers) {
    return call_.emit(detail::response_head(status, headers) + "}");
  }
  bool write(std::string_view piece) { return call_.emit(piece); }
  /// One server-sent event. `data` without line breaks; JSON has none.
  bool write_event(std::string_view name, std::string_view data) {
    std::string event;
    event.reserve(name.size() + data.size() + 18);
    if (!name.empty()) event.append("event: ").append(name).append("\n");
    event.append("data: ").append(data).append("\n\n");
    return call_.emit(event);
  }
  void end() { call_.finish_bytes({}); }
  bool is_gone() const { return call_.is_cancelled(); }
  void on_gone(std::function<void()> listener) { call_.on_cancel(std::move(listener)); }

  /// Accepts the WebSocket of a route that has "websocket": true.
  WebSocket accept() {
    call_.emit(R"({"status":101})");
    return WebSocket(std::move(call_));
  }

 private:
  Call call_;
};

}  // namespace hob
