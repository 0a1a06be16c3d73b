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
TEST_CASE("a statement about something else is offered as the nearest, never as the answer") {
  for (const char* question : {"What is my favourite food?", "What is the colour of my house?"}) {
    CAPTURE(question);
    CHECK(ask_with({recalled("My favourite colour is teal.", "2026-05-01T00:00:00Z")}, question).text ==
          "I find nothing you told me about exactly that. The nearest I have is what you told me on 1 May 2026: "
          "\"My favourite colour is teal.\"");
  }
  CHECK_THAT(ask_with({recalled("Anna's birthday party is on 3 May.", "2026-01-01T00:00:00Z")}, "When is Bob's birthday party?").text,
             Catch::StartsWith("I find nothing"));
  CHECK_THAT(ask_with({recalled("My cat is Tom.", "2026-01-01T00:00:00Z")}, "What is my cat's name?").text, Catch::StartsWith("You told me"));
}
TEST_CASE("a bare phrase asks when something was said about it, and is never an answer itself") {
  const json::array said{recalled("The wifi password is hunter2.", "2026-01-01T00:00:00Z"), recalled("wifi password", "2026-02-01T00:00:00Z")};
  for (const char* question : {"wifi password", "the wifi password", "What is the wifi password?"}) {
    CAPTURE(question);
    CHECK(ask_with(said, question).text == "You told me on 1 January 2026: \"The wifi password is hunter2.\"");
  }
  CHECK_THAT(ask_with({}, "wifi password").text, Catch::StartsWith("Noted."));
  CHECK_THAT(ask_with(said, "The wifi password is hunter3").text, Catch::StartsWith("Noted."));
}
TEST_CASE("a correction supersedes, and an order states nothing") {
  CHECK_THAT(ask_with({recalled("My favourite colour is teal.", "2026-05-01T00:00:00Z"),
                       recalled("Actually my favourite colour is green.", "2026-05-02T00:00:00Z"),
                       recalled("Forget my favourite colour, please.", "2026-05-03T00:00:00Z")},
                      "What is my favourite colour?")
                 .text,
             Catch::Contains("green"));
  CHECK_THAT(ask_with({}, "Forget my favourite colour.").text, Catch::StartsWith("I can't do that"));
}
TEST_CASE("what was said in this conversation is quoted with its date") {
  json::object statement = user("My favourite colour is teal.");
  statement["at"] = "2026-11-21T08:30:00Z";
  CHECK(ask({{"messages", json::array{statement, assistant("Noted."), user("What is my favourite colour?")}}}).text ==
        "You told me on 21 November 2026: \"My favourite colour is teal.\"");
}
TEST_CASE("what was recalled into the message is not what the user asks") {
  json::object message = user("<recalled>\n- 2026-05-01, user: My cat is Tom.\n</recalled>\n\n12 * 7");
  message["text"] = "12 * 7";
  CHECK(ask({{"messages", json::array{message}}, {"tools", calculator()}}).stop == "tool_calls");
}
TEST_CASE("a greeting with a question mark is a greeting") {
  CHECK_THAT(ask_with({recalled("Hello Kitty is my daughter's favourite.", "2026-01-01T00:00:00Z")}, "hello?").text, Catch::StartsWith("Hello."));
}
TEST_CASE("standing in for a model that failed, the reply names it and why, once") {
  const char* failed = "openai/gpt: denied: Incorrect API key provided";
  const auto first = ask({{"messages", json::array{user("My cat is Tom.")}}, {"failed", json::array{failed}}});
  CHECK_THAT(first.text, Catch::StartsWith("Noted.") && Catch::Contains(failed) && !Catch::Contains("No language model is connected"));
  const auto second = ask({{"messages", json::array{user("My cat is Tom."), assistant(first.text.c_str()), user("Who is my cat?")}},
                           {"failed", json::array{failed}}});
  CHECK(second.text == "You told me: \"My cat is Tom.\"");
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

  result["content"] = R"({"error":{"status":"invalid","message":"division by zero"}})";
  CHECK(ask({{"messages", json::array{user("1/0"), asking, result}}}).text == "That did not work out: division by zero");
  result["content"] = "division by zero";
  CHECK(ask({{"messages", json::array{user("1/0"), asking, result}}}).text == "That did not work out: division by zero");
}
TEST_CASE("sums in words are sums") {
  for (const char* text : {"What is 12 times 7?", "10 divided by 4", "square root of 2", "What's the square root of 16?", "5!", "20 percent of 50",
                           "7 x 8", "3 squared"}) {
    CAPTURE(text);
    CHECK(ask({{"messages", json::array{user(text)}}, {"tools", calculator()}}).stop == "tool_calls");
  }
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
