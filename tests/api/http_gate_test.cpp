#include "api/http_gate.hpp"
#include "api/http_origin.hpp"
#include "api/keys.hpp"
#include "api/rate_limiter.hpp"
#include "fakes.hpp"
#include "models/budget_words.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::test;

namespace {

struct House {
  asio::io_context core{1};
  FakeRegistry registry;
  FakeUsers users;
  FakeClock clock;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<HttpGate> gate;

  explicit House(AuthMode mode = AuthMode::none) {
    config->auth.mode = mode;
    config->limits.requests_per_minute = 60;
    config->limits.burst = 2;
    registry.route_list = {
        {.path = "/chat", .methods = {"POST"}},
        {.path = "/health", .methods = {"GET"}, .auth = RouteManifest::Auth::none, .rate_limited = false},
        {.path = "/admin", .methods = {"GET"}, .auth = RouteManifest::Auth::admin, .rate_limited = false},
        {.path = "/v1/models", .methods = {"GET"}, .errors = RouteManifest::Errors::openai},
        {.path = "/ws", .methods = {"GET"}, .rate_limited = false, .websocket = true},
        {.path = "/hooks/a", .methods = {"POST"}, .auth = RouteManifest::Auth::none},
        {.path = "/metrics", .methods = {"GET"}, .auth = RouteManifest::Auth::local, .rate_limited = false},
    };
    gate = std::make_unique<HttpGate>(HttpGateContext{core.get_executor(), &registry, &users, &clock, [](int) {}}, config);
  }

  std::string remote = "127.0.0.1";
  /// A key of ann's, and the header that brings it.
  HttpHeaders give_key(std::optional<Time> expires_at = std::nullopt) {
    users.make("ann", false);
    users.keys.push_back({.id = "key_1", .user_id = "usr_ann", .name = "", .hash = sha256_hex("hob_k"), .scopes = {"chat"},
                          .created_at = {}, .expires_at = expires_at, .last_used_at = {}});
    return {{"X-API-Key", "hob_k"}};
  }
  void settle() {
    core.restart();
    core.poll();
  }

  std::shared_ptr<FakeExchange> visit(std::string method, std::string path, HttpHeaders headers = {}, std::string body = {}, bool websocket = false) {
    auto exchange = std::make_shared<FakeExchange>();
    exchange->request_ = {.method = std::move(method), .target = path, .path = path, .query = "a=1&b=%22x%22", .headers = std::move(headers),
                          .body = std::move(body), .remote = remote, .websocket = websocket};
    if (!exchange->request_.headers.has("Host")) exchange->request_.headers.add("Host", "localhost:8787");
    gate->handle(exchange);
    settle();
    return exchange;
  }
};

json::value body_of(const FakeExchange& exchange) { return *parse_json(exchange.body); }

}  // namespace

TEST_CASE("a request reaches the plugin with its head, and the answer comes back with the request's id") {
  House house;
  const auto exchange = house.visit("POST", "/chat", {{"X-Request-Id", "r-1"}, {"X-User-Id", "ann"}, {"Accept", "a"}, {"accept", "b"}}, "{}");
  const json::value head = *parse_json(house.registry.instance.call.payload);
  CHECK(head.at("id").as_string() == "r-1");
  CHECK(head.at("route").as_string() == "/chat");
  CHECK(head.at("query").at("b").as_string() == "\"x\"");
  CHECK(head.at("headers").at("accept").as_string() == "a, b");
  CHECK(head.at("user").at("name").as_string() == "ann");
  CHECK(house.registry.instance.call.extra == "{}");
  CHECK(house.registry.instance.call.principal->user_name == "ann");
  house.registry.instance.done(std::string(R"({"status":201,"headers":{"X-A":"1","X-Bad":"a\r\nb"},"body":{"ok":true}})"));
  CHECK(exchange->status == 201);
  CHECK(exchange->headers.get("X-Request-Id") == "r-1");
  CHECK(exchange->headers.get("X-A") == "1");
  CHECK_FALSE(exchange->headers.has("X-Bad"));
  CHECK(exchange->headers.get("Content-Type") == "application/json");
  CHECK(body_of(*exchange).at("ok").as_bool());
}

