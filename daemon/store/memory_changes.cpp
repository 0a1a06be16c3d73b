#include "store/memory_changes.hpp"

#include "base/id.hpp"
#include "store/memory_heads.hpp"

#include <algorithm>

namespace hobd {
namespace {

Result<void> apply_put(WriteBatch& batch, MemoryEdit& edit, std::int64_t user, std::int64_t change, Time now,
                       std::vector<Memory>& made) {
  Memory& memory = edit.memory;
  TRY(prepare_memory(memory));
  if (memory.id.empty()) memory.id = make_id("mem");
  auto head = TRY(find_head(batch.db, user, memory.id));
  if (edit.expected_version > 0 && (!head || !head->latest || head->latest_number != edit.expected_version))
    return Error{Code::overloaded, "memory " + memory.id + " has changed since its version " +
                                       std::to_string(edit.expected_version) + ": read it again"};
  if (!head) head = TRY(make_head(batch.db, user, memory.id));
  if (memory.recorded_at == Time{}) memory.recorded_at = next_event(now, *head);
  if (!memory.superseded_by.empty() && !memory.superseded_at) memory.superseded_at = next_event(now, *head);
  const std::int64_t version = TRY(put_version(batch, *head, memory, user, change, now));
  TRY(add_memory_entry(batch.db, change, head->id, head->latest, version, edit.reason));
  made.push_back(TRY(memory_version(batch.db, version)).value);
  return {};
}

Result<void> apply_remove(WriteBatch& batch, const MemoryEdit& edit, std::int64_t user, std::int64_t change, Time now) {
  const auto head = TRY(find_head(batch.db, user, edit.memory.id));
  if (!head || (!head->latest && edit.expected_version == 0))
    return Error{Code::not_found, "there is no memory " + edit.memory.id};
  if (edit.expected_version > 0 && (!head->latest || head->latest_number != edit.expected_version))
    return Error{Code::overloaded, "memory " + edit.memory.id + " has changed since its version " +
                                       std::to_string(edit.expected_version) + ": read it again"};
  TRY(end_latest(batch.db, *head, next_event(now, *head)));
  return add_memory_entry(batch.db, change, head->id, head->latest, std::nullopt, edit.reason);
}

Result<void> raise_mark(Connection& db, std::int64_t user, const std::string& message_id) {
  std::int64_t message = 0;
  {
    auto rows = TRY(db.query("SELECT id FROM messages WHERE mid = ? AND user = ?", message_id, user));
    if (!TRY(rows.next())) return Error{Code::not_found, "there is no message " + message_id};
    message = rows.integer(0);
  }
  TRY(db.run("INSERT INTO memory_marks(user, message) VALUES (?1, ?2) "
             "ON CONFLICT(user) DO UPDATE SET message = max(message, ?2)",
             user, message));
  return {};
}

/// The versions that a change made, in order.
Result<std::vector<Memory>> versions_of(Connection& db, std::int64_t change) {
  auto rows = TRY(db.query(HOB_SELECT_MEMORY "JOIN memory_entries e ON e.new_version = v.id WHERE e.change = ? ORDER BY e.id", change));
  std::vector<Memory> made;
  while (TRY(rows.next())) made.push_back(TRY(read_memory(rows)).value);
  return made;
}

/// The latest versions that rest on messages of one conversation and on nothing else.
Result<std::vector<std::string>> memories_of_conversation(Connection& db, std::int64_t user, std::int64_t conversation) {
  // A source that was given by hand stands in no message; the column tells it apart.
  auto rows = TRY(db.query("SELECT DISTINCT k.mid, v.id, v.sources FROM messages m JOIN memory_sources s ON s.message_id = m.mid "
                           "JOIN memories v ON v.id = s.version JOIN memory_ids k ON k.id = v.memory "
                           "WHERE m.conversation = ?1 AND v.user = ?2 AND v.version_to IS NULL AND NOT EXISTS ("
                           "SELECT 1 FROM memory_sources o LEFT JOIN messages n ON n.mid = o.message_id "
                           "WHERE o.version = v.id AND n.conversation IS NOT ?1) ORDER BY k.id",
                           conversation, user));
  std::vector<std::string> ids;
  while (TRY(rows.next())) {
    bool is_all_said = true;
    for (const json::value& source : TRY(array_column(rows, 2)))
      is_all_said = is_all_said && source.is_object() && !string_or(source.get_object(), "message").empty();
    if (is_all_said) ids.push_back(rows.text(0));
  }
  return ids;
}

Result<std::vector<std::string>> all_memories(Connection& db, std::int64_t user) {
  auto rows = TRY(db.query("SELECT k.mid FROM memories v JOIN memory_ids k ON k.id = v.memory WHERE v.user = ? "
                           "AND v.version_to IS NULL ORDER BY k.id",
                           user));
  std::vector<std::string> ids;
  while (TRY(rows.next())) ids.push_back(rows.text(0));
  return ids;
}

// Undo.

/// What a change did to one memory, its edits taken together.
struct Touched {
  std::int64_t memory = 0;
  std::string memory_id;
  std::optional<std::int64_t> before, behind;  // versions' rows; none: there was none
};

Result<std::vector<Touched>> touched_by(Connection& db, std::int64_t change) {
  auto rows = TRY(db.query("SELECT e.memory, k.mid, e.old_version, e.new_version FROM memory_entries e "
                           "JOIN memory_ids k ON k.id = e.memory WHERE e.change = ? ORDER BY e.id",
                           change));
  const auto version = [&](int column) {
    return rows.is_null(column) ? std::optional<std::int64_t>() : std::optional<std::int64_t>(rows.integer(column));
  };
  std::vector<Touched> touched;
  while (TRY(rows.next())) {
    const std::int64_t memory = rows.integer(0);
    auto known = std::ranges::find(touched, memory, &Touched::memory);
    if (known == touched.end())
      touched.push_back({.memory = memory, .memory_id = rows.text(1), .before = version(2), .behind = version(3)});
    else
      known->behind = version(3);
  }
  return touched;
}

/// Whether two versions, or the lack of one, are the same state of a memory.
Result<bool> is_same(Connection& db, std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (a == b) return true;
  if (!a || !b) return false;
  const MemoryRow first = TRY(memory_version(db, *a));
  const MemoryRow second = TRY(memory_version(db, *b));
  return is_same_state(first.value, second.value);
}

/// The newest change of a memory that holds and is no undo: what has to be undone first.
Result<std::string> holding_change(Connection& db, std::int64_t memory) {
  auto rows = TRY(db.query("SELECT c.chid FROM memory_entries e JOIN memory_changes c ON c.id = e.change "
                           "WHERE e.memory = ? AND c.undone_by = '' AND c.undoes = '' ORDER BY e.id DESC LIMIT 1",
                           memory));
  if (!TRY(rows.next())) return std::string();
  return rows.text(0);
}

/// `change` no longer holds, because of `by`. What it had undone holds again, what that had undone doesn't, and so on.
Result<void> mark_undone(Connection& db, std::int64_t user, std::string change, std::string by) {
  bool holds = false;
  for (int depth = 0; depth < 1'000; ++depth) {
    TRY(db.run("UPDATE memory_changes SET undone_by = ? WHERE chid = ? AND user = ?", holds ? std::string() : by, change, user));
    auto rows = TRY(db.query("SELECT undoes FROM memory_changes WHERE chid = ? AND user = ?", change, user));
    if (!TRY(rows.next()) || rows.view(0).empty()) return {};
    by = std::move(change);
    change = rows.text(0);
    holds = !holds;
  }
  return {};
}

Result<void> restore(WriteBatch& batch, const Touched& touched, std::int64_t user, std::int64_t change,
                     const std::string& undone, Time now) {
  const Head head = *TRY(find_head(batch.db, user, touched.memory_id));
  const std::string reason = "taken back: " + undone;
  if (!touched.before) {
    if (!head.latest) return {};  // it came and went within the change
    TRY(end_latest(batch.db, head, next_event(now, head)));
    return add_memory_entry(batch.db, change, head.id, head.latest, std::nullopt, reason);
  }
  Memory earlier = TRY(memory_version(batch.db, *touched.before)).value;
  const std::int64_t version = TRY(put_version(batch, head, earlier, user, change, now));
  return add_memory_entry(batch.db, change, head.id, head.latest, version, reason);
}

}  // namespace

MemoryChangeRow read_memory_change(const Query& row) {
  MemoryChangeRow change;
  change.id = row.integer(0);
  change.value.id = row.text(1);
  change.value.user_id = row.text(2);
  change.value.cause = row.text(3);
  change.value.run_id = row.text(4);
  change.value.summary = row.text(5);
  change.value.undoes = row.text(6);
  change.value.undone_by = row.text(7);
  change.value.at = row.time(8);
  return change;
}

Result<void> read_memory_edits(Connection& db, MemoryChangeRow& change) {
  auto rows = TRY(db.query("SELECT coalesce(new_version, old_version), new_version IS NULL, reason FROM memory_entries "
                           "WHERE change = ? ORDER BY id",
                           change.id));
  while (TRY(rows.next())) {
    MemoryEdit edit;
    edit.kind = rows.integer(1) ? MemoryEdit::Kind::remove : MemoryEdit::Kind::put;
    edit.reason = rows.text(2);
    edit.memory = TRY(memory_version(db, rows.integer(0))).value;
    change.value.edits.push_back(std::move(edit));
  }
  return {};
}

Result<MemoryChangeRow> memory_change(Connection& db, const std::string& user_id, const std::string& change_id) {
  auto rows = TRY(db.query(HOB_SELECT_CHANGE "WHERE c.chid = ? AND u.uid = ?", change_id, user_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no change " + change_id};
  MemoryChangeRow change = read_memory_change(rows);
  TRY(read_memory_edits(db, change));
  return change;
}

Result<std::vector<Memory>> apply_memory_change(WriteBatch& batch, MemoryChange& change, Time now) {
  const std::int64_t user = TRY(user_row(batch.db, change.user_id));
  if (!change.id.empty()) {
    auto known = memory_change(batch.db, change.user_id, change.id);
    if (known.has_value()) return versions_of(batch.db, known->id);
    if (known.error().code != Code::not_found) return known.error();
  }
  std::vector<Memory> made;
  if (!change.edits.empty()) {
    const std::int64_t row = TRY(add_memory_change(batch.db, change, user, now));
    for (std::size_t i = 0; i < change.edits.size(); ++i) {
      MemoryEdit& edit = change.edits[i];
      const auto done = edit.kind == MemoryEdit::Kind::put ? apply_put(batch, edit, user, row, now, made)
                                                           : apply_remove(batch, edit, user, row, now);
      if (done.has_error())
        return change.edits.size() == 1 ? done.error() : done.error().with_context("edit " + std::to_string(i + 1));
    }
  }
  if (!change.learned_upto.empty()) TRY(raise_mark(batch.db, user, change.learned_upto));
  return made;
}

Result<MemoryChange> clear_memories(WriteBatch& batch, const std::string& user_id, const std::string& conversation_id,
                                    const std::string& cause, Time now) {
  const std::int64_t user = TRY(user_row(batch.db, user_id));
  std::vector<std::string> ids;
  if (conversation_id.empty())
    ids = TRY(all_memories(batch.db, user));
  else
    ids = TRY(memories_of_conversation(batch.db, user, TRY(conversation_row(batch.db, user_id, conversation_id)).id));
  MemoryChange change;
  change.user_id = user_id;
  change.cause = cause;
  change.summary = conversation_id.empty() ? "cleared all" : "cleared what " + conversation_id + " taught";
  for (std::string& id : ids) {
    MemoryEdit& edit = change.edits.emplace_back();
    edit.kind = MemoryEdit::Kind::remove;
    edit.memory.id = std::move(id);
    edit.reason = "cleared";
  }
  if (!change.edits.empty()) TRY(apply_memory_change(batch, change, now));
  return change;
}

Result<MemoryChange> undo_memory_change(WriteBatch& batch, const std::string& user_id, const std::string& change_id,
                                        const std::string& new_id, const std::string& cause, Time now) {
  const std::int64_t user = TRY(user_row(batch.db, user_id));
  if (!new_id.empty()) {
    auto known = memory_change(batch.db, user_id, new_id);
    if (known.has_value()) return std::move(known->value);
    if (known.error().code != Code::not_found) return known.error();
  }
  const MemoryChangeRow undone = TRY(memory_change(batch.db, user_id, change_id));
  if (!undone.value.undone_by.empty())
    return Error{Code::invalid, "the change " + change_id + " is undone already, by " + undone.value.undone_by};
  const auto touched = TRY(touched_by(batch.db, undone.id));
  if (touched.empty()) return Error{Code::invalid, "the change " + change_id + " touched no memory that is still there"};
  for (const Touched& memory : touched) {
    const auto head = TRY(find_head(batch.db, user, memory.memory_id));
    if (TRY(is_same(batch.db, head->latest, memory.behind))) continue;
    const std::string later = TRY(holding_change(batch.db, memory.memory));
    return Error{Code::invalid, "memory " + memory.memory_id + " was changed later, by " + later + ": undo that first"};
  }
  MemoryChange change;
  change.id = new_id;
  change.user_id = user_id;
  change.cause = cause;
  change.undoes = change_id;
  change.summary = "taken back: " + (undone.value.summary.empty() ? change_id : undone.value.summary);
  const std::int64_t row = TRY(add_memory_change(batch.db, change, user, now));
  // The last memory first, as a stack: what was ended by a new one comes back after that has gone.
  for (auto memory = touched.rbegin(); memory != touched.rend(); ++memory)
    TRY(restore(batch, *memory, user, row, change_id, now));
  TRY(mark_undone(batch.db, user, change_id, change.id));
  return std::move(TRY(memory_change(batch.db, user_id, change.id)).value);
}

Result<std::vector<MemoryChange>> undo_memory_run(WriteBatch& batch, const std::string& user_id, const std::string& run_id,
                                                  const std::string& cause, Time now) {
  const std::int64_t user = TRY(user_row(batch.db, user_id));
  std::vector<std::string> ids;
  bool is_known = false;
  {
    auto rows = TRY(batch.db.query("SELECT chid, undone_by FROM memory_changes WHERE user = ? AND run_id = ? AND run_id <> '' "
                                   "ORDER BY id DESC",
                                   user, run_id));
    while (TRY(rows.next())) {
      is_known = true;
      if (rows.view(1).empty()) ids.push_back(rows.text(0));
    }
  }
  if (!is_known) return Error{Code::not_found, "there is no run " + run_id};
  if (ids.empty()) return Error{Code::invalid, "the run " + run_id + " is undone already"};
  std::vector<MemoryChange> undone;
  for (const std::string& id : ids) undone.push_back(TRY(undo_memory_change(batch, user_id, id, "", cause, now)));
  return undone;
}

}  // namespace hobd
