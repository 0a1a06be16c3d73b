#include "store/sqlite_parts.hpp"

#include "store/cursor.hpp"
#include "store/memory_changes.hpp"

#include <limits>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
/// Uses that are kept of one memory; its counter counts on.
constexpr std::int64_t kMostUses = 50;

/// The user's memory, removed or not. not_found: there never was one.
Result<std::int64_t> memory_row(Connection& db, const std::string& user_id, const std::string& memory_id) {
  auto rows = TRY(db.query("SELECT k.id FROM memory_ids k JOIN users u ON u.id = k.user WHERE k.mid = ? AND u.uid = ?", memory_id,
                           user_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no memory " + memory_id};
  return rows.integer(0);
}

Result<Page<Memory>> list_memories(Connection& db, const std::string& user_id, const MemoryFilter& filter,
                                   const PageRequest& page, Time now) {
  const CursorKey before = TRY(read_page('k', page, {0, kMax}));
  const std::int64_t user = TRY(user_row(db, user_id));
  auto rows = filter.as_of
                  ? TRY(db.query(HOB_SELECT_MEMORY "WHERE k.user = ?1 AND k.id < ?2 AND v.version_from <= ?3 "
                                                   "AND (v.version_to IS NULL OR v.version_to > ?3) ORDER BY k.id DESC",
                                 user, before[1], *filter.as_of))
                  : TRY(db.query(HOB_SELECT_MEMORY "WHERE v.user = ? AND v.memory < ? AND v.version_to IS NULL "
                                                   "ORDER BY v.memory DESC",
                                 user, before[1]));
  Page<Memory> found;
  std::int64_t last = 0;
  while (TRY(rows.next())) {
    MemoryRow row = TRY(read_memory(rows));
    if (!passes(row.value, filter, now)) continue;
    if (found.items.size() == page.limit) {
      found.next = make_cursor('k', {0, last});
      break;
    }
    last = row.memory;
    found.items.push_back(std::move(row.value));
  }
  return found;
}

Result<std::vector<MemoryVersion>> memory_history(Connection& db, const std::string& user_id, const std::string& memory_id) {
  const std::int64_t memory = TRY(memory_row(db, user_id, memory_id));
  auto rows = TRY(db.query("SELECT coalesce(e.new_version, e.old_version), e.new_version IS NULL, c.chid, c.cause, e.reason, "
                           "c.undone_by FROM memory_entries e JOIN memory_changes c ON c.id = e.change "
                           "WHERE e.memory = ? ORDER BY e.id",
                           memory));
  std::vector<MemoryVersion> versions;
  while (TRY(rows.next())) {
    MemoryVersion version;
    version.memory = TRY(memory_version(db, rows.integer(0))).value;
    version.removed = rows.integer(1) != 0;
    version.change_id = rows.text(2);
    version.cause = rows.text(3);
    version.reason = rows.text(4);
    version.undone_by = rows.text(5);
    version.at = version.removed ? version.memory.version_to.value_or(version.memory.version_from) : version.memory.version_from;
    versions.push_back(std::move(version));
  }
  return versions;
}

Result<Page<MemoryVersion>> list_versions(Connection& db, const std::string& user_id, std::optional<Time> since,
                                          const PageRequest& page) {
  const CursorKey after = TRY(read_page('v', page, {0, 0}));
  const std::int64_t user = TRY(user_row(db, user_id));
  const std::int64_t from = since ? to_micros(*since) : std::numeric_limits<std::int64_t>::min();
  // k.user serves the order; the ids are walked in the order they were made.
  auto rows = TRY(db.query(
      "SELECT v.id, k.id, v.version FROM memory_ids k JOIN memories v ON v.memory = k.id WHERE k.user = ?1 AND k.id >= ?2 "
      "AND (k.id > ?2 OR v.version > ?3) AND (v.version_from >= ?4 OR v.version_to >= ?4) ORDER BY k.id, v.version LIMIT ?5",
      user, after[0], after[1], from, page.limit + 1));
  Page<MemoryVersion> found;
  CursorKey last{};
  while (TRY(rows.next())) {
    if (found.items.size() == page.limit) {
      found.next = make_cursor('v', last);
      break;
    }
    last = {rows.integer(1), rows.integer(2)};
    MemoryVersion version;
    version.memory = TRY(memory_version(db, rows.integer(0))).value;
    version.change_id = version.memory.change_id;
    version.at = version.memory.version_from;
    auto entry = TRY(db.query("SELECT e.reason, coalesce(c.cause, ''), coalesce(c.undone_by, '') FROM memory_entries e "
                              "LEFT JOIN memory_changes c ON c.id = e.change WHERE e.memory = ? AND e.new_version = ?",
                              last[0], rows.integer(0)));
    if (TRY(entry.next())) {
      version.reason = entry.text(0);
      version.cause = entry.text(1);
      version.undone_by = entry.text(2);
    }
    found.items.push_back(std::move(version));
  }
  return found;
}

Result<Page<MemoryChange>> list_changes(Connection& db, const std::string& user_id, const std::string& run_id,
                                        const PageRequest& page) {
  const CursorKey before = TRY(read_page('h', page, {0, kMax}));
  const std::int64_t user = TRY(user_row(db, user_id));
  auto rows = run_id.empty() ? TRY(db.query(HOB_SELECT_CHANGE "WHERE c.user = ? AND c.id < ? ORDER BY c.id DESC LIMIT ?", user,
                                            before[1], page.limit + 1))
                             : TRY(db.query(HOB_SELECT_CHANGE "WHERE c.user = ? AND c.run_id = ? AND c.run_id <> '' AND c.id < ? "
                                                              "ORDER BY c.id DESC LIMIT ?",
                                            user, run_id, before[1], page.limit + 1));
  Page<MemoryChange> found;
  std::int64_t last = 0;
  while (TRY(rows.next())) {
    if (found.items.size() == page.limit) {
      found.next = make_cursor('h', {0, last});
      break;
    }
    MemoryChangeRow change = read_memory_change(rows);
    TRY(read_memory_edits(db, change));
    last = change.id;
    found.items.push_back(std::move(change.value));
  }
  return found;
}

Result<MemoryChange> last_holding_change(Connection& db, const std::string& user_id, const std::string& memory_id) {
  const std::int64_t user = TRY(user_row(db, user_id));
  auto rows = memory_id.empty()
                  ? TRY(db.query(HOB_SELECT_CHANGE "WHERE c.user = ? AND c.undone_by = '' AND c.undoes = '' ORDER BY c.id DESC LIMIT 1", user))
                  : TRY(db.query(HOB_SELECT_CHANGE "WHERE c.id = (SELECT max(e.change) FROM memory_entries e JOIN memory_changes d "
                                                   "ON d.id = e.change WHERE e.memory = ? AND d.undone_by = '' AND d.undoes = '')",
                                 TRY(memory_row(db, user_id, memory_id))));
  if (!TRY(rows.next()))
    return Error{Code::not_found, memory_id.empty() ? "no change of your memories is there to undo" : "no change of memory " + memory_id + " is there to undo"};
  MemoryChangeRow change = read_memory_change(rows);
  TRY(read_memory_edits(db, change));
  return std::move(change.value);
}

Result<void> add_uses(Connection& db, const std::string& user_id, const std::vector<std::string>& memory_ids,
                      const std::string& turn_id, Time now) {
  const std::int64_t user = TRY(user_row(db, user_id));
  for (const std::string& memory_id : memory_ids) {
    std::int64_t memory = 0;
    {
      auto rows = TRY(db.query("SELECT id FROM memory_ids WHERE mid = ? AND user = ?", memory_id, user));
      if (!TRY(rows.next())) continue;  // forgotten meanwhile
      memory = rows.integer(0);
    }
    if (TRY(db.run("INSERT OR IGNORE INTO memory_uses(memory, turn_id, at) VALUES (?, ?, ?)", memory, turn_id, now)) == 0) continue;
    TRY(db.run("UPDATE memory_ids SET access_count = access_count + 1, last_used_at = ? WHERE id = ?", now, memory));
    TRY(db.run("DELETE FROM memory_uses WHERE memory = ?1 AND turn_id IN (SELECT turn_id FROM memory_uses WHERE memory = ?1 "
               "ORDER BY at DESC, turn_id DESC LIMIT -1 OFFSET ?2)",
               memory, kMostUses));
  }
  return {};
}

Result<MemoryStats> memory_stats(Connection& db, const std::string& user_id) {
  const std::int64_t user = TRY(user_row(db, user_id));
  MemoryStats stats;
  {
    auto rows = TRY(db.query("SELECT kind, superseded_at IS NOT NULL, count(*), min(recorded_at), max(recorded_at) FROM memories "
                             "WHERE user = ? AND version_to IS NULL GROUP BY 1, 2",
                             user));
    std::array<std::int64_t, 5> by_kind{};
    while (TRY(rows.next())) {
      const std::int64_t count = rows.integer(2);
      (rows.integer(1) ? stats.superseded : stats.memories) += count;
      if (!rows.integer(1) && rows.integer(0) >= 0 && rows.integer(0) < 5) by_kind[static_cast<std::size_t>(rows.integer(0))] += count;
      stats.oldest = stats.oldest ? std::min(*stats.oldest, rows.time(3)) : rows.time(3);
      stats.newest = stats.newest ? std::max(*stats.newest, rows.time(4)) : rows.time(4);
    }
    for (std::size_t i = 0; i < by_kind.size(); ++i)
      stats.by_kind[memory_kind_name(static_cast<MemoryKind>(i))] = by_kind[i];
  }
  auto rows = TRY(db.query("SELECT count(*), (SELECT count(DISTINCT s.message_id) FROM memory_ids j JOIN memories w ON w.memory = j.id "
                           "JOIN memory_sources s ON s.version = w.id WHERE j.user = ?1) "
                           "FROM memory_ids k JOIN memories v ON v.memory = k.id WHERE k.user = ?1",
                           user));
  if (TRY(rows.next())) {
    stats.versions = rows.integer(0);
    stats.sources = rows.integer(1);
  }
  return stats;
}

/// Messages behind the user's mark are read by user and row; those of a turn that still runs end the walk, since its own
/// reply will stand behind what others said meanwhile.
Result<std::vector<Message>> unlearned_messages(Connection& db, const std::string& user_id, std::uint32_t limit) {
  const std::int64_t user = TRY(user_row(db, user_id));
  auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS ", coalesce(t.state, 2) FROM messages m INDEXED BY messages_learn" HOB_MESSAGE_JOINS
                           "WHERE m.user = ?1 AND m.turn IS NOT NULL "
                           "AND m.id > coalesce((SELECT message FROM memory_marks WHERE user = ?1), 0) ORDER BY m.id LIMIT ?2",
                           user, limit));
  std::vector<Message> messages;
  while (TRY(rows.next())) {
    if (rows.integer(14) < static_cast<std::int64_t>(TurnState::replied)) break;
    messages.push_back(TRY(read_message(rows)));
  }
  return messages;
}

