#include "store/candidates.hpp"
#include "store/imports.hpp"
#include "store/support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

using Texts = std::vector<std::string>;

struct Searchable : TestStore {
  std::string anna = user("anna");
  Turn say(const std::string& text, const std::string& who = "") {
    return get(journal().accept(inbound(who.empty() ? anna : who, text), Durability::journaled)).turn;
  }
  CandidateQuery query(const std::string& text) const {
    CandidateQuery wanted;
    wanted.user_id = anna;
    wanted.terms = query_terms(text);
    return wanted;
  }
  Texts find(const std::string& text) { return texts(query(text)); }
  MessageCandidate candidate(const std::string& text, const std::string& of) {
    for (auto& item : get(store->searches().messages(query(text))).items)
      if (item.text == of) return item;
    FAIL(of + " is no candidate");
    return {};
  }
  void import(const std::string& session, const std::vector<std::string>& said) {
    std::vector<ImportedMessage> messages;
    for (const std::string& text : said) {
      ImportedMessage message;
      message.conversation = "c";
      message.session = session;
      message.at = clock.time += std::chrono::minutes(1);
      message.message.role = "user";
      message.message.speaker = "Anna";
      message.message.text = text;
      message.message.external_id = session + text;
      messages.push_back(std::move(message));
    }
    get(store->imports().add(anna, std::move(messages)));
  }
};

}  // namespace

TEST_CASE("a search goes by word stems and ignores case and accents") {
  Searchable t;
  t.say("She was RUNNING through the café");
  REQUIRE(t.find("run").size() == 1);
  REQUIRE(t.find("CAFE").size() == 1);
}

TEST_CASE("what FTS5 takes for syntax is plain text in a query") {
  Searchable t;
  t.say("the quick brown fox");
  for (const char* query : {"\"fox", "fox OR", "NOT fox", "fox*", "(fox", "terms:fox", "terms : 2xfox OR fox", "fox\" OR \"x",
                            "^fox", "fox NEAR(quick", "{terms} : fox", "- fox +", "'; DROP TABLE messages; -- fox"})
    REQUIRE(t.find(query).size() == 1);
}

TEST_CASE("a query without words finds nothing and is no error") {
  Searchable t;
  t.say("something");
  for (const char* query : {"", "   ", "?!", "🙂🙂", "\"\"", "*", "\xff\xfe", "\xe2\x82"}) REQUIRE(t.find(query).empty());
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
  REQUIRE(t.find("好きな色は何ですか") == Texts{"私の好きな色は青緑です"});
  REQUIRE(t.find("สีเขียว").size() == 1);
  REQUIRE(t.find("고양이").size() == 1);
  REQUIRE(t.find("青").size() == 1);
}

