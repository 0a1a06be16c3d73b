// The budget: which limits bind a call, what is reserved, how a call ends.
#include "budget_house.hpp"
#include "models/budget_words.hpp"

#include <boost/asio/post.hpp>

using namespace hobd;
using namespace hobd::fakes;
using Catch::Contains;

namespace {

constexpr std::int64_t kCall = 3'250'000;  // the worst case of BudgetHouse::call(): 1,250,000 in, 2,000,000 out
constexpr double kUsdOfCall = 0.00325;

PlannedCall of_job(const std::string& job) {
  PlannedCall planned = BudgetHouse::call();
  planned.call.job = job;
  return planned;
}

PlannedCall in_background() {
  PlannedCall planned = BudgetHouse::call();
  planned.call.is_background = true;
  planned.call.purpose = Purpose::extraction;
  return planned;
}

}  // namespace

TEST_CASE("a call's worst case is reserved: input at its dearest price, the answer in full") {
  BudgetHouse house;
  const Reservation reservation = house.reserve(house.call());
  CHECK(house.today().reserved_nano == kCall);
  CHECK(house.today().reserved_tokens == 2000);
  CHECK(reservation.max_tokens == 1000);
}

TEST_CASE("a settled call costs what was used, at each kind of token's own price") {
  BudgetHouse house;
  const Reservation reservation = house.reserve(house.call());
  Usage usage = house.used(1000, 100);
  usage.cached_tokens = 500;
  usage.cache_write_tokens = 200;
  house.budget->settle(reservation, usage, CallOutcome::answered, false);
  CHECK(usage.cost_usd == Approx(0.0008));  // 300 x 1 + 500 x 0.1 + 200 x 1.25 + 100 x 2
  house.flush();
  CHECK(house.today().spent_nano == 800'000);
  CHECK(house.today().reserved_nano == 0);
  const LedgerEntry row = house.rows().at(0);
  CHECK(row.settlement.uncached_nano == 1'200'000);
  CHECK(row.settlement.baseline_nano == 800'000);
}

TEST_CASE("what the same tokens cost without routing is kept beside what they did cost") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.prices["paid/large"] = {.input = 10, .output = 20, .cached = 1, .cache_write = 10}; });
  PlannedCall planned = house.call();
  planned.baseline = "paid/large";
  house.settle(house.reserve(planned), house.used(1000, 100));
  CHECK(house.rows().at(0).settlement.baseline_nano == 12'000'000);
}

TEST_CASE("each kind of limit refuses the call that passes it, and no call that it doesn't bind") {
  struct Case {
    const char* what;
    std::function<void(Config::Budget&)> limit;
    PlannedCall bound, free;
    const char* said;
  };
  PlannedCall other_channel = BudgetHouse::call();
  other_channel.call.channel = "discord";
  const PlannedCall none;
  const std::vector<Case> cases = {
      {"daily", [](Config::Budget& b) { b.daily = kUsdOfCall; }, BudgetHouse::call(), none, "the daily limit of 0.00325 USD"},
      {"monthly", [](Config::Budget& b) { b.monthly = kUsdOfCall; }, BudgetHouse::call(), none, "the monthly limit"},
      {"daily_tokens", [](Config::Budget& b) { b.daily_tokens = 2000; }, BudgetHouse::call(), none, "the daily limit of 2000 tokens"},
      {"monthly_tokens", [](Config::Budget& b) { b.monthly_tokens = 2000; }, BudgetHouse::call(), none, "the monthly limit of 2000 tokens"},
      {"per_user_daily", [](Config::Budget& b) { b.per_user_daily = kUsdOfCall; }, BudgetHouse::call(), BudgetHouse::call(1000, "usr_b"), "your daily limit"},
      {"per_user_monthly", [](Config::Budget& b) { b.per_user_monthly = kUsdOfCall; }, BudgetHouse::call(), BudgetHouse::call(1000, "usr_b"), "your monthly limit"},
      {"per_user_daily_tokens", [](Config::Budget& b) { b.per_user_daily_tokens = 2000; }, BudgetHouse::call(), BudgetHouse::call(1000, "usr_b"), "your daily limit of 2000 tokens"},
      {"per_channel_daily", [](Config::Budget& b) { b.per_channel_daily = kUsdOfCall; }, BudgetHouse::call(), other_channel, "of the channel http"},
      {"per_channel_daily_tokens", [](Config::Budget& b) { b.per_channel_daily_tokens = 2000; }, BudgetHouse::call(), other_channel, "of the channel http"},
      {"per_job_daily", [](Config::Budget& b) { b.per_job_daily = kUsdOfCall; }, of_job("news"), of_job("weather"), "of the job news"},
      {"per_job_daily_tokens", [](Config::Budget& b) { b.per_job_daily_tokens = 2000; }, of_job("news"), of_job("weather"), "of the job news"},
      {"background's share of a day", [](Config::Budget& b) { b.daily = 2 * kUsdOfCall; }, in_background(), BudgetHouse::call(), "of background work"},
      {"background's share of a month's tokens", [](Config::Budget& b) { b.monthly_tokens = 4000; }, in_background(), BudgetHouse::call(), "of background work"},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    BudgetHouse house;
    house.take([&](Config& config) {
      config.models.background.share = 0.5;
      each.limit(config.models.budget);
    });
    house.reserve(each.bound);
    const auto refused = house.try_reserve(each.bound);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == Code::overloaded);
    CHECK_THAT(refused.error().message, Contains(each.said));
    if (!each.free.model.empty()) CHECK(house.try_reserve(each.free).has_value());
  }
}

