#include "store/sqlite_parts.hpp"

#include "store/candidates.hpp"
#include "store/recent_messages.hpp"
#include "store/rows.hpp"

#include <algorithm>
#include <utility>

namespace hobd {
namespace {

constexpr std::chrono::milliseconds kSearchLimit{2'000};

/// One snapshot for all reads of a search: it sees one state of the database, and the file is locked once, not for each of some
/// hundred statements.
class Snapshot {
 public:
  static Result<Snapshot> begin(Connection& db) {
    TRY(db.run("BEGIN"));
    return Snapshot(db);
  }
  Snapshot(Snapshot&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot() {
    if (db_ && db_->in_transaction()) (void)db_->run("ROLLBACK");
  }

 private:
  explicit Snapshot(Connection& db) : db_(&db) {}
  Connection* db_;
};

Result<std::vector<Message>> neighbours_of(Connection& db, std::int64_t session, std::int64_t row, std::uint32_t count) {
  std::vector<Message> found;
  {
    auto before = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                               "WHERE m.session = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?",
                               session, row, count));
    while (TRY(before.next())) found.push_back(TRY(read_message(before)));
  }
  std::reverse(found.begin(), found.end());
  auto behind = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                             "WHERE m.session = ? AND m.id > ? ORDER BY m.id LIMIT ?",
                             session, row, count));
  while (TRY(behind.next())) found.push_back(TRY(read_message(behind)));
  return found;
}

Result<std::vector<MessageInPlace>> read_messages(Connection& db, const std::string& user_id, const std::vector<std::int64_t>& rows,
                                                  std::uint32_t neighbours) {
  const std::int64_t user = TRY(user_row(db, user_id));
  std::vector<MessageInPlace> found;
  for (const std::int64_t row : rows) {
    auto read = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS ", m.session FROM messages m" HOB_MESSAGE_JOINS "WHERE m.id = ? AND m.user = ?",
                             row, user));
    if (!TRY(read.next())) continue;
    MessageInPlace place;
    place.row = row;
    place.message = TRY(read_message(read));
    if (neighbours > 0) place.neighbours = TRY(neighbours_of(db, read.integer(14), row, neighbours));
    found.push_back(std::move(place));
  }
  return found;
}

class SqliteSearches final : public Searches {
 public:
  explicit SqliteSearches(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<MessageCandidates>> messages(CandidateQuery query) override {
    return parts_.readers.run<MessageCandidates>(
        [this, query = std::move(query)](Connection& db) -> Result<MessageCandidates> {
          const Snapshot snapshot = TRY(Snapshot::begin(db));
          return find_message_candidates(db, cache_, query);
        },
        kSearchLimit);
  }

  awaitable<Result<TurnCandidates>> turn(TurnView view, CandidateQuery of_messages, CandidateQuery of_memories) override {
    return parts_.readers.run<TurnCandidates>(
        [this, view = std::move(view), of_messages = std::move(of_messages), of_memories = std::move(of_memories),
         now = parts_.clock.now()](Connection& db) -> Result<TurnCandidates> {
          const Snapshot snapshot = TRY(Snapshot::begin(db));
          const std::vector<std::int64_t> seen = TRY(recent_rows(db, of_messages.user_id, view.session_id, view.before_message, view.count));
          TurnCandidates found;
          found.messages = TRY(find_message_candidates(db, cache_, of_messages, seen));
          found.memories = TRY(find_memory_candidates(db, cache_, of_memories, {}, now));
          return found;
        },
        kSearchLimit);
  }

  awaitable<Result<MemoryCandidates>> memories(CandidateQuery query, MemoryFilter filter) override {
    return parts_.readers.run<MemoryCandidates>(
        [this, query = std::move(query), filter = std::move(filter), now = parts_.clock.now()](Connection& db) -> Result<MemoryCandidates> {
          const Snapshot snapshot = TRY(Snapshot::begin(db));
          return find_memory_candidates(db, cache_, query, filter, now);
        },
        kSearchLimit);
  }

  awaitable<Result<std::vector<MessageInPlace>>> read(std::string user_id, std::vector<std::int64_t> rows,
                                                     std::uint32_t neighbours) override {
    return parts_.readers.run<std::vector<MessageInPlace>>(
        [user_id = std::move(user_id), rows = std::move(rows), neighbours](Connection& db) -> Result<std::vector<MessageInPlace>> {
          const Snapshot snapshot = TRY(Snapshot::begin(db));
          return read_messages(db, user_id, rows, neighbours);
        },
        kSearchLimit);
  }

 private:
  SqliteParts parts_;  // its readers end before this does
  SearchCache cache_;
};

}  // namespace

std::unique_ptr<Searches> make_sqlite_searches(SqliteParts parts) { return std::make_unique<SqliteSearches>(parts); }

}  // namespace hobd
