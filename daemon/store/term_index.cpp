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
  waiting_.push_back({row, index_terms(user, text)});
}

Result<void> TermIndex::remove(std::int64_t row, std::int64_t user, std::string_view text) {
  TRY(flush());
  TRY(db_.run(delete_, row, index_terms(user, text)));
  return {};
}

Result<void> TermIndex::flush() {
  for (; written_ < waiting_.size(); ++written_) TRY(db_.run(insert_, waiting_[written_].row, waiting_[written_].terms));
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
