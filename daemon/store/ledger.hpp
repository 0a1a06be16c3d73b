// The ledger: what every model and embedding call may cost at worst, and what it did cost.
//
// A call is reserved in one transaction against every account it is booked on, before it is sent: the sum of what is spent and
// reserved on an account never passes its cap. It is settled by what the provider billed, or released. A window is named by its
// date in the household's time zone ("day 2026-11-21", "month 2026-11"), so that a clock or a time zone that jumps moves the
// window's edge but never loses what was spent under that name.
#pragma once

#include "base/task_group.hpp"
#include "store/records.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hobd {

/// Money is kept in whole nano-USD (1e-9 USD): sums are exact.
constexpr std::int64_t kNanoPerUsd = 1'000'000'000;

enum class Purpose { chat, routing, extraction, consolidation, summary, embedding, other };
std::string_view purpose_name(Purpose purpose) noexcept;

/// What a call is for, and who pays.
struct CallFor {
  std::string user_id = {}, channel = {}, conversation_id = {}, turn_id = {};
  std::string job = {};  // of the scheduler; "" none
  Purpose purpose = Purpose::other;
  bool is_background = false;  // nobody waits for the answer
};

/// One account that a call is booked on.
struct Account {
  std::string scope;   // all | user | channel | job | background
  std::string name;    // the user's id, the channel, the job; "" for all and background
  std::string window;  // "day 2026-11-21" | "month 2026-11"
  std::int64_t cap_nano = -1, cap_tokens = -1;  // -1: no such limit
};

struct AccountState {
  Account account;
  std::int64_t spent_nano = 0, reserved_nano = 0, spent_tokens = 0, reserved_tokens = 0;
};

struct Reserve {
  std::string id;  // made by the caller
  CallFor call;
  std::string model, tier;  // model: "<provider>/<model>"
  std::int64_t nano = 0, tokens = 0;  // the worst case
  std::int64_t output_tokens = 0;     // of `tokens`, the answer's
  std::vector<Account> accounts;
  Time at{};
};

struct Reserved {
  bool is_granted = false;
  int refused_by = -1;                 // which of the accounts has no room; -1 granted
  std::vector<AccountState> accounts;  // in the order asked, with this reservation in them when it was granted
};

/// What became of a call.
struct Settlement {
  std::string id;
  std::string outcome;    // answered | failed | cancelled | lost (the process died; the worst case counts)
  Usage usage;            // as the provider reported it, or estimated
  bool is_estimated = false;
  std::int64_t nano = 0;  // what it cost
  std::int64_t baseline_nano = 0;  // what the same tokens cost at the model that would have answered without routing
  std::int64_t uncached_nano = 0;  // what they cost without the provider's prompt cache
};

/// A row of the ledger, for usage.list.
struct LedgerEntry {
  std::string id;
  CallFor call;
  std::string model, tier, state;  // reserved | answered | failed | cancelled | lost | released
  Time at{};
  std::optional<Time> settled_at;
  std::int64_t reserved_nano = 0;
  Settlement settlement;
};

struct LedgerFilter {
  std::string user_id = {};  // "": everybody's
  std::optional<Time> since = {}, until = {};  // by Reserve::at
};

/// One line of usage.summary.
struct LedgerSum {
  std::string key;  // the day (of `timezone`), model, user id, channel, purpose or tier
  std::int64_t calls = 0, failed = 0, input_tokens = 0, output_tokens = 0, cached_tokens = 0, cache_write_tokens = 0;
  std::int64_t nano = 0, baseline_nano = 0, uncached_nano = 0, reserved_nano = 0 /* still open */, estimated_calls = 0;
};
enum class SumBy { day, model, user, channel, purpose, tier };

/// A limit that was set at run time; it stands above the configuration's.
struct BudgetLimit {
  std::string scope, name;  // as Account; name "*": each user, each channel, each job that has none of its own
  std::string window;       // day | month
  std::optional<std::int64_t> cap_nano, cap_tokens;  // unset: as the configuration says; -1: no limit
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  /// Books the worst case on all accounts, or on none when one has no room. Committed when it returns (journaled: survives kill -9).
  virtual awaitable<Result<Reserved>> reserve(Reserve reserve) = 0;
  /// Puts what it cost in the place of the reservation, on the accounts it was booked on. A second settlement changes nothing.
  virtual awaitable<Result<void>> settle(Settlement settlement) = 0;
  /// Reserves and settles at once: a call that needed no room, because it costs nothing and no limit counts its tokens. Caps of
  /// `call.accounts` are not looked at, Settlement::id is the call's.
  virtual awaitable<Result<void>> record(Reserve call, Settlement settlement) = 0;
  /// The call was not made, or nobody billed it.
  virtual awaitable<Result<void>> release(std::string id) = 0;
  /// Settles what an earlier process left open: by the answer that its turn's journal holds, else at the worst case ("lost").
  /// Gives their number. Once, at start.
  virtual awaitable<Result<std::int64_t>> recover() = 0;
  virtual awaitable<Result<std::vector<AccountState>>> states(std::vector<Account> accounts) = 0;
  /// What was used in a window under its name ("day 2026-11-21"), the dearest first, at most `most`; without caps.
  virtual awaitable<Result<std::vector<AccountState>>> used(std::string window, std::uint32_t most) = 0;
  /// True the first time for this account's window: the owner is told once.
  virtual awaitable<Result<bool>> mark_warned(Account account, std::string what) = 0;

  virtual awaitable<Result<Page<LedgerEntry>>> list(LedgerFilter filter, PageRequest page) = 0;
  virtual awaitable<Result<std::vector<LedgerSum>>> sums(LedgerFilter filter, SumBy by) = 0;

  virtual awaitable<Result<std::vector<BudgetLimit>>> limits() = 0;
  virtual awaitable<Result<void>> put_limit(BudgetLimit limit) = 0;  // all unset: removes it

  /// By how much a model billed more than was reserved at worst (a factor above 1, 1 removes it), so that later reservations cover it.
  virtual awaitable<Result<std::vector<std::pair<std::string, double>>>> overruns() = 0;
  virtual awaitable<Result<void>> put_overrun(std::string model, double factor) = 0;
};

}  // namespace hobd
