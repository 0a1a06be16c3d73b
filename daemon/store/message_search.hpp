// The lexical search over one user's messages.
//
// Each word of the query is looked up by itself. A rare word weighs on all its rows; of a common one (more than
// kMostRows) the newest rows are looked at, and it weighs on what the other words find. The rows are scored here by BM25's weights (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
// 2009) with a term counted once a message. FTS5's own bm25() reads the size of every matching row and counts every
// match of every word before the first hit comes back: with a word that stands in each message, the price of a
// search grows with all that was ever said.
#pragma once

#include "store/sqlite.hpp"
#include "store/store.hpp"

#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace hobd {

/// Words known to be common, so that not each search counts them again. One that grew rare because messages were
/// removed is still found, among its newest rows. Thread: any.
class CommonWords {
 public:
  bool contains(const std::string& word) const;
  /// Forgets all when it holds too many.
  void add(const std::string& word);

 private:
  static constexpr std::size_t kMost = 4'096;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> words_;
};

/// Conversations::search() on one connection, without the rows in `not_rows`.
Result<std::vector<MessageHit>> search_messages(Connection& db, CommonWords& common, const std::string& user_id,
                                                const MessageQuery& query, const std::vector<std::int64_t>& not_rows = {});

}  // namespace hobd
