#include "api/methods.hpp"
#include "api/openapi.hpp"
#include "api/schemas.hpp"
#include "fakes.hpp"
#include "models/prices.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::test;

namespace {

Principal principal(std::initializer_list<std::string> scopes) {
  Principal who;
  who.user_id = "usr_ann";
  who.user_name = "ann";
  who.via = "socket";
  for (const std::string& scope : scopes) who.scopes.insert(scope);
  return who;
}

Result<json::value> call(MethodTable& table, const Principal& who, std::string_view method, json::object params = {},
                         std::function<void(const json::value&)> on_event = {}) {
  asio::io_context core(1);
  return run(core, table.invoke(who, method, std::move(params), std::move(on_event)));
}

void add_echo(MethodTable& table) {
  table.add({.name = "test.echo",
             .scope = "chat",
             .doc = "Echo.",
             .params = params({{"text", "string", Need::required}, {"count", "integer"}}),
             .result = result({})},
            [](MethodCall c) -> awaitable<Result<json::value>> { co_return json::value(c.params); });
}

}  // namespace

TEST_CASE("an unknown method is answered with the nearest name") {
  MethodTable table;
  add_echo(table);
  const auto answer = call(table, principal({"chat"}), "test.ecko");
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == Code::not_found);
  CHECK(answer.error().message.find("did you mean \"test.echo\"") != std::string::npos);
}

TEST_CASE("the scope is checked before the parameters") {
  MethodTable table;
  add_echo(table);
  const auto answer = call(table, principal({"tools"}), "test.echo", {{"nonsense", 1}});
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == Code::denied);
  CHECK(answer.error().message.find("\"chat\"") != std::string::npos);
}

TEST_CASE("a parameter that does not fit is named") {
  MethodTable table;
  add_echo(table);
  const auto unknown = call(table, principal({"chat"}), "test.echo", {{"text", "a"}, {"coumt", 1}});
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().code == Code::invalid);
  CHECK(unknown.error().message.find("params.coumt") != std::string::npos);
  const auto type = call(table, principal({"chat"}), "test.echo", {{"text", "a"}, {"count", "b"}});
  REQUIRE(type.has_error());
  CHECK(type.error().message.find("count") != std::string::npos);
}

TEST_CASE("a second method of one name is a broken invariant") {
  MethodTable table;
  add_echo(table);
  CHECK_THROWS_AS(add_echo(table), std::logic_error);
}

TEST_CASE("chat.send streams the agent's events and answers its reply") {
  FakeAgent agent;
  FakeUsers users;
  MethodTable table;
  add_chat_methods(table, {&agent, &users});
  std::vector<json::value> events;
  const auto answer = call(table, principal({"chat"}), "chat.send", {{"message", "hello"}, {"session_id", nullptr}},
                           [&](const json::value& event) { events.push_back(event); });
  REQUIRE(answer.has_value());
  CHECK(answer->at("reply").as_string() == "echo: hello");
  REQUIRE(events.size() == 1);
  CHECK(events[0].at("event").as_string() == "text");
  CHECK(agent.last.session.kind == SessionChoice::Kind::fresh);
  CHECK(agent.last.channel == "socket");
}

TEST_CASE("only an admin speaks for another user, and only those who speak for a transport name the channel") {
  FakeAgent agent;
  FakeUsers users;
  MethodTable table;
  add_chat_methods(table, {&agent, &users});
  CHECK(call(table, principal({"chat"}), "chat.send", {{"message", "x"}, {"as_user", "bob"}}).error().code == Code::denied);
  CHECK(call(table, principal({"chat"}), "chat.send", {{"message", "x"}, {"channel", "ws"}}).error().code == Code::denied);
  REQUIRE(call(table, principal({"admin"}), "chat.send", {{"message", "x"}, {"as_user", "bob"}, {"channel", "ws"}}).has_value());
  CHECK(agent.last.user_name == "bob");
  CHECK(agent.last.channel == "ws");
}

TEST_CASE("a message with nothing in it is refused") {
  FakeAgent agent;
  FakeUsers users;
  MethodTable table;
  add_chat_methods(table, {&agent, &users});
  CHECK(call(table, principal({"chat"}), "chat.send", {{"message", ""}}).error().code == Code::invalid);
}

