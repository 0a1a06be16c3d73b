#include "store/candidates.hpp"

#include "base/sent_text.hpp"
#include "store/rows.hpp"
#include "store/terms.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace hobd {
namespace {

/// Rows that the index is asked for; with their neighbours some three times as many are looked at.
constexpr std::size_t kFirstSeeds = 20, kSeeds = 120;
/// Of what was said at a time that the question names: those with a word of the question, and of the rest the longest.
constexpr std::size_t kDatedSeeds = 60, kDatedRest = 20, kDatedSample = 200, kMostDated = 5'000;
/// Read of posting lists for one search.
constexpr std::size_t kPostings = 250'000;
constexpr std::size_t kMostTerms = 64;

/// Messages of its session that are read before and behind a seed.
constexpr std::size_t kAround = 3;
/// By rowid: where other sessions' messages stand in between, it is farther.
constexpr std::int64_t kNearSeed = 12;

/// A message of a session near a seed.
struct Loaded {
  std::int64_t session = 0;
  bool is_wanted = false;  // not only a neighbour's neighbour
  bool fits = false;       // the query's filters
  bool is_copy = false;
  bool is_silent = false;  // its words speak for no neighbour: a command, or the question itself
  Time at{};
  std::uint32_t length = 0;
  std::string role, speaker, text;
  std::uint64_t terms = 0;
};
using LoadedRows = std::map<std::int64_t, Loaded>;

#define HOB_NEAR_COLUMNS "id, session, at, role, speaker, substr(text, 1, 8192), length(text), turn, user "

class Choice {
 public:
  Choice(Connection& db, std::int64_t user, const CandidateQuery& query) : db_(db), user_(user), query_(query) {}

  Result<void> prepare() {
    if (query_.not_turn.empty()) return {};
    auto rows = TRY(db_.query("SELECT id FROM turns WHERE tid = ?", query_.not_turn));
    if (TRY(rows.next())) not_turn_ = rows.integer(0);
    return {};
  }

  /// Reads rows of the index, ascending, and what stands around each.
  Result<void> load(const std::vector<std::int64_t>& seeds) {
    for (const std::int64_t seed : seeds)
      if (!loaded_.contains(seed)) TRY(load_run(seeds, seed));
    return {};
  }

  LoadedRows& rows() { return rows_; }

 private:
  /// Reads on from a seed in its session: what is talked about is talked about in a row, and the next seed mostly stands near.
  Result<void> load_run(const std::vector<std::int64_t>& seeds, std::int64_t seed) {
    if (!rows_.contains(seed)) {
      auto rows = TRY(db_.query("SELECT " HOB_NEAR_COLUMNS "FROM messages WHERE id = ?", seed));
      if (!TRY(rows.next()) || rows.integer(8) != user_) return {};
      take(rows);
    }
    const std::int64_t session = rows_.at(seed).session;
    // A seed stands before, one before, or behind a message that it speaks for; those have neighbours of their own.
    std::vector<std::int64_t> run;
    auto before = TRY(db_.query("SELECT " HOB_NEAR_COLUMNS "FROM messages WHERE session = ? AND id < ? ORDER BY id DESC LIMIT ?", session, seed, kAround));
    while (TRY(before.next())) run.push_back(take(before));
    std::reverse(run.begin(), run.end());
    std::vector<std::size_t> own{run.size()};  // places of seeds in the run
    run.push_back(seed);
    auto behind = TRY(db_.query("SELECT " HOB_NEAR_COLUMNS "FROM messages WHERE session = ? AND id > ? ORDER BY id", session, seed));
    const auto goes_on = [&](std::size_t count) {
      if (count < kAround) return true;
      const bool is_dense = run.back() - run[run.size() - 2] <= kNearSeed;  // no other sessions' messages in between
      return count < 2 * kAround && is_dense && is_near_seed(seeds, run.back());
    };
    for (std::size_t count = 0; goes_on(count);) {
      if (!TRY(behind.next())) break;
      const std::int64_t row = take(behind);
      ++count;
      if (!loaded_.contains(row) && std::binary_search(seeds.begin(), seeds.end(), row)) {
        own.push_back(run.size());
        count = 0;
      }
      run.push_back(row);
    }
    for (const std::size_t place : own) {
      loaded_.insert(run[place]);
      const std::size_t first = place > 0 ? place - 1 : 0, last = std::min(place + 2, run.size() - 1);
      for (std::size_t i = first; i <= last; ++i) rows_.at(run[i]).is_wanted = true;
    }
    return {};
  }

