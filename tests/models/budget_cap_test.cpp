// Many calls at once against caps that allow only some: a trigger in the database looks at every change of every account.
#include "budget_house.hpp"

#include "store/sqlite.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>

using namespace hobd;
using namespace hobd::fakes;

namespace {

constexpr std::int64_t kCall = 3'250'000;
constexpr std::int64_t kDayCap = 30 * kCall, kUserCap = 8 * kCall;

/// Notes the highest that spent and reserved ever were together, of each kind of account.
void watch(BudgetHouse& house) {
  const auto db = Connection::open(house.folder.path() / "hob.db", Connection::Mode::read_write).value();
  std::string sql = "CREATE TABLE peaks (scope TEXT PRIMARY KEY, peak INTEGER NOT NULL, seen INTEGER NOT NULL);";
  for (const std::string when : {"INSERT", "UPDATE"})
    sql += "CREATE TRIGGER peak_" + when + " AFTER " + when + " ON ledger_accounts WHEN new.window LIKE 'day %' BEGIN "
           "INSERT INTO peaks VALUES (new.scope, new.spent_nano + new.reserved_nano, 1) ON CONFLICT(scope) DO UPDATE SET "
           "peak = max(peak, excluded.peak), seen = seen + 1; END;";
  REQUIRE(db->script(sql).has_value());
}

std::int64_t ask(BudgetHouse& house, const std::string& sql) {
  return Connection::open(house.folder.path() / "hob.db", Connection::Mode::read_only).value()->number(sql).value();
}

struct Counts {
  int granted = 0, refused = 0, broken = 0, running = 0;
};

/// One of those who talk: asks again and again, waits a moment for its answer, ends each call one way or another.
awaitable<void> talk(BudgetHouse& house, Counts& counts, int number, unsigned seed) {
  std::mt19937 random(seed);
  asio::steady_timer timer(house.io);
  for (int i = 0; i < 5; ++i) {
    PlannedCall planned = BudgetHouse::call(1000, "usr_" + std::to_string(number % 17));
    planned.call.channel = "channel_" + std::to_string(number % 5);
    planned.least_tokens = number % 3 == 0 ? 200 : 1000;
    Result<Reservation> got = co_await house.budget->reserve(std::move(planned));
    if (got.has_error()) {
      ++(got.error().code == Code::overloaded ? counts.refused : counts.broken);
      continue;
    }
    ++counts.granted;
    timer.expires_after(std::chrono::microseconds(random() % 3000));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (random() % 5 == 0) {
      house.budget->release(*std::move(got));
      continue;
    }
    const auto most = static_cast<unsigned>(got->max_tokens);
    Usage usage = BudgetHouse::used(static_cast<std::int64_t>(random() % 1001), static_cast<std::int64_t>(random() % (most + 1) / 4));
    house.budget->settle(*std::move(got), usage, random() % 7 == 0 ? CallOutcome::failed : CallOutcome::answered, false);
  }
  --counts.running;
}

}  // namespace

TEST_CASE("two hundred at once never bring an account past its cap at any instant, and leave no reservation") {
  BudgetHouse house;
  house.take([](Config& config) {
    config.models.budget.daily = static_cast<double>(kDayCap) / kNanoPerUsd;
    config.models.budget.per_user_daily = static_cast<double>(kUserCap) / kNanoPerUsd;
  });
  watch(house);
  Counts counts;
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  {
    TaskGroup all(house.io.get_executor());
    for (int i = 0; i < 200; ++i) {
      ++counts.running;
      all.spawn("talk", talk(house, counts, i, seed + static_cast<unsigned>(i)));
    }
    REQUIRE(run_until(house.io, [&] { return counts.running == 0; }));
  }
  house.flush();
  CHECK(counts.broken == 0);
  CHECK(counts.granted > 30);
  CHECK(counts.refused > 30);
  CHECK(ask(house, "SELECT seen FROM peaks WHERE scope = 'all'") > 2 * 30);
  CHECK(ask(house, "SELECT peak FROM peaks WHERE scope = 'all'") <= kDayCap);
  CHECK(ask(house, "SELECT peak FROM peaks WHERE scope = 'user'") <= kUserCap);
  CHECK(ask(house, "SELECT peak FROM peaks WHERE scope = 'all'") > kDayCap - kCall);  // the cap was what stopped them
  CHECK(ask(house, "SELECT count(*) FROM ledger WHERE state = 0") == 0);
  CHECK(ask(house, "SELECT sum(reserved_nano) + sum(reserved_tokens) FROM ledger_accounts") == 0);
  CHECK(house.today().spent_nano == ask(house, "SELECT sum(nano) FROM ledger"));
  CHECK(house.today().spent_tokens == ask(house, "SELECT sum(input_tokens + output_tokens) FROM ledger"));
}

TEST_CASE("the trigger sees what a provider bills too much: it is no idle watch") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = static_cast<double>(kCall) / kNanoPerUsd; });
  watch(house);
  house.settle(house.reserve(house.call()), house.used(3000, 1750));
  CHECK(ask(house, "SELECT peak FROM peaks WHERE scope = 'all'") == 2 * kCall);
}
