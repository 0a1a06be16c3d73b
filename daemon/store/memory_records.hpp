// Memories as values: what Hob believes of one user's world, and how it came to believe it.
//
// A memory keeps its id for life; each change of it makes a new version, and no version is ever overwritten. Two times
// are kept apart: `valid_from`..`valid_to` is when it was true in the world, `version_from`..`version_to` when Hob held
// this version to be so. A memory that a later one has ended ("lives in Paris", "moved to Lyon") has a valid_to and names
// its successor; one that was wrong ("no, her name is Ana") gets a new version with the right text; one that was removed
// has no latest version.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hobd {

enum class MemoryKind { fact, preference, event, context, episode };
std::string_view memory_kind_name(MemoryKind kind) noexcept;
std::optional<MemoryKind> memory_kind_from_name(std::string_view name) noexcept;

/// Whose words a memory rests on. What web pages, files and other people said is `outside`.
enum class SaidBy { owner, assistant, outside };
std::string_view said_by_name(SaidBy said_by) noexcept;
std::optional<SaidBy> said_by_from_name(std::string_view name) noexcept;

struct MemorySource {
  std::string message_id;  // "": given by hand or by a program, not said in a message
  std::string quote;       // verbatim from the message
  SaidBy said_by = SaidBy::owner;
  Time at{};
  bool operator==(const MemorySource&) const = default;
};

/// One version of a memory.
struct Memory {
  std::string id, user_id;  // id: "mem_..."
  std::string text;
  MemoryKind kind = MemoryKind::fact;
  double importance = 0.5;  // 0..1
  std::vector<std::string> topics, people;
  std::vector<MemorySource> sources;
  std::optional<Time> valid_from, valid_to;  // when it was true; none: always, still
  Time recorded_at{};                        // when Hob learned what it says
  std::optional<Time> superseded_at;         // when Hob learned that another took its place,
  std::string superseded_by;                 // which is this one; "" none, or it was removed
  std::vector<std::string> pii;              // classes found in the text: "card", "email", ... sorted
  json::object extra;                        // members of an imported memory that Hob doesn't know; kept for its export

  // Kept by the store; ignored in what is applied, but for an import's.
  std::int64_t version = 1;                  // 1, 2, ...
  Time version_from{};
  std::optional<Time> version_to;            // none: the latest
  std::string change_id;                     // the change that made this version
  std::int64_t access_count = 0;             // of the memory, not of this version
  std::optional<Time> last_used_at;
};

/// The object of the API (INTERFACE: memory), all fields, the versions' own ones (version, version_from, version_to) too.
json::object to_json(const Memory& memory);
/// Its inverse. invalid: names the member that is missing or of another type; unknown members go to `extra`.
Result<Memory> memory_from_json(const json::object& object);

/// Whether a memory can be stored as it is: it has a text of at most 64 KiB, an importance from 0 to 1, and nothing ends
/// before it begins. invalid: says what is wrong.
Result<void> check_memory(const Memory& memory);

/// What is done to one memory.
struct MemoryEdit {
  enum class Kind {
    put,    // `memory` becomes the latest version; a new id makes a memory
    remove  // memory.id gets no latest version any more: it is out of every list and search but as_of's
  } kind = Kind::put;
  Memory memory;
  /// The version this was decided on; a memory that has moved on meanwhile refuses the whole change. 0: don't check.
  std::int64_t expected_version = 0;
  std::string reason;  // why, for memory.explain: "merged with ...", "ended: I moved to Lyon"
};

/// Edits that stand or fall together, and are undone together.
struct MemoryChange {
  std::string id;       // "chg_..."; made by the store when ""
  std::string user_id;
  std::string cause;    // "api", "command", "tool", "learning", "consolidation", "import", "undo"
  std::string run_id;   // changes of one consolidation share it; "" none
  std::string summary;  // one line for people
  std::vector<MemoryEdit> edits;
  std::string undoes;   // the change that this one takes back; "" none
  Time at{};            // set by the store
  std::string undone_by;  // set by the store
  /// Learning is done up to and with this message (its id); "" leaves the mark. Kept in the same transaction, so that no
  /// message is learned from twice or never.
  std::string learned_upto;
};

/// One entry of a memory's history.
struct MemoryVersion {
  Memory memory;
  bool removed = false;  // this change removed it: `memory` is what it was
  std::string change_id, cause, reason, undone_by;
  Time at{};
};

/// What an import did.
struct MemoryLoad {
  std::int64_t versions = 0;    // stored
  std::int64_t memories = 0;    // that they belong to
  std::int64_t duplicates = 0;  // versions that were there already
  std::int64_t forgotten = 0;   // versions that the user had erased: they don't come back
  std::string change_id;        // "" when nothing was stored
};

/// One use of a memory in a turn's prompt.
struct MemoryUse {
  std::string turn_id;
  Time at{};
};

struct MemoryFilter {
  std::optional<MemoryKind> kind = {};
  std::string topic = {}, person = {};  // compared without case
  bool include_superseded = false;      // also those that ended or were superseded; never removed ones
  std::optional<Time> valid_at = {}, as_of = {};
};

/// What a forget takes away for good.
struct Erasure {
  std::string user_id;
  std::vector<std::string> memory_ids;   // with all versions, changes, uses and vectors
  std::vector<std::string> message_ids;  // with their turns' steps that quote them, and the outbox's copies
  std::string key;                       // of the tombstone: a keyed digest, see memory/forgetting.hpp
};

/// What was taken away; holds no content.
struct ErasureReceipt {
  std::string id;  // "fgt_..."
  std::int64_t memories = 0, versions = 0, messages = 0, vectors = 0, summaries = 0, changes = 0;
  Time at{};
};

struct MemoryStats {
  std::int64_t memories = 0, superseded = 0, versions = 0, sources = 0;
  json::object by_kind;
  std::optional<Time> oldest, newest;
};

}  // namespace hobd
