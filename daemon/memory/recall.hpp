// Recall: what a user said before that bears on a message, found without any model.
//
// This is the lexical base: full-text search over the user's own messages. A turn shows the hits to the model with
// their dates, behind the recent messages and before the message itself.
#pragma once

#include "store/store.hpp"

namespace hobd {

/// One recalled message, as prompts, events and journals hold it.
struct RecalledItem {
  std::string id, text;
  Time at{};
  std::string speaker, conversation_id;
  double score = 0;
  std::string source = "message";  // "memory" or "message"
  std::string said_by;             // of a memory: "owner", "assistant" or "outside"
};
json::object to_json(const RecalledItem& item);
/// The inverse; members that are missing or of another type stay empty.
RecalledItem recalled_item_from_json(const json::object& object);

struct RecallQuery {
  std::string user_id, text;
  std::string turn_id;            // the turn that asks: its own messages are never found
  std::string session_id;         // whose recent messages the model sees anyway,
  std::string before_message;     // up to this one,
  std::uint32_t recent_count = 0; // and this many of them
  std::uint32_t top_k = 5;
  double threshold = 0;           // hits that score lower are left out
};

/// What a turn knows before it asks.
struct Recalled {
  std::vector<Message> recent;                // oldest first
  Result<std::vector<RecalledItem>> items;    // best first; may fail alone, since a turn goes on without
};

/// Thread: core.
class Recall {
 public:
  explicit Recall(Conversations& conversations) : conversations_(conversations) {}
  /// The session's recent messages, and the best hits among what the user said outside them; commands ("/help") are
  /// never among the hits. not_found: the session isn't this user's.
  awaitable<Result<Recalled>> find(RecallQuery query);

 private:
  Conversations& conversations_;  // outlives this
};

/// The block of text that a prompt gets, one line an item with its date, oldest first; at most `bytes` long. Empty for no items.
std::string render_recalled(const std::vector<RecalledItem>& items, std::size_t bytes);

}  // namespace hobd
