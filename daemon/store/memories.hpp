// The store of memories: versions, changes and their undo, uses, and the mark up to which messages were learned from.
// Every function names the user; what belongs to another answers not_found. Thread: core.
#pragma once

#include "base/task_group.hpp"
#include "store/memory_records.hpp"
#include "store/records.hpp"

namespace hobd {

enum class Durability;

/// What a search of memories looks for; the ranking is memory/recall's.
struct MemoryQuery {
  std::string text;
  std::uint32_t limit = 10;
  MemoryFilter filter;
};

class Memories {
 public:
  virtual ~Memories() = default;
  /// The latest version. not_found: no such memory, or it was removed.
  virtual awaitable<Result<Memory>> find(std::string user_id, std::string memory_id) = 0;
  /// The latest versions of those there are, in the order asked.
  virtual awaitable<Result<std::vector<Memory>>> find_all(std::string user_id, std::vector<std::string> memory_ids) = 0;
  /// Newest first.
  virtual awaitable<Result<Page<Memory>>> list(std::string user_id, MemoryFilter filter, PageRequest page) = 0;
  /// All versions, oldest first, removals too. not_found: there never was such a memory, or it was forgotten.
  virtual awaitable<Result<std::vector<MemoryVersion>>> history(std::string user_id, std::string memory_id) = 0;
  /// Memories that rest on a message, latest versions.
  virtual awaitable<Result<std::vector<Memory>>> from_message(std::string user_id, std::string message_id) = 0;

  /// Memories that this one took the place of: latest versions that name it in superseded_by.
  virtual awaitable<Result<std::vector<Memory>>> superseded_by(std::string user_id, std::string memory_id) = 0;

  /// Applies a change whole or not at all and gives the versions that it made. overloaded: a memory has moved on since
  /// `expected_version` (read it again and decide anew). invalid: names the edit. not_found: a memory belongs to another
  /// user. A change whose id is known already has been applied before: nothing is done, and its versions are given again.
  virtual awaitable<Result<std::vector<Memory>>> apply(MemoryChange change, Durability durability) = 0;
  /// Removes all memories, or those whose sources are all messages of one conversation, as one change: its edits name them.
  /// Nothing to remove gives a change without id. not_found: the conversation isn't this user's.
  virtual awaitable<Result<MemoryChange>> clear(std::string user_id, std::string conversation_id, std::string cause, Durability durability) = 0;
  virtual awaitable<Result<MemoryChange>> find_change(std::string user_id, std::string change_id) = 0;
  /// Newest first; run_id "": all.
  virtual awaitable<Result<Page<MemoryChange>>> changes(std::string user_id, std::string run_id, PageRequest page) = 0;
  /// Takes a change back: each memory it touched gets the exact state it had before, as a new version. invalid: a memory has
  /// been changed since (names the later change, which is to be undone first), or it is undone already.
  virtual awaitable<Result<MemoryChange>> undo(std::string user_id, std::string change_id, std::string cause, Durability durability) = 0;
  /// undo() under an id of the caller's: a second call with that id does nothing and gives the first one's change.
  virtual awaitable<Result<MemoryChange>> undo_as(std::string new_id, std::string user_id, std::string change_id, std::string cause, Durability durability) = 0;
  /// The newest change that holds (it isn't undone, and is no undo itself) and touched this memory, or "": any. not_found: none does.
  virtual awaitable<Result<MemoryChange>> last_change(std::string user_id, std::string memory_id) = 0;
  /// Undoes all changes of a run, newest first, in one transaction.
  virtual awaitable<Result<std::vector<MemoryChange>>> undo_run(std::string user_id, std::string run_id, std::string cause, Durability durability) = 0;

  /// All versions in the order of their memories' making, each memory's oldest first, with the reason of each; those of
  /// removed memories too. since: only versions that began or ended at or after it.
  virtual awaitable<Result<Page<MemoryVersion>>> versions(std::string user_id, std::optional<Time> since, PageRequest page) = 0;
  /// Stores versions as they stand, with their numbers, times and counters: what an import does. A version that is there
  /// already is left as it is; an id that belongs to another user is replaced, by the same one each time. All or nothing,
  /// as one change.
  virtual awaitable<Result<MemoryLoad>> load(std::string user_id, std::vector<MemoryVersion> versions, Durability durability) = 0;

  /// These were in the prompt of a turn. Counts once a turn.
  virtual awaitable<Result<void>> mark_used(std::string user_id, std::vector<std::string> memory_ids, std::string turn_id) = 0;
  /// The latest uses, newest first, some fifty at most.
  virtual awaitable<Result<std::vector<MemoryUse>>> uses(std::string user_id, std::string memory_id) = 0;
  virtual awaitable<Result<MemoryStats>> stats(std::string user_id) = 0;

  /// Messages of ended turns behind the mark, oldest first, all roles: what learning has to look at. Imported ones have no turn
  /// and never come.
  virtual awaitable<Result<std::vector<Message>>> unlearned(std::string user_id, std::uint32_t limit) = 0;
  /// The users who have some.
  virtual awaitable<Result<std::vector<std::string>>> users_to_learn() = 0;
};

}  // namespace hobd
