#include "models/answer_cache.hpp"

#include "fakes/fake_clock.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

ModelAnswer saying(std::string text) {
  ModelAnswer answer;
  answer.text = std::move(text);
  return answer;
}

}  // namespace

TEST_CASE("the order of members makes no other request, each value does") {
  const auto key = [](const char* chat) { return answer_cache_key("a/m", parse_json_object(chat).value()); };
  CHECK(key(R"({"a":1,"b":[{"x":1,"y":2}]})") == key(R"({"b":[{"y":2,"x":1}],"a":1})"));
  CHECK(key(R"({"a":1})") != key(R"({"a":2})"));
  CHECK(key(R"({"a":["1","2"]})") != key(R"({"a":["2","1"]})"));
  CHECK(answer_cache_key("a/m", {}) != answer_cache_key("a/n", {}));
}

TEST_CASE("what was not asked for the longest goes first, and all goes after ten minutes") {
  fakes::FakeClock clock;
  AnswerCache cache(clock);
  for (int i = 0; i < 256; ++i) cache.put("k" + std::to_string(i), saying("x"));
  REQUIRE(cache.find("k0"));
  cache.put("one more", saying("x"));
  CHECK(cache.size() == 256);
  CHECK(cache.find("k0"));
  CHECK_FALSE(cache.find("k1"));
  clock.advance(std::chrono::minutes(10));
  CHECK_FALSE(cache.find("k0"));
}

TEST_CASE("large answers don't crowd out the others, and one that is too large is not kept") {
  fakes::FakeClock clock;
  AnswerCache cache(clock);
  cache.put("huge", saying(std::string(1 << 20, 'x')));
  CHECK(cache.size() == 0);
  for (int i = 0; i < 20; ++i) cache.put("k" + std::to_string(i), saying(std::string(400 << 10, 'x')));
  CHECK(cache.size() <= 10);
  CHECK(cache.find("k19"));
}
