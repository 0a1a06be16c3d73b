#include "store/message_search.hpp"

#include "store/rows.hpp"
#include "store/search_text.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::uint32_t kMostHits = 500;
constexpr std::size_t kMostRows = 500;  // of one word; a word in more is common, and its newest rows stand for it
constexpr double kSaturation = 1.2, kLengthShare = 0.75;  // k1 and b
constexpr double kUsualBytes = 80;                        // the length of a message that is neither long nor short

constexpr double kCommonWeight = 0.05;

struct Candidate {
  std::int64_t row = 0;
  double score = 0;
};

using Weights = std::unordered_map<std::int64_t, double>;  // row -> the sum of its words' weights

/// Adds the newest rows that `query` matches, with the weight of one word. False: there are more than kMostRows, and
/// nothing was added.
Result<bool> add_rows(Connection& db, const std::string& query, double all, Weights& weights) {
  auto rows = TRY(db.query("SELECT rowid FROM message_fts WHERE message_fts MATCH ? ORDER BY rowid DESC LIMIT ?", query,
                           std::int64_t(kMostRows) + 1));
  std::vector<std::int64_t> found;
  while (TRY(rows.next())) found.push_back(rows.integer(0));
  if (found.size() > kMostRows) return false;
  const double count = double(found.size());
  const double weight = std::log(1 + (std::max(all, count) - count + 0.5) / (count + 0.5));
  for (const std::int64_t row : found) weights[row] += weight;
  return true;
}

/// The newest rows of a word that is common: they weigh next to nothing, but may be all there is.
Result<void> add_common_rows(Connection& db, const std::string& query, Weights& weights) {
  auto rows = TRY(db.query("SELECT rowid FROM message_fts WHERE message_fts MATCH ? ORDER BY rowid DESC LIMIT ?", query,
                           std::int64_t(kMostRows)));
  while (TRY(rows.next())) weights[rows.integer(0)] += kCommonWeight;
  return {};
}

/// BM25 of a message whose matched words weigh `weight`.
double score_of(double weight, std::size_t bytes) {
  const double length = double(bytes) / kUsualBytes;
  return weight * (kSaturation + 1) / (1 + kSaturation * (1 - kLengthShare + kLengthShare * length));
}

/// The best rows that are the user's and fit the filters, best first, among equals the newest.
Result<std::vector<Candidate>> best_rows(Connection& db, const Weights& weights, std::int64_t user, const std::string& role,
                                         const std::string& not_turn, std::size_t limit) {
  std::vector<Candidate> heavy;
  heavy.reserve(weights.size());
  for (const auto& [row, weight] : weights) heavy.push_back({row, weight});
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.row > b.row;
  };
  std::sort(heavy.begin(), heavy.end(), better);
  // The length is known once a row is read, and a short message can pass a heavier long one: read more than are wanted.
  std::vector<Candidate> best;
  for (const Candidate& candidate : heavy) {
    if (best.size() == limit * 2 + 20) break;
    auto rows = TRY(db.query("SELECT length(m.text) FROM messages m WHERE m.id = ?1 AND m.user = ?2 "
                             "AND (?3 = '' OR m.role = ?3) AND (?4 = '' OR m.turn IS NULL "
                             "OR m.turn <> coalesce((SELECT id FROM turns WHERE tid = ?4), 0))",
                             candidate.row, user, role, not_turn));
    if (TRY(rows.next())) best.push_back({candidate.row, score_of(candidate.score, std::size_t(rows.integer(0)))});
  }
  std::sort(best.begin(), best.end(), better);
  if (best.size() > limit) best.resize(limit);
  return best;
}

}  // namespace

Result<std::vector<MessageHit>> search_messages(Connection& db, const std::string& user_id, const std::string& query,
                                                std::uint32_t limit, const std::string& role,
                                                const std::string& not_turn) {
  std::vector<MessageHit> hits;
  const std::int64_t user = TRY(user_row(db, user_id));
  const std::vector<std::string> words = search_words(query);
  limit = std::min(limit, kMostHits);
  if (words.empty() || limit == 0) return hits;
  auto newest = TRY(db.query("SELECT coalesce(max(id), 0) FROM messages"));
  TRY(newest.next());
  const double all = double(newest.integer(0)) + 1;

  // Words that are rare in the whole house first: looked up without the user's word they cost least, and the rows of
  // others drop out when they are read. Where they don't fill the answer, the common ones among the user's own rows.
  Weights weights;
  std::vector<std::string> common;
  for (const std::string& word : words)
    if (!TRY(add_rows(db, word_query(word), all, weights))) common.push_back(word);
  std::vector<Candidate> best = TRY(best_rows(db, weights, user, role, not_turn, limit));
  if (best.size() < limit && !common.empty()) {
    for (const std::string& word : common)
      if (!TRY(add_rows(db, word_query(user, word), all, weights)))
        TRY(add_common_rows(db, word_query(user, word), weights));
    best = TRY(best_rows(db, weights, user, role, not_turn, limit));
  }
  for (const Candidate& candidate : best) {
    auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS "WHERE m.id = ? AND m.user = ?",
                             candidate.row, user));
    if (!TRY(rows.next())) continue;
    hits.push_back({TRY(read_message(rows)), candidate.score});
  }
  return hits;
}

}  // namespace hobd