TEST_CASE("a request id that could break a log line is replaced") {
  House house;
  const auto exchange = house.visit("GET", "/nowhere", {{"X-Request-Id", "a b\"c"}});
  CHECK(exchange->headers.get("X-Request-Id").starts_with("req_"));
}

TEST_CASE("an unknown path is 404 and a wrong method 405 with Allow") {
  House house;
  CHECK(house.visit("GET", "/nowhere")->status == 404);
  const auto exchange = house.visit("GET", "/chat");
  CHECK(exchange->status == 405);
  CHECK(exchange->headers.get("Allow") == "POST");
  const auto refused = house.visit("DELETE", "/health");
  CHECK(refused->headers.get("Allow") == "GET, HEAD");
  CHECK(body_of(*refused).at("error").at("message").as_string() == "/health takes GET, HEAD, not DELETE");
}

TEST_CASE("under auth none a foreign Host or Origin is refused") {
  House house;
  CHECK(house.visit("GET", "/health", {{"Host", "evil.example:8787"}})->status == 403);
  CHECK(house.visit("POST", "/chat", {{"Origin", "http://evil.example"}})->status == 403);
  CHECK(house.visit("POST", "/chat", {{"Origin", "null"}})->status == 403);
  CHECK(house.registry.instance.calls == 0);
  house.visit("POST", "/chat", {{"Origin", "http://localhost:8787"}});
  CHECK(house.registry.instance.calls == 1);
}

TEST_CASE("a configured origin gets its preflight answered and CORS fields on answers") {
  House house;
  house.config->http.cors_origins = {"https://app.example"};
  const auto preflight = house.visit("OPTIONS", "/chat", {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "POST"}});
  CHECK(preflight->status == 204);
  CHECK(preflight->headers.get("Access-Control-Allow-Origin") == "https://app.example");
  CHECK(house.registry.instance.calls == 0);
}

TEST_CASE("hosts and origins are compared as browsers write them") {
  CHECK(is_loopback_host("LOCALHOST:1"));
  CHECK(is_loopback_host("127.0.0.1"));
  CHECK(is_loopback_host("[::1]:80"));
  CHECK_FALSE(is_loopback_host("127.0.0.1.evil.example"));
  CHECK_FALSE(is_loopback_host(""));
  CHECK(is_own_origin("http://localhost:1", "localhost:1"));
  CHECK_FALSE(is_own_origin("http://localhost:2", "localhost:1"));
  CHECK_FALSE(is_own_origin("null", "localhost:1"));
}

TEST_CASE("with keys, a caller without a good one is 401 and one with gets its user") {
  House house(AuthMode::keys);
  house.users.make("ann", false);
  const std::string key = make_api_key();
  house.users.keys.push_back({.id = "key_1", .user_id = "usr_ann", .name = "", .hash = sha256_hex(key), .scopes = {"chat"}, .created_at = {}, .expires_at = {}, .last_used_at = {}});
  const auto none = house.visit("POST", "/chat");
  CHECK(none->status == 401);
  CHECK(none->headers.get("WWW-Authenticate") == "Bearer");
  CHECK(house.visit("POST", "/chat", {{"Authorization", "Bearer hob_wrong"}})->status == 401);
  house.users.key_queries = 0;
  house.visit("POST", "/chat", {{"Authorization", "Bearer " + key}});
  house.visit("POST", "/chat", {{"X-API-Key", key}});
  CHECK(house.registry.instance.calls == 2);
  CHECK(house.users.key_queries == 1);  // the second was remembered
  house.users.keys.clear();
  house.gate->forget_users();
  CHECK(house.visit("POST", "/chat", {{"X-API-Key", key}})->status == 401);
}

