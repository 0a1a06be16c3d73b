// The database's schema as numbered steps. A step that has shipped is never changed; a new one is added at
// the end. PRAGMA user_version holds the number of the last step that ran.
#pragma once

#include "store/sqlite.hpp"

namespace hobd {

/// The newest schema this program knows.
int newest_schema_version();

/// Brings the database forward, each step in a transaction of its own; a new one is made in one. Before it touches a database
/// that holds something, it keeps a copy as "<file>.v<old>.before-v<newest>"; one that is there stays. unsupported: the schema
/// is newer than this program; nothing was changed.
Result<void> migrate(Connection& db);
/// The same up to a version that is not the newest: how a test makes an old database.
Result<void> migrate_to(Connection& db, int version);

}  // namespace hobd
