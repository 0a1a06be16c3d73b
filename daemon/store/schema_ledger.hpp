// The ledger: a row a call, and the sums per account. A row names people and conversations by their ids, not by reference:
// what was spent stays spent when they go. Money is in whole nano-USD.
//
// ledger.state: 0 reserved, 1 answered, 2 failed, 3 cancelled, 4 lost, 5 released. ledger.run: which run of the daemon made
// it. ledger.accounts: the ids of ledger_accounts it was booked on, with commas. ledger.day: the household's date then.
// ledger.output_tokens: while the row is reserved, those of reserved_tokens that the answer may take.
// Account ids are never used again, so that a late settlement can't reach an account that took a removed one's place.
#pragma once

namespace hobd {

inline constexpr char kSchemaLedger[] = R"sql(
CREATE TABLE ledger_accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  window TEXT NOT NULL,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  spent_nano INTEGER NOT NULL DEFAULT 0 CHECK (spent_nano >= 0),
  reserved_nano INTEGER NOT NULL DEFAULT 0 CHECK (reserved_nano >= 0),
  spent_tokens INTEGER NOT NULL DEFAULT 0 CHECK (spent_tokens >= 0),
  reserved_tokens INTEGER NOT NULL DEFAULT 0 CHECK (reserved_tokens >= 0),
  UNIQUE (window, scope, name)
) STRICT;

CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  lid TEXT NOT NULL UNIQUE,
  run INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
  at INTEGER NOT NULL,
  day TEXT NOT NULL,
  settled_at INTEGER,
  user_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  turn_id TEXT NOT NULL,
  job TEXT NOT NULL,
  purpose TEXT NOT NULL,
  is_background INTEGER NOT NULL,
  model TEXT NOT NULL,
  tier TEXT NOT NULL,
  reserved_nano INTEGER NOT NULL CHECK (reserved_nano >= 0),
  reserved_tokens INTEGER NOT NULL CHECK (reserved_tokens >= 0),
  accounts TEXT NOT NULL,
  nano INTEGER NOT NULL DEFAULT 0 CHECK (nano >= 0),
  baseline_nano INTEGER NOT NULL DEFAULT 0,
  uncached_nano INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  cache_write_tokens INTEGER NOT NULL DEFAULT 0,
  is_estimated INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ledger_open ON ledger(run) WHERE state = 0;
CREATE INDEX ledger_at ON ledger(at);
CREATE INDEX ledger_user ON ledger(user_id, at);
CREATE INDEX ledger_turn ON ledger(turn_id) WHERE turn_id <> '';

CREATE TABLE ledger_warnings (
  window TEXT NOT NULL,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  what TEXT NOT NULL,
  PRIMARY KEY (window, scope, name, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_limits (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  window TEXT NOT NULL,
  cap_nano INTEGER,
  cap_tokens INTEGER,
  PRIMARY KEY (scope, name, window)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_overruns (
  model TEXT PRIMARY KEY NOT NULL,
  factor REAL NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace hobd
