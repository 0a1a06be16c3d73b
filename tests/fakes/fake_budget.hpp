// A budget in memory: says yes or no by a script, and writes down what it was asked.
#pragma once

#include "models/budget.hpp"

#include <algorithm>
#include <deque>

namespace hobd::fakes {

class FakeBudget final : public Budget {
 public:
  struct Settled {
    Reservation reservation;
    Usage usage;
    CallOutcome outcome;
    bool is_estimated;
  };

  explicit FakeBudget(std::shared_ptr<const Config> config = std::make_shared<Config>()) : prices_(std::move(config)) {}

  /// What reserve() says next, one after another; without one left there is room for all.
  std::deque<Result<std::int64_t>> verdicts;  // the max_tokens to name, 0 none; or the refusal
  /// Models that never get room.
  std::vector<std::string> refused;
  OnLimit limit = OnLimit::downgrade;
  std::vector<PlannedCall> planned;
  std::vector<Settled> settled;
  std::vector<Reservation> released;
  /// What is reserved and neither settled nor released.
  std::size_t open = 0;

  awaitable<Result<void>> start() override { co_return Result<void>{}; }
  awaitable<Result<Reservation>> reserve(PlannedCall call) override {
    planned.push_back(call);
    if (std::find(refused.begin(), refused.end(), call.model) != refused.end())
      co_return Error{Code::overloaded, "no room for " + call.model};
    Reservation reservation;
    if (!verdicts.empty()) {
      const Result<std::int64_t> verdict = verdicts.front();
      verdicts.pop_front();
      if (verdict.has_error()) co_return verdict.error();
      reservation.max_tokens = *verdict;
    }
    reservation.id = "res_" + std::to_string(planned.size());
    reservation.planned = std::move(call);
    ++open;
    co_return reservation;
  }
  void settle(Reservation reservation, Usage& usage, CallOutcome outcome, bool is_estimated) override {
    usage.cost_usd = prices_.cost(prices_.find(reservation.planned.model), usage);
    settled.push_back({std::move(reservation), usage, outcome, is_estimated});
    --open;
  }
  void release(Reservation reservation) override {
    released.push_back(std::move(reservation));
    --open;
  }
  awaitable<Result<void>> has_room(CallFor) override { co_return Result<void>{}; }
  const PriceTable& prices() const override { return prices_; }
  OnLimit on_limit() const override { return limit; }
  awaitable<Result<std::vector<LimitState>>> limits(std::string) override { co_return std::vector<LimitState>{}; }
  awaitable<Result<void>> set_limit(BudgetLimit) override { co_return Result<void>{}; }
  void on_notice(std::function<void(std::string)>) override {}
  void set_config(std::shared_ptr<const Config> config) override { prices_.set_config(std::move(config)); }
  awaitable<void> stop(std::chrono::milliseconds) override { co_return; }

 private:
  PriceTable prices_;
};

}  // namespace hobd::fakes
