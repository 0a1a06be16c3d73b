// What the host offers, as C++: log, clock, timers, kv, secrets, HTTP, WebSockets, methods, threads.
// A service that the manifest was not granted throws denied with the line to add.
#pragma once

#include "link.hpp"
#include "task.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace hob {

class Log {
 public:
  explicit Log(const detail::Link& link) : link_(&link) {}
  void trace(std::string_view text) const { link_->log(HOB_LOG_TRACE, text); }
  void debug(std::string_view text) const { link_->log(HOB_LOG_DEBUG, text); }
  void info(std::string_view text) const { link_->log(HOB_LOG_INFO, text); }
  void warn(std::string_view text) const { link_->log(HOB_LOG_WARN, text); }
  void error(std::string_view text) const { link_->log(HOB_LOG_ERROR, text); }

 private:
  const detail::Link* link_;
};

namespace detail {

/// An operation whose result is turned into a T by `read`. `start(table functions...)` gets the id.
template <class T, class Start, class Read, class Cancel>
Pending<T> pending(Link& link, Start start, Read read, Cancel cancel) {
  return Pending<T>([&link, start = std::move(start), read = std::move(read),
                     cancel = std::move(cancel)](typename Pending<T>::Done done) -> std::function<void()> {
    const hob_id id = link.begin(
        {nullptr,
         [read, done = std::move(done)](Code code, std::string_view result) {
           Outcome<T> outcome = Error{code, std::string(result)};
           try {
             read(outcome, code, result);
           } catch (...) {
             outcome.template emplace<1>(current_error());
           }
           done(std::move(outcome));
         }},
        start);
    return [id, cancel] { cancel(id); };
  });
}

inline constexpr auto cannot_cancel = [](hob_id) {};

}  // namespace detail

/// The plugin's own store. Manifest: "permissions": {"kv": "1MiB"}.
class Kv {
 public:
  explicit Kv(detail::Link& link) : link_(&link) {}

  /// Nothing when there is no such key.
  Pending<std::optional<std::string>> get(std::string key) {
    using Value = std::optional<std::string>;
    return detail::pending<Value>(
        *link_,
        [link = link_, key = std::move(key)](hob_id id) {
          table(link)->get(link->host(), id, detail::borrow(key));
        },
        [](Outcome<Value>& outcome, Code code, std::string_view value) {
          if (code == ok) outcome.emplace<0>(std::string(value));
          if (code == not_found) outcome.emplace<0>(std::nullopt);
        },
        detail::cannot_cancel);
  }
  /// Done once it is on disk. overloaded: the quota is full.
  Pending<void> set(std::string key, std::string value) {
    return detail::pending<void>(
        *link_,
        [link = link_, key = std::move(key), value = std::move(value)](hob_id id) {
          table(link)->set(link->host(), id, detail::borrow(key), detail::borrow(value));
        },
        succeeded, detail::cannot_cancel);
  }
  Pending<void> remove(std::string key) {
    return detail::pending<void>(
        *link_,
        [link = link_, key = std::move(key)](hob_id id) {
          table(link)->remove(link->host(), id, detail::borrow(key));
        },
        succeeded, detail::cannot_cancel);
  }
  /// Keys that start with `prefix`, sorted, at most 1000, after `after`.
  Pending<std::vector<std::string>> list(std::string prefix, std::string after = {}) {
    using Keys = std::vector<std::string>;
    return detail::pending<Keys>(
        *link_,
        [link = link_, prefix = std::move(prefix), after = std::move(after)](hob_id id) {
          table(link)->list(link->host(), id, detail::borrow(prefix), detail::borrow(after));
        },
        [](Outcome<Keys>& outcome, Code code, std::string_view result) {
          if (code != ok) return;
          Keys keys;
          const Json json = Json::parse(result);
          for (const auto& key : json["keys"].items()) keys.emplace_back(JsonRef(key).text());
          outcome.emplace<0>(std::move(keys));
        },
        detail::cannot_cancel);
  }

 private:
  static const hob_host_kv* table(const detail::Link* link) {
    return link->need<hob_host_kv>(HOB_HOST_KV, "the kv store",
                                   R"(add "permissions": {"kv": "1MiB"} to plugin.json)");
  }
  static void succeeded(Outcome<void>& outcome, Code code, std::string_view) {
    if (code == ok) outcome.emplace<0>();
  }
  detail::Link* link_;
};

enum class HttpMode { whole, stream, sse };

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // may hold "${secret:name}", as may header values
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  HttpMode mode = HttpMode::whole;
  std::optional<std::chrono::milliseconds> timeout, connect_timeout, stall_timeout;  // the host's: see ext/http.h
  std::optional<std::uint64_t> max_body;
  std::optional<int> redirects;
};

