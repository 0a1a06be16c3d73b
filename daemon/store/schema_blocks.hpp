// The schema of blocks and of session summaries.
#pragma once

namespace hobd {

// A summary covers the turns up to `upto_turn` and, of messages without a turn (imported, forked), those up to `upto_row`.
// Messages of later turns may be stored before an earlier turn's answer, so rows alone don't tell. From `floor_row` on there
// may be some that it doesn't cover: reads begin there.
inline constexpr char kSchemaBlocks[] = R"sql(
CREATE TABLE blocks (
  user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  text TEXT NOT NULL,
  description TEXT NOT NULL,
  most_characters INTEGER NOT NULL,
  read_only INTEGER NOT NULL,
  position INTEGER NOT NULL,
  previous TEXT,
  from_outside INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (user, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_summaries (
  session INTEGER PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  upto_id TEXT NOT NULL,
  upto_row INTEGER NOT NULL,
  upto_turn INTEGER NOT NULL,
  floor_row INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  made_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
)sql";

}  // namespace hobd
