#include "base/fault.hpp"
#include "base/id.hpp"
#include "store/erasure_copies.hpp"
#include "store/erasure_removal.hpp"
#include "store/memory_rows.hpp"
#include "store/sqlite_parts.hpp"
#include "store/tombstone_search.hpp"
#include "store/tombstones.hpp"

namespace hobd {
namespace {

/// In this order; `progress` counts within one.
enum class Phase { tombstones, turns, messages, rows, message_index, memory_index, compact, done };

constexpr int kIndexPagesAtOnce = 500;
/// A database up to this size is written anew at the end. In a larger one nothing is left by what SQLite promises of
/// secure_delete: it overwrites what it deletes, but a page that was split before may hold an old copy in its free part.
constexpr std::int64_t kRewriteBytes = 512 << 20;
constexpr std::int64_t kRewriteInMemoryBytes = 64 << 20;

struct Row {
  std::int64_t id = 0, user = 0, progress = 0;
  Phase phase = Phase::tombstones;
  std::string user_name;
  ErasureProgress value;
};

#define HOB_SELECT_ERASURE                                                                                             \
  "SELECT e.id, e.user, e.phase, e.progress, u.name, e.eid, u.uid, e.memories, e.versions, e.messages, e.vectors, "    \
  "e.summaries, e.changes, e.at FROM erasures e JOIN users u ON u.id = e.user "

Row read_row(const Query& rows) {
  Row row;
  row.id = rows.integer(0);
  row.user = rows.integer(1);
  row.phase = static_cast<Phase>(rows.integer(2));
  row.progress = rows.integer(3);
  row.user_name = rows.text(4);
  row.value.id = row.value.receipt.id = rows.text(5);
  row.value.user_id = rows.text(6);
  ErasureReceipt& receipt = row.value.receipt;
  receipt.memories = rows.integer(7);
  receipt.versions = rows.integer(8);
  receipt.messages = rows.integer(9);
  receipt.vectors = rows.integer(10);
  receipt.summaries = rows.integer(11);
  receipt.changes = rows.integer(12);
  receipt.at = rows.time(13);
  row.value.rows_gone = row.phase > Phase::rows;
  row.value.done = row.phase == Phase::done;
  return row;
}

Result<Row> find_row(Connection& db, const std::string& erasure_id) {
  auto rows = TRY(db.query(HOB_SELECT_ERASURE "WHERE e.eid = ?", erasure_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no erasure " + erasure_id};
  return read_row(rows);
}

Result<void> put_phase(Connection& db, Row& row, Phase phase, std::int64_t progress = 0) {
  row.phase = phase;
  row.progress = progress;
  row.value.rows_gone = phase > Phase::rows;
  row.value.done = phase == Phase::done;
  TRY(db.run("UPDATE erasures SET phase = ?, progress = ? WHERE id = ?", phase, progress, row.id));
  return {};
}

Phase after(Phase phase) { return static_cast<Phase>(static_cast<int>(phase) + 1); }

Result<Row> begin(Connection& db, std::int64_t user, const std::string& user_id, const ErasureSet& set, Time now) {
  Row row;
  row.value.id = make_id("fgt");
  row.value.user_id = user_id;
  TRY(db.run("INSERT INTO erasures(eid, user, phase, progress, at) VALUES (?, ?, 0, 0, ?)", row.value.id, user, now));
  row = TRY(find_row(db, row.value.id));
  TRY(write_erasure_set(db, row.id, set));
  TRY(lay_tombstones(db, row.user_name, set, now));
  return row;
}

Result<void> remove_rows(WriteBatch& batch, Row& row, ErasureSet set) {
  // What was built on it since the erasure began.
  const std::size_t before = set.memories.size();
  TRY(grow_erasure_set(batch.db, row.user, false, set));
  if (set.memories.size() > before) TRY(lay_tombstones(batch.db, row.user_name, set, row.value.receipt.at));
  const Redactor redactor = TRY(redactor_of(batch.db, set));
  TRY(clean_outbox(batch.db, row.user, redactor));
  TRY(clean_blocks(batch.db, row.user, redactor));
  TRY(clean_reasons(batch.db, row.user, redactor));
  ErasureReceipt& receipt = row.value.receipt;
  TRY(remove_erased_rows(batch, row.user, set, receipt));
  TRY(batch.db.run("UPDATE erasures SET memories = ?, versions = ?, messages = ?, vectors = ?, summaries = ?, changes = ? WHERE id = ?",
                   receipt.memories, receipt.versions, receipt.messages, receipt.vectors, receipt.summaries, receipt.changes, row.id));
  TRY(batch.db.run("DELETE FROM erasure_rows WHERE erasure = ?", row.id));
  return {};
}

/// One piece of a phase that is part of the writer's transactions; the others are left as they are.
Result<Row> step_in_batch(WriteBatch& batch, const std::string& erasure_id) {
  Row row = TRY(find_row(batch.db, erasure_id));
  bool is_over = false;
  std::int64_t progress = row.progress;
  switch (row.phase) {
    case Phase::tombstones:
    case Phase::compact:
    case Phase::done: return row;
    case Phase::turns:
    case Phase::messages:
    case Phase::rows: {
      const ErasureSet set = TRY(read_erasure_set(batch.db, row.id));
      const Redactor redactor = TRY(redactor_of(batch.db, set));
      if (row.phase == Phase::turns) {
        is_over = TRY(clean_turns(batch, row.user, redactor, progress));
      } else if (row.phase == Phase::messages) {
        is_over = TRY(clean_messages(batch, row.user, set, redactor, progress));
      } else {
        TRY(remove_rows(batch, row, set));
        is_over = true;
      }
      break;
    }
    case Phase::message_index: is_over = TRY(batch.messages.scrub(kIndexPagesAtOnce)); break;
    case Phase::memory_index: is_over = TRY(batch.memories.scrub(kIndexPagesAtOnce)); break;
  }
  TRY(put_phase(batch.db, row, is_over ? after(row.phase) : row.phase, is_over ? 0 : progress));
  return row;
}

Result<void> rewrite(Connection& db) {
  const std::int64_t bytes = TRY(db.number("PRAGMA page_count")) * TRY(db.number("PRAGMA page_size"));
  if (bytes > kRewriteBytes) return {};
  if (bytes > kRewriteInMemoryBytes) TRY(db.script("PRAGMA temp_store = FILE"));
  const auto done = db.script("VACUUM");
  TRY(db.script("PRAGMA temp_store = MEMORY"));
  return done;
}

/// What waits until nothing else is written: the file of tombstones, and the database's last traces.
Result<Row> step_alone(Connection& db, const std::string& erasure_id, const std::filesystem::path& tombstone_file) {
  Row row = TRY(find_row(db, erasure_id));
  if (row.phase == Phase::tombstones) {
    TRY(append_tombstone_file(tombstone_file, TRY(all_tombstones(db))));
    fault_point("forget.after_tombstones");
    TRY(put_phase(db, row, Phase::turns));
  } else if (row.phase == Phase::compact) {
    auto rewritten = rewrite(db);
    if (rewritten.has_error()) return rewritten.error().with_context("write the database anew");
    fault_point("forget.before_checkpoint");
    // Busy while a reader holds an old state: the caller tries again.
    TRY(db.checkpoint(Connection::Checkpoint::truncate));
    TRY(put_phase(db, row, Phase::done));
  }
  return row;
}

Result<ErasurePlan> make_plan(Connection& db, const ErasureQuery& query) {
  const ErasureSet set = TRY(erasure_set(db, TRY(user_row(db, query.user_id)), query));
  ErasurePlan plan;
  for (const std::int64_t memory : set.memories) {
    auto rows = TRY(db.query(HOB_SELECT_MEMORY "WHERE v.memory = ? ORDER BY v.version DESC LIMIT 1", memory));
    if (TRY(rows.next())) plan.memories.push_back(TRY(read_memory(rows)).value);
  }
  for (const std::int64_t message : set.messages) {
    auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS "WHERE m.id = ?", message));
    if (TRY(rows.next())) plan.messages.push_back(TRY(read_message(rows)));
  }
  return plan;
}

class SqliteErasures final : public Erasures {
 public:
  SqliteErasures(SqliteParts parts, std::filesystem::path tombstone_file) : parts_(parts), file_(std::move(tombstone_file)) {}

