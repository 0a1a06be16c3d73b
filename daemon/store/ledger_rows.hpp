// The ledger's rows: reading them, and the one way in which a reservation ends. Used inside one transaction.
#pragma once

#include "store/ledger.hpp"
#include "store/sqlite.hpp"

namespace hobd {

/// Values of ledger.state, as schema_ledger.hpp has them.
enum class LedgerState { reserved, answered, failed, cancelled, lost, released };
std::string_view ledger_state_name(LedgerState state) noexcept;

/// A reservation that is open, with what is needed to end it.
struct OpenRow {
  std::int64_t id = 0;
  Time at{};
  std::string turn_id, purpose, model, accounts;
  std::int64_t nano = 0, tokens = 0;  // reserved
  std::int64_t output_tokens = 0;     // of `tokens`, the answer's
};

/// Moves an open reservation from what its accounts have reserved to what they have spent, and writes its row's end.
Result<void> end_reservation(Connection& db, const OpenRow& row, LedgerState state, const Settlement& settlement, Time now);

/// Ends every reservation of another run than `run`: by the journal's answer where it holds it, else as lost. Their number.
Result<std::int64_t> end_dead_reservations(Connection& db, std::int64_t run, Time now);

#define HOB_LEDGER_COLUMNS                                                                                              \
  "id, lid, user_id, channel, conversation_id, turn_id, job, purpose, is_background, model, tier, state, at, settled_at, " \
  "reserved_nano, nano, baseline_nano, uncached_nano, input_tokens, output_tokens, cached_tokens, cache_write_tokens, "  \
  "is_estimated "
LedgerEntry read_ledger_entry(const Query& row);

Result<Page<LedgerEntry>> list_ledger(Connection& db, const LedgerFilter& filter, const PageRequest& page);
Result<std::vector<LedgerSum>> sum_ledger(Connection& db, const LedgerFilter& filter, SumBy by);

/// Removes rows and daily accounts older than `before`, at most some thousands; those of the latest days with any stay.
Result<void> prune_ledger(Connection& db, Time before);

/// Takes a removed user out of the rows, their accounts and limits: what they spent stays on the accounts of all.
Result<void> remove_user_from_ledger(Connection& db, const std::string& user_id);

}  // namespace hobd