struct HttpResponse {
  int status = 0;
  Json headers;  // {"lower-case":"value"}
  std::string body;
  std::string url;  // after redirects

  std::string_view header(std::string_view lower_case) const { return headers[lower_case].text(); }
  bool is_ok() const { return status >= 200 && status < 300; }
  Json json() const { return Json::parse(body); }
};

/// HTTP by the host. Manifest: "permissions": {"http": ["api.example.org"]}. A status that is no 2xx is an
/// answer, not an error.
class Http {
 public:
  explicit Http(detail::Link& link) : link_(&link) {}

  Pending<HttpResponse> get(std::string url) {
    HttpRequest request;
    request.url = std::move(url);
    return send(std::move(request));
  }
  Pending<HttpResponse> post(std::string url, std::string body, std::string content_type = "application/json") {
    HttpRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers.emplace_back("content-type", std::move(content_type));
    request.body = std::move(body);
    return send(std::move(request));
  }
  Pending<HttpResponse> send(HttpRequest request) {
    request.mode = HttpMode::whole;
    return Pending<HttpResponse>([link = link_, request = std::move(request)](
                                     Pending<HttpResponse>::Done done) -> std::function<void()> {
      auto response = std::make_shared<HttpResponse>();  // shared by the two callbacks of one operation
      Http http(*link);
      const hob_id id = http.start(
          request,
          [response](std::uint32_t kind, std::string_view data) {
            if (kind == HOB_EVENT_HEAD) read_head(data, *response);
          },
          [response, done = std::move(done)](Code code, std::string_view result) {
            if (code != ok) return done(Error{code, std::string(result)});
            response->body = result;
            done(std::move(*response));
          });
      return [link, id] { Http(*link).cancel(id); };
    });
  }

  /// The operation as the ABI has it, for streams: events, then one result, all on the strand.
  hob_id start(const HttpRequest& request, std::function<void(std::uint32_t, std::string_view)> on_event,
               std::function<void(Code, std::string_view)> on_result) {
    const auto* table = link_->need<hob_host_http>(
        HOB_HOST_HTTP, "HTTP", R"(add "permissions": {"http": ["the.host.name"]} to plugin.json)");
    const std::string head = head_of(request);
    return link_->begin({std::move(on_event), std::move(on_result)}, [&](hob_id id) {
      table->request(link_->host(), id, detail::borrow(head), detail::borrow(request.body));
    });
  }
  void cancel(hob_id id) {
    const auto* table = link_->find<hob_host_http>(HOB_HOST_HTTP);
    if (HOB_HAS(table, cancel)) table->cancel(link_->host(), id);
  }
  /// Reads a HOB_EVENT_HEAD.
  static void read_head(std::string_view data, HttpResponse& response) {
    Json head = Json::parse(data);
    response.status = static_cast<int>(head["status"].integer());
    response.url = head["url"].text();
    if (auto* headers = head.as_object().if_contains("headers")) {
      static_cast<JsonValue&>(response.headers) = std::move(*headers);
    }
  }

 private:
  static std::string head_of(const HttpRequest& request) {
    std::string head = R"({"method":)";
    detail::append_quoted(head, request.method);
    head += R"(,"url":)";
    detail::append_quoted(head, request.url);
    if (!request.headers.empty()) {
      head += R"(,"headers":)";
      char before = '{';
      for (const auto& [name, value] : request.headers) {
        head += before;
        detail::append_quoted(head, name);
        head += ':';
        detail::append_quoted(head, value);
        before = ',';
      }
      head += '}';
    }
    if (request.mode == HttpMode::stream) head += R"(,"mode":"stream")";
    if (request.mode == HttpMode::sse) head += R"(,"mode":"sse")";
    const auto number = [&head](const char* key, auto value) {
      head += ",\"";
      head += key;
      head += "\":" + std::to_string(value);
    };
    if (request.timeout) number("timeout_ms", request.timeout->count());
    if (request.connect_timeout) number("connect_timeout_ms", request.connect_timeout->count());
    if (request.stall_timeout) number("stall_timeout_ms", request.stall_timeout->count());
    if (request.max_body) number("max_body", *request.max_body);
    if (request.redirects) number("redirects", *request.redirects);
    head += '}';
    return head;
  }
  detail::Link* link_;
};

/// What happens on a WebSocket client. All on the strand; any may be null.
struct WebSocketEvents {
  std::function<void()> on_open;
  std::function<void(std::string_view)> on_text, on_binary;
  std::function<void(int code, std::string_view reason)> on_close;  // closed in order
  std::function<void(const Error&)> on_error;                       // refused or broke
};

