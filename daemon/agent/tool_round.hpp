// One round of tools: the calls of one model answer, run side by side, journaled before and after.
#pragma once

#include "agent/live_turn.hpp"
#include "agent/turn_journal.hpp"

namespace hobd {

/// Thread: core. Lives in the turn's frame; what it borrows outlives it.
class ToolRound {
 public:
  ToolRound(const AgentContext& context, std::shared_ptr<LiveTurn> live, TurnJournal& journal, std::int64_t round)
      : context_(context), live_(std::move(live)), journal_(journal), round_(round) {}

  /// What the model is told of each call, in the answer's order. A call that can't run (unknown tool, bad
  /// arguments, denied) or that failed gives an error text, not an error. One that gave the same result three times is not run a
  /// fourth time. A search of Hob's own that was made before in the turn is answered from its first result, unless something
  /// may have been written since. Errors: the journal's own.
  awaitable<Result<std::vector<std::string>>> run(const ModelAnswer& answer);

 private:
  struct Running;
  /// How a call ended.
  struct Ending {
    std::string_view status = {};
    std::string content = {};
    std::chrono::milliseconds took{0};
    bool has_outside = false;
    bool reads = false;          // its tool only reads
    std::string fault = {};      // as ToolFault::kind
    bool is_repeated = false;    // not run: it gave the same result again and again
    std::string note = {};       // what the model is told beside the result
  };
  static awaitable<void> run_one(std::shared_ptr<Running> running);

  /// Settles the call without running it (journaled result, bad arguments, lost outcome), or prepares it.
  std::shared_ptr<Running> prepare(std::int64_t index, const ModelToolCall& call, std::vector<Step>& started,
                                   bool& needs_sync);
  void settle(std::int64_t index, const ModelToolCall& call, const json::value& arguments, Ending ending);
  Ending ending_of(const ModelToolCall& call, const Running& running) const;
  json::object call_data(std::int64_t index, const ModelToolCall& call, const json::value& arguments) const;

  /// Whether the model has read what came from outside in this turn: a plugin's result, or a memory of such a text.
  bool has_read_outside() const;

  const AgentContext& context_;
  std::shared_ptr<LiveTurn> live_;
  TurnJournal& journal_;
  const std::int64_t round_;
  std::vector<Step> finished_;  // of this round, not yet journaled
  bool may_write_ = false;      // a call of this round before the one at hand
};

}  // namespace hobd
