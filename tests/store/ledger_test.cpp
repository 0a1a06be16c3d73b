// The ledger over a real database: what is reserved, settled, released, and what a dead process left.
#include "store/ledger.hpp"
#include "store/sqlite.hpp"
#include "support.hpp"

namespace {

using namespace hobd;
using namespace hobd::testing;

constexpr const char* kDay = "day 2026-11-21";
constexpr const char* kMonth = "month 2026-11";

Account all_of_day(std::int64_t cap_nano = -1, std::int64_t cap_tokens = -1) {
  return {.scope = "all", .name = "", .window = kDay, .cap_nano = cap_nano, .cap_tokens = cap_tokens};
}

Reserve call(const std::string& id, std::int64_t nano, std::vector<Account> accounts, std::int64_t tokens = 10) {
  Reserve one;
  one.id = id;
  one.model = "paid/model";
  one.tier = "fast";
  one.nano = nano;
  one.tokens = tokens;
  one.accounts = std::move(accounts);
  one.at = from_micros(1'700'000'000'000'000);
  one.call = {.user_id = "usr_a", .channel = "http", .conversation_id = "conv_a", .turn_id = "", .purpose = Purpose::chat};
  return one;
}

Settlement cost(const std::string& id, std::int64_t nano, std::int64_t input = 3, std::int64_t output = 2) {
  Settlement one;
  one.id = id;
  one.outcome = "answered";
  one.usage.input_tokens = input;
  one.usage.output_tokens = output;
  one.nano = nano;
  return one;
}

struct Books : TestStore {
  Ledger& ledger() { return store->ledger(); }
  Reserved reserve(Reserve one) { return get(ledger().reserve(std::move(one))); }
  AccountState state(Account account) {
    std::vector<Account> one{std::move(account)};
    return get(ledger().states(std::move(one))).at(0);
  }
  std::vector<LedgerEntry> rows(LedgerFilter filter = {}) {
    PageRequest page;
    return get(ledger().list(std::move(filter), page)).items;
  }
};

TEST_CASE("a reservation is granted while what is spent and reserved stays within the cap") {
  Books t;
  CHECK(t.reserve(call("a", 60, {all_of_day(100)})).is_granted);
  CHECK(t.reserve(call("b", 40, {all_of_day(100)})).is_granted);
  const Reserved refused = t.reserve(call("c", 1, {all_of_day(100)}));
  CHECK_FALSE(refused.is_granted);
  CHECK(refused.refused_by == 0);
  CHECK(refused.accounts.at(0).reserved_nano == 100);
}

TEST_CASE("an account without room books the call on none of the others") {
  Books t;
  const Account month{.scope = "all", .name = "", .window = kMonth, .cap_nano = 5};
  const Reserved refused = t.reserve(call("a", 6, {all_of_day(100), month}));
  CHECK(refused.refused_by == 1);
  CHECK(t.state(all_of_day()).reserved_nano == 0);
  CHECK(t.rows().empty());
}

TEST_CASE("a cap in tokens holds as one in money does") {
  Books t;
  CHECK(t.reserve(call("a", 0, {all_of_day(-1, 100)}, 100)).is_granted);
  CHECK_FALSE(t.reserve(call("b", 0, {all_of_day(-1, 100)}, 1)).is_granted);
}

TEST_CASE("a settlement puts what it cost in the place of what was reserved") {
  Books t;
  t.reserve(call("a", 60, {all_of_day(100)}));
  t.get(t.ledger().settle(cost("a", 25)));
  const AccountState state = t.state(all_of_day(100));
  CHECK(state.spent_nano == 25);
  CHECK(state.reserved_nano == 0);
  CHECK(state.spent_tokens == 5);
  CHECK(state.reserved_tokens == 0);
  CHECK(t.reserve(call("b", 75, {all_of_day(100)})).is_granted);
}

TEST_CASE("a second settlement changes nothing, nor does a release after one") {
  Books t;
  t.reserve(call("a", 60, {all_of_day()}));
  t.get(t.ledger().settle(cost("a", 25)));
  t.get(t.ledger().settle(cost("a", 50)));
  t.get(t.ledger().release("a"));
  CHECK(t.state(all_of_day()).spent_nano == 25);
  CHECK(t.rows().at(0).state == "answered");
}

TEST_CASE("what was released is nobody's, and not counted as a call") {
  Books t;
  t.reserve(call("a", 60, {all_of_day(60)}));
  t.get(t.ledger().release("a"));
  CHECK(t.state(all_of_day()).reserved_nano == 0);
  CHECK(t.rows().at(0).state == "released");
  CHECK(t.get(t.ledger().sums({}, SumBy::model)).empty());
  CHECK(t.reserve(call("b", 60, {all_of_day(60)})).is_granted);
}

TEST_CASE("a provider that billed more than was reserved is settled truthfully, past the cap") {
  Books t;
  t.reserve(call("a", 60, {all_of_day(100)}));
  t.get(t.ledger().settle(cost("a", 250)));
  CHECK(t.state(all_of_day()).spent_nano == 250);
  CHECK_FALSE(t.reserve(call("b", 0, {all_of_day(100)})).is_granted);
}

TEST_CASE("a settlement reaches the windows that the call was booked on, whatever day it is then") {
  Books t;
  t.reserve(call("a", 60, {all_of_day()}));
  t.clock.time += std::chrono::hours(48);
  const Account tomorrow{.scope = "all", .name = "", .window = "day 2026-11-22"};
  t.reserve(call("b", 7, {tomorrow}));
  t.get(t.ledger().settle(cost("a", 25)));
  CHECK(t.state(all_of_day()).spent_nano == 25);
  CHECK(t.state(tomorrow).spent_nano == 0);
  CHECK(t.state(tomorrow).reserved_nano == 7);
}

TEST_CASE("amounts that are negative or past all reason are refused and change nothing") {
  Books t;
  CHECK(t.fails(t.ledger().reserve(call("a", -1, {all_of_day()}))) == Code::invalid);
  CHECK(t.fails(t.ledger().reserve(call("a", std::int64_t{1} << 62, {all_of_day()}))) == Code::invalid);
  t.reserve(call("b", 5, {all_of_day()}));
  CHECK(t.fails(t.ledger().settle(cost("b", -5))) == Code::invalid);
  CHECK(t.fails(t.ledger().settle(cost("nobody", 5))) == Code::not_found);
  CHECK(t.state(all_of_day()).reserved_nano == 5);
}

TEST_CASE("a call that needed no room is one settled row") {
  Books t;
  t.get(t.ledger().record(call("a", 99, {all_of_day(1, 1)}), cost("", 0, 100, 20)));
  CHECK(t.state(all_of_day()).spent_tokens == 120);
  CHECK(t.state(all_of_day()).reserved_nano == 0);
  CHECK(t.rows().at(0).state == "answered");
}

TEST_CASE("what a dead process left reserved counts in full, and no reservation is left") {
  Books t;
  t.reserve(call("a", 60, {all_of_day()}));
  t.reserve(call("b", 10, {all_of_day()}));
  t.get(t.ledger().settle(cost("b", 4)));
  t.reopen();
  CHECK(t.get(t.ledger().recover()) == 1);
  CHECK(t.get(t.ledger().recover()) == 0);
  CHECK(t.state(all_of_day()).spent_nano == 64);
  CHECK(t.state(all_of_day()).reserved_nano == 0);
  CHECK(t.state(all_of_day()).reserved_tokens == 0);
  for (const LedgerEntry& row : t.rows()) CHECK(row.state == (row.id == "a" ? "lost" : "answered"));
}

TEST_CASE("of a lost call what it may have read and what it may have written are told apart") {
  Books t;
  Reserve lost = call("a", 60, {all_of_day()}, 10);
  lost.output_tokens = 4;
  t.reserve(std::move(lost));
  CHECK(t.rows().at(0).settlement.usage.output_tokens == 0);
  const auto while_open = t.get(t.ledger().sums({}, SumBy::model));
  CHECK(while_open.at(0).output_tokens == 0);
  t.reopen();
  t.get(t.ledger().recover());
  const auto sums = t.get(t.ledger().sums({}, SumBy::model));
  CHECK(sums.at(0).input_tokens == 6);
  CHECK(sums.at(0).output_tokens == 4);
  CHECK(t.state(all_of_day()).spent_tokens == 10);
}

TEST_CASE("recovery leaves alone what this process has reserved") {
  Books t;
  t.reserve(call("a", 60, {all_of_day()}));
  CHECK(t.get(t.ledger().recover()) == 0);
  CHECK(t.state(all_of_day()).reserved_nano == 60);
}

/// A turn whose journal holds an answer of each cost given.
struct Rounds : Books {
  Rounds() {
    turn = get(journal().accept(inbound(user(), "hello"), Durability::journaled)).turn;
  }
  Reserve round(const std::string& id, Time at, const std::string& model = "paid/model") {
    Reserve one = call(id, 1'000'000, {all_of_day()});
    one.call.turn_id = turn.id;
    one.at = at;
    one.model = model;
    return one;
  }
  void answered(Time at, std::int64_t input, double usd, const std::string& model = "paid/model") {
    Step step;
    step.kind = "model_answered";
    step.at = at;
    step.data = {{"round", 0}, {"answer", {{"text", "x"}, {"usage", {{"input_tokens", input}, {"output_tokens", 2}, {"cost_usd", usd}, {"model", model}}}}}};
    std::vector<Step> steps{std::move(step)};
    get(journal().add_steps(turn.id, std::move(steps), Durability::journaled));
  }
  std::string state_of(const std::string& id) {
    for (const LedgerEntry& row : rows())
      if (row.id == id) return row.state + " " + std::to_string(row.settlement.nano);
    return "none";
  }
  Turn turn;
  const Time start = from_micros(1'700'000'000'000'000);
  static constexpr std::chrono::seconds s{1};
};

TEST_CASE("a dead process's call costs what its turn's journal says, where it holds the answer") {
  Rounds t;
  t.reserve(t.round("a", t.start));
  t.answered(t.start + t.s, 3, 0.000'002);
  t.reopen();
  t.get(t.ledger().recover());
  CHECK(t.state_of("a") == "answered 2000");
  CHECK(t.state(all_of_day()).spent_nano == 2000);
  CHECK(t.state(all_of_day()).spent_tokens == 5);
}

TEST_CASE("an earlier round's answer doesn't pay for the round that was lost") {
  Rounds t;
  t.reserve(t.round("a", t.start));
  t.get(t.ledger().settle(cost("a", 2000)));
  t.answered(t.start, 3, 0.000'002);  // the clock stands still
  t.reserve(t.round("b", t.start));
  t.reopen();
  t.get(t.ledger().recover());
  CHECK(t.state_of("a") == "answered 2000");
  CHECK(t.state_of("b") == "lost 1000000");
}

TEST_CASE("of several open rounds each gets the answer that came before the next was asked") {
  Rounds t;
  t.reserve(t.round("a", t.start));
  t.answered(t.start + t.s, 3, 0.000'002);
  t.reserve(t.round("b", t.start + 2 * t.s));
  t.reserve(t.round("c", t.start + 4 * t.s));
  t.answered(t.start + 5 * t.s, 9, 0.000'007);
  t.reopen();
  t.get(t.ledger().recover());
  CHECK(t.state_of("a") == "answered 2000");
  CHECK(t.state_of("b") == "lost 1000000");
  CHECK(t.state_of("c") == "answered 7000");
}

TEST_CASE("what led to an answer and has a row of its own is taken out of the answer's cost") {
  Rounds t;
  Reserve tier = t.round("tier", t.start, "paid/small");
  tier.call.purpose = Purpose::routing;
  t.reserve(std::move(tier));
  t.clock.time = t.start + std::chrono::milliseconds(1);
  t.get(t.ledger().settle(cost("tier", 500, 1, 1)));
  t.reserve(t.round("a", t.start + std::chrono::milliseconds(2)));
  t.answered(t.start + t.s, 4, 0.000'002'5);
  t.reopen();
  t.get(t.ledger().recover());
  CHECK(t.state_of("a") == "answered 2000");
  CHECK(t.rows().at(0).settlement.usage.input_tokens == 3);
}

TEST_CASE("after a clock that went back no answer is taken for a call's") {
  Rounds t;
  t.reserve(t.round("a", t.start + 10 * t.s));
  t.clock.time = t.start + 12 * t.s;
  t.get(t.ledger().settle(cost("a", 2000)));
  t.answered(t.start + 12 * t.s, 3, 0.000'002);
  t.reserve(t.round("b", t.start));
  t.reopen();
  t.get(t.ledger().recover());
  CHECK(t.state_of("b") == "lost 1000000");
}

TEST_CASE("another model's answer, or one from before the call, is not taken for it") {
  Rounds t;
  t.answered(t.start, 3, 0.000'001);
  t.reserve(t.round("a", t.start + t.s));
  t.answered(t.start + 2 * t.s, 3, 0.000'002, "other/model");
  t.reopen();
  t.get(t.ledger().recover());
  CHECK(t.state_of("a") == "lost 1000000");
}

TEST_CASE("an account's window is warned of once, also after a restart") {
  Books t;
  CHECK(t.get(t.ledger().mark_warned(all_of_day(), "near")));
  CHECK_FALSE(t.get(t.ledger().mark_warned(all_of_day(), "near")));
  t.reopen();
  CHECK_FALSE(t.get(t.ledger().mark_warned(all_of_day(), "near")));
  CHECK(t.get(t.ledger().mark_warned(all_of_day(), "full")));
}

TEST_CASE("limits set at run time and overruns come back after a restart") {
  Books t;
  t.get(t.ledger().put_limit({.scope = "user", .name = "usr_a", .window = "day", .cap_nano = 5, .cap_tokens = {}}));
  t.get(t.ledger().put_limit({.scope = "user", .name = "*", .window = "day", .cap_nano = {}, .cap_tokens = -1}));
  t.get(t.ledger().put_overrun("m", 1.5));
  t.get(t.ledger().put_overrun("m", 2));
  t.reopen();
  const auto limits = t.get(t.ledger().limits());
  REQUIRE(limits.size() == 2);
  CHECK(limits[0].name == "*");
  CHECK(limits[0].cap_tokens == -1);
  CHECK_FALSE(limits[0].cap_nano.has_value());
  CHECK(limits[1].cap_nano == 5);
  t.get(t.ledger().put_limit({.scope = "user", .name = "usr_a", .window = "day", .cap_nano = {}, .cap_tokens = {}}));
  CHECK(t.get(t.ledger().limits()).size() == 1);
  CHECK(t.get(t.ledger().overruns()) == std::vector<std::pair<std::string, double>>{{"m", 2.0}});
}

TEST_CASE("rows are listed newest first, a page at a time, one user's alone") {
  Books t;
  for (int i = 0; i < 5; ++i) {
    Reserve one = call("c" + std::to_string(i), 1, {all_of_day()});
    one.at += std::chrono::seconds(i / 2);  // two share a time
    if (i == 4) one.call.user_id = "usr_b";
    t.reserve(std::move(one));
  }
  LedgerFilter mine{.user_id = "usr_a"};
  std::vector<std::string> ids;
  PageRequest page{.limit = 3, .cursor = ""};
  do {
    auto got = t.get(t.ledger().list(mine, page));
    for (const LedgerEntry& row : got.items) ids.push_back(row.id);
    page.cursor = got.next;
  } while (!page.cursor.empty());
  CHECK(ids == std::vector<std::string>{"c3", "c2", "c1", "c0"});
  CHECK(t.rows().size() == 5);
  CHECK(t.rows({.since = from_micros(1'700'000'002'000'000)}).size() == 1);
}

TEST_CASE("sums count calls, tokens and money by day, model, user, channel, purpose and tier") {
  Books t;
  t.reserve(call("a", 60, {all_of_day()}));
  t.get(t.ledger().settle(cost("a", 25)));
  Reserve other = call("b", 70, {all_of_day()});
  other.call.purpose = Purpose::extraction;
  t.reserve(std::move(other));
  const auto by_day = t.get(t.ledger().sums({}, SumBy::day));
  REQUIRE(by_day.size() == 1);
  CHECK(by_day[0].key == "2026-11-21");  // the household's day, not the one that UTC had
  CHECK(by_day[0].calls == 2);
  CHECK(by_day[0].nano == 25);
  CHECK(by_day[0].reserved_nano == 70);
  CHECK(t.get(t.ledger().sums({}, SumBy::purpose)).size() == 2);
  for (const SumBy by : {SumBy::model, SumBy::user, SumBy::channel, SumBy::tier}) CHECK(t.get(t.ledger().sums({}, by)).size() == 1);
}

TEST_CASE("a removed user's spending stays on the accounts of all, without the name") {
  Books t;
  const std::string anna = t.user();
  Reserve one = call("a", 60, {all_of_day(), {.scope = "user", .name = anna, .window = kDay}});
  one.call.user_id = anna;
  t.reserve(std::move(one));
  t.get(t.store->users().remove(anna));
  t.get(t.ledger().settle(cost("a", 25)));
  CHECK(t.state(all_of_day()).spent_nano == 25);
  CHECK(t.state({.scope = "user", .name = anna, .window = kDay}).spent_nano == 0);
  CHECK(t.rows().at(0).call.user_id.empty());
}

struct OldBooks : Books {
  const Account month{.scope = "all", .name = "", .window = kMonth};
  OldBooks() {
    clock.time = parse_time("2026-11-21").value();
    spend("a", {all_of_day(), month}, 25);
    clock.time += std::chrono::hours(24 * 402);
  }
  void spend(const std::string& id, std::vector<Account> accounts, std::int64_t nano) {
    Reserve one = call(id, 60, std::move(accounts));
    one.at = clock.time;
    reserve(std::move(one));
    get(ledger().settle(cost(id, nano)));
  }
  /// A call on each of so many days, from 2027-12-28 on.
  void spend_on_days(int days) {
    for (int i = 0; i < days; ++i, clock.time += std::chrono::hours(24))
      spend("b" + std::to_string(next_++), {{.scope = "all", .name = "", .window = "day " + format_time(clock.time).substr(0, 10)}}, 1);
  }
  int next_ = 0;
};

TEST_CASE("rows older than four hundred days go, sums of months stay") {
  OldBooks t;
  t.spend_on_days(31);
  CHECK(t.rows().size() == 31);
  CHECK(t.state(all_of_day()).spent_nano == 0);
  CHECK(t.state(t.month).spent_nano == 25);
}

TEST_CASE("a clock that jumps years ahead takes nothing with it of what was spent today") {
  OldBooks t;
  t.spend_on_days(1);
  t.reopen();
  t.spend_on_days(1);
  CHECK(t.rows().size() == 3);
  CHECK(t.state(all_of_day()).spent_nano == 25);
}

}  // namespace