TEST_CASE("a refusal says what is spent and reserved, what the call may take, when there is room again, and what to do") {
  BudgetHouse house;
  house.take([](Config& config) {
    config.models.budget.daily = 0.006;
    config.proactive.timezone = "Europe/Berlin";
  });
  house.clock.set_now(parse_time("2026-11-21T13:12:58Z").value());
  house.settle(house.reserve(house.call()), house.used(1000, 100));
  const Reservation under_way = house.reserve(house.call());
  const std::string busy = house.try_reserve(house.call()).error().message;
  CHECK(busy ==
        "the daily limit of 0.006 USD has no room: 0.0012 USD spent, 0.00325 USD reserved for calls under way, and this may take up to "
        "0.00325 USD. Try again in 10 s, when they have ended; the owner raises it with `hobctl budget set`. Commands and recall still work");
  CHECK_FALSE(read_refusal(busy)->is_used_up);
  CHECK(read_refusal(busy)->again_in == std::chrono::seconds(10));
  house.settle(under_way, house.used(1000, 1000));
  const std::string used_up = house.try_reserve(house.call()).error().message;
  CHECK(used_up ==
        "the daily limit of 0.006 USD has no room: 0.0042 USD spent, and this may take up to 0.00325 USD. It begins anew at 2026-11-22 "
        "00:00 (Europe/Berlin), in 9 h 47 min 2 s; the owner raises it with `hobctl budget set`. Commands and recall still work");
  CHECK(read_refusal("I could not answer this: " + used_up)->is_used_up);
  CHECK(read_refusal(used_up)->again_in == std::chrono::hours(9) + std::chrono::minutes(47) + std::chrono::seconds(2));
}

TEST_CASE("where even the shortest answer passes the whole limit nobody is told to come again") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = 0.002; });
  const std::string too_small = house.try_reserve(house.call()).error().message;
  CHECK_THAT(too_small, Contains("It is too small for this at any time"));
  CHECK_FALSE(read_refusal(too_small)->again_in);
  PlannedCall shorter = house.call();
  shorter.least_tokens = 100;
  house.settle(house.reserve(shorter), house.used(1000, 400));
  const std::string used_up = house.try_reserve(shorter).error().message;
  CHECK(read_refusal(used_up)->again_in == std::chrono::ceil<std::chrono::seconds>(parse_time("2026-11-22").value() - house.clock.now()));
  BudgetLimit none{.scope = "user", .name = "usr_a", .window = "day", .cap_nano = 0, .cap_tokens = {}};
  REQUIRE(run(house.io, house.real->users().ensure("anna", false)).has_value());
  none.name = "anna";
  REQUIRE(run(house.io, house.budget->set_limit(none)).has_value());
  const User anna = run(house.io, house.real->users().find_by_name("anna")).value();
  house.take([](Config& config) { config.models.budget.daily = 0; });
  const std::string zero = house.try_reserve(house.call(1000, anna.id)).error().message;
  CHECK_FALSE(read_refusal(zero)->again_in);
  CHECK_FALSE(read_refusal(run(house.io, house.budget->has_room(house.call(1000, anna.id).call)).error().message)->again_in);
}

