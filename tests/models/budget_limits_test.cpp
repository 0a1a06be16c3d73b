// Windows, restarts, warnings, and limits set at run time.
#include "budget_house.hpp"

#include "models/budget_windows.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

using namespace hobd;
using namespace hobd::fakes;
using Catch::Contains;

namespace {

constexpr std::int64_t kCall = 3'250'000;
constexpr double kUsdOfCall = 0.00325;

Time at(const char* text) { return parse_time(text).value(); }

const Budget::LimitState* find(const std::vector<Budget::LimitState>& all, std::string_view scope, std::string_view name, std::string_view window) {
  for (const auto& one : all)
    if (one.scope == scope && one.name == name && one.window == window) return &one;
  return nullptr;
}

}  // namespace

TEST_CASE("a window is named by the household's date and ends at its midnight, over clock changes too") {
  BudgetWindows windows;
  CHECK(windows.day(at("2026-11-21T23:30:00Z")).label == "day 2026-11-21");
  windows.set_zone("Europe/Berlin");
  CHECK(windows.day(at("2026-11-21T23:30:00Z")).label == "day 2026-11-22");
  CHECK(windows.month(at("2026-11-30T23:30:00Z")).label == "month 2026-12");
  CHECK(windows.day(at("2026-03-29T12:00:00Z")).from == at("2026-03-28T23:00:00Z"));
  CHECK(windows.day(at("2026-03-29T12:00:00Z")).until == at("2026-03-29T22:00:00Z"));  // 23 hours
  CHECK(windows.day(at("2026-10-25T12:00:00Z")).until == at("2026-10-25T23:00:00Z"));  // 25 hours
  CHECK(windows.month(at("2026-12-15T12:00:00Z")).until == at("2026-12-31T23:00:00Z"));
  windows.set_zone("America/Havana");  // skips midnight itself
  CHECK(windows.day(at("2026-03-08T12:00:00Z")).from == at("2026-03-08T05:00:00Z"));
  windows.set_zone("Nowhere/Atlantis");
  CHECK(windows.day(at("2026-11-21T23:30:00Z")).label == "day 2026-11-21");
  CHECK(windows.local_text(at("2026-11-21T23:30:00Z")) == "2026-11-21 23:30 (UTC)");
}

TEST_CASE("a call is settled in the window it was reserved in, when the day has changed since") {
  BudgetHouse house;
  const Reservation reservation = house.reserve(house.call());
  house.clock.advance(std::chrono::hours(24));
  house.settle(reservation, house.used(1000, 100));
  CHECK(house.today().spent_nano == 1'200'000);
  CHECK(house.today().reserved_nano == 0);
  CHECK(house.account("all", "", "day 2026-11-22").spent_nano == 0);
}

TEST_CASE("a clock that jumps over midnight and back finds the day as it left it") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = kUsdOfCall; });
  const Time now = house.clock.now();
  house.reserve(house.call());
  CHECK(house.try_reserve(house.call()).has_error());
  house.clock.set_now(now + std::chrono::hours(24));
  CHECK(house.try_reserve(house.call()).has_value());
  house.clock.set_now(now);
  CHECK(house.try_reserve(house.call()).has_error());
  house.clock.set_now(now - std::chrono::hours(24));
  CHECK(house.try_reserve(house.call()).has_value());
  CHECK(house.try_reserve(house.call()).has_error());
}

TEST_CASE("another time zone names the days anew and loses nothing of the month") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.monthly = 2 * kUsdOfCall; });
  house.clock.set_now(at("2026-11-21T23:30:00Z"));
  house.reserve(house.call());
  house.take([](Config& config) { config.proactive.timezone = "Asia/Tokyo"; });
  house.reserve(house.call());
  CHECK(house.account("all", "", "day 2026-11-22").reserved_nano == kCall);
  CHECK(house.try_reserve(house.call()).has_error());
}

TEST_CASE("another time zone in the middle of a day gives no second day's limit before the first one is over") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = 2 * kUsdOfCall; });
  house.clock.set_now(at("2026-11-21T20:00:00Z"));
  house.settle(house.reserve(house.call()), house.used(1250, 1000));
  for (const char* zone : {"Asia/Tokyo", "America/Los_Angeles", "Asia/Tokyo"})
    house.take([&](Config& config) { config.proactive.timezone = zone; });
  house.settle(house.reserve(house.call()), house.used(1250, 1000));
  CHECK(house.today().spent_nano == 2 * kCall);
  const auto refused = house.try_reserve(house.call());
  REQUIRE(refused.has_error());
  CHECK_THAT(refused.error().message, Contains("in 4 h;"));  // the end of the day that began in UTC
  house.clock.set_now(at("2026-11-22T00:00:00Z"));
  house.settle(house.reserve(house.call()), house.used(1250, 1000));
  CHECK(house.account("all", "", "day 2026-11-22").spent_nano == 2 * kCall);  // Tokyo's day goes on
  CHECK(house.try_reserve(house.call()).has_error());
}

