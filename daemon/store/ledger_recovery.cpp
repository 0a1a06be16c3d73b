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
  JournaledAnswer found{.at = row.time(0), .usage = {}};
  found.usage.input_tokens = int_or(*usage, "input_tokens");
  found.usage.output_tokens = int_or(*usage, "output_tokens");
  found.usage.cached_tokens = int_or(*usage, "cached_tokens");
  found.usage.cache_write_tokens = int_or(*usage, "cache_write_tokens");
  found.usage.cost_usd = double_or(*usage, "cost_usd");
  found.usage.model = string_or(*usage, "model");
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

/// The answer to this very call. A turn asks one model at a time, so the answer stands in the journal between this reservation
/// and the turn's next one; what earlier settled calls of the turn were answered is taken out first, because a clock may have
/// stood still or gone back. When times don't fit, none is: the worst case is the safe side.
Result<std::optional<Usage>> find_answer(Connection& db, const OpenRow& row) {
  if (row.turn_id.empty() || row.purpose != purpose_name(Purpose::chat)) return std::optional<Usage>{};
  std::vector<JournaledAnswer> answers = TRY(answers_of(db, row.turn_id));
  std::optional<Time> next_at;
  {
    auto rows = TRY(db.query("SELECT id, at, state, input_tokens, output_tokens, cached_tokens, model FROM ledger "
                             "WHERE turn_id = ? AND turn_id <> '' AND purpose = 'chat' AND id <> ? ORDER BY id",
                             row.turn_id, row.id));
    while (TRY(rows.next())) {
      if (rows.integer(0) > row.id) {
        if (!next_at) next_at = rows.time(1);
        continue;
      }
      if (static_cast<LedgerState>(rows.integer(2)) != LedgerState::answered) continue;
      const auto its = std::find_if(answers.begin(), answers.end(), [&](const JournaledAnswer& answer) {
        return answer.usage.input_tokens == rows.integer(3) && answer.usage.output_tokens == rows.integer(4) &&
               answer.usage.cached_tokens == rows.integer(5);
      });
      if (its != answers.end()) answers.erase(its);
    }
  }
  const auto its = std::find_if(answers.begin(), answers.end(), [&](const JournaledAnswer& answer) {
    const std::string& model = answer.usage.model;
    return answer.at >= row.at && (!next_at || answer.at <= *next_at) &&
           (model.empty() || model == row.model || row.model.ends_with("/" + model));
  });
  if (its == answers.end()) return std::optional<Usage>{};
  return std::optional<Usage>{std::move(its->usage)};
}

}  // namespace

Result<std::int64_t> end_dead_reservations(Connection& db, std::int64_t run, Time now) {
  std::vector<OpenRow> open;
  {
    auto rows = TRY(db.query("SELECT id, at, turn_id, purpose, model, accounts, reserved_nano, reserved_tokens FROM ledger "
                             "WHERE state = 0 AND run <> ? ORDER BY id",
                             run));
    while (TRY(rows.next()))
      open.push_back({.id = rows.integer(0), .at = rows.time(1), .turn_id = rows.text(2), .purpose = rows.text(3), .model = rows.text(4),
                      .accounts = rows.text(5), .nano = rows.integer(6), .tokens = rows.integer(7)});
  }
  for (const OpenRow& row : open) {
    const std::optional<Usage> answer = TRY(find_answer(db, row));
    Settlement settlement;
    if (answer) {
      settlement.usage = *answer;
      settlement.nano = std::llround(answer->cost_usd * static_cast<double>(kNanoPerUsd));
    } else {
      settlement.usage.input_tokens = row.tokens;  // the row doesn't know which of them were the answer's
      settlement.is_estimated = true;
      settlement.nano = row.nano;
    }
    settlement.baseline_nano = settlement.uncached_nano = settlement.nano;  // nothing is claimed to have been saved
    TRY(end_reservation(db, row, answer ? LedgerState::answered : LedgerState::lost, settlement, now));
  }
  return static_cast<std::int64_t>(open.size());
}

}  // namespace hobd