  awaitable<Result<ErasurePlan>> plan(ErasureQuery query) override {
    return parts_.readers.run<ErasurePlan>([query = std::move(query)](Connection& db) { return make_plan(db, query); });
  }

  awaitable<Result<ErasureProgress>> begin(ErasureQuery query) override {
    return parts_.writer.run<ErasureProgress>(
        Durability::synced, [query = std::move(query), now = parts_.clock.now()](WriteBatch& batch) -> Result<ErasureProgress> {
          const std::int64_t user = TRY(user_row(batch.db, query.user_id));
          const ErasureSet set = TRY(erasure_set(batch.db, user, query));
          if (set.memories.empty() && set.messages.empty()) return Error{Code::invalid, "there is nothing named to forget"};
          return TRY(hobd::begin(batch.db, user, query.user_id, set, now)).value;
        });
  }

  awaitable<Result<ErasureProgress>> step(std::string erasure_id) override {
    std::function<Result<Row>(WriteBatch&)> in_batch = [erasure_id](WriteBatch& batch) { return step_in_batch(batch, erasure_id); };
    CO_TRY(Row row, co_await parts_.writer.run<Row>(Durability::synced, std::move(in_batch)));
    if (row.phase == Phase::tombstones || row.phase == Phase::compact) {
      std::function<Result<Row>(WriteBatch&)> alone = [erasure_id, file = file_](WriteBatch& batch) {
        return step_alone(batch.db, erasure_id, file);
      };
      CO_TRY(row, co_await parts_.writer.run_alone<Row>(std::move(alone)));
    }
    co_return std::move(row.value);
  }