TEST_CASE("the longest and the shortest day of the year have one limit each") {
  struct Day {
    const char* zone;
    const char* noon;
    int hours;
  };
  // Beirut's clocks go back at midnight, to 23:00 of the day before; Havana's skip midnight, and go back to it.
  for (const Day& day : {Day{"Europe/Berlin", "2026-03-29T12:00:00Z", 23}, Day{"Europe/Berlin", "2026-10-25T12:00:00Z", 25},
                         Day{"America/Havana", "2026-03-08T16:00:00Z", 23}, Day{"America/Havana", "2026-11-01T16:00:00Z", 25},
                         Day{"Asia/Beirut", "2026-10-24T12:00:00Z", 25}, Day{"Australia/Lord_Howe", "2026-06-01T02:00:00Z", 24}}) {
    INFO(day.zone << " " << day.noon);
    BudgetWindows windows;
    windows.set_zone(day.zone);
    const BudgetWindow window = windows.day(at(day.noon));
    CHECK(window.until - window.from == std::chrono::hours(day.hours));
    for (Time time = window.from; time < window.until; time += std::chrono::minutes(30)) {
      BudgetWindows fresh;  // which remembers no window
      fresh.set_zone(day.zone);
      CHECK(fresh.day(time).label == window.label);
    }
    CHECK(windows.day(window.until).label != window.label);
    CHECK(windows.day(window.from - std::chrono::milliseconds(1)).label != window.label);
  }
}

TEST_CASE("who waits for room is told when a limit is set, when the configuration changes and when a day begins") {
  BudgetHouse house;
  int told = 0;
  house.clock.set_now(at("2026-11-21T23:59:59.900Z"));
  house.budget->on_room([&] { ++told; });
  BudgetLimit limit{.scope = "all", .name = "", .window = "day", .cap_nano = kCall, .cap_tokens = {}};
  REQUIRE(run(house.io, house.budget->set_limit(limit)).has_value());
  CHECK(told == 1);
  house.take([](Config& config) { config.models.budget.daily = 3; });
  CHECK(told == 2);
  house.clock.set_now(at("2026-11-22T00:00:00Z"));
  CHECK(run_until(house.io, [&] { return told == 3; }));
}

TEST_CASE("a call that waits for room sees the limit that is set meanwhile") {
  BudgetHouse house;
  house.longest_wait = std::chrono::seconds(10);
  house.restart();
  house.take([](Config& config) { config.models.budget.daily = kUsdOfCall; });
  house.reserve(house.call());
  const auto raise = [](BudgetHouse& h) -> awaitable<Result<void>> {
    while (h.ledger->reserves < 2) co_await asio::post(h.io, asio::use_awaitable);  // the second one has been refused, and waits
    BudgetLimit limit{.scope = "all", .name = "", .window = "day", .cap_nano = 2 * kCall, .cap_tokens = {}};
    co_return co_await h.budget->set_limit(std::move(limit));
  };
  std::optional<Result<void>> raised;
  asio::co_spawn(house.io, raise(house), [&](std::exception_ptr, Result<void> result) { raised = std::move(result); });
  CHECK(house.try_reserve(house.call()).has_value());
  CHECK(run_until(house.io, [&] { return raised.has_value(); }));
}

TEST_CASE("the owner is told once a month of a model that background work can never use, and what to do") {
  BudgetHouse house;
  house.take([](Config& config) {
    config.models.background.share = 0.25;
    config.models.budget.daily = 4 * kUsdOfCall - 0.001;
  });
  PlannedCall planned = house.call();
  planned.call.is_background = true;
  CHECK(house.try_reserve(planned).has_error());
  CHECK(house.try_reserve(planned).has_error());
  house.flush();
  REQUIRE(house.notices.size() == 1);
  CHECK(house.notices[0] == "Budget: background work never has room for paid/model: its shortest call may take 0.00325 USD, and the daily limit of "
                            "background work is 0.003 USD. Raise the limit with `hobctl budget set`, or models.background.share.");
  planned.model = "nobody/knows";
  CHECK(house.try_reserve(planned).has_error());
  house.flush();
  REQUIRE(house.notices.size() == 2);
  CHECK_THAT(house.notices[1], Contains("models.prices: {\"nobody/knows\": {input: USD, output: USD}}"));
}

