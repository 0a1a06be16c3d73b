#include "store/message_search.hpp"

#include "store/rows.hpp"
#include "store/terms.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::uint32_t kMostHits = 500;
constexpr std::size_t kMostRows = 200;    // of one word; a word in more is common
constexpr std::size_t kCommonRows = 64;   // of a common word, the newest
constexpr std::size_t kReadBytes = 2'048;  // of a message's text, for common words
constexpr double kCommonShare = 0.1;      // how many of all messages a common word is taken to be in
constexpr double kSaturation = 1.2, kLengthShare = 0.75;  // k1 and b
constexpr double kUsualBytes = 80;                        // the length of a message that is neither long nor short

struct Candidate {
  std::int64_t row = 0;
  double weight = 0, score = 0;
  std::size_t bytes = 0;
  std::vector<std::string> words = {};  // of its beginning
};

/// A word in more than kMostRows, and its newest rows, newest first.
struct CommonWord {
  std::string word;
  std::vector<std::int64_t> newest;
};

using Weights = std::unordered_map<std::int64_t, double>;  // row -> the sum of its words' weights

/// How much a word tells that is in `count` of `all` messages.
double weight_of(double count, double all) { return std::log(1 + (std::max(all, count) - count + 0.5) / (count + 0.5)); }

/// BM25 of a message whose matched words weigh `weight`.
double score_of(double weight, std::size_t bytes) {
  const double length = double(bytes) / kUsualBytes;
  return weight * (kSaturation + 1) / (1 + kSaturation * (1 - kLengthShare + kLengthShare * length));
}

/// The newest rows that `query` matches.
Result<std::vector<std::int64_t>> newest_rows(Connection& db, const std::string& query, std::size_t limit) {
  auto rows = TRY(db.query("SELECT rowid FROM message_fts WHERE message_fts MATCH ? ORDER BY rowid DESC LIMIT ?", '"' + query + '"', limit));
  std::vector<std::int64_t> found;
  while (TRY(rows.next())) found.push_back(rows.integer(0));
  return found;
}

void sort_best_first(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.row > b.row;
  });
}

/// One search: who asks, what fits, and the rows that were found so far.
class Search {
 public:
  Search(Connection& db, CommonWords& known, std::int64_t user, const MessageQuery& query,
         const std::vector<std::int64_t>& not_rows)
      : db_(db), known_(known), user_(user), query_(query), not_rows_(not_rows), limit_(std::min(query.limit, kMostHits)) {}

  Result<std::vector<Candidate>> run(const std::vector<std::string>& words) {
    auto newest = TRY(db_.query("SELECT coalesce(max(id), 0) FROM messages"));
    TRY(newest.next());
    const double all = double(newest.integer(0)) + 1;
    common_weight_ = weight_of(std::max(double(kMostRows), all * kCommonShare), all);

    // A rare term weighs on all its rows; of a common one the newest rows are looked at, and it weighs on what the others find.
    Weights weights;
    std::vector<CommonWord> common;
    for (const std::string& word : words) {
      const std::string own = owned_term(user_, word);
      if (!known_.contains(own)) {
        if (TRY(add_rows(own, all, weights))) continue;
        known_.add(own);
      }
      common.push_back({word, TRY(newest_rows(db_, own, kCommonRows))});
      for (const std::int64_t row : common.back().newest) weights[row] += common_weight_;
    }
    std::vector<Candidate> best = TRY(fitting(weights));
    add_common_words(common, common_weight_, best);
    sort_best_first(best);
    if (best.size() > limit_) best.resize(limit_);
    return best;
  }

 private:
  /// Adds the rows that `query` matches, with the weight of its word. False: there are more than kMostRows, and
  /// nothing was added.
  Result<bool> add_rows(const std::string& query, double all, Weights& weights) {
    const auto found = TRY(newest_rows(db_, query, kMostRows + 1));
    if (found.size() > kMostRows) return false;
    for (const std::int64_t row : found) weights[row] += weight_of(double(found.size()), all);
    return true;
  }

