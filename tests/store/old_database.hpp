// A database of the first schema with one message, as SQL: what a migration starts from, whatever came since.
#pragma once

namespace hobd::testing {

inline constexpr char kOldDatabase[] = R"sql(
PRAGMA application_id = 0x486f6221;
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  admin INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE identities (
  channel TEXT NOT NULL,
  external_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  user INTEGER REFERENCES users(id) ON DELETE CASCADE,
  pairing_code TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (channel, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_user ON identities(user);
CREATE UNIQUE INDEX identities_pairing ON identities(pairing_code) WHERE pairing_code <> '';

CREATE TABLE api_keys (
  kid TEXT PRIMARY KEY NOT NULL,
  user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_user ON api_keys(user);

CREATE TABLE conversations (
  id INTEGER PRIMARY KEY,
  cid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL REFERENCES users(id),
  title TEXT NOT NULL,
  channel TEXT NOT NULL,
  thread TEXT NOT NULL,
  session INTEGER NOT NULL,
  fingerprint TEXT NOT NULL DEFAULT '',
  message_count INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_user ON conversations(user, updated_at);
CREATE INDEX conversations_thread ON conversations(user, channel, thread) WHERE thread <> '';
CREATE INDEX conversations_fingerprint ON conversations(user, fingerprint) WHERE fingerprint <> '';

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  sid TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_conversation ON sessions(conversation);

CREATE TABLE turns (
  id INTEGER PRIMARY KEY,
  tid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  session INTEGER NOT NULL,
  channel TEXT NOT NULL,
  external_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  state INTEGER NOT NULL,
  request TEXT NOT NULL,
  usage TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',
  reply_id TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX turns_user ON turns(user);
CREATE INDEX turns_conversation ON turns(conversation);
CREATE UNIQUE INDEX turns_external ON turns(user, channel, external_id) WHERE external_id <> '';
CREATE INDEX turns_open ON turns(state) WHERE state < 2;

CREATE TABLE steps (
  turn INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  took_ms INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (turn, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  mid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  session INTEGER NOT NULL,
  turn INTEGER,
  role TEXT NOT NULL,
  speaker TEXT NOT NULL,
  text TEXT NOT NULL,
  at INTEGER NOT NULL,
  channel TEXT NOT NULL,
  external_id TEXT NOT NULL,
  attachments TEXT NOT NULL,
  extra TEXT NOT NULL
) STRICT;
CREATE INDEX messages_conversation ON messages(conversation);
CREATE INDEX messages_session ON messages(session);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  oid TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  conversation INTEGER REFERENCES conversations(id) ON DELETE CASCADE,
  turn_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  order_key TEXT NOT NULL,
  message TEXT NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  receipt TEXT NOT NULL,
  last_error TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox(state) WHERE state < 2;
CREATE INDEX outbox_conversation ON outbox(conversation) WHERE conversation IS NOT NULL;

CREATE TABLE kv (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE kv_owners (
  owner TEXT PRIMARY KEY NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO users VALUES (1, 'usr_old', 'anna', 0, 1700000000000000);
INSERT INTO conversations(id, cid, user, title, channel, thread, session, message_count, created_at, updated_at)
  VALUES (1, 'conv_old', 1, 'kettle', 'http', '', 1, 1, 1700000000000000, 1700000000000000);
INSERT INTO sessions VALUES (1, 'ses_old', 1, 1700000000000000);
INSERT INTO messages VALUES (1, 'msg_old', 1, 1, 1, NULL, 'user', 'Anna', 'the kettle is new', 1700000000000000, 'http', '', '', '');
PRAGMA user_version = 1;
)sql";

}  // namespace hobd::testing
