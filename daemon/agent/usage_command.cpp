#include "agent/usage_command.hpp"

#include "models/budget_windows.hpp"
#include "models/budget_words.hpp"

#include <fmt/format.h>

namespace hobd {
namespace {

/// "0.0123 USD in 5 calls"
std::string spent_text(const std::vector<LedgerSum>& sums) {
  std::int64_t nano = 0, calls = 0;
  for (const LedgerSum& sum : sums) {
    nano += sum.nano;
    calls += sum.calls;
  }
  return fmt::format("{} in {} call{}", usd_text(nano), calls, calls == 1 ? "" : "s");
}

/// ", 0.4 USD left": of the limit in money of this window that has the least left.
std::string left_text(const std::vector<Budget::LimitState>& limits, std::string_view window) {
  std::int64_t least = -1;
  for (const Budget::LimitState& limit : limits) {
    const AccountState& state = limit.state;
    // A channel's limit may be another channel's.
    if (limit.window != window || state.account.cap_nano < 0 || limit.scope == "channel") continue;
    const std::int64_t left = std::max<std::int64_t>(0, state.account.cap_nano - state.spent_nano - state.reserved_nano);
    if (least < 0 || left < least) least = left;
  }
  return least < 0 ? std::string() : fmt::format(", {} left", usd_text(least));
}

}  // namespace

awaitable<Result<std::string>> usage_text(Store& store, Budget* budget, std::shared_ptr<const Config> config, Time now, std::string user_id) {
  BudgetWindows windows;
  windows.set_zone(config->proactive.timezone);
  LedgerFilter today, month;
  today.user_id = month.user_id = user_id;
  today.since = windows.day(now).from;
  today.until = windows.day(now).until;
  month.since = windows.month(now).from;
  month.until = windows.month(now).until;
  CO_TRY(const std::vector<LedgerSum> day_sums, co_await store.ledger().sums(std::move(today), SumBy::purpose));
  CO_TRY(const std::vector<LedgerSum> month_sums, co_await store.ledger().sums(std::move(month), SumBy::purpose));
  std::vector<Budget::LimitState> limits;
  if (budget) {
    CO_TRY(limits, co_await budget->limits(std::move(user_id)));
  }
  co_return fmt::format("Today: {}{}.\nThis month: {}{}.", spent_text(day_sums), left_text(limits, "day"), spent_text(month_sums),
                        left_text(limits, "month"));
}

}  // namespace hobd
