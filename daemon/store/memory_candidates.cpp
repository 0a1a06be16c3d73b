#include "store/candidates.hpp"

#include "store/memory_rows.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kSeeds = 300;
/// When a filter may leave little of them.
constexpr std::size_t kFilteredSeeds = 3'000;
constexpr std::size_t kMostDated = 50;
constexpr std::size_t kPostings = 250'000;

/// The latest versions of what became true in one of the spans.
Result<void> add_dated(Connection& db, std::int64_t user, const std::vector<TimeSpan>& spans, std::vector<std::int64_t>& rows) {
  for (const TimeSpan& span : spans) {
    auto found = TRY(db.query("SELECT id FROM memories WHERE user = ? AND version_to IS NULL AND valid_from >= ? AND valid_from < ? LIMIT ?",
                              user, span.from, span.to, kMostDated));
    while (TRY(found.next())) rows.push_back(found.integer(0));
  }
  return {};
}

}  // namespace

Result<MemoryCandidates> find_memory_candidates(Connection& db, SearchCache& cache, const CandidateQuery& query,
                                                const MemoryFilter& filter, Time now) {
  MemoryCandidates found;
  const std::int64_t user = TRY(user_row(db, query.user_id));
  const auto postings = TRY(read_postings(db, cache.sizes, "memory_fts", user, query.terms, kPostings));
  auto count = TRY(db.query("SELECT count(*) FROM memories WHERE user = ? AND version_to IS NULL", user));
  TRY(count.next());
  found.counts.rows = double(count.integer(0));
  for (const Posting& posting : postings) {
    found.counts.holding.push_back(posting.count);
    found.counts.rows = std::max(found.counts.rows, posting.count);
  }
  const bool is_filtered = filter.kind || !filter.topic.empty() || !filter.person.empty() || filter.as_of || filter.valid_at ||
                           query.since || query.until;
  std::vector<std::int64_t> rows = best_rows(postings, found.counts.rows, is_filtered ? kFilteredSeeds : kSeeds);
  TRY(add_dated(db, user, query.spans, rows));
  rows.insert(rows.end(), query.rows.begin(), query.rows.end());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  const std::vector<std::uint64_t> known = terms_of_rows(postings, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto versions = filter.as_of ? TRY(db.query(HOB_SELECT_MEMORY "WHERE v.id = ?1 AND v.user = ?2 AND v.version_from <= ?3 "
                                                                  "AND (v.version_to IS NULL OR v.version_to > ?3)",
                                                rows[i], user, *filter.as_of))
                                 : TRY(db.query(HOB_SELECT_MEMORY "WHERE v.id = ? AND v.user = ? AND v.version_to IS NULL", rows[i], user));
    if (!TRY(versions.next())) continue;
    MemoryCandidate item;
    item.row = rows[i];
    item.memory = TRY(read_memory(versions)).value;
    if (!passes(item.memory, filter, now)) continue;
    if ((query.since && item.memory.recorded_at < *query.since) || (query.until && item.memory.recorded_at >= *query.until)) continue;
    item.terms = known[i];
    found.items.push_back(std::move(item));
  }
  return found;
}

}  // namespace hobd
