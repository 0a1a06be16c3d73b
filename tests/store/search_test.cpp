#include "store/support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

struct Searchable : TestStore {
  std::string anna = user("anna");
  Turn say(const std::string& text, const std::string& who = "") {
    return get(journal().accept(inbound(who.empty() ? anna : who, text), Durability::journaled)).turn;
  }
  std::vector<std::string> find(const std::string& query, const std::string& role = "", const std::string& not_turn = "") {
    std::vector<std::string> found;
    for (const auto& hit : get(conversations().search(anna, {.text = query, .limit = 10, .role = role, .not_turn = not_turn})))
      found.push_back(hit.message.text);
    return found;
  }
};

}  // namespace

TEST_CASE("search finds the message whose words the question uses, best first") {
  Searchable t;
  t.say("I parked the car near the harbour");
  t.say("My favourite colour is teal");
  t.say("Colour the fence, any colour, please");
  const auto hits = t.get(t.conversations().search(t.anna, {.text = "What is my favourite colour?", .limit = 10}));
  REQUIRE(hits.size() == 2);
  REQUIRE(hits[0].message.text == "My favourite colour is teal");
  REQUIRE(hits[0].score > hits[1].score);
  REQUIRE(hits[1].score > 0);
}

TEST_CASE("search goes by word stems and ignores case and accents") {
  Searchable t;
  t.say("She was RUNNING through the café");
  REQUIRE(t.find("run").size() == 1);
  REQUIRE(t.find("CAFE").size() == 1);
}

TEST_CASE("what FTS5 takes for syntax is plain text in a query") {
  Searchable t;
  t.say("the quick brown fox");
  for (const char* query : {"\"fox", "fox OR", "NOT fox", "fox*", "(fox", "owner:fox", "owner : u2 OR fox", "fox\" OR \"x",
                            "^fox", "fox NEAR(quick", "{words} : fox", "- fox +", "'; DROP TABLE messages; -- fox"})
    REQUIRE(t.find(query).size() == 1);
}

TEST_CASE("a query without words finds nothing and is no error") {
  Searchable t;
  t.say("something");
  for (const char* query : {"", "   ", "?!", "🙂🙂", "\"\"", "*", "\xff\xfe", "\xe2\x82"}) REQUIRE(t.find(query).empty());
}

TEST_CASE("stop words are left out unless there is nothing else") {
  Searchable t;
  t.say("what is it");
  t.say("the anchor");
  REQUIRE(t.find("what is the anchor") == std::vector<std::string>{"the anchor"});
  REQUIRE(t.find("what is it") == std::vector<std::string>{"what is it"});
}

TEST_CASE("words of other scripts are found") {
  Searchable t;
  t.say("Мой любимый цвет бирюзовый");
  t.say("Το αγαπημένο μου χρώμα");
  t.say("私の好きな色は青緑です");
  t.say("สีโปรดของฉันคือสีเขียว");
  t.say("제 고양이 이름은 나비입니다");
  REQUIRE(t.find("ЦВЕТ?").size() == 1);
  REQUIRE(t.find("ΧΡΏΜΑ").size() == 1);
  REQUIRE(t.find("好きな色は何ですか") == std::vector<std::string>{"私の好きな色は青緑です"});
  REQUIRE(t.find("สีเขียว").size() == 1);
  REQUIRE(t.find("고양이").size() == 1);
  REQUIRE(t.find("青").size() == 1);
}

TEST_CASE("emoji beside words do no harm") {
  Searchable t;
  t.say("my cat 🐈 is called Miso");
  REQUIRE(t.find("🐈 Miso 🐈").size() == 1);
}

TEST_CASE("a query of many thousand words is answered") {
  Searchable t;
  t.say("needle");
  std::string query = "needle";
  for (int i = 0; i < 20'000; ++i) query += " word" + std::to_string(i);
  REQUIRE(t.find(query).size() == 1);
}

TEST_CASE("role and the current turn narrow a search") {
  Searchable t;
  const auto old = t.say("the lamp is red");
  t.get(t.journal().end_turn(reply_to(old, "noted: lamp red"), Durability::journaled));
  const auto now = t.say("which lamp is red");
  REQUIRE(t.find("lamp").size() == 3);
  REQUIRE(t.find("lamp", "assistant") == std::vector<std::string>{"noted: lamp red"});
  REQUIRE(t.find("lamp", "user", now.id) == std::vector<std::string>{"the lamp is red"});
}

TEST_CASE("search never finds another user's words, whatever the query says") {
  Searchable t;
  const auto bert = t.user("bert");
  t.say("bert's safe code is 4711", bert);
  t.say("hello");
  REQUIRE(t.find("safe code 4711").empty());
  REQUIRE(t.find("u1 u2 owner u2 4711").empty());
  REQUIRE(t.get(t.conversations().search(bert, {.text = "safe code", .limit = 10})).size() == 1);
}

TEST_CASE("a search for an unknown user is not_found") {
  Searchable t;
  REQUIRE(t.fails(t.conversations().search("usr_none", {.text = "x", .limit = 5})) == Code::not_found);
}

TEST_CASE("a fork's copies and their original are one hit, and what is left is found when one goes") {
  Searchable t;
  const auto turn = t.say("the marmot whistles");
  std::string fork;
  for (int i = 0; i < 6; ++i) fork = t.get(t.conversations().fork(t.anna, turn.conversation_id, "")).id;
  t.clock.time += std::chrono::seconds(1);
  t.say("the marmot is asleep");
  REQUIRE(t.find("marmot").size() == 2);
  t.get(t.conversations().remove(t.anna, turn.conversation_id));
  t.get(t.conversations().remove(t.anna, fork));
  REQUIRE(t.find("marmot").size() == 2);
}

TEST_CASE("a word that others use all the time still finds the user's own message beside a rarer word") {
  Searchable t;
  const std::string bert = t.user("bert");
  t.say("My doctor is called Weber, appointment on Friday.");
  t.say("The blender broke.");
  for (int i = 0; i < 260; ++i) t.say("doctor appointment number " + std::to_string(i), bert);
  REQUIRE(t.find("doctor appointment blender").front() == "My doctor is called Weber, appointment on Friday.");
}

TEST_CASE("common words tell apart what a rarer word finds") {
  Searchable t;
  t.say("The garage door code is 1234");
  t.say("The garage is cold");
  for (int i = 0; i < 260; ++i) t.say("the door and the code, time " + std::to_string(i));
  REQUIRE(t.find("garage door code").front() == "The garage door code is 1234");
}
