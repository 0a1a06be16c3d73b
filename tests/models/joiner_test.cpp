// The seam of an answer that broke off: nothing is read twice, and nothing is lost.
#include "models/joiner.hpp"

#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

using namespace hobd;

namespace {

/// What is read in the end; the continuation comes in pieces of `step` code points.
std::string joined(const std::string& before, const std::string& more, std::size_t step = 1'000'000) {
  Joiner joiner(before);
  std::string all = before;
  for (std::size_t at = 0; at < more.size();) {
    std::size_t end = at;
    for (std::size_t points = 0; points < step && end < more.size(); ++points) {
      ++end;
      while (end < more.size() && (static_cast<unsigned char>(more[end]) & 0xc0) == 0x80) ++end;
    }
    all += joiner.take(more.substr(at, end - at));
    at = end;
  }
  return all + joiner.end();
}

}  // namespace

TEST_CASE("a continuation that repeats is joined without the repetition, in pieces of any size") {
  struct Case {
    const char *before, *more, *all;
  };
  const std::vector<Case> cases = {
      {"The quick brown", " fox", "The quick brown fox"},
      {"The quick brown", "brown fox", "The quick brown fox"},
      {"The quick brown ", "The quick brown fox", "The quick brown fox"},
      {"The quick brown fox jumps", "The quick brown fox jumps over", "The quick brown fox jumps over"},
      {"Hello wor", "ld!", "Hello world!"},
      {"Hello wor", "world!", "Hello world!"},
      {"hel", "lo", "hello"},
      {"ban", "ana", "banana"},
      {"I was in", "interesting times", "I was ininteresting times"},
      {"go on", "on and on", "go on and on"},
      {"First.\n\n", "\n\nSecond.", "First.\n\nSecond."},
      {"First. ", "Second.", "First. Second."},
      {"One sentence. Another one that is", "Another one that is longer.", "One sentence. Another one that is longer."},
      {"caf\xc3\xa9 cr\xc3\xa8me", "cr\xc3\xa8me br\xc3\xbbl\xc3\xa9" "e", "caf\xc3\xa9 cr\xc3\xa8me br\xc3\xbbl\xc3\xa9" "e"},
      {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87", "\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0",
       "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0"},
      {"fine \xf0\x9f\x98\x80", "\xf0\x9f\x98\x80 smile", "fine \xf0\x9f\x98\x80 smile"},
      {"a 12", "12 apples", "a 1212 apples"},
      {"", "all of it", "all of it"},
      {"all of it", "", "all of it"},
  };
  for (const Case& one : cases)
    for (const std::size_t step : {std::size_t(1), std::size_t(2), std::size_t(3), std::size_t(7), std::size_t(1000)}) {
      INFO(one.before << " | " << one.more << " | " << step);
      CHECK(joined(one.before, one.more, step) == one.all);
    }
}

TEST_CASE("an answer begun anew in other words is not joined") {
  Joiner joiner("The capital of France is Paris, and it lies on");
  CHECK(joiner.take("The capital of France is Paris, which").empty());
  CHECK(joiner.take(" has two million people").empty());
  CHECK(joiner.is_anew());
  CHECK(joiner.end().empty());
}

TEST_CASE("what is held to the end comes out at the end") {
  Joiner joiner("to be or not");
  CHECK(joiner.take(" be").empty());
  CHECK(joiner.end() == " be");
}

TEST_CASE("an exact continuation of any text, cut anywhere and repeated from any word, comes out as it was") {
  const std::string whole =
      "\xc3\x9c" "ber den Wolken muss die Freiheit wohl grenzenlos sein. Caf\xc3\xa9, na\xc3\xafve fa\xc3\xa7" "ade; \xe6\xbc\xa2\xe5\xad\x97 and \xf0\x9f\x8e\x89 too. "
      "Every sentence here differs from each other one by more than a few words, so that a seam has one place to be.";
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    INFO("seed 7, round " << round);
    std::size_t cut = 40 + random() % (whole.size() - 60);
    while ((static_cast<unsigned char>(whole[cut]) & 0xc0) == 0x80) ++cut;
    std::size_t from = whole.rfind(' ', cut - 20) + 1;  // repeats from a word on, at least 20 bytes
    const std::string before = whole.substr(0, cut);
    const std::string all = joined(before, whole.substr(from), 1 + random() % 9);
    REQUIRE(is_valid_utf8(all));
    REQUIRE(all == whole);
  }
}

TEST_CASE("an answer that is begun anew behind a preamble is passed over with it, wherever the pieces end") {
  const std::string before = "ALPHA BRAVO CHARLIE DELTA ECHO FOXTR";
  const std::string more = "Sure, here it is again from the start: ALPHA BRAVO CHARLIE DELTA ECHO FOXTROT GOLF.";
  for (std::size_t size = 1; size <= more.size(); size += 3) {
    Joiner joiner(before);
    std::string shown = before;
    for (std::size_t at = 0; at < more.size(); at += size) shown += joiner.take(std::string_view(more).substr(at, size));
    shown += joiner.end();
    CHECK(shown == "ALPHA BRAVO CHARLIE DELTA ECHO FOXTROT GOLF.");
  }
}

TEST_CASE("a continuation that begins like a preamble and is none is shown whole") {
  Joiner joiner("The keys are ");
  std::string shown = joiner.take("here, on the table.");
  shown += joiner.end();
  CHECK(shown == "here, on the table.");
}
