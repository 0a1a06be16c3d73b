#include "api/http_gate.hpp"

#include "api/http_origin.hpp"
#include "api/route_call.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "config/checks.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// What a client may call its request: it goes into logs and headers.
bool is_sane_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
  });
}

/// A guess at a key of 32 random bytes is hopeless at any rate; this is for the database's sake.
constexpr std::uint32_t kBadKeysPerMinute = 60;
constexpr std::uint32_t kBadKeysAtOnce = 20;
constexpr std::chrono::hours kLongestExpiryWait{1};  // the wall clock may be set meanwhile

std::string wait_text(std::chrono::milliseconds wait) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

/// Unmatched paths and broken requests below /v1 are an OpenAI client's too: it must understand the answer.
bool is_openai_path(std::string_view path) { return path.starts_with("/v1/"); }

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
    : context_(std::move(context)), authenticator_(*context_.users, *context_.clock), expiry_(context_.core), tasks_(context_.core) {
  failures_.configure(kBadKeysPerMinute, kBadKeysAtOnce);
  set_config(std::move(config));
}

void HttpGate::set_config(std::shared_ptr<const Config> config) {
  config_ = std::move(config);
  authenticator_.set_mode(config_->auth.mode);
  limiter_.configure(config_->limits.requests_per_minute, config_->limits.burst);
}

ErrorAnswer HttpGate::error_answer(const ServerError& error) {
  context_.on_status(error.status);
  const std::string_view client_id = error.request.headers.get("X-Request-Id");
  const std::string id = is_sane_request_id(client_id) ? std::string(client_id) : make_id("req");
  const auto shape = is_openai_path(error.request.target) ? RouteManifest::Errors::openai : RouteManifest::Errors::hob;
  return {{{"Content-Type", "application/json"}, {"X-Request-Id", id}},
          hobd::error_body(shape, error.status, house_status(error.status), error.message, id)};
}

void HttpGate::forget_users() {
  authenticator_.forget();
  if (!live_->credentials().empty()) tasks_.spawn("http verify keys", verify_live(*this));
}

awaitable<void> HttpGate::verify_live(HttpGate& gate) {
  for (const std::string& credential : gate.live_->credentials()) {
    const auto caller = co_await gate.authenticator_.async_verify(credential);
    if (caller.has_error() && caller.error().code == Code::denied) gate.live_->end(credential, "the API key is no longer good");
  }
}

void HttpGate::await_expiry() {
  const std::optional<Time> next = live_->next_expiry();
  if (next == awaited_) return;
  awaited_ = next;
  if (!next) {
    expiry_.cancel();
    return;
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - context_.clock->now());
  expiry_.expires_after(std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0), kLongestExpiryWait));
  expiry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;  // also when the gate is gone: then `this` is not touched
    awaited_.reset();
    live_->end_expired(context_.clock->now());
    await_expiry();
  });
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
    visit.headers.add("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, X-Should-Retry");
    visit.headers.add("Vary", "Origin");
    if (request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method")) return answer_preflight(std::move(visit));
  }

  auto found = context_.registry->match_route(request.method, request.path);
  if (found.has_error() && request.method == "HEAD") {
    found = context_.registry->match_route("GET", request.path);
    visit.without_body = true;
  }
  if (found.has_error()) {
    std::vector<std::string> methods = context_.registry->route_methods(request.path);
    if (methods.empty()) return refuse(visit, 404, {Code::not_found, "nothing is served at " + request.path});
    if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) methods.emplace_back("HEAD");
    std::string allow;
    for (const std::string& method : methods) allow += (allow.empty() ? "" : ", ") + method;
    return refuse(visit, 405, {Code::unsupported, request.path + " takes " + allow + ", not " + request.method}, {{"Allow", allow}});
  }
  visit.entry = *std::move(found);
  if (visit.entry.route->websocket && !request.websocket)
    return refuse(visit, 426, {Code::invalid, request.path + " is a WebSocket: send an upgrade request"}, {{"Upgrade", "websocket"}});
  if (request.headers.get("Content-Type").find("json") != std::string_view::npos && !is_valid_utf8(request.body))
    return refuse(visit, 400, {Code::invalid, "the body is not UTF-8"});

  enter(std::move(visit));
}

