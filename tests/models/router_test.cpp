#include "models.hpp"

using namespace hobd;
using namespace hobd::fakes;

TEST_CASE("without a router of messages the mode names the tier") {
  Models models;
  models.b.answers = {says("deep")};
  CHECK(models.ask("").value().usage.model == "b/big");
  CHECK(string_or(models.b.requests[0], "model") == "big");
  models.config->models.router.mode = RouterMode::fast;
  models.build();
  models.a.answers = {says("quick")};
  const ModelAnswer quick = models.ask("").value();
  CHECK(quick.usage.model == "a/small");
  CHECK(quick.usage.tier == "fast");
}

TEST_CASE("with no tiers the offline model answers") {
  Models models;
  models.config->models.tiers.clear();
  models.offline.answers = {says("offline here")};
  CHECK(models.ask("").value().text == "offline here");
  CHECK_FALSE(models.router->has_model());
}

TEST_CASE("when all fail the error is a sentence with what to do, and the list of models has each server's words") {
  Models models;
  models.a.answers = {fails(Code::denied, "the model server answered 401: Incorrect API key")};
  models.b.answers = {fails(Code::unavailable, "connect to 127.0.0.1:1: connection refused")};
  models.config->models.tiers["smart"].clear();
  const Error error = models.ask("tier/fast").error();
  CHECK(error == Error{Code::unavailable, "No model answered: a refused Hob's API key; b could not be reached. For Hob's owner: check "
                                          "models.providers.a.api_key; `hobctl doctor` and the log say more."});
  const auto listed = run(models.io, models.router->list()).value();
  CHECK(listed[0].trouble == "the model server answered 401: Incorrect API key");
  CHECK_FALSE(listed[0].healthy);
}

TEST_CASE("a model of a tier that its provider doesn't know is Hob's trouble, one that the caller named the caller's") {
  Models models;
  const auto unknown = fails(Code::not_found, "the model server answered 404: no such model (check the model's name and base_url)");
  models.config->models.tiers = {{"fast", {"a/small"}}};
  models.a.answers = {unknown, unknown};
  CHECK(models.ask("tier/fast").error().code == Code::unavailable);
  const Error named = models.ask("a/other").error();
  CHECK(named == Error{Code::not_found, "No answer from a/other: the model server answered 404: no such model. Check the model's name; "
                                        "`hobctl model list` shows what the server has."});
}

TEST_CASE("a provider that refuses its key while its models are listed is not a caller without rights") {
  Models models;
  models.registry.add("shut", "hob.provider/1", [](PluginCall) -> awaitable<Result<std::string>> { co_return Error{Code::denied, "the model server answered 401: no"}; });
  CHECK(run(models.io, models.router->provider_models("shut")).error().code == Code::unavailable);
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
  models.build();
  models.a.answers = {emits({R"({"text":"hi"})", R"({"usage":{"input_tokens":1000000,"output_tokens":100000,"cached_tokens":500000}})"}),
                      says("four byte tokens")};
  CHECK(models.ask("a/small").value().usage.cost_usd == Approx(1.0 + 0.25 + 1.0));
  const Usage estimated = models.ask("a/small").value().usage;
  CHECK(estimated.output_tokens >= 4);
  CHECK(estimated.input_tokens > 0);
}

TEST_CASE("a provider that answers nonsense or nothing is unavailable") {
  for (const ScriptedAnswer& bad :
       {emits({"not json"}), emits({}, std::string("<html>")), emits({}), emits({"[1]"})}) {
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
