// Memories' rows to values and back, shared by the files that read and write them.
#pragma once

#include "store/memory_records.hpp"
#include "store/rows.hpp"

namespace hobd {

/// One version with the rowids that writes need.
struct MemoryRow {
  std::int64_t version = 0;  // memories.id
  std::int64_t memory = 0;   // memory_ids.id
  Memory value;
};

/// SELECT and joins of a version `v` of a memory `k`; the caller adds WHERE.
#define HOB_SELECT_MEMORY                                                                                     \
  "SELECT v.id, v.memory, k.mid, u.uid, v.version, v.text, v.kind, v.importance, v.topics, v.people, "        \
  "v.sources, v.valid_from, v.valid_to, v.recorded_at, v.superseded_at, v.superseded_by, v.pii, v.extra, "    \
  "v.version_from, v.version_to, coalesce(c.chid, ''), k.access_count, k.last_used_at " HOB_FROM_MEMORY
#define HOB_FROM_MEMORY                                                                                       \
  "FROM memories v JOIN memory_ids k ON k.id = v.memory JOIN users u ON u.id = v.user "                       \
  "LEFT JOIN memory_changes c ON c.id = v.change "
/// The number of columns above: an own one of the caller has this index.
inline constexpr int kMemoryColumns = 23;
Result<MemoryRow> read_memory(const Query& row);

/// One version by its row, whoever's it is. not_found: it is gone.
Result<MemoryRow> memory_version(Connection& db, std::int64_t version);
/// The latest version of a user's memory; none: there is no such memory, or it was removed.
Result<std::optional<MemoryRow>> latest_memory(Connection& db, std::int64_t user, std::string_view memory_id);

/// Stores a version as it is given, with its sources, and puts it into the index; its row. `change`: memory_changes.id.
Result<std::int64_t> insert_memory(WriteBatch& batch, const Memory& memory, std::int64_t memory_row, std::int64_t user,
                                   std::int64_t change);

/// Whether two versions say the same: all but their numbers, times of version and counters.
bool is_same_state(const Memory& a, const Memory& b);

/// Whether a version passes a filter's kind, topic, person, and its times of validity. A memory that ended is no longer
/// current, but for events and episodes: what happened once stays so. With `valid_at`, what was ended later is found in
/// its time; what another one replaced without an end is not. as_of is the caller's: it chooses the versions.
bool passes(const Memory& memory, const MemoryFilter& filter, Time now);

}  // namespace hobd
