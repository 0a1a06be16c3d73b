// Slash commands: answered before any model is called, the same on every channel.
//
// A message is a command when it begins with '/' and a word of letters. "//text" is the way to say "/text" to
// the model; "/etc/passwd" is no command.
#pragma once

#include "agent/agent.hpp"

namespace hobd {

bool is_command(std::string_view text);
/// The text a model gets: without the first of two leading slashes.
std::string_view without_escape(std::string_view text);
/// Whether this message stops the turns before it: "/stop" and "/cancel".
bool is_stop_command(std::string_view text);

struct CommandAnswer {
  std::string text;
  json::object extra = {};  // becomes the reply's Message::extra: what a later command refers to
};

/// Runs the command that `message` of `turn` is and gives the reply. An unknown one is answered with the
/// nearest. `stopped`: how many turns a "/stop" has ended. Running one twice does no harm.
awaitable<Result<CommandAnswer>> answer_command(const AgentContext& context, const Turn& turn, const Message& message,
                                              std::uint32_t stopped);

}  // namespace hobd
