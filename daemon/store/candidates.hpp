// Choosing what a search looks at; see searches.hpp.
#pragma once

#include "store/postings.hpp"
#include "store/searches.hpp"

#include <chrono>

namespace hobd {

/// What searches learn about the store and keep: sizes of common terms, how many messages a user has. Thread: any.
class SearchCache {
 public:
  TermSizes sizes;
  /// Looked up again after a minute: counting a user's conversations for each search would cost more than it tells.
  Result<double> messages_of(Connection& db, std::int64_t user);

 private:
  struct Count {
    double messages = 0;
    std::chrono::steady_clock::time_point at;
  };
  static constexpr std::size_t kMost = 4'096;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, Count> counts_;
};

/// Searches::messages() on one connection, without the rows in `not_rows`.
Result<MessageCandidates> find_message_candidates(Connection& db, SearchCache& cache, const CandidateQuery& query,
                                                  const std::vector<std::int64_t>& not_rows = {});

/// Searches::memories().
Result<MemoryCandidates> find_memory_candidates(Connection& db, SearchCache& cache, const CandidateQuery& query,
                                                const MemoryFilter& filter, Time now);

/// The best rows by what the posting lists alone tell: each term weighs by its rarity and its factor (1 where there is none), and a
/// row's neighbours by rowid add to it, as neighbours of its session will. Ascending.
std::vector<std::int64_t> best_rows(const std::vector<Posting>& postings, double all_rows, std::size_t most, const std::vector<double>& factors = {});

/// Which of the terms stand in a row. `rows` ascending; the result is in their order.
std::vector<std::uint64_t> terms_of_rows(const std::vector<Posting>& postings, const std::vector<std::int64_t>& rows);

}  // namespace hobd