TEST_CASE("an expired key is refused") {
  House house(AuthMode::keys);
  house.users.make("ann", false);
  house.users.keys.push_back({.id = "key_1", .user_id = "usr_ann", .name = "", .hash = sha256_hex("hob_k"), .scopes = {"chat"}, .created_at = {},
                              .expires_at = house.clock.time - std::chrono::seconds(1), .last_used_at = {}});
  const auto exchange = house.visit("POST", "/chat", {{"X-API-Key", "hob_k"}});
  CHECK(exchange->status == 401);
  CHECK_THAT(exchange->body, Catch::Contains("expired"));
}

TEST_CASE("an admin route is closed to everybody else") {
  House house;
  CHECK(house.visit("GET", "/admin")->status == 403);
  CHECK(house.registry.instance.calls == 0);
}

TEST_CASE("over the limit a user is told when to come back, another user isn't") {
  House house;
  house.visit("POST", "/chat", {{"X-User-Id", "ann"}});
  house.visit("POST", "/chat", {{"X-User-Id", "ann"}});
  const auto exchange = house.visit("POST", "/chat", {{"X-User-Id", "ann"}});
  CHECK(exchange->status == 429);
  CHECK(exchange->headers.get("Retry-After") == "1");
  CHECK(body_of(*exchange).at("error").at("status").as_string() == "overloaded");
  house.visit("POST", "/chat", {{"X-User-Id", "bob"}});
  CHECK(house.registry.instance.calls == 3);
  house.clock.steady_time += std::chrono::seconds(1);
  house.visit("POST", "/chat", {{"X-User-Id", "ann"}});
  CHECK(house.registry.instance.calls == 4);
}

TEST_CASE("a rate limiter forgets those who have rested") {
  RateLimiter limiter;
  limiter.configure(60, 2);
  std::chrono::steady_clock::time_point now{};
  for (int i = 0; i < 5000; ++i) {
    limiter.take("user" + std::to_string(i), now);
    now += std::chrono::milliseconds(100);
  }
  CHECK(limiter.size() < 2000);
}

TEST_CASE("a JSON body that is not UTF-8 is 400") {
  House house;
  CHECK(house.visit("POST", "/chat", {{"Content-Type", "application/json"}}, "{\"a\":\"\xff\"}")->status == 400);
  CHECK(house.registry.instance.calls == 0);
}

TEST_CASE("errors of OpenAI routes have OpenAI's shape") {
  House house(AuthMode::keys);
  const auto exchange = house.visit("GET", "/v1/models");
  CHECK(exchange->status == 401);
  const json::value error = body_of(*exchange).at("error");
  CHECK(error.at("type").as_string() == "authentication_error");
  CHECK(error.at("code").as_string() == "invalid_api_key");
  CHECK(error.at("param").is_null());
}

TEST_CASE("a plugin's error becomes the house's answer, and nonsense a 500") {
  House house;
  const auto refused = house.visit("GET", "/health");
  house.registry.instance.done(Error{Code::unavailable, "no model"});
  CHECK(refused->status == 503);
  CHECK(body_of(*refused).at("error").at("message").as_string() == "no model");
  const auto nonsense = house.visit("GET", "/health");
  house.registry.instance.done(std::string("not json"));
  CHECK(nonsense->status == 500);
}

TEST_CASE("a streamed answer goes through piece by piece; an error afterwards cuts it") {
  House house;
  const auto exchange = house.visit("POST", "/chat");
  auto& instance = house.registry.instance;
  CHECK(instance.call.on_chunk(R"({"status":200,"headers":{"Content-Type":"text/event-stream"}})"));
  CHECK(instance.call.on_chunk("data: 1\n\n"));
  CHECK(exchange->body == "data: 1\n\n");
  instance.done(Error{Code::internal, "boom"});
  CHECK(exchange->aborted);
  CHECK_FALSE(exchange->ended);
}

