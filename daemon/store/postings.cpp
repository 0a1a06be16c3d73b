#include "store/postings.hpp"

#include "store/terms.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <numeric>

namespace hobd {
namespace {

/// Of each term so many are read by a plain query, newest first. A term with fewer is known whole after it.
constexpr std::size_t kFirstRows = 2'000;

/// A term in so few rows may be misspelt, or stand elsewhere in another form: its family is looked at too, unless that is large.
constexpr double kRareCount = 10;
constexpr std::size_t kMostFamilyRows = 500;
constexpr std::size_t kShortestForm = 4, kMostCutOff = 4;  // letters

/// Where the function puts what it reads, and how much at most.
struct Sink {
  std::vector<std::int64_t>* rows = nullptr;
  std::size_t most = 0;
};
/// A function of FTS5 can't be given a pointer by a statement that is kept, so its thread's one is here while it runs.
thread_local Sink* sink = nullptr;

int take(const Fts5ExtensionApi* api, Fts5Context* context, void*) {
  sink->rows->push_back(api->xRowid(context));
  return sink->rows->size() < sink->most ? SQLITE_OK : SQLITE_DONE;
}

void read_rows(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_context* result, int, sqlite3_value**) {
  if (!sink) return sqlite3_result_error(result, "no sink", -1);
  const int code = api->xQueryPhrase(context, 0, nullptr, take);
  if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
  sqlite3_result_int(result, 1);
}

std::string quoted(std::int64_t user, const std::string& term) { return '"' + owned_term(user, term) + '"'; }

/// A list that was at least so long when it was last read is handed over by the function of our own: less than this and asking
/// FTS5 twice, for the function and for the list, takes longer than stepping over the rows.
constexpr std::size_t kWorthFunction = 300;

Result<void> read_newest(Connection& db, const std::string& table, const std::string& match, Posting& posting) {
  auto rows = TRY(db.query("SELECT rowid FROM " + table + " WHERE " + table + " MATCH ? ORDER BY rowid DESC LIMIT ?", match, kFirstRows));
  while (TRY(rows.next())) posting.rows.push_back(rows.integer(0));
  std::reverse(posting.rows.begin(), posting.rows.end());
  posting.count = double(posting.rows.size());
  posting.is_whole = posting.rows.size() < kFirstRows;
  return {};
}

/// All rows, if there are no more than `most`; how many were read.
Result<std::size_t> read_whole(Connection& db, const std::string& table, const std::string& match, std::size_t most, Posting& posting) {
  std::vector<std::int64_t> all;
  Sink into{&all, most};
  sink = &into;
  const auto done = [&]() -> Result<void> {
    auto rows = TRY(db.query("SELECT read_rows(" + table + ") FROM " + table + " WHERE " + table + " MATCH ? LIMIT 1", match));
    TRY(rows.next());
    return {};
  }();
  sink = nullptr;
  TRY(done);
  const std::size_t read = all.size();
  posting.count = std::max(posting.count, double(read));
  if (read < most) {
    posting.rows = std::move(all);
    posting.is_whole = true;
  }
  return read;
}

/// Adds the rows that `match` finds, if they are few.
Result<void> add_few(Connection& db, const std::string& table, const std::string& match, std::vector<std::int64_t>& all) {
  auto rows = TRY(db.query("SELECT rowid FROM " + table + " WHERE " + table + " MATCH ? LIMIT ?", match, kMostFamilyRows + 1));
  const std::size_t before = all.size();
  while (TRY(rows.next())) all.push_back(rows.integer(0));
  if (all.size() - before > kMostFamilyRows) all.resize(before);
  return {};
}

Result<void> add_family(Connection& db, const std::string& table, std::int64_t user, const std::string& term, Posting& posting) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (term.size() < kShortestForm || !std::all_of(term.begin(), term.end(), is_letter)) return {};
  if (term.size() > kShortestForm) TRY(add_few(db, table, quoted(user, term) + " *", posting.rows));
  for (std::size_t cut = 1; cut <= kMostCutOff && term.size() - cut >= kShortestForm; ++cut)
    TRY(add_few(db, table, quoted(user, term.substr(0, term.size() - cut)), posting.rows));
  std::sort(posting.rows.begin(), posting.rows.end());
  posting.rows.erase(std::unique(posting.rows.begin(), posting.rows.end()), posting.rows.end());
  posting.count = double(posting.rows.size());
  return {};
}

}  // namespace

std::size_t TermSizes::of(const std::string& term) const {
  const std::lock_guard lock(mutex_);
  const auto found = sizes_.find(term);
  return found == sizes_.end() ? 0 : found->second;
}

void TermSizes::set(const std::string& term, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (sizes_.size() >= kMost) sizes_.clear();
  sizes_[term] = size;
}

Result<void> add_postings_function(Connection& db) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(db.handle(), "SELECT fts5(?1)", -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
  if (code == SQLITE_OK) sqlite3_step(statement);
  sqlite3_finalize(statement);
  if (code == SQLITE_OK && api) code = api->xCreateFunction(api, "read_rows", nullptr, read_rows, nullptr);
  if (code != SQLITE_OK || !api) return Error{Code::internal, "open " + db.file().string() + ": this SQLite has no FTS5"};
  return {};
}

Result<std::vector<Posting>> read_postings(Connection& db, TermSizes& sizes, std::string_view table_name, std::int64_t user,
                                           std::span<const std::string> terms, std::size_t budget) {
  const std::string table(table_name);
  std::vector<Posting> postings(terms.size());
  std::vector<std::size_t> common, known(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    Posting& posting = postings[i];
    known[i] = sizes.of(table + owned_term(user, terms[i]));
    posting.is_whole = false;
    if (known[i] < kFirstRows) {
      if (known[i] >= kWorthFunction) TRY(read_whole(db, table, quoted(user, terms[i]), kFirstRows, posting));
      if (!posting.is_whole) TRY(read_newest(db, table, quoted(user, terms[i]), posting));
      if (posting.count >= double(kWorthFunction)) sizes.set(table + owned_term(user, terms[i]), posting.rows.size());
    }
    if (!posting.is_whole) common.push_back(i);
  }
  std::sort(common.begin(), common.end(), [&](std::size_t a, std::size_t b) { return known[a] < known[b]; });
  std::size_t left = budget;
  for (const std::size_t i : common) {
    Posting& posting = postings[i];
    // A list that was too long the last time is so now, but for what was removed since.
    if (left >= kFirstRows && known[i] <= left) {
      const std::size_t read = TRY(read_whole(db, table, quoted(user, terms[i]), left, posting));
      left -= std::min(left, read);
      sizes.set(table + owned_term(user, terms[i]), read);
    }
    if (!posting.is_whole && posting.rows.empty()) TRY(read_newest(db, table, quoted(user, terms[i]), posting));
    if (!posting.is_whole) posting.count = std::max(posting.count, double(known[i]));
  }
  for (std::size_t i = 0; i < terms.size(); ++i)
    if (postings[i].count <= kRareCount) TRY(add_family(db, table, user, terms[i], postings[i]));
  return postings;
}

}  // namespace hobd
