// What the owner is told of the budget when they ask.
#include "models/budget_notes.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using Catch::Contains;

namespace {

constexpr std::int64_t kCent = kNanoPerUsd / 100;

Budget::LimitState limit(const std::string& scope, const std::string& name, const std::string& window, std::int64_t cap_nano, std::int64_t spent_nano,
                         std::int64_t reserved_nano = 0) {
  Budget::LimitState one;
  one.scope = scope;
  one.name = name;
  one.shown_name = name.empty() ? name : "our " + name;
  one.window = window;
  one.state.account = {.scope = scope, .name = name, .window = window + " 2026-11-21", .cap_nano = cap_nano};
  one.state.spent_nano = spent_nano;
  one.state.reserved_nano = reserved_nano;
  one.resets_at = parse_time("2026-11-22").value();
  return one;
}

struct House {
  House() {
    config.models.tiers["fast"] = {"paid/small"};
    config.models.prices["paid/small"] = {.input = 1, .output = 2};
  }
  std::vector<std::string> notes(const std::vector<Budget::LimitState>& limits) const {
    return budget_notes(config, PriceTable(std::make_shared<Config>(config)), limits);
  }
  Config config;
  const std::vector<Budget::LimitState> limited = {limit("all", "", "day", 50 * kCent, 0)};
};

}  // namespace

TEST_CASE("the budget in one line: the household's day and month, what is under way with it, and how near the limit is") {
  CHECK(budget_line({limit("all", "", "day", 50 * kCent, 30 * kCent, 11 * kCent), limit("user", "usr_a", "day", 1, 1), limit("all", "", "month", -1, 90 * kCent)}, 0.8) ==
        "today 0.41 USD of 0.50 USD, nearly used; this month 0.90 USD, no limit");
  CHECK(budget_line({limit("all", "", "day", 50 * kCent, 39 * kCent)}, 0.8) == "today 0.39 USD of 0.50 USD");
  CHECK(budget_line({limit("all", "", "day", 50 * kCent, 50 * kCent)}, 0.8) == "today 0.50 USD of 0.50 USD, used up");
  CHECK(budget_line({limit("all", "", "day", 50 * kCent, 45 * kCent)}, 0) == "today 0.45 USD of 0.50 USD");
  Budget::LimitState tokens = limit("all", "", "day", -1, 30 * kCent);
  tokens.state.account.cap_tokens = 1000;
  tokens.state.spent_tokens = 900;
  CHECK(budget_line({tokens}, 0.8) == "today 900 of 1000 tokens, nearly used");
}

TEST_CASE("limits that are used up are named, but not what the owner forbade, nor what stands for all without one of their own") {
  const auto near = limits_near({limit("user", "anna", "day", 10 * kCent, 10 * kCent), limit("channel", "sms", "month", 10 * kCent, 9 * kCent),
                                 limit("channel", "discord", "day", 0, 0), limit("user", "*", "day", 10 * kCent, 10 * kCent),
                                 limit("all", "", "day", 50 * kCent, 20 * kCent)},
                                0.8);
  REQUIRE(near.size() == 2);
  CHECK(near[0] == "the daily limit of our anna is used up: 0.10 USD of 0.10 USD. It begins anew at 2026-11-22T00:00:00Z; `hobctl budget set` raises it");
  CHECK_THAT(near[1], Contains("the monthly limit of the channel our sms is nearly used"));
}

TEST_CASE("a household without limits is told so when its models cost money") {
  House house;
  CHECK(house.notes(house.limited).empty());
  REQUIRE(house.notes({limit("all", "", "day", -1, 0)}).size() == 1);
  CHECK_THAT(house.notes({})[0], Contains("hobctl budget set --monthly 5"));
  house.config.models.tiers["fast"] = {"offline/offline"};
  CHECK(house.notes({}).empty());
}

TEST_CASE("a model whose price nobody knows is named with the line to write") {
  House house;
  house.config.models.background.tier = "nobody/knows";
  const auto notes = house.notes(house.limited);
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], Contains("models.prices: {\"nobody/knows\": {input: USD, output: USD}}") && Contains("background work"));
}