TEST_CASE("a client that reads too slowly is cut and the plugin is told to stop") {
  House house;
  const auto exchange = house.visit("POST", "/chat");
  auto& instance = house.registry.instance;
  instance.call.on_chunk(R"({"status":200})");
  exchange->full = true;
  CHECK_FALSE(instance.call.on_chunk("x"));
  CHECK(exchange->aborted);
}

TEST_CASE("a client that leaves cancels the plugin's call") {
  House house;
  const auto exchange = house.visit("POST", "/chat");
  exchange->gone();
  CHECK(house.registry.instance.cancelled == std::vector<std::uint64_t>{7});
  CHECK_FALSE(house.registry.instance.call.on_chunk("late"));
  house.registry.instance.done(std::string("{}"));
  CHECK(exchange->status == 0);
}

TEST_CASE("a WebSocket carries messages both ways and is closed by either side") {
  House house;
  const auto exchange = house.visit("GET", "/ws", {}, {}, true);
  auto& instance = house.registry.instance;
  CHECK(instance.call.on_chunk(R"({"status":101})"));
  REQUIRE(exchange->accepted);
  exchange->handlers.message("hi", true);
  CHECK(instance.messages == std::vector<std::string>{"hi"});
  CHECK(instance.call.on_chunk("hello"));
  CHECK(exchange->sent == std::vector<std::string>{"hello"});
  exchange->handlers.closed(1000, "");
  CHECK(instance.cancelled.size() == 1);
  const auto second = house.visit("GET", "/ws", {}, {}, true);
  instance.call.on_chunk(R"({"status":101})");
  instance.done(std::string(R"({"code":1001,"reason":"bye"})"));
  CHECK(second->close_code == 1001);
}

TEST_CASE("a plain request to a WebSocket route is told to upgrade") {
  House house;
  CHECK(house.visit("GET", "/ws")->status == 426);
}

TEST_CASE("HEAD asks the plugin for a GET; the server leaves the body out and keeps its length") {
  House house;
  const auto exchange = house.visit("HEAD", "/health");
  CHECK(parse_json(house.registry.instance.call.payload)->at("method").as_string() == "GET");
  house.registry.instance.done(std::string(R"({"status":200,"body":"x"})"));
  CHECK(exchange->status == 200);
  CHECK(exchange->body == "x");
}

TEST_CASE("a key that the gate has read never reaches a plugin, the proof of a webhook does") {
  House house(AuthMode::keys);
  HttpHeaders headers = house.give_key();
  headers.add("Cookie", "sid=1");
  headers.add("Proxy-Authorization", "Basic x");
  headers.add("X-Other", "kept");
  house.visit("POST", "/chat", headers);
  const json::object known = parse_json(house.registry.instance.call.payload)->at("headers").as_object();
  for (const char* name : {"x-api-key", "authorization", "cookie", "proxy-authorization"}) CHECK_FALSE(known.contains(name));
  CHECK(known.contains("x-other"));
  house.visit("POST", "/chat", {{"Authorization", "Bearer hob_k"}});
  CHECK(house.registry.instance.call.payload.find("hob_k") == std::string::npos);
  house.visit("POST", "/hooks/a", {{"Authorization", "Basic hook"}});
  CHECK(house.registry.instance.call.payload.find("Basic hook") != std::string::npos);
}

TEST_CASE("a route without authentication is limited by address") {
  House house;
  house.visit("POST", "/hooks/a");
  house.visit("POST", "/hooks/a");
  const auto exchange = house.visit("POST", "/hooks/a");
  CHECK(exchange->status == 429);
  CHECK(exchange->headers.get("Retry-After") == "1");
  house.remote = "127.0.0.2";
  house.visit("POST", "/hooks/a");
  CHECK(house.registry.instance.calls == 3);
}

