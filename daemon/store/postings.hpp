// Posting lists of a TermIndex, read for one search.
//
// A list is read by a function of our own inside FTS5 (xQueryPhrase), which hands over some forty million rowids a second;
// stepping a SELECT over them takes two and a half times as long. bm25() is never asked: it reads the size of every match of
// every term before the first hit comes back.
#pragma once

#include "store/sqlite.hpp"

#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace hobd {

/// The rows with one term; with a rare one also those with a longer or shorter form of it ("photograph", "photo"; "educaton").
struct Posting {
  std::vector<std::int64_t> rows;  // ascending
  /// All of them. If not, `rows` are the newest only: the term is in so many that reading them all would cost more than it tells.
  bool is_whole = true;
  double count = 0;  // how many there are, or at least so many
};

/// How many rows a common term had when it was last read, so that a search begins with the rarest. Thread: any.
class TermSizes {
 public:
  std::size_t of(const std::string& term) const;  // 0: not known
  void set(const std::string& term, std::size_t size);

 private:
  static constexpr std::size_t kMost = 4'096;  // then it begins anew
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> sizes_;
};

/// Makes the function known to a connection, before the first read_postings() on it.
Result<void> add_postings_function(Connection& db);

/// The posting lists of `terms` of one user in `table`, at most some `budget` rows in all: the rarest whole, of the others the
/// newest few thousand.
Result<std::vector<Posting>> read_postings(Connection& db, TermSizes& sizes, std::string_view table, std::int64_t user,
                                           std::span<const std::string> terms, std::size_t budget);

}  // namespace hobd
