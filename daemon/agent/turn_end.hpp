// How a turn ends: its reply, what goes out through its channel, and the rows of both in one transaction.
#pragma once

#include "agent/live_turn.hpp"

namespace hobd {

/// Lives in the turn's frame; what it borrows outlives it. Thread: core.
class TurnEnding {
 public:
  TurnEnding(const AgentContext& context, const LiveTurn& live) : context_(context), turn_(live.turn) {}

  /// An assistant's message of this turn, with an id.
  Message reply_message(std::string text) const;
  /// What goes out through the turn's channel; nothing for callers that wait themselves.
  std::vector<OutboxItem> outgoing(std::string_view text, std::string_view kind, const std::string& message_id) const;
  /// Stores the end, with growing pauses while the database refuses it, and wakes the outbox. cancelled: the conversation is
  /// gone.
  awaitable<Result<void>> store(std::shared_ptr<LiveTurn> live, TurnEnd end) const;

 private:
  const AgentContext& context_;
  const Turn& turn_;
};

}  // namespace hobd
