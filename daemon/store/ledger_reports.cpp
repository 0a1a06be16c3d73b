// usage.list and usage.summary.
#include "store/cursor.hpp"
#include "store/ledger_rows.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace hobd {
namespace {

constexpr std::array kPurposes = {Purpose::chat,    Purpose::routing,   Purpose::extraction, Purpose::consolidation,
                                  Purpose::summary, Purpose::embedding, Purpose::other};
constexpr std::int64_t kPruneStep = 5'000;
/// The latest days that something was booked on stay, however old the clock makes them: one that jumps ahead for an hour must not
/// take with it what was spent today.
constexpr int kDaysKept = 31;

Purpose purpose_from_name(std::string_view name) {
  for (const Purpose purpose : kPurposes)
    if (purpose_name(purpose) == name) return purpose;
  return Purpose::other;
}

const char* column_of(SumBy by) {
  switch (by) {
    case SumBy::day: return "day";
    case SumBy::model: return "model";
    case SumBy::user: return "user_id";
    case SumBy::channel: return "channel";
    case SumBy::purpose: return "purpose";
    case SumBy::tier: return "tier";
  }
  return "day";
}

/// From and until when, as numbers that every row's time is compared with.
std::array<std::int64_t, 2> span_of(const LedgerFilter& filter) {
  return {filter.since ? to_micros(*filter.since) : std::numeric_limits<std::int64_t>::min(),
          filter.until ? to_micros(*filter.until) : std::numeric_limits<std::int64_t>::max()};
}

}  // namespace

std::string_view ledger_state_name(LedgerState state) noexcept {
  switch (state) {
    case LedgerState::reserved: return "reserved";
    case LedgerState::answered: return "answered";
    case LedgerState::failed: return "failed";
    case LedgerState::cancelled: return "cancelled";
    case LedgerState::lost: return "lost";
    case LedgerState::released: return "released";
  }
  return "lost";
}

LedgerEntry read_ledger_entry(const Query& row) {
  LedgerEntry entry;
  entry.id = row.text(1);
  entry.call = {.user_id = row.text(2), .channel = row.text(3), .conversation_id = row.text(4), .turn_id = row.text(5),
                .job = row.text(6), .purpose = purpose_from_name(row.view(7)), .is_background = row.integer(8) != 0};
  entry.model = row.text(9);
  entry.tier = row.text(10);
  const auto state = static_cast<LedgerState>(row.integer(11));
  entry.state = ledger_state_name(state);
  entry.at = row.time(12);
  if (!row.is_null(13)) entry.settled_at = row.time(13);
  entry.reserved_nano = row.integer(14);
  Settlement& settlement = entry.settlement;
  settlement.id = entry.id;
  if (state != LedgerState::reserved && state != LedgerState::released) settlement.outcome = entry.state;
  settlement.nano = row.integer(15);
  settlement.baseline_nano = row.integer(16);
  settlement.uncached_nano = row.integer(17);
  settlement.usage.input_tokens = row.integer(18);
  if (state != LedgerState::reserved) settlement.usage.output_tokens = row.integer(19);
  settlement.usage.cached_tokens = row.integer(20);
  settlement.usage.cache_write_tokens = row.integer(21);
  settlement.usage.cost_usd = static_cast<double>(settlement.nano) / static_cast<double>(kNanoPerUsd);
  settlement.usage.model = entry.model;
  settlement.usage.tier = entry.tier;
  settlement.is_estimated = row.integer(22) != 0;
  return entry;
}