TEST_CASE("a mebibyte of text is stored, found and looked for") {
  Searchable t;
  std::string huge;
  for (int i = 0; huge.size() < 1 << 20; ++i) huge += "word" + std::to_string(i % 5'000) + " ";
  t.say(huge + "needle");
  REQUIRE(t.find("needle").size() == 1);
  REQUIRE(t.find(huge).size() == 1);
}

TEST_CASE("a rare or misspelt word finds its family") {
  Searchable t;
  t.say("I study photography");
  t.say("my education was long");
  REQUIRE(t.find("photographers") == Texts{"I study photography"});
  REQUIRE(t.find("educaton") == Texts{"my education was long"});
  REQUIRE(t.find("photos") == Texts{"I study photography"});
  REQUIRE(t.find("phone").empty());
}

TEST_CASE("role, turn, commands and time narrow a search") {
  Searchable t;
  const auto old = t.say("the lamp is red");
  t.get(t.journal().end_turn(reply_to(old, "noted: lamp red"), Durability::journaled));
  t.clock.time += std::chrono::hours(1);
  const auto now = t.say("which lamp is red");
  t.say("/search lamp");
  REQUIRE(t.find("lamp").size() == 4);
  CandidateQuery wanted = t.query("lamp");
  wanted.role = "assistant";
  REQUIRE(t.texts(wanted) == Texts{"noted: lamp red"});
  wanted.role = "user";
  wanted.not_turn = now.id;
  wanted.commands = false;
  REQUIRE(t.texts(wanted) == Texts{"the lamp is red"});
  wanted = t.query("lamp");
  wanted.until = t.clock.time;
  REQUIRE(t.texts(wanted).size() == 2);
}

TEST_CASE("a search never finds another user's words, whatever the query says") {
  Searchable t;
  const auto bert = t.user("bert");
  t.say("bert's safe code is 4711", bert);
  t.say("hello");
  REQUIRE(t.find("safe code 4711").empty());
  REQUIRE(t.find("1x4711 2x4711 u2 4711").empty());
  REQUIRE(t.found(bert, "safe code").size() == 1);
  CandidateQuery wanted = t.query("hello");
  wanted.rows = {1, 2};
  wanted.spans = {{Time::min(), Time::max()}};
  REQUIRE(t.get(t.store->searches().messages(wanted)).items.size() == 1);
}

TEST_CASE("a search for an unknown user is not_found") {
  Searchable t;
  CandidateQuery wanted = t.query("x");
  wanted.user_id = "usr_none";
  REQUIRE(t.fails(t.store->searches().messages(wanted)) == Code::not_found);
}

TEST_CASE("a message comes with the terms of its neighbours in the same session") {
  Searchable t;
  t.import("one", {"alpha", "beta", "gamma", "delta"});
  t.import("two", {"alpha again"});
  const auto gamma = t.candidate("alpha beta gamma delta", "gamma");
  CHECK(gamma.own.terms == 0b0100);
  CHECK(gamma.previous.terms == 0b0010);
  CHECK(gamma.second.terms == 0b0001);
  CHECK(gamma.next.terms == 0b1000);
  const auto delta = t.candidate("alpha beta gamma delta", "delta");
  CHECK(delta.next.length == 0);
  const auto again = t.candidate("alpha beta gamma delta", "alpha again");
  CHECK(again.previous.length == 0);
}

TEST_CASE("the next message is a neighbour as soon as it is there") {
  Searchable t;
  t.import("one", {"What is the wifi password?"});
  t.import("one", {"It is hunter2"});
  CHECK(t.candidate("wifi password", "It is hunter2").previous.terms == 0b11);
}

TEST_CASE("what was said at a time, and what a vector is near, is looked at without any word") {
  Searchable t;
  t.say("the ferry leaves at nine");
  const Time then = t.clock.time;
  t.clock.time += std::chrono::hours(24);
  t.say("nothing of it");
  CandidateQuery wanted = t.query("zebra");
  wanted.spans = {{then, then + std::chrono::hours(1)}};
  REQUIRE(t.get(t.store->searches().messages(wanted)).items.size() == 1);
  wanted.spans.clear();
  wanted.rows = {1, 77};
  REQUIRE(t.get(t.store->searches().messages(wanted)).items.size() == 1);
}

TEST_CASE("a removed conversation is no candidate, and the index stays sound") {
  Searchable t;
  const auto turn = t.say("the marmot whistles");
  t.say("the marmot is asleep");
  t.get(t.conversations().remove(t.anna, turn.conversation_id));
  REQUIRE(t.find("marmot") == Texts{"the marmot is asleep"});
}

TEST_CASE("messages are read with what stood around them") {
  Searchable t;
  t.import("one", {"a", "b", "c", "d", "e"});
  const auto rows = t.get(t.store->searches().read(t.anna, {3, 99}, 1));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].message.text == "c");
  REQUIRE(rows[0].neighbours.size() == 2);
  CHECK(rows[0].neighbours[0].text == "b");
  CHECK(rows[0].neighbours[1].text == "d");
  CHECK(t.get(t.store->searches().read(t.user("bert"), {3}, 1)).empty());
}

TEST_CASE("the best rows are those with the rarest terms, and those beside them") {
  Posting rare{{50}, true, 1}, common{{}, true, 0};
  for (std::int64_t row = 1; row <= 100; row += 2) common.rows.push_back(row);
  common.count = double(common.rows.size());
  CHECK(best_rows({rare, common}, 1'000, 1) == std::vector<std::int64_t>{50});
  CHECK(best_rows({rare, common}, 1'000, 3) == std::vector<std::int64_t>{49, 50, 51});
  CHECK(best_rows({}, 1'000, 3).empty());
  CHECK(terms_of_rows({rare, common}, {49, 50, 51}) == std::vector<std::uint64_t>{2, 1, 2});
}

TEST_CASE("far apart rows are summed as near ones are") {
  const Posting a{{1, 1'000'000'000, 2'000'000'000}, true, 3}, b{{1'000'000'000}, true, 1};
  CHECK(best_rows({a, b}, 100, 1) == std::vector<std::int64_t>{1'000'000'000});
  CHECK(best_rows({a, b}, 100, 9) == std::vector<std::int64_t>{1, 1'000'000'000, 2'000'000'000});
}