class SqliteMemories final : public Memories {
 public:
  explicit SqliteMemories(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<Memory>> find(std::string user_id, std::string memory_id) override {
    return parts_.readers.run<Memory>(
        [user_id = std::move(user_id), memory_id = std::move(memory_id)](Connection& db) -> Result<Memory> {
          auto row = TRY(latest_memory(db, TRY(user_row(db, user_id)), memory_id));
          if (!row) return Error{Code::not_found, "there is no memory " + memory_id};
          return std::move(row->value);
        });
  }

  awaitable<Result<std::vector<Memory>>> find_all(std::string user_id, std::vector<std::string> memory_ids) override {
    return parts_.readers.run<std::vector<Memory>>(
        [user_id = std::move(user_id), memory_ids = std::move(memory_ids)](Connection& db) -> Result<std::vector<Memory>> {
          const std::int64_t user = TRY(user_row(db, user_id));
          std::vector<Memory> found;
          for (const std::string& memory_id : memory_ids)
            if (auto row = TRY(latest_memory(db, user, memory_id))) found.push_back(std::move(row->value));
          return found;
        });
  }

  awaitable<Result<Page<Memory>>> list(std::string user_id, MemoryFilter filter, PageRequest page) override {
    return parts_.readers.run<Page<Memory>>([user_id = std::move(user_id), filter = std::move(filter), page = std::move(page),
                                             now = parts_.clock.now()](Connection& db) {
      return list_memories(db, user_id, filter, page, now);
    });
  }

  awaitable<Result<std::vector<MemoryVersion>>> history(std::string user_id, std::string memory_id) override {
    return parts_.readers.run<std::vector<MemoryVersion>>(
        [user_id = std::move(user_id), memory_id = std::move(memory_id)](Connection& db) {
          return memory_history(db, user_id, memory_id);
        });
  }

  awaitable<Result<std::vector<Memory>>> from_message(std::string user_id, std::string message_id) override {
    return parts_.readers.run<std::vector<Memory>>(
        [user_id = std::move(user_id), message_id = std::move(message_id)](Connection& db) -> Result<std::vector<Memory>> {
          auto rows = TRY(db.query(HOB_SELECT_MEMORY "JOIN memory_sources s ON s.version = v.id "
                                                     "WHERE s.message_id = ? AND u.uid = ? AND v.version_to IS NULL ORDER BY k.id",
                                   message_id, user_id));
          std::vector<Memory> found;
          while (TRY(rows.next())) found.push_back(TRY(read_memory(rows)).value);
          return found;
        });
  }

  awaitable<Result<std::vector<Memory>>> apply(MemoryChange change, Durability durability) override {
    return parts_.writer.run<std::vector<Memory>>(
        durability, [change = std::move(change), now = parts_.clock.now()](WriteBatch& batch) mutable {
          return apply_memory_change(batch, change, now);
        });
  }

  awaitable<Result<std::vector<Memory>>> superseded_by(std::string user_id, std::string memory_id) override {
    return parts_.readers.run<std::vector<Memory>>(
        [user_id = std::move(user_id), memory_id = std::move(memory_id)](Connection& db) -> Result<std::vector<Memory>> {
          auto rows = TRY(db.query(HOB_SELECT_MEMORY "WHERE v.superseded_by = ? AND v.superseded_by <> '' AND v.version_to IS NULL "
                                                     "AND u.uid = ? ORDER BY k.id",
                                   memory_id, user_id));
          std::vector<Memory> found;
          while (TRY(rows.next())) found.push_back(TRY(read_memory(rows)).value);
          return found;
        });
  }

  awaitable<Result<MemoryChange>> clear(std::string user_id, std::string conversation_id, std::string cause, Durability durability) override {
    return parts_.writer.run<MemoryChange>(
        durability, [user_id = std::move(user_id), conversation_id = std::move(conversation_id), cause = std::move(cause),
                     now = parts_.clock.now()](WriteBatch& batch) { return clear_memories(batch, user_id, conversation_id, cause, now); });
  }

  awaitable<Result<MemoryChange>> last_change(std::string user_id, std::string memory_id) override {
    return parts_.readers.run<MemoryChange>([user_id = std::move(user_id), memory_id = std::move(memory_id)](Connection& db) {
      return last_holding_change(db, user_id, memory_id);
    });
  }

  awaitable<Result<MemoryChange>> find_change(std::string user_id, std::string change_id) override {
    return parts_.readers.run<MemoryChange>(
        [user_id = std::move(user_id), change_id = std::move(change_id)](Connection& db) -> Result<MemoryChange> {
          return std::move(TRY(memory_change(db, user_id, change_id)).value);
        });
  }

  awaitable<Result<Page<MemoryChange>>> changes(std::string user_id, std::string run_id, PageRequest page) override {
    return parts_.readers.run<Page<MemoryChange>>(
        [user_id = std::move(user_id), run_id = std::move(run_id), page = std::move(page)](Connection& db) {
          return list_changes(db, user_id, run_id, page);
        });
  }

  awaitable<Result<MemoryChange>> undo(std::string user_id, std::string change_id, std::string cause, Durability durability) override {
    return undo_as("", std::move(user_id), std::move(change_id), std::move(cause), durability);
  }

  awaitable<Result<MemoryChange>> undo_as(std::string new_id, std::string user_id, std::string change_id, std::string cause,
                                          Durability durability) override {
    return parts_.writer.run<MemoryChange>(
        durability, [new_id = std::move(new_id), user_id = std::move(user_id), change_id = std::move(change_id),
                     cause = std::move(cause), now = parts_.clock.now()](WriteBatch& batch) {
          return undo_memory_change(batch, user_id, change_id, new_id, cause, now);
        });
  }

  awaitable<Result<std::vector<MemoryChange>>> undo_run(std::string user_id, std::string run_id, std::string cause,
                                                        Durability durability) override {
    return parts_.writer.run<std::vector<MemoryChange>>(
        durability, [user_id = std::move(user_id), run_id = std::move(run_id), cause = std::move(cause),
                     now = parts_.clock.now()](WriteBatch& batch) { return undo_memory_run(batch, user_id, run_id, cause, now); });
  }

  awaitable<Result<Page<MemoryVersion>>> versions(std::string user_id, std::optional<Time> since, PageRequest page) override {
    return parts_.readers.run<Page<MemoryVersion>>(
        [user_id = std::move(user_id), since, page = std::move(page)](Connection& db) { return list_versions(db, user_id, since, page); });
  }

  awaitable<Result<MemoryLoad>> load(std::string user_id, std::vector<MemoryVersion> versions, Durability durability) override {
    return parts_.writer.run<MemoryLoad>(
        durability, [user_id = std::move(user_id), versions = std::move(versions), now = parts_.clock.now()](
                        WriteBatch& batch) mutable { return load_memories(batch, user_id, versions, now); });
  }

  awaitable<Result<void>> mark_used(std::string user_id, std::vector<std::string> memory_ids, std::string turn_id) override {
    return parts_.writer.run<void>(
        Durability::journaled, [user_id = std::move(user_id), memory_ids = std::move(memory_ids), turn_id = std::move(turn_id),
                                now = parts_.clock.now()](WriteBatch& batch) {
          return add_uses(batch.db, user_id, memory_ids, turn_id, now);
        });
  }

  awaitable<Result<std::vector<MemoryUse>>> uses(std::string user_id, std::string memory_id) override {
    return parts_.readers.run<std::vector<MemoryUse>>(
        [user_id = std::move(user_id), memory_id = std::move(memory_id)](Connection& db) -> Result<std::vector<MemoryUse>> {
          auto rows = TRY(db.query("SELECT turn_id, at FROM memory_uses WHERE memory = ? ORDER BY at DESC, turn_id DESC LIMIT ?",
                                   TRY(memory_row(db, user_id, memory_id)), kMostUses));
          std::vector<MemoryUse> uses;
          while (TRY(rows.next())) uses.push_back({.turn_id = rows.text(0), .at = rows.time(1)});
          return uses;
        });
  }

  awaitable<Result<MemoryStats>> stats(std::string user_id) override {
    return parts_.readers.run<MemoryStats>(
        [user_id = std::move(user_id)](Connection& db) { return memory_stats(db, user_id); });
  }

  awaitable<Result<std::vector<Message>>> unlearned(std::string user_id, std::uint32_t limit) override {
    return parts_.readers.run<std::vector<Message>>(
        [user_id = std::move(user_id), limit](Connection& db) { return unlearned_messages(db, user_id, limit); });
  }

  awaitable<Result<std::vector<std::string>>> users_to_learn() override {
    return parts_.readers.run<std::vector<std::string>>([](Connection& db) -> Result<std::vector<std::string>> {
      auto rows = TRY(db.query("SELECT uid FROM (SELECT u.uid AS uid, u.id AS id, (SELECT coalesce(t.state, 2) FROM messages m "
                               "INDEXED BY messages_learn LEFT JOIN turns t ON t.id = m.turn WHERE m.user = u.id AND m.turn IS NOT NULL "
                               "AND m.id > coalesce((SELECT message FROM memory_marks k WHERE k.user = u.id), 0) "
                               "ORDER BY m.id LIMIT 1) AS state FROM users u) WHERE state >= 2 ORDER BY id"));
      std::vector<std::string> users;
      while (TRY(rows.next())) users.push_back(rows.text(0));
      return users;
    });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Memories> make_sqlite_memories(SqliteParts parts) { return std::make_unique<SqliteMemories>(parts); }

}  // namespace hobd
