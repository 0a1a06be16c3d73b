// Short ways to say what a test does to memories.
#pragma once

#include "store/memories.hpp"
#include "store/support.hpp"

namespace hobd::testing {

inline Memory remembered(std::string id, std::string text) {
  Memory memory;
  memory.id = std::move(id);
  memory.text = std::move(text);
  return memory;
}

inline MemoryEdit put(Memory memory, std::string reason = "", std::int64_t expected_version = 0) {
  MemoryEdit edit;
  edit.memory = std::move(memory);
  edit.reason = std::move(reason);
  edit.expected_version = expected_version;
  return edit;
}

inline MemoryEdit take_out(std::string id) {
  MemoryEdit edit;
  edit.kind = MemoryEdit::Kind::remove;
  edit.memory.id = std::move(id);
  return edit;
}

/// A store with one user and the clock in hand.
struct MemoryStore : TestStore {
  std::string anna = user();
  int made = 0;

  Memories& memories() { return store->memories(); }

  /// Applies edits as one change a second later; the change's id.
  std::string change(std::vector<MemoryEdit> edits, std::string run_id = "") {
    clock.time += std::chrono::seconds(1);
    MemoryChange change;
    change.id = "chg_" + std::to_string(++made);
    change.user_id = anna;
    change.cause = "api";
    change.run_id = std::move(run_id);
    change.edits = std::move(edits);
    get(memories().apply(change, Durability::journaled));
    return change.id;
  }
  std::string undo(const std::string& change_id) {
    clock.time += std::chrono::seconds(1);
    return get(memories().undo(anna, change_id, "undo", Durability::journaled)).id;
  }
  Code undo_fails(const std::string& change_id) {
    return fails(memories().undo(anna, change_id, "undo", Durability::journaled));
  }
  Memory memory(const std::string& id) { return get(memories().find(anna, id)); }
  /// The texts of the listed memories, "newest|older".
  std::string listed(MemoryFilter filter = {}) {
    std::string all;
    for (const Memory& memory : get(memories().list(anna, filter, {.limit = 100, .cursor = ""})).items)
      all += (all.empty() ? "" : "|") + memory.text;
    return all;
  }
};

}  // namespace hobd::testing
