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

struct Candidate {
  std::int64_t row = 0;
  double weight = 0;  // the sum of its words' inverse document frequencies
};

/// Every row that holds a word of the query, the heaviest first, among equals the newest.
Result<std::vector<Candidate>> find_candidates(Connection& db, std::int64_t user, const std::vector<std::string>& words) {
  auto newest = TRY(db.query("SELECT coalesce(max(id), 0) FROM messages"));
  TRY(newest.next());
  const double all = double(newest.integer(0)) + 1;
  std::unordered_map<std::int64_t, double> weights;
  for (const std::string& word : words) {
    auto rows = TRY(db.query("SELECT rowid FROM message_fts WHERE message_fts MATCH ? ORDER BY rowid DESC LIMIT ?",
                             word_query(user, word), std::int64_t(kMostRows)));
    std::vector<std::int64_t> found;
    while (TRY(rows.next())) found.push_back(rows.integer(0));
    // How often a common word really occurs isn't known: half of all rows gives it next to no weight.
    const double count = found.size() == kMostRows ? std::max(double(kMostRows), all / 2) : double(found.size());
    const double weight = std::log(1 + (std::max(all, count) - count + 0.5) / (count + 0.5));
    for (const std::int64_t row : found) weights[row] += weight;
  }
  std::vector<Candidate> candidates;
  candidates.reserve(weights.size());
  for (const auto& [row, weight] : weights) candidates.push_back({row, weight});
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.row > b.row;
  });
  return candidates;
}

/// BM25 of a message whose matched words weigh `weight`.
double score_of(double weight, std::size_t bytes) {
  const double length = double(bytes) / kUsualBytes;
  return weight * (kSaturation + 1) / (1 + kSaturation * (1 - kLengthShare + kLengthShare * length));
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
  const std::vector<Candidate> candidates = TRY(find_candidates(db, user, words));
  // The length is known once a row is read. A short message can pass a heavier long one, so some more are read than
  // are wanted. The user is asked for twice: as a word of the index, for speed, and as a column, for certainty.
  const std::size_t wanted = std::size_t(limit) * 2 + 20;
  for (const Candidate& candidate : candidates) {
    if (hits.size() == wanted) break;
    auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                             "WHERE m.id = ?1 AND m.user = ?2 AND (?3 = '' OR m.role = ?3) "
                             "AND (?4 = '' OR t.tid IS NULL OR t.tid <> ?4)",
                             candidate.row, user, role, not_turn));
    if (!TRY(rows.next())) continue;
    MessageHit hit;
    hit.message = TRY(read_message(rows));
    hit.score = score_of(candidate.weight, hit.message.text.size());
    hits.push_back(std::move(hit));
  }
  std::stable_sort(hits.begin(), hits.end(), [](const MessageHit& a, const MessageHit& b) { return a.score > b.score; });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

}  // namespace hobd