TEST_CASE("a caller without a user is told that one is needed") {
  FakeAgent agent;
  FakeUsers users;
  MethodTable table;
  add_chat_methods(table, {&agent, &users});
  Principal plugin;
  plugin.via = "plugin:x";
  plugin.scopes = {"chat"};
  CHECK(call(table, plugin, "chat.send", {{"message", "x"}}).error().code == Code::denied);
}

TEST_CASE("a key is shown once, stored as a hash, and never gets more than its maker has") {
  FakeUsers users;
  users.make("ann", false);
  FakeClock clock;
  int changes = 0;
  MethodTable table;
  add_key_methods(table, {&users, &clock, [&] { ++changes; }});
  const Principal ann = principal({"keys", "chat", "memory", "models", "tools", "workspace", "conversations", "usage"});
  const auto made = call(table, ann, "key.create", {{"name", "phone"}});
  REQUIRE(made.has_value());
  const std::string key(made->at("key").as_string());
  REQUIRE(users.keys.size() == 1);
  CHECK(users.keys[0].hash != key);
  CHECK(users.keys[0].hash.size() == 64);
  CHECK(call(table, ann, "key.create", {{"scopes", json::array{"admin"}}}).error().code == Code::denied);
  CHECK(call(table, ann, "key.revoke", {{"key_id", "key_of_somebody"}}).error().code == Code::not_found);
  REQUIRE(call(table, ann, "key.revoke", {{"key_id", users.keys[0].id}}).has_value());
  CHECK(changes == 1);
}

TEST_CASE("a pairing code gives the identity to the caller or to a named user") {
  FakeUsers users;
  users.make("bob", false);
  FakeClock clock;
  MethodTable table;
  add_user_methods(table, {&users, &clock, [] {}});
  const auto approved = call(table, principal({"admin"}), "identity.approve", {{"code", "123456"}, {"user", "bob"}});
  REQUIRE(approved.has_value());
  CHECK(approved->at("user_id").as_string() == "usr_bob");
  CHECK(call(table, principal({"admin"}), "identity.approve", {{"code", "0"}}).error().code == Code::not_found);
}

TEST_CASE("a method that a plugin provides is called with its parameters and streams") {
  FakeRegistry registry;
  registry.method_list.push_back({.name = "weather.now", .scope = "weather:read", .doc = "Weather.", .params = params({{"place", "string"}}), .result = {}, .streaming = true});
  registry.method_list.push_back({.name = "weather.bad", .scope = "", .doc = "", .params = json::object{{"type", 7}}, .result = {}, .streaming = false});
  MethodTable table;
  update_provided_methods(table, registry);
  update_provided_methods(table, registry);  // as after a reload
  CHECK_FALSE(table.has("weather.bad"));
  int events = 0;
  const auto answer = call(table, principal({"weather"}), "weather.now", {{"place", "Berlin"}}, [&](const json::value&) { ++events; });
  REQUIRE(answer.has_value());
  CHECK(answer->at("echo").at("place").as_string() == "Berlin");
  CHECK(events == 1);
}

TEST_CASE("plugin.info says why a plugin does not run, and suggests a name") {
  FakeRegistry registry;
  MethodTable table;
  add_plugin_methods(table, {&registry});
  const auto info = call(table, principal({"admin"}), "plugin.info", {{"name", "broken"}});
  REQUIRE(info.has_value());
  CHECK(info->at("reason").as_string() == "main.lua:3: no");
  CHECK(call(table, principal({"admin"}), "plugin.info", {{"name", "brocken"}}).error().message.find("broken") != std::string::npos);
}

TEST_CASE("the OpenAPI document has each route and each method's schemas") {
  FakeRegistry registry;
  registry.route_list.push_back({.path = "/chat/conversations/{id}", .methods = {"GET", "DELETE"}});
  MethodTable table;
  add_echo(table);
  const json::object document = openapi_document(table, registry.routes(), "1.0");
  CHECK(document.at("openapi").as_string() == "3.1.0");
  const json::value& path = document.at("paths").at("/chat/conversations/{id}");
  CHECK(path.at("get").at("parameters").at(0).at("name").as_string() == "id");
  CHECK(path.as_object().contains("delete"));
  CHECK(document.at("components").at("schemas").as_object().contains("test.echo.params"));
  CHECK(api_markdown(describe_methods(table)).find("### test.echo") != std::string::npos);
}