TEST_CASE("another error's words are no refusal of the budget's") {
  CHECK_FALSE(read_refusal("over 30 requests a minute: try again in 5 s"));
  CHECK_FALSE(read_refusal("retry after 20 s: You exceeded your current quota"));
  CHECK_FALSE(read_refusal("the disk has no room: 3 bytes left"));
}

TEST_CASE("the question which tier answers is refused at once where a limit is nearly used, and nobody is told") {
  BudgetHouse house;
  house.longest_wait = std::chrono::seconds(10);
  house.restart();
  house.take([](Config& config) {
    config.models.budget.daily = 2 * kUsdOfCall;
    config.models.budget.warn_at = 0.5;
  });
  PlannedCall question = house.call();
  question.call.purpose = Purpose::routing;
  const Reservation first = house.reserve(question);  // up to the half that is warned of
  CHECK(house.try_reserve(question).error().code == Code::overloaded);
  CHECK(house.ledger->reserves == 2);
  house.settle(first, house.used(1250, 1000));
  CHECK(house.try_reserve(question).has_error());
  CHECK(house.ledger->reserves == 3);
  house.reserve(house.call());  // the rest is the answers'
  house.flush();
  REQUIRE(house.notices.size() == 1);
  CHECK_THAT(house.notices[0], Contains("is 50 per cent used"));
}

TEST_CASE("with downgrade the longest answer that fits is granted") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = 0.002; });
  PlannedCall planned = house.call(1000);
  planned.least_tokens = 100;
  const Reservation reservation = house.reserve(planned);
  CHECK(reservation.max_tokens == 375);  // (2,000,000 - 1,250,000) / 2,000
  CHECK(house.today().reserved_nano == 2'000'000);
}

TEST_CASE("an answer is not shortened below what is of use, nor with deny or queue, nor where it may not be") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = 0.002; });
  PlannedCall planned = house.call(1000);
  planned.least_tokens = 400;
  CHECK(house.try_reserve(planned).has_error());
  planned.least_tokens = 1000;
  CHECK(house.try_reserve(planned).has_error());
  planned.least_tokens = 100;
  for (const OnLimit on_limit : {OnLimit::deny, OnLimit::queue}) {
    house.take([&](Config& config) { config.models.budget.on_limit = on_limit; });
    CHECK(house.try_reserve(planned).has_error());
  }
  CHECK(house.rows().empty());
}

TEST_CASE("a model that costs nothing needs no room and no limit of its own, and its tokens are counted") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = 0.000001; });
  const Reservation reservation = house.reserve(house.call(1000, "usr_a", "free/model"));
  CHECK(reservation.id.empty());
  CHECK(reservation.max_tokens == 0);
  house.settle(reservation, house.used(700, 30));
  CHECK(house.today().spent_tokens == 730);
  CHECK(house.account("user", "usr_a", "month 2026-11").spent_tokens == 730);
  CHECK(house.rows().at(0).state == "answered");
}

TEST_CASE("a limit in tokens binds a model that costs nothing") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily_tokens = 2500; });
  CHECK(house.reserve(house.call(1000, "usr_a", "free/model")).max_tokens == 1000);
  CHECK(house.try_reserve(house.call(1000, "usr_a", "free/model")).error().code == Code::overloaded);
}

TEST_CASE("without any limit a call of a model that costs money is booked all the same") {
  BudgetHouse house;
  house.settle(house.reserve(house.call()), house.used(1000, 100));
  CHECK(house.account("all", "", "month 2026-11").spent_nano == 1'200'000);
  CHECK(house.account("channel", "http", "day 2026-11-21").spent_nano == 1'200'000);
}

TEST_CASE("a call settled twice, or released after, is booked once") {
  BudgetHouse house;
  const Reservation reservation = house.reserve(house.call());
  house.settle(reservation, house.used(1000, 100));
  house.settle(reservation, house.used(1000, 900));
  house.budget->release(reservation);
  house.flush();
  CHECK(house.today().spent_nano == 1'200'000);
  CHECK(house.rows().size() == 1);
}

