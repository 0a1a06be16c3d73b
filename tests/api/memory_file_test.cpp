// memory.export and memory.import.
#include "memory_house.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::test;

namespace {

std::string exported(MemoryHouse& house, json::object params = {}) {
  std::string all;
  for (;;) {
    const json::object part = house.get("memory.export", params);
    all += part.at("jsonl").as_string();
    if (part.at("next_cursor").is_null()) return all;
    params["cursor"] = part.at("next_cursor");
  }
}

json::object import(MemoryHouse& house, const std::string& lines, json::object params = {}) {
  params["jsonl"] = lines;
  return house.get("memory.import", std::move(params));
}

/// Some memories with a life behind them.
void live(MemoryHouse& house) {
  const auto added = house.get("memory.add", {{"text", "lives in Paris"}, {"importance", 0.3}, {"valid_from", "2020-05-01T00:00:00.000001Z"}});
  house.get("memory.update", {{"id", added.at("id")}, {"text", "lives in Lyon \"now\""}, {"reason", "moved"}});
  const auto gone = house.get("memory.add", {{"text", "card 4111 1111 1111 1111"}});
  house.get("memory.delete", {{"id", gone.at("id")}});
  import(house, R"({"text":"from elsewhere","mood":"good","numbers":[0.1,1e-7,12345678901234567]})");
}

}  // namespace

TEST_CASE("export, import by a user who has nothing and export again gives the same bytes") {
  MemoryHouse from, to;
  live(from);
  const std::string lines = exported(from);
  const auto answer = import(to, lines);
  CHECK(answer.at("imported") == 4);
  CHECK(answer.at("memories") == 3);
  CHECK(exported(to) == lines);
  CHECK(to.texts("memory.list") == from.texts("memory.list"));
}

TEST_CASE("importing twice changes nothing, and undo takes an import back") {
  MemoryHouse from, to;
  live(from);
  const std::string lines = exported(from);
  const auto first = import(to, lines);
  const auto second = import(to, lines);
  CHECK(second.at("imported") == 0);
  CHECK(second.at("duplicates") == 4);
  to.get("memory.undo", {{"change_id", first.at("change_id")}});
  CHECK(to.texts("memory.list").empty());
}

TEST_CASE("a broken line is named; nothing is loaded, or the rest is") {
  const std::string lines =
      "{\"text\":\"one\"}\n\n{\"text\":\"two\"\n{\"text\":\"three\",\"importance\":7}\n{\"kind\":\"fact\"}\n{\"text\":\"four\"}";
  MemoryHouse house;
  CHECK(house.fails("memory.import", {{"jsonl", lines}}) == Code::invalid);
  CHECK(house.error.find("line 3") != std::string::npos);
  CHECK(house.texts("memory.list").empty());
  const auto answer = import(house, lines, {{"on_error", "skip"}, {"first_line", 11}});
  CHECK(answer.at("imported") == 2);
  CHECK(answer.at("skipped_lines") == 3);
  CHECK(answer.at("skipped").at(0).at("line") == 13);
  CHECK(answer.at("skipped").at(1).at("line") == 14);
  CHECK(house.texts("memory.list") == "four|one");
}

TEST_CASE("a dry run looks at the lines and loads none") {
  MemoryHouse house;
  CHECK(import(house, "{\"text\":\"one\"}\nnonsense", {{"on_error", "skip"}, {"dry_run", true}}).at("skipped_lines") == 1);
  CHECK(house.texts("memory.list").empty());
}

TEST_CASE("members that Hob doesn't know are kept and given back") {
  MemoryHouse house;
  import(house, R"({"text":"one","mood":"good"})");
  CHECK(house.get("memory.list").at("items").at(0).at("mood") == "good");
}

TEST_CASE("another user's export becomes memories of one's own") {
  MemoryHouse house;
  live(house);
  const std::string lines = exported(house);
  const std::string before = house.texts("memory.list");
  house.become("ben");
  CHECK(import(house, lines).at("imported") == 4);
  CHECK(import(house, lines).at("duplicates") == 4);
  CHECK(house.texts("memory.list") == before);
  house.become("ann");
  CHECK(exported(house) == lines);
}

TEST_CASE("a fresh import takes what is current, under new ids") {
  MemoryHouse house;
  live(house);
  const std::string lines = exported(house);
  const auto answer = import(house, lines, {{"mode", "fresh"}});
  CHECK(answer.at("imported") == 2);
  CHECK(house.get("memory.list").at("items").as_array().size() == 4);
}

TEST_CASE("an export is redacted when it is asked to be, and only then") {
  MemoryHouse house;
  house.get("memory.add", {{"text", "card 4111 1111 1111 1111"}});
  CHECK(exported(house).find("4111") != std::string::npos);
  const std::string redacted = exported(house, {{"redact", true}});
  CHECK(redacted.find("4111") == std::string::npos);
  CHECK(redacted.find("[card]") != std::string::npos);
}

TEST_CASE("an export since a time holds what changed since") {
  MemoryHouse house;
  house.get("memory.add", {{"text", "old"}});
  house.clock.time += std::chrono::hours(1);
  const std::string since = format_time(house.clock.time);
  house.get("memory.add", {{"text", "new"}});
  const std::string lines = exported(house, {{"since", since}});
  CHECK(lines.find("\"old\"") == std::string::npos);
  CHECK(lines.find("\"new\"") != std::string::npos);
}
