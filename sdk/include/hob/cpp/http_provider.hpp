// hob::HttpProvider: a language model behind HTTP, as two pure functions: chat -> HTTP request, event -> deltas.
// Sockets, TLS, timeouts and cancellation are the host's; this class carries events over and maps faults.
#pragma once

#include "http_failure.hpp"

namespace hob {

/// One answer of a model in the making: where event() puts deltas, and how it says that the answer is whole.
class Exchange : public Deltas {
 public:
  explicit Exchange(Call call) : Deltas(call_), call_(std::move(call)) {}
  Exchange(const Exchange&) = delete;

  /// Why the model stopped. Without it the answer counts as broken off.
  void stop(std::string_view reason) { completion_.stop = reason; has_stopped_ = true; }
  void model(std::string_view name) {
    if (completion_.model.empty()) completion_.model = name;
  }
  bool has_stopped() const noexcept { return has_stopped_; }

  std::any state;  // the translation's own, for what it must remember between events

 private:
  friend class HttpProvider;
  Call call_;
  Completion completion_;
  bool has_stopped_ = false;
  bool has_events_ = false;
  SseReader sse_;
  std::string whole_;  // the start of an answer, or all of one that is no stream
  enum class Form { unknown, events, whole } form_ = Form::unknown;
  hob_id operation_ = 0;
  HttpResponse response_;
  Json chat_;       // as asked, for a request that goes out in another form
  int forms_ = 0;   // how often it did
};

class HttpProvider : public Plugin {
 protected:
  /// The HTTP request of a canonical chat request (ext/provider.h). HttpMode::sse streams, whole does not.
  virtual HttpRequest request(const Json& chat) = 0;
  /// Translates one server-sent event.
  virtual void event(const SseEvent& event, Exchange& out) = 0;
  /// Translates an answer that came as a whole: asked for so, or the server does not stream.
  virtual void whole(const HttpResponse& response, Exchange& out) = 0;
  /// The request of the model list, and what its answer means.
  virtual HttpRequest models_request() = 0;
  virtual Json models(const HttpResponse& response) = 0;
  /// The request of the next page of the model list; one without a URL: `response` was the last.
  virtual HttpRequest next_models_request(const HttpResponse&) { return {}; }
  /// The server's own words in the body of a refused request; empty: it has none.
  virtual std::string error_text(const HttpResponse& response) { return std::string(plain_excerpt(response.body)); }
  /// The status that a refusal means, where a server says it in the body (400 for a wrong key, say).
  virtual int meaning(const HttpResponse& response) { return response.status; }
  /// How many seconds a server that has too much to do asks to be left alone; 0: it does not say.
  virtual std::int64_t retry_after(const HttpResponse& response) { return retry_after_seconds(response); }

  /// Asked when the server refused a request before it said anything: true when another form of it may be taken, which request()
  /// writes from now on. Asked at most three times a call.
  virtual bool adapt(const Json& /*chat*/, const HttpResponse& /*refused*/) { return false; }

  /// Call it at the start of setup() when overriding.
  void setup() override {
    provider_handlers([this](std::string_view chat, Call&& call) { complete(chat, std::move(call)); },
                      simple_handler([this] { return fetch_models(); }));
  }

  /// An error of a refused request: the status mapped, the server's words kept.
  Error failure(const HttpResponse& response) {
    return http_failure(response, error_text(response), meaning(response), retry_after(response));
  }
  static std::string plain_excerpt(std::string_view body) { return hob::plain_excerpt(body); }

