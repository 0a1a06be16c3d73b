// Slash commands: answered before any model is called, the same on every channel. What is one: base/sent_text.hpp.
#pragma once

#include "agent/agent.hpp"

namespace hobd {

/// Whether this message stops the turns before it: "/stop" and "/cancel".
bool is_stop_command(std::string_view text);

/// Who is to answer, as ModelRequest::model: what the request names, what stands before the message ("/smart TEXT"), what
/// the conversation keeps since a bare "/smart" or "/fast". "": the router decides.
awaitable<std::string> model_asked_for(const AgentContext& context, const Turn& turn, const Message& message);

struct CommandAnswer {
  std::string text;
  json::object extra = {};  // becomes the reply's Message::extra: what a later command refers to
};

/// Runs the command that `message` of `turn` is and gives the reply. An unknown one is answered with the
/// nearest. `stopped`: how many turns a "/stop" has ended. Running one twice does no harm.
awaitable<Result<CommandAnswer>> answer_command(const AgentContext& context, const Turn& turn, const Message& message,
                                              std::uint32_t stopped);

}  // namespace hobd
