#include "models/prices.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace hobd;

namespace {

struct Counted {
  const char* text;
  std::int64_t true_tokens;  // as the vendors' tokenizers have it
};

std::string random_of(std::string_view alphabet, std::size_t length) {
  std::mt19937 random(7);
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += alphabet[random() % alphabet.size()];
  return text;
}

constexpr std::string_view kProse =
    "The household spirit does the chores while the house sleeps. It remembers what it was told, asks when it does not know, and "
    "never spends more than it was allowed to. In the morning the kitchen is clean, the letters are sorted, and nobody saw it.";

}  // namespace

TEST_CASE("known texts are counted at least as high as tokenizers count them") {
  const Counted known[] = {
      {"hello world", 2},
      {"Hello, world!", 4},
      {"tiktoken is great!", 6},
      {"The quick brown fox jumps over the lazy dog.", 10},
      {"antidisestablishmentarianism", 6},
      {"2 + 2 = 4", 7},
      {"127.0.0.1", 9},
  };
  for (const Counted& one : known) {
    INFO(one.text);
    CHECK(count_tokens_high(one.text) >= one.true_tokens);
  }
}

TEST_CASE("English prose is counted above four bytes a token and not above two") {
  CHECK(count_tokens_high(kProse) >= std::int64_t(kProse.size() / 4));
  CHECK(count_tokens_high(kProse) <= std::int64_t(kProse.size() / 2));
}

TEST_CASE("keys and base64 are counted far denser than words") {
  const std::string base64 = random_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 4'000);
  const std::string consonants = random_of("bcdfghjklmnpqrstvwxz", 4'000);
  CHECK(count_tokens_high(base64) >= 2'800);
  CHECK(count_tokens_high(consonants) >= 2'800);
  CHECK(count_tokens_high(random_of("0123456789", 4'000)) == 4'000);
}

TEST_CASE("Chinese, Japanese and Korean count two a character, emoji four, other scripts by bytes") {
  CHECK(count_tokens_high("\xE4\xBD\xA0\xE5\xA5\xBD") == 4);
  CHECK(count_tokens_high("\xE3\x81\x82") == 2);
  CHECK(count_tokens_high("\xED\x95\x9C") == 2);
  CHECK(count_tokens_high("\xF0\x9F\x98\x80") == 4);
  CHECK(count_tokens_high("\xE0\xA4\xA8") == 3);
}

TEST_CASE("no text has more tokens than bytes, and a longer text never has fewer") {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::int64_t before = 0;
    for (int i = 0; i < 60; ++i) {
      const int kind = int(random() % 4);
      if (kind == 0) text += char(random() % 256);
      if (kind == 1) text += char('a' + random() % 26);
      if (kind == 2) text += ' ';
      if (kind == 3) text += "\xE4\xBD\xA0";
      const std::int64_t now = count_tokens_high(text);
      REQUIRE(now <= std::int64_t(text.size()));
      // A sequence that was cut, or a space at the end, may count less once it is whole.
      REQUIRE(now >= before - 2);
      before = now;
    }
  }
  CHECK(count_tokens_high("") == 0);
}

TEST_CASE("a request counts its messages, tools, tool calls, images and what is carried") {
  const auto count = [](std::string_view text) { return count_request_tokens_high(parse_json_object(text).value()); };
  const std::int64_t plain = count(R"({"messages":[{"role":"user","content":"hello"}]})");
  CHECK(plain >= count_tokens_high("hello") + 4);
  CHECK(count(R"({"messages":[{"role":"user","content":"hello","text":"hello"}]})") == plain);
  CHECK(count(R"({"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"hi"}]})") > plain + 4);
  CHECK(count(R"({"messages":[{"role":"user","content":[{"type":"text","text":"hello"},{"type":"image","mime":"image/png","data":"AAAA"}]}]})") >= plain + 3'000);
  CHECK(count(R"({"messages":[{"role":"user","content":"hello","carry":{"thinking":"a long thought of the model"}}]})") >= plain + 8);
  CHECK(count(R"({"messages":[{"role":"user","content":"hello","tool_calls":[{"id":"c1","name":"shell","arguments":"{\"command\":\"ls -la\"}"}]}]})") >= plain + 15);
  const std::int64_t tools = count(
      R"({"messages":[{"role":"user","content":"hello"}],"tools":[{"name":"shell","description":"Runs a command.","parameters":{"type":"object","properties":{"command":{"type":"string"}}}}]})");
  CHECK(tools >= plain + 346);
}

TEST_CASE("what calls itself an image and is none counts by its bytes") {
  const auto count = [](std::string_view rest) {
    return count_request_tokens_high(parse_json_object(R"({"messages":[{"role":"user","content":[{"type":"image",)" + std::string(rest) + "}]}]}").value());
  };
  const std::string data(20'000, 'A');
  const std::int64_t image = count(R"("mime":"image/png","data":")" + data + "\"");
  CHECK(image < 4'000);
  CHECK(count(R"("mime":"IMAGE/JPEG;q=1","data":")" + data + "\"") == image);
  CHECK(count(R"("data":")" + data + "\"") == image);
  CHECK(count(R"("url":"data:image/webp;base64,)" + data + "\"") == image);
  CHECK(count(R"("url":"https://x/y.png")") == image);
  CHECK(count(R"("mime":"application/pdf","data":")" + data + "\"") > 20'000);
  CHECK(count(R"("mime":"audio/wav","data":")" + data + "\"") > 20'000);
  CHECK(count(R"("url":"data:application/pdf;base64,)" + data + "\"") > 20'000);
  CHECK(count(R"("mime":"image/png","url":"Data:audio/wav;base64,)" + data + "\"") > 20'000);
}

TEST_CASE("a request of the wrong shape is counted without harm") {
  CHECK(count_request_tokens_high(parse_json_object(R"({"messages":[1,null,{"content":7},{"content":[1,{"type":"text","text":3}]}],"tools":7})").value()) >= 0);
  CHECK(count_request_tokens_high({}) >= 0);
}
