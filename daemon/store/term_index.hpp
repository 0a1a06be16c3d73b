// A full-text index that stays in step with its rows, inside the writer's transactions.
//
// One FTS5 table a kind of row ("message_fts", "memory_fts"), rowid = the row's, its tokens the terms of the row's text, each
// prefixed by the user (terms.hpp). detail=none and columnsize=0: a posting list is nothing but rowids, which is what makes a
// common word cheap to read. The texts stay in their own table: a view with index_terms() feeds 'rebuild' and 'integrity-check'.
#pragma once

#include "store/sqlite.hpp"

#include <algorithm>
#include <vector>

namespace hobd {

/// What is added and removed waits here until the end of the batch: FTS5 writes a segment to disk at every SAVEPOINT once it was
/// written to, so that adding each row at once would cost a segment (and its merging) a row.
class TermIndex {
 public:
  /// `table`: the FTS5 table, whose one column is "terms".
  TermIndex(Connection& db, std::string table);

  void add(std::int64_t row, std::int64_t user, std::string_view text);
  /// Takes a row out; `text` is the very text it was added with.
  void remove(std::int64_t row, std::int64_t user, std::string_view text);
  /// How much waits; rewind() forgets what came later, when its writer failed.
  std::size_t mark() const { return waiting_.size(); }
  void rewind(std::size_t mark) { waiting_.resize(std::min(mark, waiting_.size())); }
  /// Writes what waits.
  Result<void> flush();

  /// A removed row's terms stay in older segments until those are merged. One bounded step of merging all segments into one,
  /// some `pages` written; true: it is done, and no term is left that only removed rows had.
  Result<bool> scrub(int pages);

 private:
  struct Row {
    std::int64_t row = 0;
    std::string terms;
    bool is_removed = false;
  };
  Connection& db_;
  std::string insert_, delete_, merge_;
  std::vector<Row> waiting_;
};

}  // namespace hobd
