// The tables of memories.
//
// `memory_ids` has a row a memory, for life: its counters outlive its versions. `memories` has a row a version; the latest
// one has no version_to, and a removed memory has no latest one. Rowids of versions are never given twice, since indexes
// name versions by them. Each change has its entries: which memory, from which version to which (NULL: none), and why; they
// are what undo and the history read. `memory_fts` indexes the text of every version, so that what was known at an earlier
// time is found by its own words. `memory_marks` says up to which message a user's talk was learned from: message
// rowids may be given again once the newest messages are gone, so that the mark falls back with them.
#pragma once

namespace hobd {

inline constexpr char kSchemaMemories[] = R"sql(
CREATE TABLE memory_ids (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  access_count INTEGER NOT NULL DEFAULT 0,
  last_used_at INTEGER
) STRICT;
CREATE INDEX memory_ids_user ON memory_ids(user);

CREATE TABLE memory_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  cause TEXT NOT NULL,
  run_id TEXT NOT NULL,
  summary TEXT NOT NULL,
  undoes TEXT NOT NULL,
  undone_by TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX memory_changes_user ON memory_changes(user);
CREATE INDEX memory_changes_run ON memory_changes(user, run_id) WHERE run_id <> '';

CREATE TABLE memories (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  memory INTEGER NOT NULL REFERENCES memory_ids(id) ON DELETE CASCADE,
  user INTEGER NOT NULL,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  kind INTEGER NOT NULL,
  importance REAL NOT NULL,
  topics TEXT NOT NULL,
  people TEXT NOT NULL,
  sources TEXT NOT NULL,
  valid_from INTEGER,
  valid_to INTEGER,
  recorded_at INTEGER NOT NULL,
  superseded_at INTEGER,
  superseded_by TEXT NOT NULL,
  pii TEXT NOT NULL,
  extra TEXT NOT NULL,
  version_from INTEGER NOT NULL,
  version_to INTEGER,
  change INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX memories_version ON memories(memory, version);
CREATE INDEX memories_latest ON memories(user, memory) WHERE version_to IS NULL;
CREATE INDEX memories_superseded_by ON memories(superseded_by) WHERE superseded_by <> '';
CREATE INDEX memories_extra ON memories(user) WHERE extra <> '';

CREATE VIEW memory_terms AS
  SELECT id, index_terms(user, text) AS terms FROM memories;
CREATE VIRTUAL TABLE memory_fts USING fts5(
  terms, content = 'memory_terms', content_rowid = 'id', tokenize = 'ascii', detail = none, columnsize = 0);

CREATE TABLE memory_sources (
  message_id TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES memories(id) ON DELETE CASCADE,
  PRIMARY KEY (message_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX memory_sources_version ON memory_sources(version);

CREATE TABLE memory_entries (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES memory_changes(id) ON DELETE CASCADE,
  memory INTEGER NOT NULL REFERENCES memory_ids(id) ON DELETE CASCADE,
  old_version INTEGER,
  new_version INTEGER,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX memory_entries_change ON memory_entries(change);
CREATE INDEX memory_entries_memory ON memory_entries(memory);
CREATE INDEX memory_entries_old ON memory_entries(old_version) WHERE old_version IS NOT NULL;
CREATE INDEX memory_entries_new ON memory_entries(new_version) WHERE new_version IS NOT NULL;

CREATE TABLE memory_uses (
  memory INTEGER NOT NULL REFERENCES memory_ids(id) ON DELETE CASCADE,
  turn_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (memory, turn_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE memory_marks (
  user INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
  message INTEGER NOT NULL
) STRICT;
CREATE INDEX memory_marks_message ON memory_marks(message);
CREATE INDEX messages_learn ON messages(user) WHERE turn IS NOT NULL;
CREATE TRIGGER messages_lower_mark AFTER DELETE ON messages BEGIN
  UPDATE memory_marks SET message = coalesce((SELECT max(id) FROM messages), 0)
    WHERE message > coalesce((SELECT max(id) FROM messages), 0);
END;
)sql";

}  // namespace hobd
