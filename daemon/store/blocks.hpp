// The store of blocks: small labelled texts of one user that stand in every prompt. What a block may hold and who may
// change it is memory/blocks' business. Thread: core.
#pragma once

#include "base/clock.hpp"
#include "base/task_group.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hobd {

/// A block as it is stored.
struct StoredBlock {
  std::string label, text, description;
  std::uint32_t limit = 2'000;          // characters
  bool read_only = false;               // tools don't change it
  std::int64_t position = 0;            // among the user's own blocks
  std::optional<std::string> previous;  // the text before the last change
  bool from_outside = false;            // its text was written after a tool had brought text from outside
  std::string changed_by;               // "api", "tool"
  Time updated_at{};                    // set by the store
  std::int64_t version = 0;             // counts the changes; 0: not stored yet
};

class Blocks {
 public:
  virtual ~Blocks() = default;
  /// By position, then label.
  virtual awaitable<Result<std::vector<StoredBlock>>> list(std::string user_id) = 0;
  /// Stores `block` over the version it was read as (0: there must be none yet) and gives it back as it is now; a new one
  /// goes behind the others. overloaded: it was changed meanwhile, or `most` blocks are there already.
  virtual awaitable<Result<StoredBlock>> put(std::string user_id, StoredBlock block, std::int64_t most) = 0;
  /// not_found: there is none of that label.
  virtual awaitable<Result<void>> remove(std::string user_id, std::string label) = 0;
};

}  // namespace hobd
