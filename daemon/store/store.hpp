// The database behind typed interfaces: every promise Hob keeps over kill -9 and power loss is kept here.
//
// All SQL lives in this folder. The SQLite implementation (open_sqlite_store) runs one writer thread that
// takes every waiting write into one transaction, and a few read-only readers; awaiting a write means it
// is committed. All functions are called on the core thread and resume there. Errors: unavailable (disk
// full, I/O error: the message says which file and what to do), not_found, invalid, internal.
#pragma once

#include "base/task_group.hpp"
#include "store/imports.hpp"
#include "store/records.hpp"

#include <filesystem>
#include <memory>
#include <span>

namespace hobd {

/// What a committed write survives. journaled: kill -9. synced: power loss too (one fdatasync a batch).
enum class Durability { journaled, synced };

/// Which session an inbound message joins.
struct SessionChoice {
  enum class Kind { latest, fresh, given } kind = Kind::latest;
  std::string id;  // for given
};

/// What the inbox stores in one transaction.
struct Inbound {
  std::string user_id, channel, external_id;  // external_id "": no dedupe
  std::string conversation_id;                // "": by thread, and when that is empty too, a new one
  std::string thread;
  SessionChoice session;
  std::vector<Message> history;  // stored before the message, when the conversation is new (/v1)
  std::vector<Message> messages; // the new ones, in order: usually one, role user
  json::object request;          // becomes Turn::request
  std::string fingerprint;       // for find_conversation_by_fingerprint(); "" none
};
struct Accepted {
  Turn turn;
  Message message;         // the last stored one
  bool duplicate = false;  // the turn was there already; nothing was stored
  bool new_conversation = false;
};

/// How a turn ends, in one transaction: its last steps, the reply, what goes out.
struct TurnEnd {
  std::string turn_id;
  TurnState state = TurnState::replied;
  std::vector<Step> steps;
  std::optional<Message> reply;      // id set by the caller
  std::vector<OutboxItem> outbox;    // ids set by the caller
  Usage usage;
  std::string error;
  std::string fingerprint;           // the conversation's new fingerprint; "" keeps the old
};

struct TurnFilter {
  std::string conversation_id;  // "": all of the user's
  std::optional<TurnState> state;
};

/// The inbox, turns, steps and the outbox.
class Journal {
 public:
  virtual ~Journal() = default;
  /// Stores a message and its turn, or finds the turn of (channel, external_id) again. not_found: the
  /// conversation or session named isn't this user's.
  virtual awaitable<Result<Accepted>> accept(Inbound inbound, Durability durability) = 0;
  /// From now on a message for the latest session of a conversation begins a fresh one when that was silent for longer than
  /// `ttl`; 0: never.
  virtual void set_session_ttl(std::chrono::milliseconds ttl) = 0;
  /// Appends steps in order and sets the turn running. cancelled: the turn has ended already.
  virtual awaitable<Result<void>> add_steps(std::string turn_id, std::vector<Step> steps, Durability durability) = 0;
  /// Ends a turn once: a second end is refused with invalid and changes nothing.
  virtual awaitable<Result<Turn>> end_turn(TurnEnd end, Durability durability) = 0;
  /// Turns accepted or running, oldest first: what a start resumes.
  virtual awaitable<Result<std::vector<Turn>>> unfinished_turns() = 0;
  virtual awaitable<Result<Turn>> find_turn(std::string user_id, std::string turn_id) = 0;
  /// A turn that failed runs once more: it is running again, its steps stay, "retried" follows them. A turn
  /// in any other state is given back as it is.
  virtual awaitable<Result<Turn>> retry_turn(std::string user_id, std::string turn_id) = 0;
  virtual awaitable<Result<std::vector<Step>>> steps(std::string user_id, std::string turn_id) = 0;
  virtual awaitable<Result<Page<Turn>>> list_turns(std::string user_id, TurnFilter filter, PageRequest page) = 0;

  virtual awaitable<Result<void>> add_outbox(std::vector<OutboxItem> items, Durability durability) = 0;
  /// Items pending or sending, in the order they were made.
  virtual awaitable<Result<std::vector<OutboxItem>>> open_outbox() = 0;
  /// Stores state, attempts, next_attempt_at, receipt and last_error of an item.
  virtual awaitable<Result<void>> update_outbox(OutboxItem item, Durability durability) = 0;
  /// Removes at most `limit` ended items that were made before `before`; gives their number.
  virtual awaitable<Result<std::int64_t>> prune_outbox(Time before, std::int64_t limit) = 0;
};

class Conversations {
 public:
  virtual ~Conversations() = default;
  virtual awaitable<Result<Page<Conversation>>> list(std::string user_id, PageRequest page) = 0;
  virtual awaitable<Result<Conversation>> find(std::string user_id, std::string conversation_id) = 0;
  /// The latest conversation of that channel and thread.
  virtual awaitable<Result<Conversation>> find_by_thread(std::string user_id, std::string channel, std::string thread) = 0;
  virtual awaitable<Result<Conversation>> find_by_fingerprint(std::string user_id, std::string fingerprint) = 0;
  virtual awaitable<Result<Conversation>> create(std::string user_id, std::string title, std::string channel, std::string thread) = 0;
  /// Removes it with its sessions, messages, turns and steps, from the search index too.
  virtual awaitable<Result<void>> remove(std::string user_id, std::string conversation_id) = 0;
  /// Begins a fresh session: the model no longer sees what was said before, the record keeps it.
  virtual awaitable<Result<Session>> reset(std::string user_id, std::string conversation_id) = 0;
  /// A new conversation with a copy of the messages up to and with `message_id` ("": all of the latest session).
  virtual awaitable<Result<Conversation>> fork(std::string user_id, std::string conversation_id, std::string message_id) = 0;
  virtual awaitable<Result<void>> set_title(std::string user_id, std::string conversation_id, std::string title) = 0;
  virtual awaitable<Result<std::vector<Session>>> sessions(std::string user_id, std::string conversation_id) = 0;
  /// Messages in time order. session_id "": of every session.
  virtual awaitable<Result<Page<Message>>> messages(std::string user_id, std::string conversation_id, std::string session_id, PageRequest page) = 0;
  /// The newest `count` messages of a session before `before_message` ("": all), oldest first: those of earlier turns, an
  /// answer behind the message it answers even if others arrived meanwhile.
  virtual awaitable<Result<std::vector<Message>>> recent(std::string user_id, std::string session_id, std::string before_message, std::uint32_t count) = 0;
  virtual awaitable<Result<Message>> find_message(std::string user_id, std::string message_id) = 0;
};

class Users {
 public:
  virtual ~Users() = default;
  virtual awaitable<Result<std::vector<User>>> list() = 0;
  virtual awaitable<Result<User>> find(std::string user_id) = 0;
  virtual awaitable<Result<User>> find_by_name(std::string name) = 0;
  /// Finds the user of that name or makes it.
  virtual awaitable<Result<User>> ensure(std::string name, bool admin) = 0;
  /// Removes the user and everything that is theirs.
  virtual awaitable<Result<void>> remove(std::string user_id) = 0;

