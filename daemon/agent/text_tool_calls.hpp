// Tool calls that a model wrote as text, since its server did not take them out of what it said:
//
//   <tool_call>{"name":"add","arguments":{"x":1}}</tool_call>      Hermes, Qwen; the end mark may be missing
//   [TOOL_CALLS] [{"name":"add","arguments":{"x":1}}]              Mistral; also [TOOL_CALLS]add[ARGS]{"x":1}
//   <function=add>{"x":1}</function>                               Llama
//   <|python_tag|>{"name":"add","parameters":{"x":1}}              Llama
//   ```tool_code (or tool_call) with such an object, or the object alone, as the whole answer
//
// A text is a call only when it names a tool that was offered, stands at the beginning of a line, outside of a code fence, and
// nothing but calls comes behind it: an answer that explains or shows a call is an answer. Pure functions; thread: any.
#pragma once

#include "models/router.hpp"

namespace hobd {

/// What a request offers, as far as it matters here.
struct OfferedTools {
  std::vector<std::string> names;
  /// Whether an answer that is JSON as a whole may be a call: not where the caller asked for JSON.
  bool may_be_json = true;
  /// The answer was cut off: only what is whole, with its end mark, is a call.
  bool needs_ends = false;
};
/// Whether a tool_choice of "none" leaves no tool to know a call by. Ignored for the answer that a turn must end with: a model
/// that calls on all the same is not shown doing so.
enum class ToolChoice { heeded, ignored };
/// Of a chat request.
OfferedTools offered_tools(const json::object& chat, ToolChoice choice = ToolChoice::heeded);

struct TextToolCalls {
  std::string text;                  // what was said before the first call
  std::vector<ModelToolCall> calls;  // without ids; arguments are JSON objects
  std::string written;               // the calls as they were written
};
/// The calls that end `text`; without any when it is an answer.
TextToolCalls find_text_tool_calls(std::string_view text, const OfferedTools& offered);

/// The call that `text` ends with, when it was cut before its end: one, with what there is of it as its arguments.
TextToolCalls find_cut_text_call(std::string_view text, const OfferedTools& offered);

/// What the ids of calls that came as text begin with. Someone else may have put the text into the model's mouth, so they are
/// taken for calls after_outside where their tool does more than read.
constexpr std::string_view kTextCallId = "text_call";

/// Whether these messages of a request say `written`, whoever said it: a model that repeats it quotes, it does not call.
/// White space, quotes and the escapes of JSON and HTML don't matter.
bool is_quoted(std::string_view written, const json::array& messages);

/// Holds back what may become a call while an answer's text comes in. What it lets through is never taken back; held are at
/// most kMostHeld bytes, and a longer text is no call. Takes time linear in the text, however it is cut. Thread: core.
class TextCallFilter {
 public:
  static constexpr std::size_t kMostHeld = 64 << 10;

  explicit TextCallFilter(OfferedTools offered) : offered_(std::move(offered)) {}
  /// The text that can be shown, now that `delta` came; often empty.
  std::string take(std::string_view delta);
  /// The answer is whole, and `shown` of it is text: what of that was held.
  std::string finish(std::string_view shown);
  /// The held text became too long: all of the answer is text.
  bool gave_up() const { return gave_up_; }

 private:
  OfferedTools offered_;
  std::string held_;
  std::size_t let_through_ = 0;
  std::size_t blank_ = 0;  // so much of held_ is white space that was looked at already
  bool begins_line_ = true, begins_answer_ = true;  // where held_ begins
  bool holds_ = false;    // to the end: held_ begins as a call of an offered tool does
  bool gave_up_ = false;  // more than kMostHeld
};

}  // namespace hobd
