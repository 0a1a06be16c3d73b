// Runs of consolidation: what was begun and not ended is taken up again. A run's changes are memory_changes of its run_id.
#pragma once

namespace hobd {

inline constexpr char kSchemaConsolidations[] = R"sql(
CREATE TABLE consolidations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  most_removed INTEGER NOT NULL,
  changes INTEGER NOT NULL DEFAULT 0,
  digest TEXT NOT NULL DEFAULT '',
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX consolidations_user ON consolidations(user);
)sql";

}  // namespace hobd