TEST_CASE("metrics have the names that dashboards rely on") {
  Metrics metrics("1.2.3");
  TurnOutcome outcome{.turn_id = "t", .conversation_id = "c", .user_id = "u", .channel = "http", .outcome = "replied",
                      .total = std::chrono::milliseconds(10), .model = std::chrono::milliseconds(9), .usage = {}};
  metrics.count(outcome);
  CallReport call;
  call.provider = "local";
  call.model = "local/m";
  call.outcome = "answered";
  call.usage.input_tokens = 5;
  call.usage.cost_usd = 0.25;
  metrics.count_call(call);
  metrics.set_budget_left("day", 1.5);
  metrics.set_plugins(FakeRegistry().reports());
  metrics.set_outbox_pending(3);
  const std::string text = metrics.text();
  for (const char* line : {"hob_turns_total{channel=\"http\",outcome=\"replied\"} 1", "hob_turn_seconds_count 1", "hob_turn_overhead_seconds_count 1",
                           "hob_model_tokens_total{kind=\"input\",model=\"local/m\"} 5", "hob_cost_usd_total{model=\"local/m\"} 0.25",
                           "hob_model_requests_total{model=\"local/m\",outcome=\"answered\",provider=\"local\"} 1", "hob_budget_remaining_usd{window=\"day\"} 1.5", "hob_plugin_up{plugin=\"broken\"} 0",
                           "hob_outbox_pending 3", "hob_build_info{version=\"1.2.3\"} 1"})
    CHECK_THAT(text, Catch::Contains(line));
}

TEST_CASE("models that callers make up share one series, and dated names don't make endless ones") {
  Config config;
  config.models.tiers["fast"] = {"cloud/ours"};
  const auto shared = std::make_shared<Config>(config);
  const PriceTable prices(shared);
  Metrics metrics("1");
  metrics.judge_models([&](std::string_view model) { return standing_of(*shared, prices, model); });
  const auto call = [&](const std::string& model) {
    CallReport report;
    report.provider = "cloud";
    report.model = model;
    report.outcome = "failed";
    metrics.count_call(report);
  };
  for (int i = 1000; i < 2000; ++i) {
    call("cloud/made-up-" + std::to_string(i) + "x");
    call("cloud/gpt-4o-" + std::to_string(i));
  }
  call("cloud/ours");
  const std::string text = metrics.text();
  CHECK_THAT(text, Catch::Contains("model=\"other\""));
  CHECK_THAT(text, Catch::Contains("model=\"cloud/ours\""));
  CHECK_THAT(text, Catch::Contains("model=\"cloud/gpt-4o-1000\""));
  CHECK_THAT(text, !Catch::Contains("made-up"));
  CHECK(std::count(text.begin(), text.end(), '\n') < 1'000);
}

TEST_CASE("turns over a WebSocket are charged, and an event says when to come back") {
  FakeAgent agent;
  FakeUsers users;
  MethodTable table;
  int left = 1;
  add_chat_methods(table, {&agent, &users, [&](const std::string& user) {
                             CHECK(user == "usr_ann");
                             return std::chrono::milliseconds(left-- > 0 ? 0 : 1500);
                           }});
  Principal who = principal({"chat"});
  who.via = "ws";
  REQUIRE(call(table, who, "chat.send", {{"message", "one"}}).has_value());
  std::vector<json::value> events;
  const auto refused = call(table, who, "chat.send", {{"message", "two"}}, [&](const json::value& event) { events.push_back(event); });
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == Code::overloaded);
  CHECK(events.at(0).at("event").as_string() == "error");
  CHECK(events.at(0).at("data").at("status").as_string() == "overloaded");
  CHECK(events.at(0).at("data").at("retry_after").as_int64() == 2);
  who.via = "http";  // the gate has charged the request itself
  CHECK(call(table, who, "chat.send", {{"message", "three"}}).has_value());
}

TEST_CASE("the OpenAPI document says what a route is for and what it takes") {
  FakeRegistry registry;
  RouteManifest route{.path = "/chat", .methods = {"POST"}, .summary = "Say something.", .query = {{"q", "why"}}};
  route.request = json::object{{"type", "object"}, {"required", json::array{"message"}}};
  registry.route_list = {route};
  MethodTable table;
  const json::value document(openapi_document(table, registry.routes(), "1"));
  const json::value& post = document.at("paths").at("/chat").at("post");
  CHECK(post.at("summary").as_string() == "Say something.");
  CHECK(post.at("parameters").at(0).at("in").as_string() == "query");
  CHECK(post.at("requestBody").at("content").at("application/json").at("schema").at("required").at(0).as_string() == "message");
}
