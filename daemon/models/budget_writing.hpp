// The budget's writes that nobody waits for: settlements, in the order they were made and again until they are stored; and the
// owner's warnings, once a window.
#pragma once

#include "models/budget_windows.hpp"
#include "store/store.hpp"
#include "store/ledger.hpp"

#include <functional>
#include <map>
#include <set>

namespace hobd {

struct BudgetWritingContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  const Clock* clock = nullptr;
  BudgetWindows* windows = nullptr;
};

/// Thread: core. All outlive it until stop() or close().
class BudgetWriting {
 public:
  explicit BudgetWriting(BudgetWritingContext context);
  ~BudgetWriting();
  BudgetWriting(const BudgetWriting&) = delete;
  BudgetWriting& operator=(const BudgetWriting&) = delete;

  /// Each hands its write to the store at once; one that fails for now is tried again with growing pauses, its reservation stays
  /// booked meanwhile. Then the limits of `accounts` are looked at.
  void settle(Settlement settlement, std::vector<Account> accounts);
  void record(Reserve call, Settlement settlement);
  void release(std::string id);
  void put_overrun(std::string model, double factor);  // 1: there is none any more

  /// What accounts held after a reservation: whether a limit is near is asked of the store only when it can be.
  void note(const std::vector<AccountState>& states);
  /// The account had no room for a call of this worst case: the owner is told once a window.
  void note_refused(const AccountState& state, std::string model, std::int64_t nano, std::int64_t tokens);
  /// Of each limit, from which share on the owner is warned.
  void set_warn_at(double share);
  void on_notice(std::function<void(std::string)> listener);
  /// Tells the owner, once of this account's window and `what`.
  void tell_once(Account account, std::string what, std::string text);

  /// Waits until all is written, then gives up what isn't: the next start settles it.
  awaitable<void> stop(std::chrono::milliseconds limit);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the tasks
};

}  // namespace hobd