/// A WebSocket opened by the host. Copying the handle does not copy the connection.
class WebSocketClient {
 public:
  WebSocketClient() = default;
  WebSocketClient(detail::Link& link, hob_id id) : link_(&link), id_(id) {}
  bool send(std::string_view text) { return send(1, text); }
  bool send_binary(std::string_view data) { return send(0, data); }
  void close(int code = 1000, std::string_view reason = {}) {
    const auto* table = link_ ? link_->find<hob_host_websocket>(HOB_HOST_WEBSOCKET) : nullptr;
    if (HOB_HAS(table, close)) table->close(link_->host(), id_, code, detail::borrow(reason));
  }

  static WebSocketClient open(detail::Link& link, const Json& request, WebSocketEvents events) {
    const auto* table = link.need<hob_host_websocket>(
        HOB_HOST_WEBSOCKET, "WebSocket", R"(add "permissions": {"http": ["the.host.name"]} to plugin.json)");
    const std::string text = request.dump();
    auto shared = std::make_shared<WebSocketEvents>(std::move(events));  // by the two callbacks
    const hob_id id = link.begin(
        {[shared](std::uint32_t kind, std::string_view data) {
           const auto keep = shared;
           if (kind == HOB_EVENT_HEAD && keep->on_open) keep->on_open();
           if (kind == HOB_EVENT_DATA && keep->on_text) keep->on_text(data);
           if (kind == HOB_EVENT_BINARY && keep->on_binary) keep->on_binary(data);
         },
         [shared](Code code, std::string_view result) {
           if (code != ok) {
             if (shared->on_error) shared->on_error(Error{code, std::string(result)});
           } else if (shared->on_close) {
             const Json end = Json::parse(result);
             shared->on_close(static_cast<int>(end["code"].integer(1005)), end["reason"].text());
           }
         }},
        [&](hob_id id) { table->open(link.host(), id, detail::borrow(text)); });
    return {link, id};
  }

 private:
  bool send(std::int32_t is_text, std::string_view data) {
    const auto* table = link_ ? link_->find<hob_host_websocket>(HOB_HOST_WEBSOCKET) : nullptr;
    return HOB_HAS(table, send) && table->send(link_->host(), id_, is_text, detail::borrow(data)) == HOB_OK;
  }
  detail::Link* link_ = nullptr;
  hob_id id_ = 0;
};

/// The daemon's API. Manifest: "permissions": {"methods": ["memory:read"]}.
class Methods {
 public:
  explicit Methods(detail::Link& link) : link_(&link) {}

  /// Calls a method. `as_call`: the call in flight whose user asks; 0: the plugin itself.
  Pending<Json> invoke(std::string method, const Json& params, hob_id as_call = 0,
                       std::function<void(const Json& event)> on_event = nullptr) {
    return Pending<Json>([link = link_, method = std::move(method), params = params.dump(), as_call,
                          on_event = std::move(on_event)](Pending<Json>::Done done) -> std::function<void()> {
      const hob_id id = Methods(*link).start(
          method, params, as_call,
          [on_event](std::string_view event) {
            if (on_event) on_event(Json::parse(event));
          },
          [done = std::move(done)](Code code, std::string_view result) {
            if (code != ok) return done(Error{code, std::string(result)});
            Outcome<Json> outcome;
            try {
              outcome.emplace<0>(result.empty() ? Json() : Json::parse(result));
            } catch (...) {
              outcome.emplace<1>(detail::current_error());
            }
            done(std::move(outcome));
          });
      return [link, id] { Methods(*link).cancel(id); };
    });
  }

  /// The same as JSON texts, unparsed, for those who pass them on. Callbacks on the strand.
  hob_id start(std::string_view method, std::string_view params, hob_id as_call,
               std::function<void(std::string_view event)> on_event,
               std::function<void(Code, std::string_view result)> on_result) {
    const auto* table = link_->need<hob_host_method>(
        HOB_HOST_METHOD, "the daemon's API", R"(add "permissions": {"methods": ["scope"]} to plugin.json)");
    const std::string options = as_call ? "{\"as_call\":" + std::to_string(as_call) + "}" : "{}";
    detail::Operation operation;
    if (on_event) {
      operation.on_event = [on_event = std::move(on_event)](std::uint32_t, std::string_view data) { on_event(data); };
    }
    operation.on_result = std::move(on_result);
    return link_->begin(std::move(operation), [&](hob_id id) {
      table->invoke(link_->host(), id, detail::borrow(method), detail::borrow(params), detail::borrow(options));
    });
  }
  void cancel(hob_id id) {
    const auto* table = link_->find<hob_host_method>(HOB_HOST_METHOD);
    if (HOB_HAS(table, cancel)) table->cancel(link_->host(), id);
  }

 private:
  detail::Link* link_;
};

}  // namespace hob
