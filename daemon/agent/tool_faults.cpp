#include "agent/tool_faults.hpp"

#include "agent/tool_arguments.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace hobd {
namespace {

constexpr std::size_t kMostSchema = 2'000;   // bytes of a schema that a model is shown
constexpr std::size_t kMostWritten = 300;    // bytes of its own words
constexpr std::size_t kMostNames = 40;
/// A model that makes this many rounds of faults, each of them new, is not told any more.
constexpr std::size_t kMostFaultyRounds = 4;

std::string schema_text(const Toolbox& tools, std::string_view name) {
  for (const ToolEntry& entry : tools.list()) {
    if (entry.tool.name != name || !entry.tool.parameters.is_object()) continue;
    std::string text = json::serialize(entry.tool.parameters);
    if (text.size() <= kMostSchema) return " The tool's parameters are: " + text;
    const json::array* required = array_at(entry.tool.parameters.get_object(), "required");
    return required ? " The tool needs: " + json::serialize(*required) : std::string();
  }
  return {};
}

std::string names_text(const Toolbox& tools) {
  std::string text;
  std::size_t count = 0;
  for (const ToolEntry& entry : tools.list())
    if (count++ < kMostNames) text += (text.empty() ? "" : ", ") + entry.tool.name;
  return text.empty() ? " There are no tools: answer without." : " The tools are: " + text + ".";
}

}  // namespace

std::optional<ToolFault> find_fault(const Toolbox& tools, const ModelToolCall& call) {
  ToolFault fault;
  fault.tool = call.name;
  ToolCall checked;
  checked.name = call.name;
  Result<ToolArguments> arguments = read_tool_arguments(call.arguments);
  if (arguments.has_value()) checked.arguments = std::move(arguments->values);
  const Result<ToolEntry> entry = tools.check(checked);
  if (entry.has_error() && entry.error().code == Code::not_found) {
    fault.kind = "unknown";
    fault.error = entry.error();
    fault.told = entry.error().message + names_text(tools);
    return fault;
  }
  if (arguments.has_error()) {
    fault.kind = "unreadable";
    fault.error = arguments.error();
    const std::string written = to_valid_utf8(utf8_prefix(call.arguments, kMostWritten));
    fault.told = arguments.error().message + ". You wrote: " + written + "\nWrite one JSON object." + schema_text(tools, call.name);
    return fault;
  }
  if (entry.has_error() && entry.error().code == Code::invalid) {
    fault.kind = "misfit";
    fault.error = entry.error();
    fault.told = entry.error().message + "." + schema_text(tools, call.name);
    return fault;
  }
  return std::nullopt;
}

std::optional<ToolFault> find_fault_again(const Toolbox& tools, const TurnJournal& journal, std::int64_t round, const ModelAnswer& answer) {
  std::set<std::pair<std::string, std::string>> told;
  std::set<std::int64_t> rounds;
  for (const auto& [key, data] : journal.finished) {
    if (key.first >= round || !data.contains("fault")) continue;
    told.emplace(string_or(data, "fault"), string_or(data, "name"));
    rounds.insert(key.first);
  }
  if (told.empty()) return std::nullopt;
  for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
    const CallKey key{round, std::int64_t(i)};
    if (journal.started.contains(key) || journal.finished.contains(key)) return std::nullopt;  // decided by the process before this one
    std::optional<ToolFault> fault = find_fault(tools, answer.tool_calls[i]);
    if (fault && (told.contains({fault->kind, fault->tool}) || rounds.size() >= kMostFaultyRounds)) return fault;
  }
  return std::nullopt;
}

std::string done_so_far(const TurnJournal& journal) {
  std::vector<std::string> done, unknown;
  for (const auto& [key, data] : journal.finished) {
    const std::string_view status = string_or(data, "status");
    std::vector<std::string>* list = status == "ok" ? &done : status == "unknown" ? &unknown : nullptr;
    const std::string name(string_or(data, "name"));
    if (list && std::find(list->begin(), list->end(), name) == list->end()) list->push_back(name);
  }
  const auto joined = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  };
  std::string text;
  if (!done.empty()) text = "Done so far: " + joined(done) + ".";
  if (!unknown.empty()) text += (text.empty() ? "" : " ") + ("Not known to be done: " + joined(unknown) + ".");
  return text;
}

std::string fault_report(const ToolFault& fault, const TurnJournal& journal) {
  std::string text = "I could not finish this. ";
  if (fault.kind == "unknown") text += "The model asked again for a tool that there is not: \"" + fault.tool + "\".";
  else if (fault.kind == "unreadable") text += "The model called the tool \"" + fault.tool + "\" again with arguments that can't be read.";
  else text += "The model called the tool \"" + fault.tool + "\" again with arguments that it does not take (" + fault.error.message + ").";
  const std::string done = done_so_far(journal);
  return text + " " + (done.empty() ? "Nothing was done." : done);
}

}  // namespace hobd
