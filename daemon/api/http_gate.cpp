#include "api/http_gate.hpp"

#include "api/http_origin.hpp"
#include "api/route_call.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// What a client may call its request: it goes into logs and headers.
bool is_sane_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
  });
}

/// The method names in match_route's message, as the Allow field wants them.
std::string allowed_methods(std::string_view message) {
  std::string allow;
  for (const std::string_view method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (message.find(method) != std::string_view::npos) allow += (allow.empty() ? "" : ", ") + std::string(method);
  return allow;
}

std::string_view house_status(int status) {
  switch (status) {
    case 401:
    case 403: return "denied";
    case 408: return "timeout";
    case 503: return "unavailable";
    case 431:
    case 413: return "invalid";
    default: return code_name(code_from_http_status(status));
  }
}

}  // namespace

struct HttpGate::Visit {
  std::shared_ptr<HttpExchange> exchange;
  std::string request_id;
  HttpHeaders headers;  // of every answer: X-Request-Id, CORS
  RouteEntry entry{};
  bool without_body = false;
};

HttpGate::HttpGate(HttpGateContext context, std::shared_ptr<const Config> config)
    : context_(std::move(context)), authenticator_(*context_.users, *context_.clock), tasks_(context_.core) {
  set_config(std::move(config));
}

void HttpGate::set_config(std::shared_ptr<const Config> config) {
  config_ = std::move(config);
  authenticator_.set_mode(config_->auth.mode);
  limiter_.configure(config_->limits.requests_per_minute, config_->limits.burst);
}

std::string HttpGate::error_body(int status, std::string_view message) {
  context_.on_status(status);
  return hobd::error_body(RouteManifest::Errors::hob, status, house_status(status), message, make_id("req"));
}

bool HttpGate::is_known_origin(std::string_view origin, std::string_view host) const {
  const auto& allowed = config_->http.cors_origins;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  return is_own_origin(origin, host) || (!config_->http.public_url.empty() && origin == config_->http.public_url);
}

Result<void> HttpGate::check_origin(const Visit& visit) const {
  if (config_->auth.mode != AuthMode::none) return {};  // the key proves the caller; browsers don't send it by themselves
  const HttpHeaders& headers = visit.exchange->request().headers;
  const std::string_view host = headers.get("Host");
  if (!is_loopback_host(host))
    return Error{Code::denied, "under auth.mode none only loopback names are served, not \"" + std::string(utf8_prefix(host, 100)) + "\""};
  const std::string_view origin = headers.get("Origin");
  if (!origin.empty() && !is_known_origin(origin, host))
    return Error{Code::denied, "web pages of " + std::string(utf8_prefix(origin, 100)) + " may not speak to Hob: see http.cors_origins"};
  return {};
}