  /// The heaviest rows that are the user's and fit the query. The length is known once a row is read, and a short
  /// message can pass a heavier long one: these are some more than are wanted.
  Result<std::vector<Candidate>> fitting(const Weights& weights) {
    std::vector<Candidate> heavy;
    heavy.reserve(weights.size());
    std::map<std::tuple<std::int64_t, std::size_t, std::size_t>, bool> seen;  // time, speaker, text -> by a copy
    const auto is_first = [&seen](const Query& row) {
      const std::hash<std::string_view> hash;
      const bool is_copy = row.integer(3) != 0;  // no turn began or ended with it
      const auto [known, is_new] = seen.emplace(std::tuple(row.integer(1), hash(row.view(2)), hash(row.view(0))), is_copy);
      return is_new || !(is_copy || known->second);
    };
    for (const auto& [row, weight] : weights) {
      if (std::find(not_rows_.begin(), not_rows_.end(), row) == not_rows_.end()) {
        heavy.push_back({row, weight, weight, 0});
        continue;
      }
      auto rows = TRY(db_.query("SELECT text, at, speaker, turn IS NULL FROM messages WHERE id = ?", row));
      if (TRY(rows.next())) is_first(rows);
    }
    sort_best_first(heavy);
    std::vector<Candidate> best;
    for (Candidate& candidate : heavy) {
      if (best.size() == limit_ * 2 + 5) break;
      auto rows = TRY(db_.query("SELECT m.text, m.at, m.speaker, m.turn IS NULL FROM messages m WHERE m.id = ?1 AND m.user = ?2 "
                                "AND (?3 = '' OR m.role = ?3) AND (?4 OR m.text NOT LIKE '/%' OR m.text LIKE '//%') AND (?5 = '' OR m.turn IS NULL "
                                "OR m.turn <> coalesce((SELECT id FROM turns WHERE tid = ?5), 0))",
                                candidate.row, user_, query_.role, query_.commands ? 1 : 0, query_.not_turn));
      if (!TRY(rows.next())) continue;
      const std::string_view text = rows.view(0);
      // A fork copies messages: the same words of the same speaker at the same time are one hit.
      if (!is_first(rows)) continue;
      candidate.bytes = text.size();
      candidate.score = score_of(candidate.weight, candidate.bytes);
      candidate.words = terms(text.substr(0, kReadBytes));
      best.push_back(std::move(candidate));
    }
    return best;
  }

  /// Adds the weight of the common words to the candidates that hold one outside its newest rows. Asking the index for
  /// each would cost more than the search.
  static void add_common_words(const std::vector<CommonWord>& common, double weight, std::vector<Candidate>& best) {
    for (Candidate& candidate : best) {
      for (const CommonWord& word : common) {
        const bool counted = std::binary_search(word.newest.rbegin(), word.newest.rend(), candidate.row);
        if (!counted && std::find(candidate.words.begin(), candidate.words.end(), word.word) != candidate.words.end()) candidate.weight += weight;
      }
      candidate.score = score_of(candidate.weight, candidate.bytes);
    }
  }

  Connection& db_;
  CommonWords& known_;
  const std::int64_t user_;
  const MessageQuery& query_;
  const std::vector<std::int64_t>& not_rows_;
  const std::size_t limit_;
  double common_weight_ = 0;
};

}  // namespace

bool CommonWords::contains(const std::string& word) const {
  const std::lock_guard lock(mutex_);
  return words_.contains(word);
}

void CommonWords::add(const std::string& word) {
  const std::lock_guard lock(mutex_);
  if (words_.size() >= kMost) words_.clear();
  words_.insert(word);
}

Result<std::vector<MessageHit>> search_messages(Connection& db, CommonWords& common, const std::string& user_id,
                                                const MessageQuery& query, const std::vector<std::int64_t>& not_rows) {
  std::vector<MessageHit> hits;
  const std::int64_t user = TRY(user_row(db, user_id));
  const std::vector<std::string> words = query_terms(query.text);
  if (words.empty() || query.limit == 0) return hits;
  Search search(db, common, user, query, not_rows);
  for (const Candidate& candidate : TRY(search.run(words))) {
    auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS "WHERE m.id = ?", candidate.row));
    if (TRY(rows.next())) hits.push_back({TRY(read_message(rows)), candidate.score});
  }
  return hits;
}

}  // namespace hobd
