// One model call of a turn: asked beside the turn's frame, its text shown as it comes.
#pragma once

#include "agent/live_turn.hpp"
#include "agent/text_tool_calls.hpp"

#include <optional>

namespace hobd {

/// Shared with the coroutine that makes the call, which may outlive the turn's frame at shutdown. Thread: core.
struct ModelCall {
  Router* router = nullptr;
  std::shared_ptr<LiveTurn> live;
  ModelRequest request;
  ToolChoice tool_choice = ToolChoice::heeded;
  bool begins_paragraph = false;        // an earlier round said something: part the two
  std::optional<std::string> continues; // the cut answer that this one goes on with
  std::optional<Result<ModelAnswer>> answer;  // set at the end
};

/// Asks. Watchers see the text, less what repeats the answer that is continued and less tool calls written as text, which the
/// answer has among its calls; those that the user or a tool wrote first stay text.
awaitable<void> ask_model(std::shared_ptr<ModelCall> call);

/// Shows text of Hob's own to the turn's watchers.
void show_text(LiveTurn& live, std::string_view text, bool begins_paragraph);

}  // namespace hobd
