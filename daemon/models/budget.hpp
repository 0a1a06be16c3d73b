// The budget: no model or embedding call is sent before its worst case is reserved against every limit that applies.
#pragma once

#include "config/config.hpp"
#include "models/prices.hpp"
#include "store/ledger.hpp"
#include "store/store.hpp"

#include <functional>
#include <memory>

namespace hobd {

/// A call before it is sent.
struct PlannedCall {
  CallFor call;
  std::string model;              // "<provider>/<model>"
  std::string tier;
  std::int64_t input_tokens = 0;  // counted high
  std::int64_t max_tokens = 0;    // wanted for the answer; 0 for an embedding
  std::int64_t least_tokens = 0;  // a shorter answer is of no use; equal to max_tokens: never shortened
  std::string baseline = {};      // the model that would have answered without routing; "" this one
};

/// Room that a call has.
struct Reservation {
  std::string id;                 // "" none was needed
  PlannedCall planned;
  std::int64_t max_tokens = 0;    // what the request must name as its limit; 0: it need not
};

enum class CallOutcome { answered, failed, cancelled };

/// Thread: core.
class Budget {
 public:
  virtual ~Budget() = default;
  /// Settles what an earlier process left open, reads the limits set at run time. Once, before the first call.
  virtual awaitable<Result<void>> start() = 0;
  /// Makes room for the call: with on_limit downgrade a shorter answer when the wanted one doesn't fit. overloaded: there is no
  /// room; the message says which limit, what is spent and when the window ends. unavailable: the ledger can't be written: then
  /// nothing is sent. Waits some seconds for room that calls under way hold; not for background calls and the routing question,
  /// which is refused already where a limit is nearly used (warn_at).
  virtual awaitable<Result<Reservation>> reserve(PlannedCall planned) = 0;
  /// Books what the call cost and sets usage.cost_usd; counts that can't be are replaced by what was reckoned. True: what was booked
  /// is an estimate. Returns at once; what is written later comes after it.
  virtual bool settle(Reservation reservation, Usage& usage, CallOutcome outcome, bool is_estimated) = 0;
  /// Nothing was billed. Returns at once.
  virtual void release(Reservation reservation) = 0;
  /// Whether a call of this kind has any room now: what background work asks before it starts. The Error says until when it waits.
  virtual awaitable<Result<void>> has_room(CallFor call) = 0;
  /// Whether a limit in tokens binds the call: then also one that costs nothing needs room.
  virtual bool counts_tokens(const CallFor& call) const = 0;
  virtual const PriceTable& prices() const = 0;
  virtual OnLimit on_limit() const = 0;

  /// The limits in force and how far each is used; user_id "": all.
  struct LimitState {
    std::string scope, name, window;  // window: day | month
    AccountState state;
    Time resets_at{};
    bool is_set = false;  // at run time, by budget.set
    std::string shown_name = {};  // `name` as people know it: a user's name
  };
  virtual awaitable<Result<std::vector<LimitState>>> limits(std::string user_id) = 0;
  /// invalid: names no scope or window there is, negative.
  virtual awaitable<Result<void>> set_limit(BudgetLimit limit) = 0;

  /// Told what the owner should know: a limit is nearly used, a provider billed more than was reserved.
  virtual void on_notice(std::function<void(std::string)> listener) = 0;
  /// Told when what had no room may have some: a limit was set, another configuration came, a day or month began.
  virtual void on_room(std::function<void()> listener) = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
  /// Waits until all that was settled is written.
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

struct BudgetContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  const Clock* clock = nullptr;
  std::shared_ptr<const Config> config;
  /// How long a call that somebody waits for may wait for room that calls under way hold; 0: it is refused at once.
  std::chrono::milliseconds longest_wait{10'000};
};
std::unique_ptr<Budget> make_budget(BudgetContext context);

}  // namespace hobd
