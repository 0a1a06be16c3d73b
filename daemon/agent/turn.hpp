// One turn, from its stored message to its end, driven by its journal.
#pragma once

#include "agent/live_turn.hpp"

namespace hobd {

struct TurnTimes {
  std::chrono::microseconds model{}, tools{};
};

/// Runs the turn and stores its end; what the watchers see on the way goes through `live`. The result is what
/// the caller gets: the reply, or the error that the turn ended with. While the store
/// fails it is tried again, with growing pauses; a turn whose end can't be stored before the daemon stops is left
/// to the next start. Asio cancellation leaves it unfinished too. An exception ends the turn as internal. `times` and `usage` are
/// filled in as it goes.
awaitable<Result<TurnReply>> run_turn(const AgentContext& context, std::shared_ptr<LiveTurn> live, TurnTimes& times,
                                      Usage& usage);

}  // namespace hobd
