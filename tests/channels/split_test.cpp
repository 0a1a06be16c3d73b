#include "channels/split.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

ChannelManifest limit(std::size_t units, const char* count = "codepoints") {
  ChannelManifest limits;
  limits.max_message = units;
  limits.count = count;
  return limits;
}

}  // namespace

TEST_CASE("each way of counting has its own length of the same text") {
  CHECK(count_units("aé🙂", "bytes") == 7);
  CHECK(count_units("aé🙂", "utf16") == 4);
  CHECK(count_units("aé🙂", "codepoints") == 3);
}

TEST_CASE("a message that fits stays whole, and without a limit any does") {
  CHECK(split_message("hello world", limit(11)) == std::vector<std::string>{"hello world"});
  CHECK(split_message(std::string(100'000, 'x'), limit(0)).size() == 1);
}

TEST_CASE("a cut falls between paragraphs, lines or words") {
  CHECK(split_message("one two\n\nthree four", limit(12)) == std::vector<std::string>{"one two", "three four"});
  CHECK(split_message("one two\nthree four", limit(12)) == std::vector<std::string>{"one two", "three four"});
  CHECK(split_message("one two three", limit(8)) == std::vector<std::string>{"one two", "three"});
}

TEST_CASE("a word that is too long is cut between code points") {
  const auto pieces = split_message("🙂🙂🙂🙂🙂", limit(4, "utf16"));
  CHECK(pieces == std::vector<std::string>{"🙂🙂", "🙂🙂", "🙂"});
  CHECK(split_message("ééé", limit(3, "bytes")) == std::vector<std::string>{"é", "é", "é"});
}

TEST_CASE("no piece is longer than the limit and no word is lost") {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "word" + std::to_string(i) + (i % 7 ? " " : "\n");
  std::string joined;
  for (const std::string& piece : split_message(text, limit(50, "utf16"))) {
    CHECK(count_units(piece, "utf16") <= 50);
    joined += piece + " ";
  }
  for (int i = 0; i < 500; ++i) CHECK(joined.find("word" + std::to_string(i)) != std::string::npos);
}
