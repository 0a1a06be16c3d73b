// Which rows an erasure takes: what was named, and what belongs to it.
#pragma once

#include "store/erasures.hpp"
#include "store/sqlite.hpp"

#include <set>

namespace hobd {

struct ErasureSet {
  std::set<std::int64_t> memories;  // memory_ids.id: with all versions
  std::set<std::int64_t> messages;  // messages.id
  std::set<std::int64_t> versions;  // memories.id, of memories that stay: all they rest on goes
  std::set<std::int64_t> unquoted;  // memories.id, of versions that stay: they lose quotes
};

/// Members of a memory's `extra` that consolidation writes: ids of the memories whose content this one has taken over.
inline constexpr std::string_view kMergedFrom = "merged_from";
inline constexpr std::string_view kBuiltFrom = "built_from";

/// The rows of ids, and all that belongs to them. not_found: names an id.
Result<ErasureSet> erasure_set(Connection& db, std::int64_t user, const ErasureQuery& query);
/// Adds what belongs to the rows in `set`.
Result<void> grow_erasure_set(Connection& db, std::int64_t user, bool with_messages, ErasureSet& set);

/// The rows of an erasure that was begun.
Result<void> write_erasure_set(Connection& db, std::int64_t erasure, const ErasureSet& set);
Result<ErasureSet> read_erasure_set(Connection& db, std::int64_t erasure);

}  // namespace hobd
