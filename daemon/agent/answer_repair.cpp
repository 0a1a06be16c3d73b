#include "agent/answer_repair.hpp"

#include "agent/tool_arguments.hpp"
#include "base/text.hpp"
#include "models/joiner.hpp"

#include <algorithm>

namespace hobd {
namespace {

bool is_readable(const ModelToolCall& call) { return read_tool_arguments(call.arguments).has_value(); }

}  // namespace

AnswerFault fault_of(const ModelAnswer& answer) {
  if (!answer.tool_calls.empty()) {
    const bool is_whole = answer.stop != "length" || std::all_of(answer.tool_calls.begin(), answer.tool_calls.end(), is_readable);
    return is_whole ? AnswerFault::none : AnswerFault::cut_call;
  }
  if (answer.stop == "filtered") return AnswerFault::filtered;
  if (trim(answer.text).empty()) return AnswerFault::empty;
  return answer.stop == "length" ? AnswerFault::cut : AnswerFault::none;
}

std::string cut_call_note(const ModelAnswer& answer) {
  std::string name;
  for (const ModelToolCall& call : answer.tool_calls)
    if (!is_readable(call)) name = call.name;
  return "(Your call of " + (name.empty() ? std::string("a tool") : "the tool \"" + name + "\"") +
         " was cut off at the length limit, inside its arguments, and nothing of it was run. Call it again with less, or in several calls.)";
}

std::string_view filtered_report(bool said_something) {
  return said_something ? "(The rest of the answer was withheld by the content filter of the model's provider.)"
                        : "The answer was withheld by the content filter of the model's provider. Say it in other words, or ask another model.";
}

std::string continuation_of(std::string_view before, std::string_view more) {
  Joiner joiner(before);
  std::string text = joiner.take(more);
  return text + joiner.end();
}

void make_ids_unique(ModelAnswer& answer, std::vector<std::string>& used) {
  for (ModelToolCall& call : answer.tool_calls) {
    const std::string wanted = call.id.empty() ? "call" : call.id;
    call.id = wanted;
    for (int n = 2; call.id.empty() || std::find(used.begin(), used.end(), call.id) != used.end(); ++n) call.id = wanted + "_" + std::to_string(n);
    used.push_back(call.id);
  }
}

}  // namespace hobd
