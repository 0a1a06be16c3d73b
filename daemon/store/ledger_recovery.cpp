// What a dead process left reserved. The journal of the call's turn may hold the answer: the process died, or its disk was full,
// between the answer's step and the settlement. Else nobody knows what was billed, and the worst case counts.
#include "base/json.hpp"
#include "base/log.hpp"
#include "store/ledger_rows.hpp"

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

struct JournaledAnswer {
  Time at{};
  Usage usage;
};

std::optional<JournaledAnswer> read_answer(const Query& row) {
  const auto data = parse_json_object(row.view(1));
  if (data.has_error()) return {};
  const json::object* answer = object_at(*data, "answer");
  const json::object* usage = answer ? object_at(*answer, "usage") : nullptr;
  if (!usage || !usage->if_contains("cost_usd")) return {};
  JournaledAnswer found{.at = row.time(0), .usage = usage_from_json(*usage)};
  if (found.usage.cost_usd < 0 || found.usage.input_tokens < 0 || found.usage.output_tokens < 0) return {};
  return found;
}

Result<std::vector<JournaledAnswer>> answers_of(Connection& db, const std::string& turn_id) {
  auto rows = TRY(db.query("SELECT s.at, s.data FROM steps s JOIN turns t ON t.id = s.turn "
                           "WHERE t.tid = ? AND s.kind = 'model_answered' ORDER BY s.seq",
                           turn_id));
  std::vector<JournaledAnswer> answers;
  while (TRY(rows.next()))
    if (auto answer = read_answer(rows)) answers.push_back(std::move(*answer));
  return answers;
}

/// The turn's other calls around one that is open.
struct Neighbours {
  bool are_times_sound = true;   // nothing before it is dated after it: the clock didn't go back
  std::optional<Time> next_at;   // the turn's next answer is asked for
  std::vector<LedgerEntry> before;  // ended, and in the usage of some answer
};

Result<Neighbours> neighbours_of(Connection& db, const OpenRow& row) {
  Neighbours found;
  auto rows = TRY(db.query("SELECT " HOB_LEDGER_COLUMNS "FROM ledger WHERE turn_id = ? AND turn_id <> '' AND purpose IN ('chat', 'routing') "
                           "AND id <> ? ORDER BY id",
                           row.turn_id, row.id));
  while (TRY(rows.next())) {
    LedgerEntry entry = read_ledger_entry(rows);
    if (rows.integer(0) > row.id) {
      if (!found.next_at && entry.call.purpose == Purpose::chat) found.next_at = entry.at;
      continue;
    }
    if (entry.at > row.at || (entry.settled_at && *entry.settled_at > row.at && entry.state != "lost")) found.are_times_sound = false;
    if (entry.state == "answered" || entry.state == "failed" || entry.state == "cancelled") found.before.push_back(std::move(entry));
  }
  return found;
}

/// The usage of the answer to this very call. A turn asks one model at a time, so its answer stands in the journal after this
/// reservation and before the turn's next one. An answer's usage holds what led to it too (the question which tier, tries that
/// failed): what has a settled row of its own is taken out. Where times don't fit, nothing is found: the worst case is the safe side.
Result<std::optional<Usage>> find_answer(Connection& db, const OpenRow& row) {
  std::optional<Usage> none;
  if (row.turn_id.empty() || row.purpose != purpose_name(Purpose::chat)) return none;
  const Neighbours neighbours = TRY(neighbours_of(db, row));
  if (!neighbours.are_times_sound) return none;
  std::optional<Time> last_before;
  for (JournaledAnswer& answer : TRY(answers_of(db, row.turn_id))) {
    if (answer.at <= row.at) {
      last_before = answer.at;
      continue;
    }
    const std::string& model = answer.usage.model;
    if (neighbours.next_at && answer.at > *neighbours.next_at) return none;
    if (!model.empty() && model != row.model && !row.model.ends_with("/" + model)) return none;
    Usage& usage = answer.usage;
    for (const LedgerEntry& entry : neighbours.before) {
      if (last_before && entry.at <= *last_before) continue;
      const Usage& its = entry.settlement.usage;
      usage.input_tokens -= its.input_tokens;
      usage.output_tokens -= its.output_tokens;
      usage.cached_tokens -= its.cached_tokens;
      usage.cache_write_tokens -= its.cache_write_tokens;
      usage.cost_usd -= its.cost_usd;
    }
    const bool adds_up = usage.input_tokens >= 0 && usage.output_tokens >= 0 && usage.cost_usd > -1e-9;
    usage.cached_tokens = std::max<std::int64_t>(0, usage.cached_tokens);
    usage.cache_write_tokens = std::max<std::int64_t>(0, usage.cache_write_tokens);
    return adds_up ? std::optional<Usage>(std::move(usage)) : none;
  }
  return none;
}

}  // namespace

Result<std::int64_t> end_dead_reservations(Connection& db, std::int64_t run, Time now) {
  std::vector<OpenRow> open;
  {
    auto rows = TRY(db.query("SELECT id, at, turn_id, purpose, model, accounts, reserved_nano, reserved_tokens, output_tokens FROM ledger "
                             "WHERE state = 0 AND run <> ? ORDER BY id",
                             run));
    while (TRY(rows.next()))
      open.push_back({.id = rows.integer(0), .at = rows.time(1), .turn_id = rows.text(2), .purpose = rows.text(3), .model = rows.text(4),
                      .accounts = rows.text(5), .nano = rows.integer(6), .tokens = rows.integer(7), .output_tokens = rows.integer(8)});
  }
  for (const OpenRow& row : open) {
    const std::optional<Usage> answer = TRY(find_answer(db, row));
    Settlement settlement;
    if (answer) {
      settlement.usage = *answer;
      settlement.nano = std::llround(std::max(0.0, answer->cost_usd) * static_cast<double>(kNanoPerUsd));
    } else {
      settlement.usage.input_tokens = row.tokens - row.output_tokens;
      settlement.usage.output_tokens = row.output_tokens;
      settlement.is_estimated = true;
      settlement.nano = row.nano;
    }
    settlement.baseline_nano = settlement.uncached_nano = settlement.nano;  // nothing is claimed to have been saved
    TRY(end_reservation(db, row, answer ? LedgerState::answered : LedgerState::lost, settlement, now));
  }
  return static_cast<std::int64_t>(open.size());
}

}  // namespace hobd