TEST_CASE("a restart settles what was open at the worst case, and the cap holds over it") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = kUsdOfCall; });
  house.reserve(house.call());
  house.restart();
  CHECK(house.today().spent_nano == kCall);
  CHECK(house.today().reserved_nano == 0);
  CHECK(house.rows().at(0).state == "lost");
  CHECK(house.try_reserve(house.call()).has_error());
}

TEST_CASE("a daemon that starts on a full disk makes no call before the last run's are settled") {
  BudgetHouse house;
  house.reserve(house.call());
  house.close();
  house.real = open_sqlite_store({.file = house.folder.path() / "hob.db", .executor = house.io.get_executor(), .clock = &house.clock}).value();
  house.store = std::make_unique<FaultyStore>(*house.real);
  house.ledger = std::make_unique<FullLedger>(house.real->ledger());
  house.store->broken_ledger = house.ledger.get();
  house.ledger->is_full = true;
  house.budget = make_budget({.core = house.io.get_executor(), .store = house.store.get(), .clock = &house.clock, .config = house.config, .longest_wait = {}});
  CHECK(run(house.io, house.budget->start()).has_value());
  CHECK(house.try_reserve(house.call()).error().code == Code::unavailable);
  house.ledger->is_full = false;
  house.reserve(house.call());
  CHECK(house.today().spent_nano == kCall);
  CHECK(house.today().reserved_nano == kCall);
}

TEST_CASE("the owner is told once a window that a limit is nearly used, and once that it had no room, restarts or not") {
  BudgetHouse house;
  house.take([](Config& config) {
    config.models.budget.daily = 0.01;
    config.models.budget.warn_at = 0.5;
  });
  house.settle(house.reserve(house.call()), house.used(1000, 1000));  // 0.003
  CHECK(house.notices.empty());
  house.settle(house.reserve(house.call()), house.used(1000, 1000));
  REQUIRE(house.notices.size() == 1);
  CHECK(house.notices[0] == "Budget: the daily limit is 60 per cent used: 0.006 USD of 0.01 USD spent. It begins anew at 2026-11-22 00:00 (UTC).");
  house.restart();
  house.settle(house.reserve(house.call()), house.used(1000, 500));  // 0.008
  CHECK(house.notices.size() == 1);
  CHECK(house.try_reserve(house.call()).has_error());
  CHECK(house.try_reserve(house.call()).has_error());
  house.flush();
  REQUIRE(house.notices.size() == 2);
  CHECK(house.notices[1] == "Budget: the daily limit of 0.01 USD had no room for a call to paid/model that may take up to 0.00325 USD: "
                            "0.008 USD spent. It begins anew at 2026-11-22 00:00 (UTC); `hobctl budget set` raises it.");
  house.clock.advance(std::chrono::hours(24));
  house.settle(house.reserve(house.call()), house.used(1000, 1000));
  house.settle(house.reserve(house.call()), house.used(1000, 1000));
  CHECK(house.notices.size() == 3);
}

TEST_CASE("a user's own limit is told to the owner by the user's name") {
  BudgetHouse house;
  const User anna = run(house.io, house.real->users().ensure("anna", false)).value();
  house.take([](Config& config) { config.models.budget.per_user_daily = kUsdOfCall; });
  house.settle(house.reserve(house.call(1000, anna.id)), house.used(1250, 1000));
  REQUIRE(house.notices.size() == 1);
  CHECK_THAT(house.notices[0], Contains("the daily limit of anna is used up"));
}

TEST_CASE("a limit set at run time stands above the configuration's, outlives a restart, and counts what was spent before") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = 1; });
  house.settle(house.reserve(house.call()), house.used(1000, 100));
  REQUIRE(run(house.io, house.budget->set_limit({.scope = "all", .name = "", .window = "day", .cap_nano = kCall, .cap_tokens = {}})).has_value());
  CHECK(house.try_reserve(house.call()).has_error());
  house.restart();
  CHECK(house.try_reserve(house.call()).has_error());
  REQUIRE(run(house.io, house.budget->set_limit({.scope = "all", .name = "", .window = "day", .cap_nano = -1, .cap_tokens = {}})).has_value());
  CHECK(house.try_reserve(house.call()).has_value());
  REQUIRE(run(house.io, house.budget->set_limit({.scope = "all", .name = "", .window = "day", .cap_nano = {}, .cap_tokens = {}})).has_value());
  const auto limits = run(house.io, house.budget->limits("")).value();
  CHECK(find(limits, "all", "", "day")->state.account.cap_nano == kNanoPerUsd);
  CHECK_FALSE(find(limits, "all", "", "day")->is_set);
}

