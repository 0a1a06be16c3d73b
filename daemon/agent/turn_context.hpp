// What a turn gathers before its first model call.
#pragma once

#include "agent/live_turn.hpp"
#include "agent/turn_journal.hpp"
#include "memory/buffer.hpp"

namespace hobd {

struct TurnContext {
  json::object chat;              // as build_chat() makes it
  BufferLimits room;              // of the session's buffer, before this turn
  std::string conversation_tier;  // which tier answered last in this session's buffer; "" none
};

/// Persona and blocks, the conversation at hand, and what is recalled beside it, which is noted in `journal` unless it is there
/// already. Recall helps but is not needed: when the search fails the turn goes on without. All that is borrowed outlives the
/// call. Errors: the store's.
awaitable<Result<TurnContext>> gather_context(const AgentContext& context, std::shared_ptr<const Config> config, std::shared_ptr<LiveTurn> live,
                                              TurnJournal& journal);

}  // namespace hobd