  /// Whether a seed stands so little behind `row` that reading on may be cheaper than asking for it.
  static bool is_near_seed(const std::vector<std::int64_t>& seeds, std::int64_t row) {
    const auto next = std::upper_bound(seeds.begin(), seeds.end(), row);
    return next != seeds.end() && *next - row <= kNearSeed;
  }

  std::int64_t take(const Query& row) {
    const auto [at, is_new] = rows_.try_emplace(row.integer(0));
    if (!is_new) return at->first;
    Loaded& loaded = at->second;
    loaded.session = row.integer(1);
    loaded.at = row.time(2);
    loaded.role = row.text(3);
    loaded.speaker = row.text(4);
    loaded.text = row.text(5);
    loaded.length = static_cast<std::uint32_t>(std::max<std::int64_t>(1, row.integer(6)));
    loaded.is_copy = row.is_null(7);
    const bool is_users = loaded.role == "user";
    const bool is_no_talk = is_users && !query_.commands && is_command(loaded.text);
    if (is_users) loaded.text = std::string(own_words(loaded.text));
    const bool is_asking = not_turn_ != 0 && row.integer(7) == not_turn_;
    loaded.is_silent = is_asking || is_no_talk;
    loaded.fits = (query_.role.empty() || loaded.role == query_.role) && !loaded.is_silent && (!query_.since || loaded.at >= *query_.since) &&
                  (!query_.until || loaded.at < *query_.until);
    return at->first;
  }

