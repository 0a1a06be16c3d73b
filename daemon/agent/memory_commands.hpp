// The slash commands about memory: /remember, /memories, /why, /undo, /forget.
//
// What a later command refers to (the numbers of a list, the question of a /forget) is kept in the reply that showed it, as
// its extra: it lives as long as that reply, in that conversation, over a restart.
#pragma once

#include "agent/commands.hpp"

namespace hobd {

bool is_memory_command(std::string_view name);

/// `name` is one of the above. Errors are the store's; what a person did wrong is answered, not an error.
awaitable<Result<CommandAnswer>> answer_memory_command(const AgentContext& context, const Turn& turn, const Message& message,
                                                       std::string name, std::string argument);

}  // namespace hobd