TEST_CASE("a refusal of the budget's says when its window begins anew, and to OpenAI's clients that trying again is of no use") {
  House house;
  const AccountState used_up{.account = {.scope = "all", .name = "", .window = "day 2026-11-21", .cap_nano = 100}, .spent_nano = 90};
  using When = RoomAgain::When;
  const Error refusal{Code::overloaded, refusal_text(used_up, 20, 0, {.when = When::with_window, .in = std::chrono::seconds(35'222), .resets_at = "midnight"})};
  const auto chat = house.visit("POST", "/chat");
  house.registry.instance.done(refusal);
  CHECK(chat->status == 429);
  CHECK(chat->headers.get("Retry-After") == "35222");
  CHECK(body_of(*chat).at("error").at("status").as_string() == "overloaded");
  CHECK_FALSE(chat->headers.has("X-Should-Retry"));
  const auto models = house.visit("GET", "/v1/models");
  house.registry.instance.done(refusal);
  CHECK(models->status == 429);
  CHECK(models->headers.get("Retry-After") == "35222");
  CHECK(models->headers.get("X-Should-Retry") == "false");
  CHECK(body_of(*models).at("error").at("type").as_string() == "insufficient_quota");
  CHECK(body_of(*models).at("error").at("code").as_string() == "insufficient_quota");
}

TEST_CASE("a refusal that no window's end mends names no time, one of calls under way is a matter of seconds") {
  House house;
  const AccountState small{.account = {.scope = "all", .name = "", .window = "day 2026-11-21", .cap_nano = 0}};
  using When = RoomAgain::When;
  const auto never = house.visit("GET", "/v1/models");
  house.registry.instance.done(Error{Code::overloaded, refusal_text(small, 20, 0, {.when = When::never})});
  CHECK(never->status == 429);
  CHECK_FALSE(never->headers.has("Retry-After"));
  CHECK(body_of(*never).at("error").at("code").as_string() == "insufficient_quota");
  const auto soon = house.visit("GET", "/v1/models");
  house.registry.instance.done(Error{Code::overloaded, refusal_text(small, 20, 0, {.when = When::soon, .in = std::chrono::seconds(10)})});
  CHECK(soon->headers.get("Retry-After") == "10");
  CHECK_FALSE(soon->headers.has("X-Should-Retry"));
  CHECK(body_of(*soon).at("error").at("code").as_string() == "rate_limit_exceeded");
}

TEST_CASE("bad keys are limited by address, asked for once, and don't lock out a good one") {
  House house(AuthMode::keys);
  const HttpHeaders good = house.give_key();
  house.visit("POST", "/chat", good);
  house.users.key_queries = 0;
  CHECK(house.visit("GET", "/v1/models", {{"X-API-Key", "wrong"}})->status == 401);
  CHECK(house.visit("GET", "/v1/models", {{"X-API-Key", "wrong"}})->status == 401);
  CHECK(house.users.key_queries == 1);
  int refused = 0;
  for (int i = 0; i < 100; ++i)
    if (house.visit("GET", "/v1/models", {{"X-API-Key", "wrong" + std::to_string(i)}})->status == 429) ++refused;
  CHECK(refused >= 80);
  CHECK(house.users.key_queries <= 21);
  CHECK(house.visit("GET", "/v1/models", {{"X-API-Key", "wrong-again"}})->headers.has("Retry-After"));
  house.clock.steady_time += std::chrono::seconds(61);  // what is remembered of the good one is over
  for (int i = 0; i < 100; ++i) house.visit("GET", "/v1/models", {{"X-API-Key", "more" + std::to_string(i)}});
  const int before = house.registry.instance.calls;
  house.visit("POST", "/chat", good);
  CHECK(house.registry.instance.calls == before + 1);
}

TEST_CASE("a revoked key ends its open WebSocket and stream") {
  House house(AuthMode::keys);
  const HttpHeaders key = house.give_key();
  const auto socket = house.visit("GET", "/ws", key, {}, true);
  house.registry.instance.call.on_chunk(R"({"status":101})");
  const PluginCall open_socket = house.registry.instance.call;  // which the instance holds until it ends
  const auto stream = house.visit("POST", "/chat", key);
  house.registry.instance.call.on_chunk(R"({"status":200})");
  house.gate->forget_users();  // another key was revoked
  house.settle();
  CHECK(socket->close_code == 0);
  house.users.keys.clear();
  house.gate->forget_users();
  house.settle();
  CHECK(socket->close_code == 1008);
  CHECK(stream->aborted);
  CHECK(house.registry.instance.cancelled.size() == 2);
}

TEST_CASE("a key that expires ends its open WebSocket, and is not remembered past its end") {
  House house(AuthMode::keys);
  const HttpHeaders key = house.give_key(house.clock.time + std::chrono::milliseconds(1));
  const auto socket = house.visit("GET", "/ws", key, {}, true);
  house.registry.instance.call.on_chunk(R"({"status":101})");
  house.clock.time += std::chrono::seconds(1);
  CHECK(house.visit("POST", "/chat", key)->status == 401);
  house.core.restart();
  house.core.run();  // until the wait for the key's end is over
  CHECK(socket->close_code == 1008);
}

TEST_CASE("a WebSocket speaks as such, so that its turns are charged") {
  House house;
  house.visit("GET", "/ws", {}, {}, true);
  CHECK(house.registry.instance.call.principal->via == "ws");
  CHECK(house.gate->take_turn("usr_default").count() == 0);
  CHECK(house.gate->take_turn("usr_default").count() == 0);
  CHECK(house.gate->take_turn("usr_default").count() > 0);
}

TEST_CASE("metrics are open to this machine on a loopback listener, and want a key elsewhere") {
  House house(AuthMode::keys);
  house.visit("GET", "/metrics");
  CHECK(house.registry.instance.calls == 1);
  house.remote = "192.0.2.7";
  CHECK(house.visit("GET", "/metrics")->status == 401);
  house.remote = "127.0.0.1";
  house.config->http.address = "0.0.0.0";
  CHECK(house.visit("GET", "/metrics")->status == 401);
}

TEST_CASE("the server's own errors carry the request's id, below /v1 in OpenAI's shape") {
  House house;
  const HttpRequest broken{.method = "POST", .target = "/v1/chat/completions", .path = {}, .query = {},
                           .headers = {{"X-Request-Id", "r-9"}}, .body = {}, .remote = {}};
  const ErrorAnswer answer = house.gate->error_answer({.status = 413, .message = "too large", .request = broken});
  CHECK(answer.headers.get("X-Request-Id") == "r-9");
  CHECK(parse_json(answer.body)->at("error").as_object().contains("param"));
  const HttpRequest nothing;
  const ErrorAnswer other = house.gate->error_answer({.status = 400, .message = "malformed", .request = nothing});
  CHECK(other.headers.get("X-Request-Id").starts_with("req_"));
  CHECK(parse_json(other.body)->at("error").at("request_id").as_string() == other.headers.get("X-Request-Id"));
}

TEST_CASE("a reload with the same limits gives nobody a fresh burst") {
  House house;
  house.visit("POST", "/chat");
  house.visit("POST", "/chat");
  house.gate->set_config(house.config);
  CHECK(house.visit("POST", "/chat")->status == 429);
}

TEST_CASE("a rate limiter looks for the rested at most once a second") {
  RateLimiter limiter;
  limiter.configure(60'000, 1);
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  for (int i = 0; i < 1100; ++i) limiter.take("user" + std::to_string(i), now);
  limiter.take("one more", now + std::chrono::milliseconds(500));  // all are full again by now
  CHECK(limiter.size() == 1101);
  limiter.take("the next", now + std::chrono::milliseconds(1500));
  CHECK(limiter.size() < 10);
}
