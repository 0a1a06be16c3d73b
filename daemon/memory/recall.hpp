// Recall: what a user said, or Hob learned of them, that bears on a question. It needs no model; with an embedder what is near in
// meaning counts too.
//
// The store chooses candidates by the index (store/searches.hpp), ranking.hpp puts them in order, folding leaves of what says the
// same the best one. Messages and memories are ranked apart and joined on one scale; a memory stands for the message it rests on.
#pragma once

#include "memory/embeddings.hpp"
#include "memory/ranking.hpp"
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
  Time now{};                     // when it is asked: what "last May" is counted from
};

struct RecallHit {
  enum class Source { memory, message } source = Source::message;
  Memory memory;    // of a memory
  Message message;  // of a message
  double score = 0; // comparable within one search
  HitReasons why;
  std::vector<Message> neighbours;  // of a message: what stood before and behind it, in order
};

/// A hit as prompts hold it.
RecalledItem recalled_item(RecallHit hit);

struct SearchQuery {
  std::string user_id, text;
  enum class In { all, memories, messages } in = In::all;
  std::uint32_t limit = 10;
  MemoryFilter filter;               // of memories; kind, topic and person leave messages out
  std::optional<Time> since, until;  // when it was said, or learned
  Time now{};                        // what "last May" in the text is counted from
  std::uint32_t neighbours = 0;      // how many messages before and behind a hit come with it
  std::string role = {};             // of messages; "": any
  std::string not_turn = {};         // the turn whose messages are never found
  bool commands = true;              // also slash commands ("/help", not "//text")
};

/// Thread: core. As cheap to make as to keep: it holds two references.
class Recall {
 public:
  /// `embeddings` null: lexical only. Both outlive this.
  Recall(Store& store, Embeddings* embeddings, RankingWeights weights = {}) : store_(store), embeddings_(embeddings), weights_(weights) {}
  /// Best first. Any text is valid; one without words finds nothing. not_found: there is no such user.
  awaitable<Result<std::vector<RecallHit>>> search(SearchQuery query);
  /// The best hits among what the user said or Hob learned outside of what the model sees anyway, best first; commands ("/help")
  /// are never among them. not_found: the session isn't this user's.
  awaitable<Result<std::vector<RecalledItem>>> find(RecallQuery query);

 private:
  struct Found {
    MessageCandidates messages;
    std::vector<Ranked> ranked_messages;
    MemoryCandidates memories;
    std::vector<Ranked> ranked_memories;
  };
  awaitable<DenseScores> dense(std::string user_id, std::string text, EmbeddedSource source);
  awaitable<Result<std::vector<RecallHit>>> hits(std::string user_id, Found found, std::uint32_t limit, std::uint32_t neighbours);

  Store& store_;
  Embeddings* embeddings_;
  RankingWeights weights_;
};

/// The block of text that a prompt gets, one line an item with its date, oldest first; at most `bytes` long. Empty for no items.
std::string render_recalled(const std::vector<RecalledItem>& items, std::size_t bytes);

}  // namespace hobd
