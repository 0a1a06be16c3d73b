// HTTP and WebSockets for plugins: permissions, secrets, then the daemon's own clients.
#include "plugins/host_operation.hpp"
#include "plugins/host_service_set.hpp"

#include "base/text.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace hobd {
namespace {

std::chrono::milliseconds milliseconds(const json::object& request, std::string_view key, std::int64_t fallback) {
  return std::chrono::milliseconds(std::max<std::int64_t>(int_or(request, key, fallback), 0));
}

json::object headers_json(const HttpHeaders& headers) {
  json::object out;
  for (const auto& [name, value] : headers.fields()) {
    const std::string key = to_lower_ascii(name), text = to_valid_utf8(value);
    json::value& slot = out[key];
    slot = slot.is_string() ? json::value(std::string(slot.get_string()) + ", " + text) : json::value(text);
  }
  return out;
}

/// A field of a header or a method: nothing that would end the line and begin another.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

Result<HostServiceSet::Outgoing> HostServiceSet::prepare(const json::object& request, std::string_view plain,
                                                         std::string_view secure) const {
  Outgoing out;
  const json::value* url = request.if_contains("url");
  if (!url) return Error{Code::invalid, "the request has no url"};
  const std::string filled = TRY(policy_->fill(*url, UrlPolicy::Place::url, out.secrets));
  out.target = TRY(policy_->check(filled, plain, secure));
  if (const json::object* headers = object_at(request, "headers"))
    for (const auto& [name, value] : *headers) {
      std::string text = TRY(policy_->fill(value, UrlPolicy::Place::header, out.secrets));
      if (name.empty() || std::string_view(name).find_first_of(": \t") != std::string_view::npos || !is_one_line(name) ||
          !is_one_line(text))
        return Error{Code::invalid, fmt::format("header \"{}\" isn't one line", to_valid_utf8(std::string_view(name)))};
      out.headers.add(std::string(name), std::move(text));
    }
  TRY(policy_->check_secrets(out.secrets, out.target));
  return out;
}

void HostServiceSet::http_request(hob_id operation, std::string request_json, std::string body) {
  start(operation, [request_json = std::move(request_json), body = std::move(body)](HostServiceSet& self,
                                                                                    OperationPtr op) mutable {
    return self.do_http(op, std::move(request_json), std::move(body));
  });
}

awaitable<Result<std::string>> HostServiceSet::do_http(OperationPtr operation, std::string request_json, std::string body) {
  CO_TRY(const json::object request, parse_json_object(request_json));
  CO_TRY(Outgoing out, prepare(request, "http", "https"));
  const std::string mode(string_or(request, "mode", "whole"));
  if (mode != "whole" && mode != "stream" && mode != "sse")
    co_return Error{Code::invalid, fmt::format("mode \"{}\" is not one of whole, stream, sse", mode)};
  const bool streams = mode != "whole";

  HttpClientRequest send;
  send.method = std::string(string_or(request, "method", "GET"));
  if (send.method.empty() || send.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
    co_return Error{Code::invalid, "method must be in capital letters"};
  send.url = out.target.url;
  send.headers = out.headers;
  send.body = std::move(body);
  send.timeout = milliseconds(request, "timeout_ms", streams ? 0 : 30'000);
  send.connect_timeout = milliseconds(request, "connect_timeout_ms", 10'000);
  send.stall_timeout = milliseconds(request, "stall_timeout_ms", 60'000);
  send.max_body = std::uint64_t(std::max<std::int64_t>(int_or(request, "max_body", 8 << 20), 0));
  send.max_redirects = int(std::clamp<std::int64_t>(int_or(request, "redirects", 5), 0, 20));
  send.public_only = out.target.public_only;

  const auto self = shared_from_this();
  const std::shared_ptr<const UrlPolicy> policy = policy_;
  // A redirect must be granted as the first request was: its host, for the secrets it carries, and no way from a host
  // that may be private to one that may not.
  std::string refused;
  send.allow_redirect = [&refused, policy, target = out.target, secrets = out.secrets](std::string_view url) {
    const auto next = policy->check(url, "http", "https");
    Result<void> fits = next.has_error() ? Result<void>(next.error()) : policy->check_secrets(secrets, *next);
    if (!fits.has_error() && next->public_only && !target.public_only)
      fits = Error{Code::denied, fmt::format("a redirect from {} to {} is not followed", target.host, next->host)};
    if (!fits.has_error() && !secrets.empty() && next->scheme == "http" && target.scheme == "https")
      fits = Error{Code::denied, fmt::format("a redirect to http://{} is not followed with a secret", next->host)};
    if (fits.has_error()) refused = fits.error().message;
    return !fits.has_error();
  };
  bool is_event_stream = true;
  send.on_head = [self, operation, policy, secrets = out.secrets, &is_event_stream](int status, const HttpHeaders& headers,
                                                                                    std::string_view url) {
    is_event_stream = to_lower_ascii(headers.get("Content-Type")).find("json") == std::string::npos;
    self->event(operation, HOB_EVENT_HEAD,
                json::serialize(json::object{{"status", status},
                                             {"headers", headers_json(headers)},
                                             {"url", policy->conceal(std::string(url), secrets)}}));
  };
  SseParser parser;
  std::string plain;
  const std::uint64_t most = send.max_body;
  Result<void> parsed;
  if (mode == "stream") {
    send.on_data = [self, operation](std::string_view piece) { return self->event(operation, HOB_EVENT_DATA, std::string(piece)); };
  } else if (mode == "sse") {
    // A server that was asked for a stream and answers plain JSON: its body is the result, as without a stream.
    send.on_data = [self, operation, &parser, &parsed, &is_event_stream, &plain, most](std::string_view piece) {
      bool taken = true;
      if (!is_event_stream) {
        if (plain.size() + piece.size() > most) parsed = Error{Code::overloaded, "the answer is larger than max_body"};
        if (!parsed.has_error()) plain += piece;
        return !parsed.has_error();
      }
      parsed = parser.feed(piece, [&](SseParser::Event event) {
        taken = taken && self->event(operation, HOB_EVENT_DATA, event.name + "\n" + event.data);
      });
      return taken && !parsed.has_error();
    };
  }

  Result<HttpClientResponse> response = co_await backends_.http->async_send(std::move(send));
  if (operation->overflowed) co_return Error{Code::overloaded, "the plugin doesn't take what the server sends; 8 MiB wait"};
  if (parsed.has_error()) co_return parsed.error();
  if (response.has_error()) {
    if (!refused.empty()) co_return Error{Code::denied, refused};
    co_return Error{response.error().code, policy->conceal(response.error().message, out.secrets)};
  }
  co_return plain.empty() ? std::move(response->body) : std::move(plain);
}

void HostServiceSet::websocket_open(hob_id operation, std::string request_json) {
  start(operation, [request_json = std::move(request_json)](HostServiceSet& self, OperationPtr op) {
    return self.do_websocket(op, request_json);
  });
}

awaitable<Result<std::string>> HostServiceSet::do_websocket(OperationPtr operation, std::string request_json) {
  CO_TRY(const json::object request, parse_json_object(request_json));
  CO_TRY(Outgoing out, prepare(request, "ws", "wss"));
  WebSocketClientOptions options;
  options.url = out.target.url;
  options.headers = out.headers;
  options.subprotocol = std::string(string_or(request, "subprotocol"));
  options.connect_timeout = milliseconds(request, "connect_timeout_ms", 10'000);
  options.ping_interval = milliseconds(request, "ping_ms", 30'000);
  options.max_message = std::uint64_t(std::max<std::int64_t>(int_or(request, "max_message", 1 << 20), 0));
  options.public_only = out.target.public_only;

  const auto self = shared_from_this();
  WebSocketClientHandlers handlers;
  handlers.open = [self, operation](const HttpHeaders& headers) {
    operation->open = true;
    self->event(operation, HOB_EVENT_HEAD, json::serialize(json::object{{"status", 101}, {"headers", headers_json(headers)}}));
  };
  handlers.message = [self, operation](std::string message, bool is_text) {
    if (!self->event(operation, is_text ? HOB_EVENT_DATA : HOB_EVENT_BINARY, std::move(message)))
      operation->websocket->close(1008, "too many messages wait");
  };
  operation->websocket = backends_.websockets(backends_.core, std::move(options));
  const std::shared_ptr<const UrlPolicy> policy = policy_;
  Result<WebSocketClose> closed = co_await operation->websocket->async_run(std::move(handlers));
  operation->open = false;
  if (operation->overflowed) co_return Error{Code::overloaded, "the plugin doesn't take what the server sends; 8 MiB wait"};
  if (closed.has_error()) co_return Error{closed.error().code, policy->conceal(closed.error().message, out.secrets)};
  co_return json::serialize(json::object{{"code", closed->code}, {"reason", to_valid_utf8(closed->reason)}});
}

hob_status HostServiceSet::websocket_send(hob_id id, std::string_view data, bool is_text) {
  const OperationPtr operation = find(id);
  if (!operation || !operation->open) return HOB_NOT_FOUND;
  if (operation->outgoing.load() + data.size() > kMaxWaitingBytes) return HOB_OVERLOADED;
  operation->outgoing += data.size();
  asio::post(backends_.core, [operation, message = std::string(data), is_text] {
    operation->outgoing -= message.size();
    if (!operation->open) return;
    // A client that takes no more has lost a message in the middle: end it, so that the plugin knows.
    const Result<void> sent = operation->websocket->send(message, is_text);
    if (sent.has_error() && sent.error().code == Code::overloaded) {
      operation->open = false;
      operation->tasks->cancel();
    }
  });
  return HOB_OK;
}

void HostServiceSet::websocket_close(hob_id id, std::int32_t code, std::string reason) {
  const OperationPtr operation = find(id);
  if (!operation) return;
  asio::post(backends_.core, [operation, code, reason = std::move(reason)] {
    if (operation->open)
      operation->websocket->close(std::uint16_t(code), reason);
    else if (operation->tasks)
      operation->tasks->cancel();  // still connecting
  });
}

}  // namespace hobd