TEST_CASE("a released call leaves all its room to the next") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = kUsdOfCall; });
  house.budget->release(house.reserve(house.call()));
  house.flush();
  CHECK(house.today().reserved_nano == 0);
  CHECK(house.try_reserve(house.call()).has_value());
}

TEST_CASE("a provider that billed more is booked truthfully, reserved higher from then on, also after a restart, and the owner is told") {
  BudgetHouse house;
  house.settle(house.reserve(house.call()), house.used(3000, 1750));  // twice the worst case
  CHECK(house.today().spent_nano == 2 * kCall);
  REQUIRE(house.notices.size() == 1);
  CHECK_THAT(house.notices[0], Contains("paid/model billed 0.0065 USD for a call that could cost 0.00325 USD at most"));
  house.restart();
  house.reserve(house.call());
  CHECK(house.today().reserved_nano == Approx(2.2 * kCall).epsilon(0.001));
  house.reserve(house.call(1000, "usr_a", "paid/other"));  // another model's reckoning is its own
}

TEST_CASE("calls that went out together teach one overrun, not one on top of the other, and the owner is told once") {
  BudgetHouse house;
  std::vector<Reservation> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(house.reserve(house.call()));
  for (Reservation& call : calls) house.settle(std::move(call), house.used(1625, 1300));  // 1.3 times the worst case
  house.reserve(house.call());
  CHECK(house.today().reserved_nano == Approx(1.43 * kCall).epsilon(0.001));
  CHECK(house.notices.size() == 1);
}

TEST_CASE("the owner hears of a model's overruns once a day, restarts or not") {
  BudgetHouse house;
  const auto overrun = [&](std::int64_t times) { house.settle(house.reserve(house.call()), house.used(1000, times * 2000)); };
  overrun(2);
  overrun(4);
  house.restart();
  overrun(8);
  CHECK(house.notices.size() == 1);
  house.clock.advance(std::chrono::hours(24));
  overrun(20);
  CHECK(house.notices.size() == 2);
}

TEST_CASE("what Hob counted itself teaches no overrun") {
  BudgetHouse house;
  Usage counted = house.used(3000, 1750);
  house.budget->settle(house.reserve(house.call()), counted, CallOutcome::failed, true);
  house.flush();
  house.reserve(house.call());
  CHECK(house.today().reserved_nano == kCall);
  CHECK(house.notices.empty());
}

TEST_CASE("calls that fit bring an overrun down again, and it is forgotten in the end") {
  BudgetHouse house;
  house.settle(house.reserve(house.call()), house.used(3000, 1750));
  house.settle(house.reserve(house.call()), house.used(1000, 100));
  const auto overruns = [&] { return run(house.io, house.real->ledger().overruns()).value(); };
  REQUIRE(overruns().size() == 1);
  CHECK(overruns()[0].second < 2.2);
  CHECK(overruns()[0].second > 1.5);
  for (int i = 0; i < 60; ++i) house.settle(house.reserve(house.call()), house.used(1000, 100));
  CHECK(overruns().empty());
  house.restart();
  house.reserve(house.call());
  CHECK(house.today().reserved_nano == kCall);
}

TEST_CASE("an overrun that goes on is not brought down by the calls that it covers") {
  BudgetHouse house;
  house.settle(house.reserve(house.call()), house.used(3000, 1750));
  for (int i = 0; i < 60; ++i) house.settle(house.reserve(house.call()), house.used(3000, 1750));
  house.reserve(house.call());
  CHECK(house.today().reserved_nano == Approx(2.2 * kCall).epsilon(0.001));
  CHECK(house.notices.size() == 1);
}

TEST_CASE("another price of the model ends its overrun, and the call on its way teaches none") {
  BudgetHouse house;
  house.settle(house.reserve(house.call()), house.used(3000, 1750));
  const Reservation on_its_way = house.reserve(house.call());
  house.take([](Config& config) { config.models.prices["paid/model"] = {.input = 10, .output = 20, .cached = 1, .cache_write = 12.5}; });
  house.settle(on_its_way, house.used(1000, 1000));
  CHECK(run(house.io, house.real->ledger().overruns()).value().empty());
  house.reserve(house.call());
  CHECK(house.today().reserved_nano == 10 * kCall);
  CHECK(house.notices.size() == 1);
}