bool HttpGate::is_open(const Visit& visit) const {
  switch (visit.entry.route->auth) {
    case RouteManifest::Auth::none: return true;
    case RouteManifest::Auth::local:
      // Both: systemd may hold another socket than the file says, and a proxy may stand before a loopback one.
      return is_loopback(config_->http.address) && is_loopback(visit.exchange->request().remote);
    case RouteManifest::Auth::user:
    case RouteManifest::Auth::admin: break;
  }
  return false;
}

void HttpGate::enter(Visit visit) {
  const HttpRequest& request = visit.exchange->request();
  if (is_open(visit)) {
    if (visit.entry.route->rate_limited) {
      const auto wait = limiter_.take("from " + request.remote + " " + visit.entry.route->path, context_.clock->steady());
      if (wait.count() > 0) return refuse_for(visit, wait, "too many requests from your address");
    }
    return pass(std::move(visit), std::nullopt);
  }
  if (auto caller = authenticator_.remembered(request)) return admit(std::move(visit), *std::move(caller));
  // Whoever was let in lately is asked for again however many bad keys come from the same address (a proxy's).
  if (authenticator_.has_key(request) && !authenticator_.was_good(request)) {
    const auto wait = failures_.wait(request.remote, context_.clock->steady());
    if (wait.count() > 0) return refuse_for(visit, wait, "too many bad API keys from your address");
  }
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
  const HttpRequest& request = visit.exchange->request();
  auto caller = co_await gate.authenticator_.async_identify(request);
  if (caller.has_error()) {
    const bool denied = caller.error().code == Code::denied;
    if (denied && gate.authenticator_.has_key(request)) gate.failures_.take(request.remote, gate.context_.clock->steady());
    HttpHeaders extra;
    if (denied) extra.add("WWW-Authenticate", "Bearer");
    gate.refuse(visit, denied ? 401 : http_status(caller.error().code), caller.error(), std::move(extra));
    co_return;
  }
  gate.admit(std::move(visit), *std::move(caller));
}

void HttpGate::admit(Visit visit, Caller caller) {
  const RouteManifest& route = *visit.entry.route;
  if (route.auth == RouteManifest::Auth::admin && !caller.who.is_admin())
    return refuse(visit, 403, {Code::denied, route.path + " is for admins"});
  if (route.rate_limited) {
    const auto wait = take_turn(caller.who.user_id);
    if (wait.count() > 0)
      return refuse_for(visit, wait, "over " + std::to_string(config_->limits.requests_per_minute) + " requests a minute");
  }
  if (route.websocket) caller.who.via = "ws";
  pass(std::move(visit), std::move(caller));
}

void HttpGate::refuse_for(const Visit& visit, std::chrono::milliseconds wait, std::string message) const {
  const std::string seconds = wait_text(wait);
  refuse(visit, 429, {Code::overloaded, std::move(message) + ": try again in " + seconds + " s"}, {{"Retry-After", seconds}});
}

void HttpGate::pass(Visit visit, std::optional<Caller> caller) {
  RouteCallOptions options;
  options.exchange = std::move(visit.exchange);
  options.entry = std::move(visit.entry);
  options.request_id = std::move(visit.request_id);
  options.headers = std::move(visit.headers);
  options.without_body = visit.without_body;
  options.on_status = context_.on_status;
  if (caller) {
    options.who = std::move(caller->who);
    options.credential = std::move(caller->credential);
    options.expires_at = caller->expires_at;
    options.live = live_;
  }
  start_route_call(std::move(options));
  await_expiry();
}

void HttpGate::refuse(const Visit& visit, int status, const Error& error, HttpHeaders extra) const {
  context_.on_status(status);
  HttpHeaders headers = visit.headers;
  headers.add("Content-Type", "application/json");
  for (const auto& [name, value] : extra.fields()) headers.set(name, value);
  const bool is_openai = visit.entry.route ? visit.entry.route->errors == RouteManifest::Errors::openai
                                           : is_openai_path(visit.exchange->request().path);
  const auto shape = is_openai ? RouteManifest::Errors::openai : RouteManifest::Errors::hob;
  visit.exchange->respond(status, std::move(headers), hobd::error_body(shape, status, code_name(error.code), error.message, visit.request_id));
}

}  // namespace hobd
