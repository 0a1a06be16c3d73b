#include "fakes/fake_clock.hpp"
#include "fakes/fake_registry.hpp"
#include "fakes/run.hpp"
#include "models/router.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct Models {
  Models() {
    config->models.tiers["fast"] = {"a/small", "b/small"};
    config->models.tiers["smart"] = {"b/big"};
    registry.add("a", "hob.provider/1", a.handler());
    registry.add("b", "hob.provider/1", b.handler());
    registry.add("offline", "hob.provider/1", offline.handler());
    router = make_router({.core = io.get_executor(), .registry = &registry, .clock = &clock, .config = config});
  }
  Result<ModelAnswer> ask(const std::string& model, const std::string& text = "hello") {
    ModelRequest request;
    request.model = model;
    request.chat = parse_json_object(R"({"messages":[{"role":"user","content":")" + text + "\"}]}").value();
    shown.clear();
    std::function<void(std::string_view)> on_delta = [this](std::string_view delta) { shown += delta; };
    return run(io, router->complete(std::move(request), std::move(on_delta)));
  }

  asio::io_context io;
  FakeClock clock;
  FakeRegistry registry;
  ScriptedModel a, b, offline;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<Router> router;
  std::string shown;
};

ScriptedAnswer emits(std::vector<std::string> deltas, Result<std::string> result = std::string(R"({"stop":"end"})")) {
  ScriptedAnswer answer;
  answer.deltas = std::move(deltas);
  answer.result = std::move(result);
  return answer;
}

}  // namespace

TEST_CASE("a short plain message goes to the fast tier, a long one to the smart tier") {
  Models models;
  models.a.answers = {says("quick")};
  models.b.answers = {says("deep")};
  const ModelAnswer quick = models.ask("").value();
  CHECK(quick.text == "quick");
  CHECK(quick.usage.model == "a/small");
  CHECK(quick.usage.tier == "fast");
  CHECK(models.ask("", std::string(300, 'x')).value().usage.model == "b/big");
  CHECK(string_or(models.b.requests[0], "model") == "big");
}

TEST_CASE("with no tiers the offline model answers") {
  Models models;
  models.config->models.tiers.clear();
  models.offline.answers = {says("offline here")};
  CHECK(models.ask("").value().text == "offline here");
  CHECK_FALSE(models.router->has_model());
}

TEST_CASE("a model that fails before it showed anything is followed by the next, and rests for 30 s") {
  Models models;
  models.a.answers = {fails(Code::unavailable, "connection refused"), says("a again")};
  models.b.answers = {says("b1"), says("b2")};
  CHECK(models.ask("tier/fast").value().text == "b1");
  CHECK(models.ask("tier/fast").value().text == "b2");
  CHECK(models.a.requests.size() == 1);
  models.clock.advance(std::chrono::seconds(31));
  CHECK(models.ask("tier/fast").value().text == "a again");
}

TEST_CASE("a rate limit that names its wait rests that long") {
  Models models;
  models.a.answers = {fails(Code::overloaded, "retry after 120 s: slow down"), says("a again")};
  models.b.answers = {says("b1"), says("b2")};
  CHECK(models.ask("tier/fast").value().text == "b1");
  models.clock.advance(std::chrono::seconds(60));
  CHECK(models.ask("tier/fast").value().text == "b2");
  models.clock.advance(std::chrono::seconds(61));
  CHECK(models.ask("tier/fast").value().text == "a again");
}

TEST_CASE("once text was shown no other model takes over") {
  Models models;
  models.a.answers = {emits({R"({"text":"Half a"})"}, Error{Code::unavailable, "the stream broke off"})};
  models.b.answers = {says("never")};
  const Result<ModelAnswer> answer = models.ask("tier/fast");
  REQUIRE(answer.has_error());
  CHECK(models.shown == "Half a");
  CHECK(models.b.requests.empty());
  CHECK_THAT(answer.error().message, Catch::Contains("a/small: the stream broke off"));
}

TEST_CASE("when all fail the error has each model, the server's words and what to do") {
  Models models;
  models.a.answers = {fails(Code::denied, "401 Incorrect API key")};
  models.b.answers = {fails(Code::unavailable, "502 Bad Gateway")};
  const Error error = models.ask("tier/fast").error();
  CHECK(error.code == Code::unavailable);
  CHECK_THAT(error.message, Catch::Contains("a/small: 401 Incorrect API key (check models.providers.a.api_key)"));
  CHECK_THAT(error.message, Catch::Contains("b/small: 502 Bad Gateway"));
}

