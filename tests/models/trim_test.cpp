#include "models/trim.hpp"

#include "base/text.hpp"
#include "models/prices.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

json::object message(std::string_view role, std::string_view content) { return {{"role", role}, {"content", content}}; }

json::object called(std::string_view id) {
  json::object one = message("assistant", "");
  one["tool_calls"] = json::array{json::object{{"id", id}, {"name", "look"}, {"arguments", "{}"}}};
  return one;
}
json::object result(std::string_view id, std::string_view content) {
  json::object one = message("tool", content);
  one["tool_call_id"] = id;
  return one;
}

const std::string kLong(2000, 'w');

}  // namespace

TEST_CASE("a chat that fits stays as it is") {
  json::object chat{{"messages", json::array{message("system", "s"), message("user", "hello")}}};
  const json::object before = chat;
  const Trimmed trimmed = trim_chat(chat, 10'000);
  CHECK(trimmed.fits);
  CHECK_FALSE(trimmed.any());
  CHECK(chat == before);
}

TEST_CASE("the oldest exchanges go whole, a call with its result") {
  json::object chat{{"messages", json::array{message("system", "s"), message("user", kLong), called("1"), result("1", "seen"), message("assistant", "so"),
                                             message("user", "second"), message("assistant", "yes"), message("user", "third")}}};
  const Trimmed trimmed = trim_chat(chat, 200);
  CHECK(trimmed.fits);
  CHECK(trimmed.exchanges == 1);
  const json::array& left = chat.at("messages").as_array();
  REQUIRE(left.size() == 4);
  CHECK(left[0].at("role") == "system");
  CHECK(left[1].at("content") == "second");
  CHECK(left[3].at("content") == "third");
}

TEST_CASE("tens of thousands of messages are counted once") {
  // Counted anew for each exchange that goes, this would take minutes.
  json::array messages{message("system", "s")};
  for (int i = 0; i < 100'000; ++i) messages.push_back(message(i % 2 ? "assistant" : "user", "x"));
  messages.push_back(message("user", "and now?"));
  json::object chat{{"messages", std::move(messages)}};
  const Trimmed trimmed = trim_chat(chat, 1'000);
  CHECK(trimmed.fits);
  const json::array& left = chat.at("messages").as_array();
  CHECK(std::int64_t(left.size()) == 100'002 - 2 * trimmed.exchanges);
  CHECK(left[1].at("role") == "user");
  CHECK(left.back().at("content") == "and now?");
  const std::int64_t tokens = count_request_tokens_high(chat);
  CHECK(tokens <= 1'000);
  CHECK(tokens > 1'000 - 2 * count_message_tokens_high(left[1]));
}

TEST_CASE("thousands of results are counted once") {
  json::array messages{message("system", "s"), message("user", "look")};
  for (int i = 0; i < 5'000; ++i) messages.push_back(called(std::to_string(i))), messages.push_back(result(std::to_string(i), std::string(1'500, 'r')));
  json::object chat{{"messages", std::move(messages)}};
  const std::int64_t before = count_request_tokens_high(chat);
  const Trimmed trimmed = trim_chat(chat, before / 2);
  CHECK(trimmed.results);
  CHECK(trimmed.fits);
  CHECK(count_request_tokens_high(chat) <= before / 2);
}

TEST_CASE("then what was recalled goes, and the message itself stays") {
  json::object last = message("user", "<recalled>\n" + kLong + "\n</recalled>\n\nwhat is it?");
  last["text"] = "what is it?";
  json::object chat{{"messages", json::array{message("system", "s"), last}}, {"recalled", json::array{}}};
  const Trimmed trimmed = trim_chat(chat, 200);
  CHECK(trimmed.recalled);
  CHECK_FALSE(trimmed.message);
  CHECK(chat.at("messages").as_array()[1].at("content") == "what is it?");
  CHECK_FALSE(chat.contains("recalled"));
}

TEST_CASE("in a round of tools the longest results lose their middles, the calls stay") {
  json::object chat{{"messages", json::array{message("system", "s"), message("user", "look"), called("1"), result("1", std::string(40'000, 'r')), called("2"),
                                             result("2", "short")}}};
  const Trimmed trimmed = trim_chat(chat, 2'000);
  CHECK(trimmed.fits);
  CHECK(trimmed.results);
  const json::array& left = chat.at("messages").as_array();
  REQUIRE(left.size() == 6);
  CHECK(left[3].at("tool_call_id") == "1");
  CHECK(left[3].at("content").as_string().size() < 20'000);
  CHECK(left[5].at("content") == "short");
}

TEST_CASE("at last the message loses its middle, at whole characters") {
  std::string text = "Start. ";
  for (int i = 0; i < 5000; ++i) text += "\xc3\xa9\xe6\x97\xa5";
  text += " The end?";
  json::object chat{{"messages", json::array{message("system", "s"), message("user", text)}}};
  const Trimmed trimmed = trim_chat(chat, 1'000);
  CHECK(trimmed.fits);
  CHECK(trimmed.message);
  const std::string left(chat.at("messages").as_array()[1].at("content").as_string());
  CHECK(is_valid_utf8(left));
  CHECK(left.starts_with("Start."));
  CHECK(left.ends_with("The end?"));
  CHECK(count_request_tokens_high(chat) <= 1'000);
}

TEST_CASE("what can't be made to fit says so and keeps the system message") {
  json::object chat{{"messages", json::array{message("system", kLong), message("user", "hello")}}};
  CHECK_FALSE(trim_chat(chat, 10).fits);
  CHECK(chat.at("messages").as_array().size() == 2);
  json::object odd{{"messages", "none"}};
  CHECK_FALSE(trim_chat(odd, 10).fits);
}
