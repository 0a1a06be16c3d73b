// A budget over a real database, with a clock and a price that a test sets.
#pragma once

#include "fakes/fake_clock.hpp"
#include "fakes/faulty_store.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "models/budget.hpp"

#include <catch2/catch.hpp>

namespace hobd::fakes {

/// A ledger whose disk is full when a test says so.
class FullLedger final : public Ledger {
 public:
  explicit FullLedger(Ledger& real) : real_(real) {}
  bool is_full = false;
  int refused = 0, reserves = 0;

  awaitable<Result<Reserved>> reserve(Reserve reserve) override {
    ++reserves;
    if (is_full) co_return refuse();
    co_return co_await real_.reserve(std::move(reserve));
  }
  awaitable<Result<void>> settle(Settlement settlement) override {
    if (is_full) co_return refuse();
    co_return co_await real_.settle(std::move(settlement));
  }
  awaitable<Result<void>> record(Reserve call, Settlement settlement) override {
    if (is_full) co_return refuse();
    co_return co_await real_.record(std::move(call), std::move(settlement));
  }
  awaitable<Result<void>> release(std::string id) override {
    if (is_full) co_return refuse();
    co_return co_await real_.release(std::move(id));
  }
  awaitable<Result<std::int64_t>> recover() override {
    if (is_full) co_return refuse();
    co_return co_await real_.recover();
  }
  awaitable<Result<std::vector<AccountState>>> states(std::vector<Account> accounts) override { return real_.states(std::move(accounts)); }
  awaitable<Result<std::vector<AccountState>>> used(std::string window, std::uint32_t most) override { return real_.used(std::move(window), most); }
  awaitable<Result<bool>> mark_warned(Account account, std::string what) override { return real_.mark_warned(std::move(account), std::move(what)); }
  awaitable<Result<Page<LedgerEntry>>> list(LedgerFilter filter, PageRequest page) override { return real_.list(std::move(filter), std::move(page)); }
  awaitable<Result<std::vector<LedgerSum>>> sums(LedgerFilter filter, SumBy by) override { return real_.sums(std::move(filter), by); }
  awaitable<Result<std::vector<BudgetLimit>>> limits() override { return real_.limits(); }
  awaitable<Result<void>> put_limit(BudgetLimit limit) override { return real_.put_limit(std::move(limit)); }
  awaitable<Result<std::vector<std::pair<std::string, double>>>> overruns() override { return real_.overruns(); }
  awaitable<Result<void>> put_overrun(std::string model, double factor) override { return real_.put_overrun(std::move(model), factor); }

 private:
  Error refuse() {
    ++refused;
    return {Code::unavailable, "the disk is full"};
  }
  Ledger& real_;
};

/// paid/model: 1 USD a million tokens in, 2 out: 1,000 and 2,000 nano-USD each. free/model costs nothing.
struct BudgetHouse {
  BudgetHouse() { open(); }
  ~BudgetHouse() { close(); }

  void open() {
    real = open_sqlite_store({.file = folder.path() / "hob.db", .executor = io.get_executor(), .clock = &clock}).value();
    store = std::make_unique<FaultyStore>(*real);
    ledger = std::make_unique<FullLedger>(real->ledger());
    store->broken_ledger = ledger.get();
    budget = make_budget({.core = io.get_executor(), .store = store.get(), .clock = &clock, .config = config, .longest_wait = longest_wait});
    budget->on_notice([this](std::string text) { notices.push_back(std::move(text)); });
    REQUIRE(run(io, budget->start()).has_value());
  }
  void close() {
    budget.reset();
    if (real) real->close();
    real.reset();
  }
  /// As after kill -9: what was reserved stays so.
  void restart() {
    close();
    open();
  }
  static std::shared_ptr<Config> make_config() {
    auto config = std::make_shared<Config>();
    config->models.budget = {};
    config->models.budget.daily = config->models.budget.monthly = 0;
    config->models.prices["paid/model"] = {.input = 1, .output = 2, .cached = 0.1, .cache_write = 1.25};
    config->models.prices["free/model"] = {.input = 0, .output = 0, .cached = 0, .cache_write = 0};
    return config;
  }
  void take(std::function<void(Config&)> change) {
    auto fresh = std::make_shared<Config>(*config);
    change(*fresh);
    config = fresh;
    budget->set_config(config);
  }

  /// 1,000 tokens in at 1.25, `max_tokens` out: 1,250,000 nano and 2,000 for each of them.
  static PlannedCall call(std::int64_t max_tokens = 1000, const std::string& user = "usr_a", const std::string& model = "paid/model") {
    PlannedCall planned;
    planned.call = {.user_id = user, .channel = "http", .turn_id = "", .purpose = Purpose::chat};
    planned.model = model;
    planned.tier = "fast";
    planned.input_tokens = 1000;
    planned.max_tokens = planned.least_tokens = max_tokens;
    return planned;
  }
  Result<Reservation> try_reserve(PlannedCall planned) { return run(io, budget->reserve(std::move(planned))); }
  Reservation reserve(PlannedCall planned) {
    auto got = try_reserve(std::move(planned));
    if (got.has_error()) FAIL(got.error().message);
    return *got;
  }
  static Usage used(std::int64_t input, std::int64_t output) {
    Usage usage;
    usage.input_tokens = input;
    usage.output_tokens = output;
    return usage;
  }
  void settle(Reservation reservation, Usage usage, CallOutcome outcome = CallOutcome::answered) {
    budget->settle(std::move(reservation), usage, outcome, false);
    flush();
  }
  void flush() { run(io, budget->stop(std::chrono::seconds(5))); }
  AccountState account(const std::string& scope, const std::string& name, const std::string& window) {
    std::vector<Account> one{{.scope = scope, .name = name, .window = window}};
    return run(io, real->ledger().states(std::move(one))).value().at(0);
  }
  AccountState today() { return account("all", "", "day 2026-11-21"); }
  std::vector<LedgerEntry> rows() {
    LedgerFilter all;
    PageRequest page;
    return run(io, real->ledger().list(std::move(all), std::move(page))).value().items;
  }

  asio::io_context io;
  TempFolder folder;
  FakeClock clock;
  std::shared_ptr<Config> config = make_config();
  std::chrono::milliseconds longest_wait{0};  // from open() on
  std::unique_ptr<Store> real;
  std::unique_ptr<FaultyStore> store;
  std::unique_ptr<FullLedger> ledger;
  std::unique_ptr<Budget> budget;
  std::vector<std::string> notices;
};

}  // namespace hobd::fakes