  awaitable<Result<std::vector<ErasureProgress>>> unfinished() override {
    return parts_.readers.run<std::vector<ErasureProgress>>([](Connection& db) -> Result<std::vector<ErasureProgress>> {
      auto rows = TRY(db.query(HOB_SELECT_ERASURE "WHERE e.phase < ? ORDER BY e.id", Phase::done));
      std::vector<ErasureProgress> all;
      while (TRY(rows.next())) all.push_back(read_row(rows).value);
      return all;
    });
  }

  awaitable<Result<std::vector<ErasureProgress>>> list(std::string user_id, std::uint32_t limit) override {
    return parts_.readers.run<std::vector<ErasureProgress>>(
        [user_id = std::move(user_id), limit](Connection& db) -> Result<std::vector<ErasureProgress>> {
          auto rows = TRY(db.query(HOB_SELECT_ERASURE "WHERE u.uid = ? ORDER BY e.id DESC LIMIT ?", user_id, limit));
          std::vector<ErasureProgress> all;
          while (TRY(rows.next())) all.push_back(read_row(rows).value);
          return all;
        });
  }

  awaitable<Result<std::int64_t>> reconcile() override {
    std::function<Result<std::int64_t>(WriteBatch&)> work = [file = file_, now = parts_.clock.now()](WriteBatch& batch) -> Result<std::int64_t> {
      const std::vector<Tombstone> kept = TRY(read_tombstone_file(file));
      const std::vector<Tombstone> known = TRY(all_tombstones(batch.db));
      // Also what the file lacks: a crash came between the two, or somebody took it away.
      if (!known.empty()) TRY(append_tombstone_file(file, known));
      if (TRY(add_tombstones(batch.db, kept)) == 0) return 0;
      std::int64_t found = 0;
      for (const auto& [user, set] : TRY(find_forgotten(batch.db))) {
        found += static_cast<std::int64_t>(set.memories.size() + set.messages.size());
        auto rows = TRY(batch.db.query("SELECT uid FROM users WHERE id = ?", user));
        if (TRY(rows.next())) TRY(hobd::begin(batch.db, user, rows.text(0), set, now));
      }
      return found;
    };
    return parts_.writer.run<std::int64_t>(Durability::synced, std::move(work));
  }

 private:
  SqliteParts parts_;
  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<Erasures> make_sqlite_erasures(SqliteParts parts, std::filesystem::path tombstone_file) {
  return std::make_unique<SqliteErasures>(parts, std::move(tombstone_file));
}

}  // namespace hobd
