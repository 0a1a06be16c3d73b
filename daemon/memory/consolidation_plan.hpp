// What a consolidation would do to a user's memories, as a list of small operations in the order of their worth. Pure; thread: any.
//
//   merge    two say the same: one keeps both's sources, the other is superseded by it
//   end      two fill one single place differently, and learning missed it: the older one was true until the newer one
//   prune    trivial, old and never used, and nobody asked to remember it: it is removed, as an undo can take back
//   episode  a day of events becomes one memory of the day; the events stay
//   promote  often used or often said: it matters more
//   decay    not used for long: it matters less. Only its importance: nothing true is lost by decay
//
// Each memory is part of one operation at most, so that a second plan may find a little more; soon none does.
#pragma once

#include "store/memories.hpp"

#include <set>

namespace hobd {

struct ConsolidationOp {
  enum class Kind { merge, end, prune, episode, promote, decay } kind = Kind::merge;
  /// Names the operation by kind and ids, without content: the summary of its change. What was undone is known by it.
  std::string key;
  std::string reason;             // for memory.explain
  std::vector<MemoryEdit> edits;  // one change; the memory that the operation is about comes first
  /// episode: what it is made of, for a model to put into words.
  std::vector<Memory> events;
  /// Whether a memory leaves the current ones by it.
  bool removes() const { return kind == Kind::merge || kind == Kind::end || kind == Kind::prune; }
};
std::string_view consolidation_op_name(ConsolidationOp::Kind kind) noexcept;

struct ConsolidationLimits {
  Time now{};
  std::chrono::milliseconds half_life{};
  bool has_model = false;           // episodes are put into words by one; without one only where it clearly helps
  std::size_t most_removed = 0;     // of the ones that remove
  std::size_t most_episodes = 3;
  std::set<std::string> not_again;  // keys that a person has undone
};

struct ConsolidationPlan {
  std::vector<ConsolidationOp> ops;
  std::size_t left_for_later = 0;  // what the limits leave out
};
/// `current`: latest versions of all that are in no way superseded or removed.
ConsolidationPlan plan_consolidation(const std::vector<Memory>& current, const ConsolidationLimits& limits);

/// A day's events as one text without a model: dated, in order, cut to some 600 bytes.
std::string episode_text(const std::vector<Memory>& events);
/// The chat request for the same, and the text in its answer. invalid: it is empty or too long, or has nothing to do with the events.
json::object episode_chat(const std::vector<Memory>& events, const std::vector<std::string>& redact);
Result<std::string> checked_episode(std::string_view answer, const std::vector<Memory>& events);

}  // namespace hobd