 private:
  void complete(std::string_view chat, Call call) {
    const auto exchange = std::make_shared<Exchange>(std::move(call));  // lives as long as its operation
    try {
      exchange->chat_ = Json::parse(chat, kDepth);
      send(exchange);
    } catch (...) {
      fail(*exchange, detail::current_error());
    }
  }
  void send(const std::shared_ptr<Exchange>& exchange) {
    HttpRequest wanted = request(exchange->chat_);
    // Read as bytes: one hop to the strand carries many events, and a plain answer is not lost.
    if (wanted.mode == HttpMode::sse) wanted.mode = HttpMode::stream;
    exchange->operation_ = http().start(
        wanted,
        [this, exchange](std::uint32_t kind, std::string_view data) { on_event(*exchange, kind, data); },
        [this, exchange](Code code, std::string_view body) { on_result(exchange, code, body); });
    const hob_id operation = exchange->operation_;
    exchange->call_.on_cancel([this, operation] { http().cancel(operation); });
  }
  /// Whether the refused request goes out once more in another form.
  bool sends_again(const std::shared_ptr<Exchange>& exchange) {
    const HttpResponse& refused = exchange->response_;
    if (refused.status < 400 || refused.status > 499 || exchange->forms_ == kMaxForms || !adapt(exchange->chat_, refused)) return false;
    ++exchange->forms_;
    exchange->response_ = {};
    exchange->form_ = Exchange::Form::unknown;
    exchange->whole_.clear();
    send(exchange);
    return true;
  }
  void on_event(Exchange& exchange, std::uint32_t kind, std::string_view data) {
    if (!exchange.call_.is_open()) return;
    try {
      if (kind == HOB_EVENT_HEAD) return Http::read_head(data, exchange.response_);
      take(exchange, data);
    } catch (...) {
      fail(exchange, detail::current_error());
      http().cancel(exchange.operation_);
    }
  }
  /// Some servers ignore "stream" and answer plain JSON, some name a wrong content type: the first byte tells.
  void take(Exchange& exchange, std::string_view data) {
    using Form = Exchange::Form;
    if (exchange.form_ == Form::unknown) {
      const std::size_t first = data.find_first_not_of(" \t\r\n");
      if (first == std::string_view::npos) return;
      exchange.form_ = std::string_view("{[<").find(data[first]) != std::string_view::npos ? Form::whole : Form::events;
    }
    if (exchange.form_ == Form::whole) {
      if (exchange.whole_.size() + data.size() > kMaxWhole) throw Error{overloaded, "the answer is larger than 8 MiB"};
      exchange.whole_ += data;
      return;
    }
    exchange.sse_.feed(data, [&](const SseEvent& one) { take_event(exchange, one); });
  }
  void take_event(Exchange& exchange, const SseEvent& one) {
    exchange.has_events_ = true;
    event(one, exchange);
  }
  void take_rest(Exchange& exchange) {
    exchange.sse_.finish([&](const SseEvent& one) {
      if (is_whole(one.data)) take_event(exchange, one);  // of a half one: whether the answer before it is whole, its stop tells
    });
  }
  static bool is_whole(std::string_view data) {
    if (data == "[DONE]") return true;
    try {
      Json::parse(data);
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  void on_result(const std::shared_ptr<Exchange>& sent, Code code, std::string_view body) {
    Exchange& exchange = *sent;
    if (!exchange.call_.is_open()) return;
    try {
      if (code != ok && !exchange.has_stopped_) throw Error{code, std::string(body)};
      if (code == ok) take_rest(exchange);
      if (code != ok) body = {};  // the answer is whole; only its connection broke
      exchange.response_.body = exchange.whole_.empty() ? std::string(body) : std::move(exchange.whole_);
      if (sends_again(sent)) return;
      if (!exchange.response_.is_ok()) throw failure(exchange.response_);
      if (!exchange.response_.body.empty() && !exchange.has_stopped_) whole(exchange.response_, exchange);
      if (!exchange.has_stopped_) {
        throw Error{unavailable, exchange.has_events_ ? "the model server's answer ended in the middle"
                                                      : "the model server answered with nothing"};
      }
      exchange.call_.finish_bytes(detail::to_payload(exchange.completion_));
    } catch (...) {
      fail(exchange, detail::current_error());
    }
  }
  static constexpr std::size_t kMaxWhole = 8 << 20;
  static constexpr int kMaxForms = 3;
  static void fail(Exchange& exchange, const Error& error) { exchange.call_.fail(error); }

  Task<Json> fetch_models() {
    JsonArray all;
    HttpRequest wanted = models_request();
    for (int page = 0; page < kMaxModelPages && !wanted.url.empty(); ++page) {
      const HttpResponse response = co_await http().send(wanted);
      if (!response.is_ok()) throw failure(response);
      const Json listed = models(response);
      for (const auto& model : listed["models"].items()) all.push_back(model);
      wanted = next_models_request(response);
    }
    co_return Json{{"models", std::move(all)}};
  }
  static constexpr int kMaxModelPages = 20;  // for a server whose pages never end
};

}  // namespace hob