void HttpGate::handle(std::shared_ptr<HttpExchange> exchange) {
  const HttpRequest& request = exchange->request();
  Visit visit{.exchange = std::move(exchange), .request_id = {}, .headers = {}};
  const std::string_view client_id = request.headers.get("X-Request-Id");
  visit.request_id = is_sane_request_id(client_id) ? std::string(client_id) : make_id("req");
  visit.headers.add("X-Request-Id", visit.request_id);
  if (const auto checked = check_origin(visit); checked.has_error()) return refuse(visit, 403, checked.error());

  const std::string_view origin = request.headers.get("Origin");
  if (!origin.empty() && is_known_origin(origin, request.headers.get("Host"))) {
    visit.headers.add("Access-Control-Allow-Origin", std::string(origin));
    visit.headers.add("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
    visit.headers.add("Vary", "Origin");
    if (request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method")) return answer_preflight(std::move(visit));
  }

  auto found = context_.registry->match_route(request.method, request.path);
  if (found.has_error() && request.method == "HEAD") {
    found = context_.registry->match_route("GET", request.path);
    visit.without_body = true;
  }
  if (found.has_error()) {
    if (found.error().code != Code::unsupported) return refuse(visit, 404, {Code::not_found, "nothing is served at " + request.path});
    const std::string allow = allowed_methods(found.error().message);
    return refuse(visit, 405, {Code::unsupported, request.path + " takes " + (allow.empty() ? "another method" : allow) + ", not " + request.method},
                  {{"Allow", allow}});
  }
  visit.entry = *std::move(found);
  if (visit.entry.route->websocket && !request.websocket)
    return refuse(visit, 426, {Code::invalid, request.path + " is a WebSocket: send an upgrade request"}, {{"Upgrade", "websocket"}});
  if (request.headers.get("Content-Type").find("json") != std::string_view::npos && !is_valid_utf8(request.body))
    return refuse(visit, 400, {Code::invalid, "the body is not UTF-8"});

  if (visit.entry.route->auth == RouteManifest::Auth::none) return pass(std::move(visit), std::nullopt);
  if (auto who = authenticator_.remembered(request)) return admit(std::move(visit), *std::move(who));
  tasks_.spawn("http identify", identify(*this, std::move(visit)));
}

void HttpGate::answer_preflight(Visit visit) {
  visit.headers.add("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  visit.headers.add("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Key, X-User-Id, X-Request-Id");
  visit.headers.add("Access-Control-Max-Age", "600");
  context_.on_status(204);
  visit.exchange->respond(204, std::move(visit.headers), {});
}

awaitable<void> HttpGate::identify(HttpGate& gate, Visit visit) {
  auto who = co_await gate.authenticator_.async_identify(visit.exchange->request());
  if (who.has_error()) {
    const bool denied = who.error().code == Code::denied;
    HttpHeaders extra;
    if (denied) extra.add("WWW-Authenticate", "Bearer");
    gate.refuse(visit, denied ? 401 : http_status(who.error().code), who.error(), std::move(extra));
    co_return;
  }
  gate.admit(std::move(visit), *std::move(who));
}

void HttpGate::admit(Visit visit, Principal who) {
  const RouteManifest& route = *visit.entry.route;
  if (route.auth == RouteManifest::Auth::admin && !who.is_admin())
    return refuse(visit, 403, {Code::denied, route.path + " is for admins"});
  if (route.rate_limited) {
    const auto wait = limiter_.take(who.user_id, context_.clock->steady());
    if (wait.count() > 0) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
      return refuse(visit, 429,
                    {Code::overloaded, "over " + std::to_string(config_->limits.requests_per_minute) + " requests a minute: try again in " + std::to_string(seconds) + " s"},
                    {{"Retry-After", std::to_string(seconds)}});
    }
  }
  pass(std::move(visit), std::move(who));
}

void HttpGate::pass(Visit visit, std::optional<Principal> who) {
  start_route_call({.exchange = std::move(visit.exchange),
                    .entry = std::move(visit.entry),
                    .request_id = std::move(visit.request_id),
                    .headers = std::move(visit.headers),
                    .without_body = visit.without_body,
                    .who = std::move(who),
                    .on_status = context_.on_status});
}

void HttpGate::refuse(const Visit& visit, int status, const Error& error, HttpHeaders extra) const {
  context_.on_status(status);
  HttpHeaders headers = visit.headers;
  headers.add("Content-Type", "application/json");
  for (const auto& [name, value] : extra.fields()) headers.set(name, value);
  // An unmatched path below /v1 is an OpenAI client's too: it must understand the answer.
  const bool is_openai = visit.entry.route ? visit.entry.route->errors == RouteManifest::Errors::openai
                                           : visit.exchange->request().path.starts_with("/v1/");
  const auto shape = is_openai ? RouteManifest::Errors::openai : RouteManifest::Errors::hob;
  visit.exchange->respond(status, std::move(headers),
                          visit.without_body ? std::string{}
                                             : hobd::error_body(shape, status, code_name(error.code), error.message, visit.request_id));
}

}  // namespace hobd