TEST_CASE("a limit of one user stands above that of each") {
  BudgetHouse house;
  const User anna = run(house.io, house.real->users().ensure("anna", false)).value();
  REQUIRE(run(house.io, house.budget->set_limit({.scope = "user", .name = "*", .window = "month", .cap_nano = 1, .cap_tokens = {}})).has_value());
  REQUIRE(run(house.io, house.budget->set_limit({.scope = "user", .name = "anna", .window = "month", .cap_nano = -1, .cap_tokens = {}})).has_value());
  CHECK(house.try_reserve(house.call(1000, "usr_b")).has_error());
  CHECK(house.try_reserve(house.call(1000, anna.id)).has_value());
}

TEST_CASE("a limit that names nothing there is, or a sum that is none, is refused") {
  BudgetHouse house;
  for (const BudgetLimit& bad : {BudgetLimit{.scope = "planet", .name = "", .window = "day", .cap_nano = 1, .cap_tokens = {}},
                                 BudgetLimit{.scope = "all", .name = "", .window = "week", .cap_nano = 1, .cap_tokens = {}},
                                 BudgetLimit{.scope = "all", .name = "anna", .window = "day", .cap_nano = 1, .cap_tokens = {}},
                                 BudgetLimit{.scope = "user", .name = "", .window = "day", .cap_nano = 1, .cap_tokens = {}},
                                 BudgetLimit{.scope = "user", .name = "nobody", .window = "day", .cap_nano = 1, .cap_tokens = {}},
                                 BudgetLimit{.scope = "all", .name = "", .window = "day", .cap_nano = -2, .cap_tokens = {}},
                                 BudgetLimit{.scope = "all", .name = "", .window = "day", .cap_nano = {}, .cap_tokens = std::int64_t{1} << 60}}) {
    BudgetLimit copy = bad;
    const auto set = run(house.io, house.budget->set_limit(std::move(copy)));
    REQUIRE(set.has_error());
    CHECK(set.error().code == Code::invalid);
  }
}

TEST_CASE("the limits in force are shown with how far each is used: all to the owner, their own to a user") {
  BudgetHouse house;
  house.take([](Config& config) {
    config.models.budget.daily = 1;
    config.models.budget.per_user_daily = 0.5;
    config.models.background.share = 0.25;
  });
  house.settle(house.reserve(house.call()), house.used(1000, 100));
  const auto all = run(house.io, house.budget->limits("")).value();
  CHECK(find(all, "all", "", "day")->state.spent_nano == 1'200'000);
  CHECK(find(all, "all", "", "day")->resets_at == at("2026-11-22T00:00:00Z"));
  CHECK(find(all, "all", "", "month")->state.account.cap_nano == -1);
  CHECK(find(all, "background", "", "day")->state.account.cap_nano == kNanoPerUsd / 4);
  CHECK(find(all, "user", "*", "day")->state.account.cap_nano == kNanoPerUsd / 2);
  CHECK(find(all, "user", "usr_a", "day")->state.spent_nano == 1'200'000);
  CHECK_FALSE(find(all, "channel", "http", "day"));  // has no limit
  const auto theirs = run(house.io, house.budget->limits("usr_b")).value();
  CHECK(find(theirs, "user", "usr_b", "day")->state.spent_nano == 0);
  CHECK_FALSE(find(theirs, "user", "usr_a", "day"));
  CHECK_FALSE(find(theirs, "background", "", "day"));
}

TEST_CASE("background work has no room once its share is used, unless a model of its tier costs nothing") {
  BudgetHouse house;
  house.take([](Config& config) {
    config.models.budget.daily = 2 * kUsdOfCall;
    config.models.background.share = 0.5;
    config.models.tiers["fast"] = {"paid/model"};
  });
  PlannedCall planned = house.call();
  planned.call.is_background = true;
  CHECK(run(house.io, house.budget->has_room(planned.call)).has_value());
  house.settle(house.reserve(planned), house.used(1250, 1000));
  const auto full = run(house.io, house.budget->has_room(planned.call));
  REQUIRE(full.has_error());
  CHECK_THAT(full.error().message, Contains("background work") && Contains("2026-11-22 00:00"));
  CHECK(run(house.io, house.budget->has_room(house.call().call)).has_value());
  house.take([](Config& config) { config.models.tiers["fast"] = {"paid/model", "free/model"}; });
  CHECK(run(house.io, house.budget->has_room(planned.call)).has_value());
}
