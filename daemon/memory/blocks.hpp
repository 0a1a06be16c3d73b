// Blocks: small labelled texts that stand in every prompt, right behind the persona.
//
// Four are always there: persona (who Hob is; the configuration's until the user writes one), human (who the user is),
// preferences and knowledge. A user adds own ones. People change them through the API, the model through tools; each has a
// limit in characters, and the text before the last change is kept, so that it can be taken back.
#pragma once

#include "base/json.hpp"
#include "config/config.hpp"
#include "store/blocks.hpp"

#include <memory>

namespace hobd {

struct Block : StoredBlock {
  bool is_standard = false;
  bool is_default = false;  // nobody has written it: persona then holds the configuration's text
};
/// {label, text, limit, used, description, read_only, standard, default, previous, from_outside, changed_by, updated_at}.
json::object to_json(const Block& block);

/// Who changes a block. A tool after outside text: one that the model calls in a turn in which it has read what a tool
/// brought from outside (a web page, a file); such a call can't touch persona, human and preferences.
enum class BlockAuthor { user, tool, tool_after_outside };

/// What block.set changes; what is absent stays.
struct BlockChange {
  std::string label;
  std::optional<std::string> text, description;
  std::optional<std::uint32_t> limit;     // characters
  std::optional<bool> read_only;
  std::optional<std::int64_t> position;   // of an own block among the own ones, from 1
};

/// Thread: core.
class MemoryBlocks {
 public:
  MemoryBlocks(Blocks& store, std::shared_ptr<const Config> config) : store_(store), config_(std::move(config)) {}

  /// The standard ones in their order, then the user's own.
  awaitable<Result<std::vector<Block>>> list(std::string user_id);
  /// not_found: names the nearest.
  awaitable<Result<Block>> find(std::string user_id, std::string label);
  /// Changes a block; an unknown label makes one. invalid: the label or the text can't be, with the room that is left.
  /// denied: a tool may not change it. overloaded: 32 blocks are there.
  awaitable<Result<Block>> set(std::string user_id, BlockChange change, BlockAuthor author);
  /// Adds a line.
  awaitable<Result<Block>> append(std::string user_id, std::string label, std::string text, BlockAuthor author);
  /// Puts `text` in the place of `old_text`, which must stand in the block exactly once.
  awaitable<Result<Block>> replace(std::string user_id, std::string label, std::string old_text, std::string text, BlockAuthor author);
  /// Takes the last change of the text back; a second time, the taking back.
  awaitable<Result<Block>> undo(std::string user_id, std::string label);
  /// Deletes an own block; of a standard one the text, which undo() brings back.
  awaitable<Result<void>> remove(std::string user_id, std::string label);

  void set_config(std::shared_ptr<const Config> config) { config_ = std::move(config); }

 private:
  Block complete(StoredBlock stored) const;

  Blocks& store_;  // outlives this
  std::shared_ptr<const Config> config_;
};

/// The persona that a prompt begins with: the block's text, or the configuration's while there is none.
std::string persona_of(const std::vector<Block>& blocks, const Config& config);
/// The other blocks that hold something, as a prompt shows them; "" for none. The same blocks give the same bytes.
std::string render_blocks(const std::vector<Block>& blocks);

}  // namespace hobd
