#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>

using namespace hobd;

TEST_CASE("ids are unique and sort in the order they were made") {
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    std::string id = make_id("msg");
    REQUIRE(id.size() == 36);
    REQUIRE(id > last);
    last = std::move(id);
  }
}

TEST_CASE("a time survives printing and reading") {
  for (const char* text : {"2026-11-21T08:15:30.123456Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T00:00:00Z"})
    REQUIRE(format_time(parse_time(text).value()) == text);
}

TEST_CASE("offsets, bare dates and lower case are read as RFC 3339 has them") {
  REQUIRE(format_time(parse_time("2026-01-01T01:30:00+02:00").value()) == "2025-12-31T23:30:00Z");
  REQUIRE(format_time(parse_time("2026-01-01").value()) == "2026-01-01T00:00:00Z");
  REQUIRE(format_time(parse_time("2026-01-01t00:00:00.5z").value()) == "2026-01-01T00:00:00.500000Z");
}

TEST_CASE("what is not a time is refused with an example") {
  for (const char* text : {"", "tomorrow", "2026-13-01", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
                           "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z"}) {
    const auto time = parse_time(text);
    REQUIRE(time.has_error());
    REQUIRE(time.error().code == Code::invalid);
  }
}

TEST_CASE("UTF-8 is judged by the standard's table") {
  REQUIRE(is_valid_utf8("grüße 🙂"));
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82"})
    REQUIRE_FALSE(is_valid_utf8(bad));
  REQUIRE(to_valid_utf8("a\xff b") == "a\xef\xbf\xbd b");
  REQUIRE(utf8_prefix("aé", 2) == "a");
}

TEST_CASE("durations and sizes need a unit that is known") {
  REQUIRE(parse_duration("5m").value() == std::chrono::minutes(5));
  REQUIRE(parse_duration("250ms").value() == std::chrono::milliseconds(250));
  REQUIRE(parse_size("64KiB").value() == 65536);
  for (const char* bad : {"", "5", "-5s", "5 s", "1.5h", "99999999999999999999d"}) REQUIRE(parse_duration(bad).has_error());
  for (const char* bad : {"", "1MB", "-1", "KiB"}) REQUIRE(parse_size(bad).has_error());
}

TEST_CASE("a misspelt word gets the nearest one, a strange word none") {
  const std::vector<std::string> names = {"tiers", "router", "budget"};
  REQUIRE(nearest("teirs", names) == "tiers");
  REQUIRE(nearest("zzzzzzz", names).empty());
}

TEST_CASE("JSON from outside is bounded in depth and whole") {
  REQUIRE(parse_json("{\"a\":[1,2]} ").has_value());
  REQUIRE(parse_json("[{\"a\":1e400}]").error().message == "not JSON: a number is larger than 1.8e308");
  for (const std::string& bad : {std::string("{} {}"), std::string("{\"a\":"), std::string(""),
                                 std::string(100, '[') + std::string(100, ']'), std::string("\"\xff\"")})
    REQUIRE(parse_json(bad).error().code == Code::invalid);
}

TEST_CASE("a schema names the place and the reason") {
  const Schema schema = Schema::compile(parse_json(R"({"type":"object","additionalProperties":false,
    "properties":{"sides":{"type":"integer","minimum":2},"label":{"type":"string"}},"required":["sides"]})").value()).value();
  REQUIRE(schema.check(parse_json(R"({"sides":6})").value(), "arguments").has_value());
  REQUIRE(schema.check(parse_json(R"({"sides":"six"})").value(), "arguments").error().message.starts_with("arguments.sides: "));
  REQUIRE(schema.check(parse_json(R"({"sides":6,"lable":"x"})").value(), "arguments").error().message ==
          "arguments.lable: unknown, did you mean \"label\"?");
  REQUIRE(schema.check(parse_json("{}").value(), "arguments").has_error());
  REQUIRE(Schema{}.check(parse_json("[1]").value(), "x").has_value());
  REQUIRE(Schema::compile(parse_json("3").value()).has_error());
}

TEST_CASE("a hidden secret never reaches a log line") {
  log::hide("hunter2-hunter2");
  const auto before = log::recent(1);
  log::warn("test", "key is hunter2-hunter2, said twice hunter2-hunter2");
  const auto lines = log::recent(1);
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0].text == "key is ***, said twice ***");
}

TEST_CASE("wrong types and choices are explained in people's words") {
  const Schema schema = Schema::compile(parse_json(R"({"type":"object","properties":{"message":{"type":"string"},
    "mode":{"enum":["a","b"]},"list":{"type":"array","items":{"type":["integer","null"]}}}})").value()).value();
  const auto said = [&](const char* text) { return schema.check(parse_json(text).value(), "params").error().message; };
  REQUIRE(said(R"({"message":5})") == "params.message: must be text, not a number");
  REQUIRE(said(R"({"mode":"c"})") == R"(params.mode: must be one of "a", "b")");
  REQUIRE(said(R"({"list":[1,"x"]})") == "params.list[1]: must be a whole number or null, not text");
  REQUIRE(said("[]") == "params: must be an object, not a list");
}

namespace {

/// What is written to standard error while `work` runs.
std::string standard_error(const std::function<void()>& work) {
  std::FILE* file = std::tmpfile();
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  work();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("no text forges a log line or steers a terminal") {
  for (const auto format : {log::Format::text, log::Format::journal}) {
    log::configure(log::Level::info, format);
    const std::string out = standard_error([] {
      log::warn("chan\nnel", "hello\n2026-01-01T00:00:00Z error core: forged \x1b[2J\r\t\x7f \xc2\x9b" "31m gr\xc3\xbc\xc3\x9f" "e");
    });
    REQUIRE(std::count(out.begin(), out.end(), '\n') == 1);
    REQUIRE(out.ends_with("chan\\nnel: hello\\n2026-01-01T00:00:00Z error core: forged \\x1b[2J\\r\\t\\x7f \\x9b31m gr\xc3\xbc\xc3\x9f" "e\n"));
  }
  REQUIRE(log::recent(1).at(0).text.find('\x1b') == std::string::npos);
  log::configure(log::Level::info, log::Format::json);
  const std::string out = standard_error([] { log::warn("test", "a\nb"); });
  REQUIRE(parse_json(out)->at("text").as_string() == "a\nb");
  log::configure(log::Level::info, log::Format::text);
}
