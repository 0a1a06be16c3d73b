#include "store/memory_heads.hpp"

#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

/// Kept to a thousandth, so that it reads back as it was written in every format.
double rounded(double importance) { return std::round(importance * 1000) / 1000; }

void repair(std::string& text) {
  if (!is_valid_utf8(text)) text = to_valid_utf8(text);
}

}  // namespace

Result<void> prepare_memory(Memory& memory) {
  for (std::string* text : {&memory.id, &memory.text, &memory.superseded_by}) repair(*text);
  for (auto* list : {&memory.topics, &memory.people, &memory.pii})
    for (std::string& text : *list) repair(text);
  for (MemorySource& source : memory.sources) {
    repair(source.message_id);
    repair(source.quote);
  }
  TRY(check_memory(memory));
  memory.importance = rounded(memory.importance);
  return {};
}

Result<std::optional<Head>> find_head(Connection& db, std::int64_t user, const std::string& memory_id) {
  std::optional<Head> found;
  {
    auto rows = TRY(db.query("SELECT id, user FROM memory_ids WHERE mid = ?", memory_id));
    if (!TRY(rows.next())) return found;
    if (rows.integer(1) != user) return Error{Code::not_found, "there is no memory " + memory_id};
    found.emplace().id = rows.integer(0);
  }
  // The newest version was made last: the times of the others lie before its own.
  auto rows = TRY(db.query("SELECT id, version, version_from, version_to FROM memories WHERE memory = ? ORDER BY version DESC LIMIT 1", found->id));
  if (TRY(rows.next())) {
    found->last_number = rows.integer(1);
    found->last_event = std::max(rows.time(2), rows.time(3));
    if (rows.is_null(3)) {
      found->latest = rows.integer(0);
      found->latest_number = rows.integer(1);
    }
  }
  return found;
}

Result<Head> make_head(Connection& db, std::int64_t user, const std::string& memory_id) {
  TRY(db.run("INSERT INTO memory_ids(mid, user) VALUES (?, ?)", memory_id, user));
  Head head;
  head.id = db.last_rowid();
  return head;
}

Time next_event(Time now, const Head& head) { return std::max(now, head.last_event + Duration(1)); }

Result<void> end_latest(Connection& db, const Head& head, Time at) {
  if (head.latest) TRY(db.run("UPDATE memories SET version_to = ? WHERE id = ?", at, *head.latest));
  return {};
}

Result<void> add_memory_entry(Connection& db, std::int64_t change, std::int64_t memory, std::optional<std::int64_t> old_version,
                       std::optional<std::int64_t> new_version, std::string_view reason) {
  TRY(db.run("INSERT INTO memory_entries(change, memory, old_version, new_version, reason) VALUES (?, ?, ?, ?, ?)", change,
             memory, old_version, new_version, reason));
  return {};
}

Result<std::int64_t> add_memory_change(Connection& db, MemoryChange& change, std::int64_t user, Time now) {
  for (std::string* text : {&change.id, &change.summary, &change.run_id}) repair(*text);
  if (change.id.empty()) change.id = make_id("chg");
  change.at = now;
  const auto added = db.run("INSERT INTO memory_changes(chid, user, cause, run_id, summary, undoes, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                            change.id, user, change.cause, change.run_id, change.summary, change.undoes, now);
  if (added.has_error()) return added.error().with_context("store the change " + change.id);
  return db.last_rowid();
}

Result<std::int64_t> put_version(WriteBatch& batch, const Head& head, Memory& memory, std::int64_t user, std::int64_t change,
                                 Time now) {
  const Time at = next_event(now, head);
  TRY(end_latest(batch.db, head, at));
  memory.version = head.last_number + 1;
  memory.version_from = at;
  memory.version_to.reset();
  return insert_memory(batch, memory, head.id, user, change);
}

}  // namespace hobd
