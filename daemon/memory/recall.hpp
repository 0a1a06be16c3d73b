// Recall: what a user said before that bears on a message, found without any model.
//
// This is the lexical base: full-text search over the user's own messages. A turn shows the hits to the model with
// their dates, behind the recent messages and before the message itself.
#pragma once

#include "store/store.hpp"

#include <set>

namespace hobd {

/// One recalled message, as prompts, events and journals hold it.
struct RecalledItem {
  std::string id, text;
  Time at{};
  std::string speaker, conversation_id;
  double score = 0;
};
json::object to_json(const RecalledItem& item);
/// The inverse; members that are missing or of another type stay empty.
RecalledItem recalled_item_from_json(const json::object& object);

struct RecallQuery {
  std::string user_id, text;
  std::string turn_id;               // the turn that asks: its own messages are never found
  std::set<std::string> in_context;  // message ids the model sees anyway
  std::uint32_t top_k = 5;
  double threshold = 0;              // hits that score lower are left out
};

/// Thread: core.
class Recall {
 public:
  explicit Recall(Conversations& conversations) : conversations_(conversations) {}
  /// The best hits among what the user said, best first; commands ("/help") are never among them.
  awaitable<Result<std::vector<RecalledItem>>> find(RecallQuery query);

 private:
  Conversations& conversations_;  // outlives this
};

/// The block of text that a prompt gets, one line an item with its date, oldest first; at most `bytes` long. Empty for no items.
std::string render_recalled(const std::vector<RecalledItem>& items, std::size_t bytes);

}  // namespace hobd
