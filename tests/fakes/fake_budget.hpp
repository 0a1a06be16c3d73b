// A budget that says what a test wants and notes what it was asked.
#pragma once

#include "models/budget.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>

namespace hobd::fakes {

class FakeBudget final : public Budget {
 public:
  explicit FakeBudget(std::shared_ptr<const Config> config = std::make_shared<Config>()) : prices_(config) {}

  awaitable<Result<void>> start() override { co_return Result<void>{}; }
  awaitable<Result<Reservation>> reserve(PlannedCall planned) override {
    reserved.push_back(planned);
    if (on_reserve) {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      on_reserve();
    }
    if (full) co_return *full;
    if (std::find(refused.begin(), refused.end(), planned.model) != refused.end())
      co_return Error{Code::overloaded, "no room for " + planned.model};
    Reservation reservation;
    reservation.max_tokens = planned.max_tokens;
    if (!verdicts.empty()) {
      const Result<std::int64_t> verdict = verdicts.front();
      verdicts.pop_front();
      if (verdict.has_error()) co_return verdict.error();
      reservation.max_tokens = *verdict;
    }
    reservation.id = "r" + std::to_string(reserved.size());
    reservation.planned = std::move(planned);
    ++open;
    co_return reservation;
  }
  bool settle(Reservation reservation, Usage& usage, CallOutcome outcome, bool is_estimated) override {
    usage.cost_usd = prices_.cost(prices_.find(reservation.planned.model), usage);
    settled.push_back({std::move(reservation), usage, outcome, is_estimated});
    --open;
    return is_estimated || has_absurd_usage;
  }
  void release(Reservation reservation) override {
    released.push_back(std::move(reservation));
    --open;
  }
  awaitable<Result<void>> has_room(CallFor call) override {
    asked.push_back(std::move(call));
    if (full) co_return *full;
    co_return Result<void>{};
  }
  bool counts_tokens(const CallFor&) const override { return has_token_limit; }
  const PriceTable& prices() const override { return prices_; }
  OnLimit on_limit() const override { return at_limit; }
  awaitable<Result<std::vector<LimitState>>> limits(std::string user_id) override {
    limits_asked_for = std::move(user_id);
    co_return states;
  }
  awaitable<Result<void>> set_limit(BudgetLimit limit) override {
    set.push_back(std::move(limit));
    co_return Result<void>{};
  }
  void on_notice(std::function<void(std::string)>) override {}
  void on_room(std::function<void()>) override {}
  void set_config(std::shared_ptr<const Config> config) override { prices_.set_config(std::move(config)); }
  awaitable<void> stop(std::chrono::milliseconds) override { co_return; }

  struct Settled {
    Reservation reservation;
    Usage usage;
    CallOutcome outcome;
    bool is_estimated;
  };
  std::function<void()> on_reserve;  // before the answer
  std::optional<Error> full;  // what a call without room hears; unset: there is room
  std::vector<std::string> refused;  // models that never have room
  std::deque<Result<std::int64_t>> verdicts;  // the max_tokens of the next calls, or their refusal
  std::size_t open = 0;  // neither settled nor released
  bool has_token_limit = false;
  bool has_absurd_usage = false;  // what a provider reports is not believed
  OnLimit at_limit = OnLimit::downgrade;
  std::vector<CallFor> asked;
  std::vector<PlannedCall> reserved;
  std::vector<Settled> settled;
  std::vector<Reservation> released;
  std::vector<LimitState> states;
  std::vector<BudgetLimit> set;
  std::string limits_asked_for = "not asked";

 private:
  PriceTable prices_;
};

}  // namespace hobd::fakes
