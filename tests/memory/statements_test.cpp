#include "memory/statements.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

/// The senses of a message's clauses, joined.
std::string senses(std::string_view message) {
  std::string text;
  for (const Clause& clause : clauses_of(message)) text += (text.empty() ? "" : " ") + std::string(sense_name(clause.sense));
  return text;
}

}  // namespace

TEST_CASE("a plain sentence is stated, clause by clause") {
  CHECK(senses("I live in Lyon and I work at Acme.") == "stated stated");
}

TEST_CASE("a question is asked, with and without its mark, and leaves the statement before it") {
  CHECK(senses("Do you know where I live?") == "asked");
  CHECK(senses("what is my name") == "asked");
  CHECK(senses("I live in Lyon, right?") == "asked");
  CHECK(senses("I live in Lyon, what's the weather like?") == "stated asked");
}

TEST_CASE("what is supposed, wished or only possible isn't stated") {
  for (const char* text : {"If I lived in Rome I'd eat pasta", "I wish I had a dog", "Maybe I live in a simulation", "I could move to Rome",
                           "I'm thinking about moving to Berlin"}) {
    INFO(text);
    CHECK(senses(text).find("stated") == std::string::npos);
  }
}

TEST_CASE("an if behind a statement leaves it standing") {
  CHECK(senses("I'm allergic to nuts, so tell me if it has some") == "stated supposed");
}

TEST_CASE("what others said is reported, quoted or not") {
  CHECK(senses("My boss said I live in Rome") == "reported");
  CHECK(senses("My boss says, I love golf").find("stated") == std::string::npos);
}

TEST_CASE("sarcasm and jokes taken back darken the whole message") {
  CHECK(senses("I live on the moon. Just kidding!") == "jest jest");
  CHECK(senses("Oh great, I just love waiting \xf0\x9f\x99\x84") == "jest");
}

TEST_CASE("words in quotation marks, quoted lines, mails, chats, code and logs are somebody else's") {
  const auto is_foreign = [](std::string_view message, std::string_view part) {
    const std::vector<bool> foreign = foreign_bytes(message);
    const std::size_t at = message.find(part);
    REQUIRE(at != std::string_view::npos);
    return foreign[at + part.size() / 2];
  };
  CHECK(is_foreign("he wrote \"I live in Rome\" to me", "live in Rome"));
  CHECK(is_foreign("> I live in Rome\nreally", "live in Rome"));
  CHECK(is_foreign("see below\nFrom: bob@x.example\nTo: me\nI live in Oslo", "live in Oslo"));
  CHECK(is_foreign("Tom: I love golf\nwhat do you think", "love golf"));
  CHECK(is_foreign("look:\n```\nI live in Rome\n```", "live in Rome"));
  CHECK(is_foreign("2026-11-20 10:00:01 I live in a log", "live in a log"));
  CHECK_FALSE(is_foreign("my dog's name is \"Rex\"", "Rex"));
  CHECK_FALSE(is_foreign("Correction: I live in Rome", "live in Rome"));
}

TEST_CASE("contractions are opened and words know where they stand") {
  const auto words = words_of_text("I don\xe2\x80\x99t, I'm 3.5");
  REQUIRE(words.size() == 7);
  CHECK(words[1].text == "do");
  CHECK(words[2].text == "not");
  CHECK(words[3].is_mark);
  CHECK(words[5].text == "am");
  CHECK(words[6].text == "3.5");
}

TEST_CASE("a role play begins, goes on and ends; one story is one story") {
  CHECK(fiction_turn("Pretend you are my butler") == FictionTurn::begins);
  CHECK(fiction_turn("ok, stop the role play") == FictionTurn::ends);
  CHECK(fiction_turn("Write me a poem about Rome") == FictionTurn::once);
  CHECK(fiction_turn("I live in Rome") == FictionTurn::none);
}

TEST_CASE("only a message with a statement of some words is worth a model's time") {
  CHECK(may_teach("I moved to Lyon last week"));
  CHECK(may_teach("Ich wohne in Lyon"));
  CHECK(may_teach("\xe7\xa7\x81\xe3\x81\xaf\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xab\xe4\xbd\x8f\xe3\x82\x93\xe3\x81\xa7\xe3\x81\x84\xe3\x81\xbe\xe3\x81\x99"));
  for (const char* text : {"", "thanks!", "ok", "What time is it?", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "Thanks a lot!"}) {
    INFO(text);
    CHECK_FALSE(may_teach(text));
  }
}

TEST_CASE("any bytes have clauses without harm") {
  CHECK(clauses_of(std::string(1 << 20, 'x')).size() <= 1);
  CHECK(clauses_of(std::string(1 << 20, '"')).empty());
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += char((i * 7919) & 0xff);
  clauses_of(bytes);
  std::string and_and = "I";
  for (int i = 0; i < 4000; ++i) and_and += " and";
  clauses_of(and_and);
}
