#include "store/term_index.hpp"

#include "store/terms.hpp"

#include <sqlite3.h>

namespace hobd {

TermIndex::TermIndex(Connection& db, std::string table)
    : db_(db),
      insert_("INSERT INTO " + table + "(rowid, terms) VALUES (?, ?)"),
      delete_("INSERT INTO " + table + "(" + table + ", rowid, terms) VALUES ('delete', ?, ?)"),
      merge_("INSERT INTO " + table + "(" + table + ", rank) VALUES ('merge', ?)") {}

void TermIndex::add(std::int64_t row, std::int64_t user, std::string_view text) {
  waiting_.push_back({.row = row, .terms = index_terms(user, text)});
}

void TermIndex::remove(std::int64_t row, std::int64_t user, std::string_view text) {
  waiting_.push_back({.row = row, .terms = index_terms(user, text), .is_removed = true});
}

Result<void> TermIndex::flush() {
  for (const Row& row : waiting_) TRY(db_.run(row.is_removed ? delete_ : insert_, row.row, row.terms));
  waiting_.clear();
  return {};
}

Result<bool> TermIndex::scrub(int pages) {
  TRY(flush());
  const auto before = sqlite3_total_changes64(db_.handle());
  // Negative: all segments are to become one, not only those of one level.
  TRY(db_.run(merge_, -pages));
  // FTS5 changes one row of its own when there was nothing to merge.
  return sqlite3_total_changes64(db_.handle()) - before < 2;
}

}  // namespace hobd
