#include "agent/model_call.hpp"

#include "models/joiner.hpp"

namespace hobd {
namespace {

/// What stands between a call's deltas and those who watch.
struct Shown {
  Shown(ModelCall& call_in, const OfferedTools& offered) : call(call_in), filter(offered) {
    if (call.continues) joiner.emplace(*call.continues);
  }
  void take(std::string_view delta) { show(filter.take(delta)); }
  void finish(std::string_view text) {
    show(filter.finish(text));
    if (joiner) say(joiner->end());
  }

  ModelCall& call;
  TextCallFilter filter;
  std::optional<Joiner> joiner;

 private:
  void show(std::string text) { say(joiner && !text.empty() ? joiner->take(text) : std::move(text)); }
  void say(const std::string& text) {
    if (text.empty()) return;
    show_text(*call.live, text, call.begins_paragraph);
    call.begins_paragraph = false;
  }
};

/// A call that was cut before its text made one: told as one whose arguments can't be read.
void take_cut_call(ModelAnswer& answer, const OfferedTools& offered) {
  const TextToolCalls cut = find_cut_text_call(answer.text, offered);
  if (cut.written.empty()) return;
  answer.text = cut.text;
  answer.tool_calls = cut.calls;
}

void take_text_calls(ModelAnswer& answer, OfferedTools offered, const json::array& messages) {
  offered.needs_ends = answer.stop == "length";
  TextToolCalls found = find_text_tool_calls(answer.text, offered);
  if (found.calls.empty()) {
    if (answer.stop == "length") take_cut_call(answer, offered);
    return;
  }
  if (is_quoted(found.written, messages)) return;
  answer.text = std::move(found.text);
  answer.tool_calls = std::move(found.calls);
  for (ModelToolCall& call : answer.tool_calls) call.id = kTextCallId;
  answer.stop = "tool_calls";
}

}  // namespace

void show_text(LiveTurn& live, std::string_view text, bool begins_paragraph) {
  std::string delta(text);
  if (begins_paragraph) delta.insert(0, "\n\n");
  live.said += delta;
  if (!live.is_watched()) return;
  json::object event;
  event["delta"] = delta;
  live.emit("text", std::move(event));
}

awaitable<void> ask_model(std::shared_ptr<ModelCall> call) {
  const OfferedTools offered = offered_tools(call->request.chat, call->tool_choice);
  json::array messages;  // what a quote is known by
  if (const json::array* asked = array_at(call->request.chat, "messages"); asked && !offered.names.empty()) messages = *asked;
  const auto shown = std::make_shared<Shown>(*call, offered);
  std::function<void(std::string_view)> on_delta = [call, shown](std::string_view text) { shown->take(text); };
  ModelRequest request = std::move(call->request);
  Result<ModelAnswer> answer = co_await call->router->complete(std::move(request), std::move(on_delta));
  if (answer.has_value()) {
    if (answer->tool_calls.empty() && !shown->filter.gave_up()) take_text_calls(*answer, offered, messages);
    shown->finish(answer->text);
  }
  call->answer = std::move(answer);
}

}  // namespace hobd