  /// Finds the identity, or makes one that waits under `pairing_code`.
  virtual awaitable<Result<Identity>> ensure_identity(std::string channel, std::string external_id, std::string display_name, std::string pairing_code) = 0;
  virtual awaitable<Result<std::vector<Identity>>> list_identities() = 0;
  /// Gives the identity that waits under `pairing_code` to a user. not_found: no such code.
  virtual awaitable<Result<Identity>> approve_identity(std::string pairing_code, std::string user_id) = 0;
  virtual awaitable<Result<void>> remove_identity(std::string channel, std::string external_id) = 0;
  /// not_found: the channel has not seen this sender.
  virtual awaitable<Result<Identity>> find_identity(std::string channel, std::string external_id) = 0;

  virtual awaitable<Result<void>> add_key(ApiKey key) = 0;
  virtual awaitable<Result<std::vector<ApiKey>>> list_keys(std::string user_id) = 0;  // "": all
  virtual awaitable<Result<ApiKey>> find_key(std::string hash) = 0;
  virtual awaitable<Result<void>> remove_key(std::string key_id) = 0;
  virtual awaitable<Result<void>> touch_key(std::string key_id, Time used_at) = 0;
};

/// The plugins' small stores, each under an owner (the instance's name).
class Kv {
 public:
  virtual ~Kv() = default;
  virtual awaitable<Result<std::string>> get(std::string owner, std::string key) = 0;
  /// overloaded: keys and values of `owner` would pass `quota` bytes.
  virtual awaitable<Result<void>> set(std::string owner, std::string key, std::string value, std::uint64_t quota) = 0;
  virtual awaitable<Result<void>> remove(std::string owner, std::string key) = 0;
  virtual awaitable<Result<std::vector<std::string>>> list(std::string owner, std::string prefix, std::string after) = 0;
};

/// Sizes for `hobctl status` and doctor.
struct StoreStatus {
  std::string path;
  std::uint64_t database_bytes = 0, wal_bytes = 0;
  std::int64_t users = 0, conversations = 0, messages = 0, turns_open = 0, outbox_open = 0;
  int schema_version = 0;
  bool is_writable = true;  // false while writes fail: the disk is full or failing
};

class Consolidations;
class Erasures;
class Memories;
class Searches;
class Blocks;
class Vectors;
class Summaries;
class Ledger;

class Store {
 public:
  virtual ~Store() = default;
  virtual Journal& journal() = 0;
  virtual Conversations& conversations() = 0;
  virtual Users& users() = 0;
  virtual Kv& kv() = 0;
  virtual Searches& searches() = 0;  // store/searches.hpp
  virtual Consolidations& consolidations() = 0;  // store/consolidations.hpp
  virtual Erasures& erasures() = 0;  // store/erasures.hpp
  virtual Imports& imports() = 0;
  virtual Memories& memories() = 0;  // store/memories.hpp
  virtual Blocks& blocks() = 0;        // store/blocks.hpp
  virtual Vectors& vectors() = 0;      // store/vectors.hpp
  virtual Summaries& summaries() = 0;  // store/summaries.hpp
  virtual Ledger& ledger() = 0;        // store/ledger.hpp
  virtual awaitable<Result<StoreStatus>> status() = 0;
  /// Writes what waits, checkpoints, closes. Blocks; later calls answer unavailable.
  virtual void close() = 0;
};

struct StoreOptions {
  std::filesystem::path file;  // state_dir/hob.db; a lock beside it keeps a second daemon out
  int readers = 2;
  asio::any_io_executor executor;  // where awaiting coroutines resume
  const Clock* clock = nullptr;    // outlives the store
};

/// Opens or makes the database and migrates it forward, keeping a copy of the file before a migration
/// (hob.db.v<old>.before-v<new>). Blocks. unavailable: another process holds it, it can't be written, or it is damaged;
/// unsupported: its schema is newer than this program.
Result<std::unique_ptr<Store>> open_sqlite_store(StoreOptions options);

}  // namespace hobd