TEST_CASE("tool calls are put together by index from their pieces") {
  Models models;
  models.a.answers = {emits({R"({"tool_call":{"index":0,"id":"x","name":"add","arguments":"{\"a\""}})",
                             R"({"tool_call":{"index":1,"name":"sub"}})",
                             R"({"tool_call":{"index":0,"arguments":":1}"}})"},
                            std::string(R"({"stop":"tool_calls"})"))};
  const ModelAnswer answer = models.ask("a/small").value();
  REQUIRE(answer.tool_calls.size() == 2);
  CHECK(answer.tool_calls[0].arguments == R"({"a":1})");
  CHECK(answer.tool_calls[1].id == "call_1");
  CHECK(answer.stop == "tool_calls");
}

TEST_CASE("usage is the provider's, priced by the config, and estimated when it reports none") {
  Models models;
  models.config->models.prices["a/small"] = {2.0, 10.0, 0.5};
  models.a.answers = {emits({R"({"text":"hi"})", R"({"usage":{"input_tokens":1000000,"output_tokens":100000,"cached_tokens":500000}})"}),
                      says("four byte tokens")};
  CHECK(models.ask("a/small").value().usage.cost_usd == Approx(1.0 + 0.25 + 1.0));
  const Usage estimated = models.ask("a/small").value().usage;
  CHECK(estimated.output_tokens == 4);
  CHECK(estimated.input_tokens > 0);
}

TEST_CASE("a provider that answers nonsense or nothing is unavailable") {
  for (const ScriptedAnswer& bad :
       {emits({"not json"}), emits({R"({"text":"x"})"}, std::string("<html>")), emits({}), emits({"[1]"})}) {
    Models models;
    models.a.answers = {bad};
    CHECK(models.ask("a/small").error().code == Code::unavailable);
  }
}

TEST_CASE("an unknown model is not found, and the error names what there is") {
  Models models;
  CHECK_THAT(models.ask("ofline/x").error().message, Catch::Contains("did you mean \"offline\"?"));
  CHECK(models.ask("tier/embed").error().code == Code::not_found);
  CHECK(models.ask("gpt").error().code == Code::not_found);
}

TEST_CASE("a stored answer reads back as it was") {
  ModelAnswer answer;
  answer.text = "t";
  answer.tool_calls.push_back({"i", "n", "{}"});
  answer.stop = "tool_calls";
  answer.provider = "a";
  const ModelAnswer copy = model_answer_from_json(to_json(answer));
  CHECK(json::serialize(to_json(copy)) == json::serialize(to_json(answer)));
}

TEST_CASE("the list has the tiers' models and what the servers offer, each once") {
  Models models;
  const auto list = run(models.io, models.router->list()).value();
  const auto count = [&](const char* name) {
    return std::count_if(list.begin(), list.end(), [&](const ModelInfo& info) { return info.name == name; });
  };
  CHECK(count("a/small") == 1);
  CHECK(count("a/other") == 1);
  CHECK(count("offline/offline") == 1);
  CHECK(models.router->has_model());
}

TEST_CASE("a model's name that a caller makes up is bounded and not remembered") {
  Models models;
  CHECK(models.ask("a/" + std::string(300, 'x')).error().code == Code::invalid);
  models.a.answers = {fails(Code::not_found, "no such model"), says("here")};
  REQUIRE(models.ask("a/unheard-of").has_error());
  const auto listed = run(models.io, models.router->list()).value();
  for (const ModelInfo& model : listed) CHECK(model.healthy);
}

TEST_CASE("what a model carries goes back to it, and to no other") {
  Models models;
  models.a.answers = {emits({R"({"tool_call":{"index":0,"id":"c","name":"one","arguments":"{}"}})", R"({"carry":{"sig":"s"}})"}, std::string(R"({"stop":"tool_calls"})")),
                      fails(Code::unavailable, "down")};
  models.b.answers = {says("done")};
  const ModelAnswer first = models.ask("tier/fast").value();
  CHECK(first.carry == parse_json_object(R"({"sig":"s"})").value());
  CHECK(model_answer_from_json(to_json(first)).carry == first.carry);

  ModelRequest next;
  next.model = "tier/fast";
  next.chat = parse_json_object(R"({"messages":[{"role":"assistant","content":"","carry":{"sig":"s"},"carry_of":"a/small"}]})").value();
  std::function<void(std::string_view)> on_delta = [](std::string_view) {};
  REQUIRE(run(models.io, models.router->complete(std::move(next), std::move(on_delta))).has_value());
  const auto message = [](const json::object& request) { return request.at("messages").at(0).as_object(); };
  CHECK(message(models.a.requests.back()).at("carry") == json::value(first.carry));
  CHECK_FALSE(message(models.b.requests.back()).contains("carry"));
  CHECK_FALSE(message(models.a.requests.back()).contains("carry_of"));
}
