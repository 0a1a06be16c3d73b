// How memories change: every function here runs inside one write and either does all of it or fails.
//
// A version begins at the clock's time, or a microsecond after the memory's last event where the clock has gone back, so
// that what Hob knew at any time stays one version.
#pragma once

#include "store/memories.hpp"
#include "store/memory_rows.hpp"

namespace hobd {

/// Memories::apply().
Result<std::vector<Memory>> apply_memory_change(WriteBatch& batch, MemoryChange& change, Time now);

/// Memories::clear().
Result<MemoryChange> clear_memories(WriteBatch& batch, const std::string& user_id, const std::string& conversation_id,
                                    const std::string& cause, Time now);

/// Memories::undo_as(); `new_id` "": the store makes one.
Result<MemoryChange> undo_memory_change(WriteBatch& batch, const std::string& user_id, const std::string& change_id,
                                        const std::string& new_id, const std::string& cause, Time now);

/// Memories::undo_run().
Result<std::vector<MemoryChange>> undo_memory_run(WriteBatch& batch, const std::string& user_id, const std::string& run_id,
                                                  const std::string& cause, Time now);

/// Memories::load().
Result<MemoryLoad> load_memories(WriteBatch& batch, const std::string& user_id, std::vector<MemoryVersion>& versions, Time now);

/// A change without its edits, and its row.
struct MemoryChangeRow {
  std::int64_t id = 0;
  MemoryChange value;
};
#define HOB_SELECT_CHANGE                                                                              \
  "SELECT c.id, c.chid, u.uid, c.cause, c.run_id, c.summary, c.undoes, c.undone_by, c.at "             \
  "FROM memory_changes c JOIN users u ON u.id = c.user "
MemoryChangeRow read_memory_change(const Query& row);
/// Reads what a change did to its memories.
Result<void> read_memory_edits(Connection& db, MemoryChangeRow& change);
/// With its edits. not_found: it isn't this user's.
Result<MemoryChangeRow> memory_change(Connection& db, const std::string& user_id, const std::string& change_id);

}  // namespace hobd
