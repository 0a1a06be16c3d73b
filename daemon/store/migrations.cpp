#include "store/migrations.hpp"

#include "base/log.hpp"
#include "store/schema_blocks.hpp"
#include "store/schema_consolidations.hpp"
#include "store/schema_erasures.hpp"
#include "store/schema_imports.hpp"
#include "store/schema_ledger.hpp"
#include "store/schema_memories.hpp"
#include "store/schema_recall.hpp"
#include "store/schema_vectors.hpp"

#include <array>

namespace hobd {
namespace {

// Rows refer to each other by integer rowid, which also is the order in which they were stored; the text ids
// that the outside sees are looked up once. A reference has ON DELETE CASCADE only where an index serves it.
// Times are microseconds since 1970; JSON columns hold '' for an empty object or array.
constexpr const char* kVersion1 = R"sql(
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
)sql";

// The first search index. The next step puts another in its place, so this one is made without rows and without the
// function that it once read its texts through.
constexpr const char* kVersion2 = R"sql(
CREATE VIEW message_words AS
  SELECT id, 'u' || user AS owner, text AS words FROM messages;
CREATE VIRTUAL TABLE message_fts USING fts5(
  owner, words, content = 'message_words', content_rowid = 'id',
  tokenize = 'porter unicode61 remove_diacritics 2');
)sql";

constexpr std::array kSteps = {kVersion1,      kVersion2,      kSchemaRecall,  kSchemaMemories,
                              kSchemaBlocks,  kSchemaVectors, kSchemaImports, kSchemaErasures,
                              kSchemaConsolidations, kSchemaLedger};

}  // namespace

int newest_schema_version() { return static_cast<int>(kSteps.size()); }

Result<void> migrate(Connection& db) { return migrate_to(db, newest_schema_version()); }

Result<void> migrate_to(Connection& db, int newest) {
  const auto from = TRY(db.number("PRAGMA user_version"));
  if (from > newest)
    return Error{Code::unsupported, db.file().string() + " has schema version " + std::to_string(from) +
                                        ", this program knows up to " + std::to_string(newest) +
                                        "; run the hobd that wrote it, or a newer one"};
  if (from == newest) return {};
  if (from > 0) {
    // Named by what it holds: after a migration that stopped halfway, the next start's copy is another file.
    std::filesystem::path copy = db.file();
    copy += ".v" + std::to_string(from) + ".before-v" + std::to_string(newest);
    std::error_code unknown;
    const bool is_kept = std::filesystem::exists(copy, unknown);
    if (!is_kept) {
      auto copied = db.copy_to(copy);
      if (copied.has_error()) return copied.error().with_context("keep a copy before the migration");
    }
    log::info("store", "migrating {} from schema {} to {}; a copy {} {}", db.file().string(), from, newest,
              is_kept ? "of an earlier try stays in" : "is kept as", copy.string());
  }
  std::string steps;
  for (int version = static_cast<int>(from) + 1; version <= newest; ++version) {
    steps += kSteps[static_cast<std::size_t>(version - 1)];
    // Each transaction waits four times for the disk: a new database is made in one.
    if (from == 0 && version < newest) continue;
    const auto done = db.script("BEGIN IMMEDIATE;" + steps + "PRAGMA user_version = " + std::to_string(version) + "; COMMIT;");
    if (done.has_error()) {
      if (db.in_transaction()) (void)db.script("ROLLBACK");
      return done.error().with_context("migrate to schema version " + std::to_string(version));
    }
    steps.clear();
  }
  return {};
}

}  // namespace hobd
