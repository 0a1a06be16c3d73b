#include <catch2/catch.hpp>

#include "fakes/scripted_host.hpp"

using fakes::ScriptedHost;
namespace json = boost::json;

namespace {

struct Said {
  std::string text;
  json::value tool_call;
  std::string stop;
};

Said ask(json::object chat) {
  ScriptedHost host(HOB_PLUGINS "/provider_offline/provider_offline.so");
  auto& end = host.finish(host.complete(json::serialize(chat)));
  REQUIRE(end.status == HOB_OK);
  Said said;
  for (const auto& chunk : end.chunks) {
    const auto delta = json::parse(chunk).as_object();
    if (const auto* text = delta.if_contains("text")) said.text += text->as_string();
    if (const auto* call = delta.if_contains("tool_call")) said.tool_call = *call;
  }
  said.stop = json::parse(end.result).at("stop").as_string();
  return said;
}

json::object user(const char* text) { return {{"role", "user"}, {"content", text}}; }
json::object assistant(const char* text) { return {{"role", "assistant"}, {"content", text}}; }
json::object recalled(const char* text, const char* at, const char* speaker = "user") {
  return {{"id", "m1"}, {"text", text}, {"at", at}, {"speaker", speaker}};
}
Said ask_with(json::array recalled, const char* question) {
  return ask({{"model", "offline"}, {"messages", json::array{user(question)}}, {"recalled", std::move(recalled)}});
}
json::array calculator() { return {json::object{{"name", "calculate"}}}; }

}  // namespace

TEST_CASE("a question is answered with the user's own words and their date") {
  CHECK(ask_with({recalled("I live in Kiel.", "2026-11-20T10:00:00Z"),
                  recalled("My favourite colour is teal.", "2026-11-21T10:00:00Z")},
                 "What is my favourite colour?")
            .text == "You told me on 21 November 2026: \"My favourite colour is teal.\"");
}
TEST_CASE("what was said in this conversation is found without recall") {
  const auto said = ask({{"messages", json::array{user("My favourite colour is teal."), assistant("Noted."),
                                                  user("What is my favorite color?")}}});
  CHECK(said.text == "You told me: \"My favourite colour is teal.\"");
}
TEST_CASE("a statement in buffer and recall is quoted with the date of the recall") {
  const auto said = ask({{"messages", json::array{user("My cat is Tom."), user("Who is my cat?")}},
                         {"recalled", json::array{recalled("My cat is Tom.", "2026-01-02T00:00:00Z")}}});
  CHECK(said.text == "You told me on 2 January 2026: \"My cat is Tom.\"");
}
TEST_CASE("the newer of two statements answers") {
  CHECK_THAT(ask_with({recalled("My favourite colour is red.", "2026-05-01T00:00:00Z"),
                       recalled("My favourite colour is teal.", "2026-03-01T00:00:00Z")},
                      "What's my favourite colour?")
                 .text,
             Catch::Contains("red"));
}
TEST_CASE("what the assistant said, and earlier questions, are no answers") {
  const auto said = ask_with({recalled("Your favourite colour is red.", "2026-05-01T00:00:00Z", "assistant"),
                              recalled("What is my favourite colour", "2026-05-01T00:00:00Z")},
                             "What is my favourite colour?");
  CHECK_THAT(said.text, Catch::StartsWith("I find nothing"));
}
TEST_CASE("other languages work") {
  CHECK_THAT(ask_with({recalled("Моя любимая книга «Мастер и Маргарита».", "2026-02-03T00:00:00Z")},
                      "Какая моя любимая КНИГА?")
                 .text,
             Catch::Contains("Мастер"));
  CHECK_THAT(ask_with({recalled("Mein Hund heißt Bello.", "2026-02-03T00:00:00Z")}, "Wie heißt mein Hund?").text,
             Catch::Contains("Bello"));
  CHECK_THAT(ask_with({recalled("我的猫叫小花。", "2026-02-03T00:00:00Z")}, "我的猫叫什么？").text, Catch::Contains("小花"));
}
TEST_CASE("a statement is acknowledged and help is not repeated at length") {
  const auto first = ask({{"messages", json::array{user("My favourite colour is teal.")}}});
  CHECK_THAT(first.text, Catch::StartsWith("Noted.") && Catch::Contains("models.providers") && Catch::Contains("hob.yaml"));
  const auto second = ask({{"messages", json::array{user("a fact"), assistant(first.text.c_str()), user("Another fact.")}}});
  CHECK(second.text == "Noted. I keep it word for word.");
}
TEST_CASE("arithmetic becomes a call of the calculator, and its result is read out") {
  const auto asked = ask({{"messages", json::array{user("What is 12 * 7?")}}, {"tools", calculator()}});
  REQUIRE(asked.stop == "tool_calls");
  CHECK(asked.tool_call.at("name") == "calculate");
  CHECK(json::parse(asked.tool_call.at("arguments").as_string()).at("expression") == "12 * 7");

  json::object call{{"id", "c1"}, {"name", "calculate"}, {"arguments", R"({"expression":"12 * 7"})"}};
  json::object asking{{"role", "assistant"}, {"content", ""}, {"tool_calls", json::array{call}}};
  json::object result{{"role", "tool"}, {"tool_call_id", "c1"}, {"content", R"({"text":"84","value":84})"}};
  const auto told = ask({{"messages", json::array{user("What is 12 * 7?"), asking, result}}, {"tools", calculator()}});
  CHECK(told.text == "12 * 7 = 84");
  CHECK(told.stop == "end");

  result["content"] = "division by zero";
  CHECK(ask({{"messages", json::array{user("1/0"), asking, result}}}).text == "That did not work out: division by zero");
}
TEST_CASE("dates, phone numbers and plain numbers are no arithmetic") {
  for (const char* text : {"2026-11-21", "+49 431 1234", "42", "3.14", "I have 2 cats and 3 dogs."}) {
    CAPTURE(text);
    CHECK(ask({{"messages", json::array{user(text)}}, {"tools", calculator()}}).stop == "end");
  }
}
TEST_CASE("without the calculator arithmetic says so") {
  CHECK_THAT(ask({{"messages", json::array{user("2+2")}}}).text, Catch::Contains("not enabled"));
}
TEST_CASE("the offline model takes any content") {
  CHECK_FALSE(ask({{"messages", json::array{}}}).text.empty());
  CHECK_FALSE(ask({{"messages", json::array{user("")}}}).text.empty());
  CHECK_FALSE(ask({{"messages", json::array{user("???")}}}).text.empty());
  json::object image{{"type", "image"}, {"url", "http://x"}};
  json::object text{{"type", "text"}, {"text", "My dog is Rex."}};
  json::object parts{{"role", "user"}, {"content", json::array{text, image}}};
  CHECK_THAT(ask({{"messages", json::array{parts, user("Who is my dog?")}}}).text, Catch::Contains("Rex"));
}
TEST_CASE("the offline model lists itself") {
  ScriptedHost host(HOB_PLUGINS "/provider_offline/provider_offline.so");
  CHECK(host.finish(host.models()).result == R"({"models":[{"id":"offline"}]})");
}
TEST_CASE("text streams in words, and stops when nobody listens") {
  ScriptedHost host(HOB_PLUGINS "/provider_offline/provider_offline.so");
  const std::string chat = R"({"messages":[{"role":"user","content":"I like tea."}]})";
  CHECK(host.finish(host.complete(chat)).chunks.size() > 5);
  host.emit_answer = HOB_CANCELLED;
  CHECK(host.finish(host.complete(chat)).status == HOB_CANCELLED);
  CHECK(host.finish(host.complete("not json")).status == HOB_INVALID);
}
