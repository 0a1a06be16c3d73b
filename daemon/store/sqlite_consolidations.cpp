#include "base/id.hpp"
#include "store/consolidations.hpp"
#include "store/rows.hpp"
#include "store/sqlite_parts.hpp"

namespace hobd {
namespace {

#define HOB_SELECT_RUN                                                                                         \
  "SELECT r.rid, u.uid, r.most_removed, r.changes, r.digest, r.begun_at, r.ended_at FROM consolidations r "    \
  "JOIN users u ON u.id = r.user "

ConsolidationRecord read_run(const Query& row) {
  ConsolidationRecord run;
  run.id = row.text(0);
  run.user_id = row.text(1);
  run.most_removed = row.integer(2);
  run.changes = row.integer(3);
  run.digest = row.text(4);
  run.begun_at = row.time(5);
  if (!row.is_null(6)) run.ended_at = row.time(6);
  return run;
}

Result<ConsolidationRecord> begin_run(Connection& db, const std::string& user_id, std::int64_t most_removed, Time now) {
  {
    auto rows = TRY(db.query(HOB_SELECT_RUN "WHERE u.uid = ? AND r.ended_at IS NULL ORDER BY r.id LIMIT 1", user_id));
    if (TRY(rows.next())) return read_run(rows);
  }
  ConsolidationRecord run;
  run.id = make_id("run");
  run.user_id = user_id;
  run.most_removed = most_removed;
  run.begun_at = now;
  TRY(db.run("INSERT INTO consolidations(rid, user, most_removed, begun_at) VALUES (?, ?, ?, ?)", run.id, TRY(user_row(db, user_id)),
             most_removed, now));
  return run;
}

class SqliteConsolidations final : public Consolidations {
 public:
  explicit SqliteConsolidations(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<ConsolidationRecord>> begin(std::string user_id, std::int64_t most_removed) override {
    return parts_.writer.run<ConsolidationRecord>(
        Durability::journaled, [user_id = std::move(user_id), most_removed, now = parts_.clock.now()](WriteBatch& batch) {
          return begin_run(batch.db, user_id, most_removed, now);
        });
  }

  awaitable<Result<void>> end(std::string run_id, std::int64_t changes, std::string digest) override {
    return parts_.writer.run<void>(Durability::journaled, [run_id = std::move(run_id), changes, digest = std::move(digest),
                                                           now = parts_.clock.now()](WriteBatch& batch) -> Result<void> {
      const auto ended = TRY(batch.db.run("UPDATE consolidations SET changes = ?, digest = ?, ended_at = ? WHERE rid = ?", changes, digest, now, run_id));
      if (ended == 0) return Error{Code::not_found, "there is no run " + run_id};
      // Of the earlier ones only the changes are of use.
      TRY(batch.db.run("DELETE FROM consolidations WHERE rid <> ?1 AND ended_at IS NOT NULL AND "
                       "user = (SELECT user FROM consolidations WHERE rid = ?1)",
                       run_id));
      return {};
    });
  }

  awaitable<Result<ConsolidationRecord>> last(std::string user_id) override {
    return parts_.readers.run<ConsolidationRecord>([user_id = std::move(user_id)](Connection& db) -> Result<ConsolidationRecord> {
      auto rows = TRY(db.query(HOB_SELECT_RUN "WHERE u.uid = ? AND r.ended_at IS NOT NULL ORDER BY r.id DESC LIMIT 1", user_id));
      if (!TRY(rows.next())) return Error{Code::not_found, "there was no consolidation yet"};
      return read_run(rows);
    });
  }

  awaitable<Result<std::vector<ConsolidationRecord>>> unfinished() override {
    return parts_.readers.run<std::vector<ConsolidationRecord>>([](Connection& db) -> Result<std::vector<ConsolidationRecord>> {
      auto rows = TRY(db.query(HOB_SELECT_RUN "WHERE r.ended_at IS NULL ORDER BY r.id"));
      std::vector<ConsolidationRecord> runs;
      while (TRY(rows.next())) runs.push_back(read_run(rows));
      return runs;
    });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Consolidations> make_sqlite_consolidations(SqliteParts parts) { return std::make_unique<SqliteConsolidations>(parts); }

}  // namespace hobd
