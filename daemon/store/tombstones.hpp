// Tombstones: keyed digests of what was forgotten, so that it is known again when an older copy or an export brings it.
//
// A digest is the first 16 bytes of HMAC-SHA256 (RFC 2104) over user, kind and name. The user stands in it by name, because a
// name outlives a database. Digests and their keys are in the database and in tombstones.jsonl beside it: the file survives when
// the database is replaced by an older copy. Used on the writer's thread, inside its transactions, unless said otherwise.
//
// The file: {"key": hex, "digest": hex, "at": RFC 3339} a line; blank and broken lines mean nothing.
#pragma once

#include "store/sqlite.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace hobd {

/// What a digest stands for.
enum class Forgotten {
  memory,        // by its id
  message,       // by its id
  line,          // of an imported history: conversation and id
  memory_text,   // by its terms
  message_text,  // by its terms, when they are enough to be a statement
};

struct Tombstone {
  std::string digest;  // 16 bytes
  std::string key;     // hex
  Time at{};
};

/// The name of a line of an imported history.
std::string line_name(std::string_view conversation, std::string_view external_id);
/// The name of a text: its terms in order. "": it says too little to be known again (fewer than `least` terms).
std::string text_name(std::string_view text, std::size_t least);
constexpr std::size_t kLeastMemoryTerms = 1;
constexpr std::size_t kLeastMessageTerms = 4;

/// The tombstones of one user in the database. Cheap while there are none.
class Tombstones {
 public:
  static Result<Tombstones> open(Connection& db, std::string_view user_name);
  bool empty() const { return keys_.empty(); }
  /// Whether this was forgotten.
  Result<bool> knows(Forgotten kind, std::string_view name) const;
  /// Whether this was forgotten and is from before that: what a person says again later is new.
  Result<bool> knows(Forgotten kind, std::string_view name, Time said_at) const;
  /// Remembers that it is forgotten. Empty names are left out.
  Result<void> add(Forgotten kind, std::string_view name, Time at);

 private:
  struct Key {
    std::int64_t id = 0;
    std::string bytes;
  };
  Tombstones(Connection& db, std::string_view user_name) : db_(&db), user_name_(user_name) {}
  std::string digest(const Key& key, Forgotten kind, std::string_view name) const;

  Connection* db_;
  std::string user_name_;
  std::vector<Key> keys_;  // empty while nothing was ever forgotten
  Key newest_;
};

/// Those of a user by its row.
Result<Tombstones> tombstones_of(Connection& db, std::int64_t user);

/// Every tombstone of the database.
Result<std::vector<Tombstone>> all_tombstones(Connection& db);
/// Adds those that are missing, with their keys; how many were.
Result<std::int64_t> add_tombstones(Connection& db, const std::vector<Tombstone>& tombstones);

/// Reads the file; a line that is cut short or no tombstone is left out, a missing file is empty. unavailable: it can't be
/// read. Blocks; thread: any.
Result<std::vector<Tombstone>> read_tombstone_file(const std::filesystem::path& file);
/// Adds those that the file lacks, and returns when they are on disk. Blocks; thread: any, one at a time.
Result<void> append_tombstone_file(const std::filesystem::path& file, const std::vector<Tombstone>& tombstones);

}  // namespace hobd