TEST_CASE("counts that can't be are booked at the worst case, as an estimate") {
  for (const Usage& absurd : {BudgetHouse::used(-5, 100), BudgetHouse::used(1000, -1), BudgetHouse::used(4'000'000'000'000, 100),
                              BudgetHouse::used(1000, std::int64_t{1} << 62)}) {
    BudgetHouse house;
    house.settle(house.reserve(house.call()), absurd);
    const LedgerEntry row = house.rows().at(0);
    CHECK(row.settlement.is_estimated);
    CHECK(row.settlement.nano > 0);
    CHECK(row.settlement.nano <= kCall);
    CHECK(house.notices.empty());
  }
}

TEST_CASE("who settles is told whether what was booked is an estimate") {
  BudgetHouse house;
  Usage absurd = house.used(1000, -1), sound = house.used(1000, 100);
  CHECK(house.budget->settle(house.reserve(house.call()), absurd, CallOutcome::answered, false));
  CHECK_FALSE(house.budget->settle(house.reserve(house.call()), sound, CallOutcome::answered, false));
  CHECK(house.budget->settle(house.reserve(house.call()), sound, CallOutcome::answered, true));
  house.flush();
}

TEST_CASE("a count that can't be is booked at the answer that there was room for, not at the one that was wanted") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = kUsdOfCall; });
  PlannedCall planned = house.call(4000);
  planned.least_tokens = 100;
  house.settle(house.reserve(planned), house.used(1000, -1));
  CHECK(house.rows().at(0).settlement.usage.output_tokens == 1000);
  CHECK(house.today().spent_nano <= kCall);
}

TEST_CASE("more cached tokens than were read count as not cached") {
  BudgetHouse house;
  Usage usage = house.used(1000, 100);
  usage.cached_tokens = 5000;
  house.settle(house.reserve(house.call()), usage);
  CHECK(house.today().spent_nano == 1'200'000);
}

TEST_CASE("while the ledger can't be written no call is made") {
  BudgetHouse house;
  house.ledger->is_full = true;
  const auto refused = house.try_reserve(house.call());
  CHECK(refused.error().code == Code::unavailable);
  CHECK_THAT(refused.error().message, Contains("no model is asked"));
  house.ledger->is_full = false;
  CHECK(house.try_reserve(house.call()).has_value());
}

TEST_CASE("a settlement that can't be written keeps its room booked, and is written when it can be") {
  BudgetHouse house;
  house.take([](Config& config) { config.models.budget.daily = kUsdOfCall; });
  const Reservation reservation = house.reserve(house.call());
  house.ledger->is_full = true;
  Usage usage = house.used(1000, 100);
  house.budget->settle(reservation, usage, CallOutcome::answered, false);
  CHECK(usage.cost_usd == Approx(0.0012));
  REQUIRE(run_until(house.io, [&] { return house.ledger->refused > 0; }));
  house.ledger->is_full = false;
  CHECK(house.today().reserved_nano == kCall);
  house.flush();
  CHECK(house.today().spent_nano == 1'200'000);
  CHECK(house.today().reserved_nano == 0);
}

TEST_CASE("what is written after a settlement comes after it in the database") {
  BudgetHouse house;
  const Reservation reservation = house.reserve(house.call());
  std::string seen;
  asio::post(house.io, [&] {
    Usage usage = house.used(1000, 100);
    house.budget->settle(reservation, usage, CallOutcome::answered, false);
    house.real->kv();
  });
  const auto later = [](BudgetHouse& h, Reservation r, std::int64_t& spent) -> awaitable<Result<void>> {
    Usage usage = h.used(1000, 100);
    h.budget->settle(std::move(r), usage, CallOutcome::answered, false);
    CO_CHECK(co_await h.real->kv().set("owner", "key", "value", 1000));
    std::vector<Account> one{{.scope = "all", .name = "", .window = "day 2026-11-21"}};
    CO_TRY(const auto states, co_await h.real->ledger().states(std::move(one)));
    spent = states.at(0).spent_nano;
    co_return Result<void>{};
  };
  std::int64_t spent = 0;
  const Reservation second = house.reserve(house.call());
  REQUIRE(run(house.io, later(house, second, spent)).has_value());
  CHECK(spent == 2'400'000);
}
