#include "store/tombstone_search.hpp"

#include "store/tombstones.hpp"

namespace hobd {

Result<std::map<std::int64_t, ErasureSet>> find_forgotten(Connection& db) {
  std::map<std::int64_t, Tombstones> tombstones;
  {
    auto users = TRY(db.query("SELECT id, name FROM users"));
    while (TRY(users.next())) tombstones.emplace(users.integer(0), TRY(Tombstones::open(db, users.view(1))));
  }
  std::map<std::int64_t, ErasureSet> found;
  const auto search = [&](std::string_view sql, Forgotten kind, std::set<std::int64_t> ErasureSet::*rows_of) -> Result<void> {
    auto rows = TRY(db.query(sql));
    while (TRY(rows.next())) {
      const auto user = tombstones.find(rows.integer(1));
      if (user != tombstones.end() && TRY(user->second.knows(kind, rows.view(2)))) (found[user->first].*rows_of).insert(rows.integer(0));
    }
    return {};
  };
  TRY(search("SELECT id, user, mid FROM memory_ids", Forgotten::memory, &ErasureSet::memories));
  TRY(search("SELECT id, user, mid FROM messages", Forgotten::message, &ErasureSet::messages));
  for (auto& [user, set] : found) TRY(grow_erasure_set(db, user, false, set));
  return found;
}

}  // namespace hobd
