#include "memory/model_extractor.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

Lesson lesson(const std::string& text, const std::string& before = {}) {
  Lesson lesson;
  Message message;
  message.id = "msg_1";
  message.role = "user";
  message.text = text;
  message.at = parse_time("2026-11-21T08:00:00Z").value();
  lesson.said.push_back(message);
  lesson.before = before;
  return lesson;
}

std::string item(const std::string& text, const std::string& quote, const std::string& more = {}) {
  return R"({"text":")" + text + R"(","kind":"fact","importance":0.5,"topics":[],"people":[],"quote":")" + quote + R"(","message_id":"msg_1")" + more + "}";
}
std::string list(const std::string& items) { return R"({"memories":[)" + items + "]}"; }

}  // namespace

TEST_CASE("a model's answer is read from within prose and code fences") {
  const Lesson said = lesson("I live in Lyon.");
  for (const std::string& answer : {list(item("Lives in Lyon.", "I live in Lyon")), "Sure! Here you go:\n```json\n" + list(item("Lives in Lyon.", "I live in Lyon")) + "\n```\nAnything else?",
                                    "[" + item("Lives in Lyon.", "I live in Lyon") + "]"}) {
    INFO(answer);
    const auto found = findings_of_answer(answer, said);
    REQUIRE(found.findings.size() == 1);
    CHECK(found.findings[0].proposal.text == "Lives in Lyon.");
    CHECK(found.is_answer);
  }
}

TEST_CASE("half a JSON gives the items that are whole") {
  const std::string answer = R"({"memories":[)" + item("Lives in Lyon.", "I live in Lyon") + "," + R"({"text":"Likes te)";
  CHECK(findings_of_answer(answer, lesson("I live in Lyon.")).findings.size() == 1);
}

TEST_CASE("prose without a list is no answer") {
  CHECK_FALSE(findings_of_answer("I think the user lives in Lyon.", lesson("I live in Lyon.")).is_answer);
  CHECK(findings_of_answer(R"({"memories":[]})", lesson("x")).is_answer);
}

TEST_CASE("a quote that isn't in the message is refused, white space apart") {
  const Lesson said = lesson("I live\n in  Lyon.");
  CHECK(findings_of_answer(list(item("Lives in Lyon.", "I live in Lyon")), said).findings.size() == 1);
  CHECK(findings_of_answer(list(item("Lives in Rome.", "I live in Rome")), said).findings.empty());
  CHECK(findings_of_answer(list(item("Lives in Rome.", "...")), said).findings.empty());
  CHECK(findings_of_answer(list(item("Lives in Lyon.", "I live in Lyon")), said).findings[0].proposal.source.quote == "I live\n in  Lyon");
}

TEST_CASE("a thousand items give no more than the bound") {
  std::string items;
  for (int i = 0; i < 1000; ++i) items += (i ? "," : "") + item("Likes thing " + std::to_string(i) + ".", "I like things");
  CHECK(findings_of_answer(list(items), lesson("I like things.")).findings.size() == kMostFindings);
}

TEST_CASE("items of wrong types, sizes and dates are refused or put right") {
  const Lesson said = lesson("I live in Lyon.");
  CHECK(findings_of_answer(R"({"memories":[1,null,"x",{"text":5,"quote":"I live in Lyon"},{"text":"Lives","quote":7}]})", said).findings.empty());
  CHECK(findings_of_answer(list(item(std::string(5000, 'x'), "I live in Lyon")), said).findings.empty());
  const auto found = findings_of_answer(
      list(R"({"text":"Lives in Lyon.","kind":"nonsense","importance":1e9,"quote":"I live in Lyon","message_id":"msg_99","valid_from":"next year","valid_to":"9999-01-01"})"), said);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].proposal.kind == MemoryKind::fact);
  CHECK(found.findings[0].proposal.importance == 1);
  CHECK(found.findings[0].proposal.source.message_id == "msg_1");
  CHECK_FALSE(found.findings[0].proposal.valid_from);
  CHECK_FALSE(found.findings[0].proposal.valid_to);
}

TEST_CASE("a quote from a wish, a question, a joke or somebody else's words is refused") {
  for (const char* text : {"I wish I had a dog", "Do I have a dog?", "Tom said I have a dog", "> I have a dog", "Write a story in which I have a dog"}) {
    INFO(text);
    const std::string message = text;
    const std::string quote = message.find("had") == std::string::npos ? "have a dog" : "had a dog";
    CHECK(findings_of_answer(list(item("Has a dog.", quote)), lesson(message)).findings.empty());
  }
}

TEST_CASE("a yes teaches what Hob had asked, and nothing else") {
  const Lesson asked = lesson("Yes, exactly.", "Nice. Do you live in Lyon?");
  CHECK(is_worth_asking(asked));
  CHECK(findings_of_answer(list(item("Lives in Lyon.", "Yes, exactly")), asked).findings.size() == 1);
  CHECK(findings_of_answer(list(item("Owns a boat.", "Yes, exactly")), asked).findings.empty());
  CHECK(findings_of_answer(list(item("Lives in Lyon.", "Yes")), lesson("Yes", "You live in Lyon.")).findings.empty());
}

TEST_CASE("notes get the house's style and dates that last") {
  const Lesson said = lesson("I fly to Rome tomorrow, and I live in Lyon");
  const auto found = findings_of_answer(list(item("The user lives in Lyon", "I live in Lyon") + "," +
                                             R"({"text":"Flies to Rome tomorrow","kind":"event","quote":"I fly to Rome tomorrow","message_id":"msg_1"})"), said);
  REQUIRE(found.findings.size() == 2);
  CHECK(found.findings[0].proposal.text == "Lives in Lyon.");
  CHECK(found.findings[1].proposal.text == "Flies to Rome on Sunday 22 November 2026.");
}

TEST_CASE("an end needs what it ends") {
  const Lesson said = lesson("I no longer work at Acme");
  CHECK(findings_of_answer(list(item("", "I no longer work at Acme", R"(,"action":"end")")), said).findings.empty());
  const auto found = findings_of_answer(list(item("", "I no longer work at Acme", R"(,"action":"end","about":"Works at Acme.")")), said);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].intent == Finding::Intent::ends);
}

TEST_CASE("small talk, questions and thanks are not worth a call") {
  for (const char* text : {"thanks!", "What time is it?", "", "\xf0\x9f\x98\x80", "write me a poem about Rome"}) {
    INFO(text);
    CHECK_FALSE(is_worth_asking(lesson(text)));
  }
  CHECK(is_worth_asking(lesson("I moved to Lyon")));
  CHECK(is_worth_asking(lesson("Lyon", "Where do you live?")));
}

TEST_CASE("the request holds the messages as data, within bounds") {
  Lesson said = lesson(std::string(1 << 20, 'x'));
  said.known = {"Lives in Lyon."};
  const std::string chat = json::serialize(extraction_chat(said));
  CHECK(chat.size() < 20'000);
  CHECK(chat.find("Lives in Lyon.") != std::string::npos);
}