  Connection& db_;
  const std::int64_t user_;
  const CandidateQuery& query_;
  std::int64_t not_turn_ = 0;
  LoadedRows rows_;
  std::set<std::int64_t> loaded_;
};

/// Rows that were said in one of the spans, ascending: first those that the index knows too.
Result<std::vector<std::int64_t>> dated_rows(Connection& db, std::int64_t user, const std::vector<TimeSpan>& spans,
                                             const std::vector<Posting>& postings, double all_rows) {
  std::vector<std::int64_t> rows;
  for (const TimeSpan& span : spans) {
    auto found = TRY(db.query("SELECT id FROM messages WHERE user = ? AND at >= ? AND at < ? LIMIT ?", user, span.from, span.to, kMostDated));
    while (TRY(found.next())) rows.push_back(found.integer(0));
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<Posting> then(postings.size());
  for (std::size_t i = 0; i < postings.size(); ++i) {
    then[i].count = postings[i].count;
    std::set_intersection(postings[i].rows.begin(), postings[i].rows.end(), rows.begin(), rows.end(), std::back_inserter(then[i].rows));
  }
  std::vector<std::int64_t> seeds = best_rows(then, all_rows, kDatedSeeds);
  if (seeds.size() >= kDatedRest) return seeds;
  // No word to go by: of a sample of all of it the longest.
  std::vector<std::pair<std::int64_t, std::int64_t>> longest;
  for (std::size_t i = 0; i < rows.size(); i += 1 + rows.size() / kDatedSample) {
    auto length = TRY(db.query("SELECT length(text) FROM messages WHERE id = ?", rows[i]));
    if (TRY(length.next())) longest.emplace_back(-length.integer(0), rows[i]);
  }
  std::sort(longest.begin(), longest.end());
  for (std::size_t i = 0; i < longest.size() && i < kDatedRest; ++i) seeds.push_back(longest[i].second);
  return seeds;
}

std::vector<std::int64_t> in_order(std::vector<std::int64_t> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// Names are known by the people who speak in what the first look found.
std::vector<double> name_factors(const std::vector<std::string>& wanted, const LoadedRows& rows, double name_weight) {
  std::set<std::string> speakers, names;
  for (const auto& [row, loaded] : rows)
    if (loaded.role == "user") speakers.insert(loaded.speaker);
  for (const std::string& speaker : speakers)
    for (std::string& name : terms(speaker)) names.insert(std::move(name));
  std::vector<double> factors;
  for (const std::string& term : wanted) factors.push_back(names.contains(term) ? name_weight : 1);
  return factors;
}

/// Sets the bits of terms whose lists were not read whole: those texts are looked through.
void add_common_terms(const std::vector<Posting>& postings, const std::vector<std::string>& wanted, LoadedRows& rows) {
  for (std::size_t i = 0; i < postings.size(); ++i) {
    if (postings[i].is_whole) continue;
    const std::int64_t oldest = postings[i].rows.empty() ? 0 : postings[i].rows.front();
    for (auto& [row, loaded] : rows) {
      if (row >= oldest) continue;
      const auto found = terms(loaded.text);
      if (std::find(found.begin(), found.end(), wanted[i]) != found.end()) loaded.terms |= std::uint64_t{1} << i;
    }
  }
}

}  // namespace

Result<double> SearchCache::messages_of(Connection& db, std::int64_t user) {
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = counts_.find(user);
    if (known != counts_.end() && now - known->second.at < std::chrono::minutes(1)) return known->second.messages;
  }
  auto rows = TRY(db.query("SELECT coalesce(sum(message_count), 0) FROM conversations WHERE user = ?", user));
  TRY(rows.next());
  const double messages = double(rows.integer(0));
  const std::lock_guard lock(mutex_);
  if (counts_.size() >= kMost) counts_.clear();
  counts_[user] = {messages, now};
  return messages;
}

Result<MessageCandidates> find_message_candidates(Connection& db, SearchCache& cache, const CandidateQuery& query,
                                                  const std::vector<std::int64_t>& not_rows) {
  MessageCandidates found;
  const std::int64_t user = TRY(user_row(db, query.user_id));
  std::vector<std::string> wanted = query.terms;
  if (wanted.size() > kMostTerms) wanted.resize(kMostTerms);
  const auto postings = TRY(read_postings(db, cache.sizes, "message_fts", user, wanted, kPostings));
  found.counts.rows = TRY(cache.messages_of(db, user));
  for (const Posting& posting : postings) {
    found.counts.holding.push_back(posting.count);
    found.counts.rows = std::max(found.counts.rows, posting.count);
  }

  Choice choice(db, user, query);
  TRY(choice.prepare());
  TRY(choice.load(best_rows(postings, found.counts.rows, kFirstSeeds)));
  const std::vector<double> factors = name_factors(wanted, choice.rows(), query.name_weight);
  TRY(choice.load(best_rows(postings, found.counts.rows, kSeeds, factors)));
  TRY(choice.load(in_order(TRY(dated_rows(db, user, query.spans, postings, found.counts.rows)))));
  TRY(choice.load(in_order(query.rows)));

  LoadedRows& rows = choice.rows();
  std::vector<std::int64_t> numbers;
  for (const auto& [row, loaded] : rows) numbers.push_back(row);
  const std::vector<std::uint64_t> known = terms_of_rows(postings, numbers);
  std::size_t next = 0;
  for (auto& [row, loaded] : rows) loaded.terms = known[next++];
  add_common_terms(postings, wanted, rows);

  std::map<std::int64_t, std::vector<std::int64_t>> sessions;
  for (const auto& [row, loaded] : rows) sessions[loaded.session].push_back(row);
  for (const auto& [session, members] : sessions) {
    const auto at = [&](std::size_t i) -> TermsAt {
      if (i >= members.size()) return {};
      const Loaded& loaded = rows.at(members[i]);
      return {loaded.is_silent ? 0 : loaded.terms, loaded.length};
    };
    for (std::size_t i = 0; i < members.size(); ++i) {
      Loaded& loaded = rows.at(members[i]);
      if (!loaded.is_wanted || !loaded.fits) continue;
      if (std::find(not_rows.begin(), not_rows.end(), members[i]) != not_rows.end()) continue;
      MessageCandidate item;
      item.row = members[i];
      item.session = session;
      item.is_copy = loaded.is_copy;
      item.at = loaded.at;
      item.role = std::move(loaded.role);
      item.speaker = std::move(loaded.speaker);
      item.text = std::move(loaded.text);
      item.own = at(i);
      // Every wanted row has its own neighbours beside it in `members`: they were read with the seed that wanted it.
      item.previous = i >= 1 ? at(i - 1) : TermsAt{};
      item.second = i >= 2 ? at(i - 2) : TermsAt{};
      item.next = at(i + 1);
      found.items.push_back(std::move(item));
    }
  }
  return found;
}

}  // namespace hobd