Result<Page<LedgerEntry>> list_ledger(Connection& db, const LedgerFilter& filter, const PageRequest& page) {
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  const CursorKey key = TRY(read_page('l', page, {kEnd, kEnd}));
  const auto [since, until] = span_of(filter);
  const std::string sql = std::string("SELECT " HOB_LEDGER_COLUMNS "FROM ledger WHERE ") + (filter.user_id.empty() ? "?1 = ''" : "user_id = ?1") +
                          " AND at >= ?2 AND at < ?3 AND (at, id) < (?4, ?5) ORDER BY at DESC, id DESC LIMIT ?6";
  auto rows = TRY(db.query(sql, filter.user_id, since, until, key[0], key[1], page.limit + 1));
  Page<LedgerEntry> result;
  CursorKey last{};
  while (TRY(rows.next())) {
    if (result.items.size() == page.limit) {
      result.next = make_cursor('l', last);
      break;
    }
    last = {rows.integer(12), rows.integer(0)};
    result.items.push_back(read_ledger_entry(rows));
  }
  return result;
}

Result<std::vector<LedgerSum>> sum_ledger(Connection& db, const LedgerFilter& filter, SumBy by) {
  const auto [since, until] = span_of(filter);
  const std::string key = column_of(by);
  const std::string sql = "SELECT " + key +
                          ", count(*), sum(state IN (2, 4)), sum(input_tokens), sum(CASE WHEN state = 0 THEN 0 ELSE output_tokens END), sum(cached_tokens), "
                          "sum(cache_write_tokens), sum(nano), sum(baseline_nano), sum(uncached_nano), "
                          "sum(CASE WHEN state = 0 THEN reserved_nano ELSE 0 END), sum(is_estimated) FROM ledger WHERE " +
                          (filter.user_id.empty() ? "?1 = ''" : "user_id = ?1") +
                          " AND at >= ?2 AND at < ?3 AND state <> 5 GROUP BY " + key + " ORDER BY " + key;
  auto rows = TRY(db.query(sql, filter.user_id, since, until));
  std::vector<LedgerSum> sums;
  while (TRY(rows.next())) {
    LedgerSum sum;
    sum.key = rows.text(0);
    sum.calls = rows.integer(1);
    sum.failed = rows.integer(2);
    sum.input_tokens = rows.integer(3);
    sum.output_tokens = rows.integer(4);
    sum.cached_tokens = rows.integer(5);
    sum.cache_write_tokens = rows.integer(6);
    sum.nano = rows.integer(7);
    sum.baseline_nano = rows.integer(8);
    sum.uncached_nano = rows.integer(9);
    sum.reserved_nano = rows.integer(10);
    sum.estimated_calls = rows.integer(11);
    sums.push_back(std::move(sum));
  }
  return sums;
}

Result<void> prune_ledger(Connection& db, Time before) {
  std::string oldest = "day " + format_time(before).substr(0, 10);
  {
    auto days = TRY(db.query("SELECT DISTINCT window FROM ledger_accounts WHERE window >= 'day ' AND window < 'day:' ORDER BY window DESC LIMIT 1 OFFSET ?",
                             kDaysKept - 1));
    if (!TRY(days.next())) return {};
    oldest = std::min(oldest, days.text(0));
  }
  TRY(db.run("DELETE FROM ledger WHERE id IN (SELECT id FROM ledger WHERE at < ? AND day < ? AND state <> 0 ORDER BY at LIMIT ?)", before,
             oldest.substr(4), kPruneStep));
  TRY(db.run("DELETE FROM ledger_accounts WHERE id IN (SELECT id FROM ledger_accounts WHERE window >= 'day ' AND window < ? "
             "AND reserved_nano = 0 AND reserved_tokens = 0 LIMIT ?)",
             oldest, kPruneStep));
  TRY(db.run("DELETE FROM ledger_warnings WHERE window >= 'day ' AND window < ?", oldest));
  return {};
}

Result<void> remove_user_from_ledger(Connection& db, const std::string& user_id) {
  TRY(db.run("UPDATE ledger SET user_id = '', conversation_id = '', turn_id = '' WHERE user_id = ?", user_id));
  TRY(db.run("DELETE FROM ledger_accounts WHERE scope = 'user' AND name = ?", user_id));
  TRY(db.run("DELETE FROM ledger_warnings WHERE scope = 'user' AND name = ?", user_id));
  TRY(db.run("DELETE FROM budget_limits WHERE scope = 'user' AND name = ?", user_id));
  return {};
}

}  // namespace hobd
