// A memory as the writer sees it: its newest version and when that began or ended, and the steps that every change is
// made of.
#pragma once

#include "store/memory_rows.hpp"

namespace hobd {

struct Head {
  std::int64_t id = 0;                 // memory_ids.id
  std::int64_t last_number = 0;        // of its newest version, 0 without one
  Time last_event{};                   // when its newest version began or ended
  std::optional<std::int64_t> latest;  // its latest version's row; none: removed, or made just now
  std::int64_t latest_number = 0;
};

/// The user's memory of that id, if it was ever there. not_found: it is another user's.
Result<std::optional<Head>> find_head(Connection& db, std::int64_t user, const std::string& memory_id);
Result<Head> make_head(Connection& db, std::int64_t user, const std::string& memory_id);

/// When the next version begins: now, but never before the memory's last event.
Time next_event(Time now, const Head& head);
Result<void> end_latest(Connection& db, const Head& head, Time at);
/// Puts the next version behind the latest; the version's row.
Result<std::int64_t> put_version(WriteBatch& batch, const Head& head, Memory& memory, std::int64_t user, std::int64_t change,
                                 Time now);

/// Makes a version fit to be stored: UTF-8, the importance to a thousandth. invalid: says what is wrong with it.
Result<void> prepare_memory(Memory& memory);

/// Stores a change, without its entries; its row. Sets its id where it has none, and its time.
Result<std::int64_t> add_memory_change(Connection& db, MemoryChange& change, std::int64_t user, Time now);
Result<void> add_memory_entry(Connection& db, std::int64_t change, std::int64_t memory, std::optional<std::int64_t> old_version,
                              std::optional<std::int64_t> new_version, std::string_view reason);

}  // namespace hobd
