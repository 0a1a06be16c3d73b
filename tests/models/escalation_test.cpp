// An answer of the fast tier that isn't up to it is asked of the smart tier; and the tiny call that asks for the tier.
#include "models.hpp"

#include "models/answer_faults.hpp"

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct Routed : Models {
  Routed() {
    has_routing = has_budget = true;
    config->models.prices["a/small"] = {0.1, 0.4};
    config->models.prices["b/small"] = {0.1, 0.4};
    config->models.prices["b/big"] = {10.0, 20.0};
    build();
  }
  json::object with_tool(const std::string& text) {
    json::object chat = chat_of(text);
    chat["tools"] = json::array{json::object{{"name", "add"}, {"description", "adds"}, {"parameters", json::object{{"type", "object"}}}}};
    return chat;
  }
};

}  // namespace

TEST_CASE("a refusal of the fast tier is never shown: the smart tier answers") {
  Routed models;
  models.a.answers = {emits({text_delta("I'm sorry, "), text_delta("but I can't help with that proof.")})};
  models.b.answers = {says("By induction.")};
  const ModelAnswer answer = models.ask("").value();
  CHECK(models.shown == "By induction.");
  CHECK(answer.text == "By induction.");
  CHECK(answer.usage.model == "b/big");
  CHECK(answer.usage.tier == "smart");
  REQUIRE(models.routing.escalations.size() == 1);
  CHECK(models.budget.settled.size() == 2);
  CHECK(models.budget.settled[0].outcome == CallOutcome::answered);
  CHECK(models.budget.settled[0].reservation.planned.baseline == "offline/offline");  // without routing it had not been asked
  CHECK(answer.usage.cost_usd == Approx(models.budget.settled[0].usage.cost_usd + models.budget.settled[1].usage.cost_usd));
}

TEST_CASE("what the smart tier refuses too stays refused") {
  Routed models;
  models.a.answers = {says("I can't help with that.")};
  models.b.answers = {says("I can't help with that either.")};
  CHECK(models.ask("").value().text == "I can't help with that either.");
  CHECK(models.b.requests.size() == 1);
}

TEST_CASE("when the smart tier can't be reached the fast answer is better than nothing") {
  Routed models;
  models.a.answers = {says("I can't help with that.")};
  models.b.answers = {fails(Code::unavailable, "connect to 127.0.0.1:1: connection refused")};
  CHECK(models.ask("").value().text == "I can't help with that.");
  CHECK(models.shown == "I can't help with that.");
}

TEST_CASE("a good answer of the fast tier is shown whole, with what the smart tier would have cost as its baseline") {
  Routed models;
  models.a.answers = {emits({text_delta("It is "), text_delta("four.")})};
  const ModelAnswer answer = models.ask("").value();
  CHECK(models.shown == "It is four.");
  CHECK(answer.routed_by == "score");
  CHECK(models.budget.settled[0].reservation.planned.baseline == "b/big");
  CHECK(models.routing.escalations.empty());
}

TEST_CASE("a broken tool call of the fast tier is asked of the smart tier") {
  for (const auto& [name, arguments] : {std::pair("add", "{\"a\":"), std::pair("subtract", "{}")}) {
    Routed models;
    models.a.answers = {calls_tool("1", name, arguments)};
    models.b.answers = {calls_tool("2", "add", "{\"a\":1}")};
    ModelRequest request;
    request.chat = models.with_tool("what is 2 + 2?");
    CHECK(models.ask(std::move(request)).value().tool_calls.at(0).id == "2");
  }
}

TEST_CASE("nobody's word but the router's is questioned") {
  Routed models;
  models.a.answers = {says("I can't help with that."), says("I can't help with that.")};
  CHECK(models.ask("tier/fast").value().text == "I can't help with that.");
  models.config->models.router.escalate = false;
  CHECK(models.ask("").value().text == "I can't help with that.");
  CHECK(models.b.requests.empty());
}

TEST_CASE("where the router is unsure the fast tier says which tier, and its price counts") {
  Routed models;
  models.routing.next.is_unsure = true;
  models.routing.next.tier = "smart";
  models.a.answers = {says("fast"), says("quick")};
  const ModelAnswer answer = models.ask("", std::string(4000, 'x')).value();
  CHECK(answer.text == "quick");
  CHECK(answer.routed_by == "model");
  CHECK(models.routing.said == "fast");
  REQUIRE(models.budget.reserved.size() == 2);
  CHECK(models.budget.reserved[0].call.purpose == Purpose::routing);
  CHECK(answer.usage.cost_usd == Approx(models.budget.settled[0].usage.cost_usd + models.budget.settled[1].usage.cost_usd));
}

TEST_CASE("the tier is not asked for where that is not worth its price, or it fails") {
  Routed models;
  models.routing.next.is_unsure = true;
  models.routing.next.tier = "smart";
  models.config->models.prices["b/big"] = {0.1, 0.4};
  models.build();
  models.b.answers = {says("b"), says("b again")};
  CHECK(models.ask("").value().text == "b");
  CHECK(models.a.requests.empty());
  models.config->models.prices["b/big"] = {10.0, 20.0};
  models.build();
  models.a.answers = {fails(Code::unavailable, "connect to 127.0.0.1:1: connection refused")};
  CHECK(models.ask("").value().text == "b again");
}

TEST_CASE("refusals are told from answers") {
  for (const char* text : {"I can't help with that.", "I\xe2\x80\x99m sorry, but I can\xe2\x80\x99t assist with this request.", "As an AI language model, I cannot do this.",
                           "Unfortunately, I don't have the ability to browse.", "Tut mir leid, das kann ich nicht.", "Als KI kann ich das nicht.",
                           "D\xc3\xa9sol\xc3\xa9, je ne peux pas vous aider.", "Lo siento, no puedo ayudar con eso.", "  I'm unable to solve this integral."}) {
    INFO(text);
    CHECK(is_refusal(text));
  }
  for (const char* text : {"I don't know your sister's name.", "I don't have access to your calendar.", "I can't recall you telling me that.", "Sorry for the delay: it is four.",
                           "I can help with that.", "You can't divide by zero.", "As an aid, use a table.", "", "I'm sorry to hear that. How are you?",
                           "He said: I can't help you.", "Ich kann das gern machen."}) {
    INFO(text);
    CHECK_FALSE(is_refusal(text));
  }
}

TEST_CASE("tool calls written as text are told from answers") {
  for (const char* text : {"<tool_call>{\"name\":\"add\"}</tool_call>", "```json\n{\"name\": \"add\", \"arguments\": {}}\n```", "[TOOL_CALLS] [{\"name\":",
                           "{\"name\":\"add\",\"parameters\":{\"a\":1}}", "<|python_tag|>add(1)"})
    CHECK(begins_as_tool_call(text));
  for (const char* text : {"{\"a\": 1}", "Use <tool_call> tags.", "```json\n{\"x\":1}\n```", "", "name"}) CHECK_FALSE(begins_as_tool_call(text));
}
