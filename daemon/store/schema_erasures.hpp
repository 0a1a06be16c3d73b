// Erasures and tombstones.
//
// An erasure is written down with the rows it takes before the first of them goes, and keeps its phase, so that a crash
// only interrupts it. What it took is named by rows alone, and those names go when it is done: its counts remain, as the
// receipt. A tombstone is a digest under a key of `tombstone_keys`; what it stands for can't be read from it.
#pragma once

namespace hobd {

inline constexpr char kSchemaErasures[] = R"sql(
CREATE TABLE erasures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  eid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  phase INTEGER NOT NULL,
  progress INTEGER NOT NULL,
  memories INTEGER NOT NULL DEFAULT 0,
  versions INTEGER NOT NULL DEFAULT 0,
  messages INTEGER NOT NULL DEFAULT 0,
  vectors INTEGER NOT NULL DEFAULT 0,
  summaries INTEGER NOT NULL DEFAULT 0,
  changes INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX erasures_user ON erasures(user);

CREATE TABLE erasure_rows (
  erasure INTEGER NOT NULL REFERENCES erasures(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY (erasure, kind, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone_keys (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO tombstone_keys(key) VALUES (lower(hex(randomblob(32))));

CREATE TABLE tombstones (
  digest BLOB NOT NULL,
  key INTEGER NOT NULL REFERENCES tombstone_keys(id),
  at INTEGER NOT NULL,
  PRIMARY KEY (digest, key)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace hobd
