#include "tools/toolbox.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cassert>
#include <map>

namespace hobd {
namespace {

class PolicyToolbox final : public Toolbox {
 public:
  PolicyToolbox(Registry& registry, std::shared_ptr<const Config> config)
      : registry_(registry), config_(std::move(config)) {}

  json::array describe() const override {
    json::array tools;
    for (const ToolEntry& entry : list()) {
      // Under "ask" a tool that would be denied is shown all the same: the model can then say which key allows it.
      if (config_->tools.approval == Approval::deny && entry.tool.effect != ToolEffect::read) continue;
      json::object tool;
      tool["name"] = entry.tool.name;
      tool["description"] = entry.tool.description;
      tool["parameters"] = entry.tool.parameters.is_object() ? entry.tool.parameters : json::value(any_object());
      tools.push_back(std::move(tool));
    }
    return tools;
  }

  std::vector<ToolEntry> list() const override {
    std::vector<ToolEntry> entries;
    for (const auto& [name, tool] : builtins_) entries.push_back({tool.manifest, nullptr});
    for (ToolEntry& entry : registry_.tools())
      if (!is_builtin(entry.tool.name)) entries.push_back(std::move(entry));
    std::sort(entries.begin(), entries.end(), [](const ToolEntry& a, const ToolEntry& b) { return a.tool.name < b.tool.name; });
    return entries;
  }

  void add_builtin(BuiltinTool tool) override {
    const std::string name = tool.manifest.name;
    [[maybe_unused]] const bool is_new = builtins_.emplace(name, std::move(tool)).second;
    assert(is_new);
  }

  bool is_builtin(std::string_view name) const override { return builtins_.contains(name); }

  Result<ToolEntry> check(const ToolCall& call) const override {
    const auto builtin = builtins_.find(call.name);
    std::optional<ToolEntry> entry;
    if (builtin != builtins_.end())
      entry = ToolEntry{builtin->second.manifest, nullptr};
    else
      entry = registry_.find_tool(call.name);
    if (!entry) return unknown(call.name);
    TRY(allowed(entry->tool));
    TRY(fits(entry->tool, call.arguments));
    return *std::move(entry);
  }

  awaitable<Result<json::value>> run(ToolCall call) override {
    CO_TRY(const ToolEntry entry, check(call));
    if (const auto builtin = builtins_.find(call.name); builtin != builtins_.end()) {
      const auto run_builtin = builtin->second.run;  // a copy: the call may outlive this
      co_return co_await run_builtin(std::move(call));
    }
    PluginCall request;
    request.extension = "hob.tool/1";
    request.function = "invoke";
    request.name = call.name;
    request.payload = json::serialize(call.arguments);
    request.extra = json::serialize(context_of(call));
    request.deadline = entry.tool.deadline;
    request.principal = call.principal;
    const Result<std::string> answer = co_await entry.instance->async_call(std::move(request));
    if (answer.has_error()) co_return answer.error().with_context("tool " + call.name);
    Result<json::value> value = parse_json(*answer);
    if (value.has_error())
      co_return Error{Code::unavailable, "tool " + call.name + " answered something that is not JSON: " + value.error().message};
    co_return value;
  }

  void set_config(std::shared_ptr<const Config> config) override { config_ = std::move(config); }

 private:
  static json::object any_object() {
    json::object schema;
    schema["type"] = "object";
    schema["properties"] = json::object();
    return schema;
  }

  static json::object context_of(const ToolCall& call) {
    json::object context;
    if (!call.user_id.empty()) context["user_id"] = call.user_id;
    if (!call.conversation_id.empty()) context["conversation_id"] = call.conversation_id;
    if (!call.turn_id.empty()) context["turn_id"] = call.turn_id;
    if (!call.id.empty()) context["tool_call_id"] = call.id;
    return context;
  }

  Error unknown(const std::string& name) const {
    std::vector<std::string> names;
    for (const ToolEntry& entry : list()) names.push_back(entry.tool.name);
    const std::string_view near = nearest(name, names);
    std::string message = "there is no tool \"" + name + "\"";
    if (!near.empty()) message += ", did you mean \"" + std::string(near) + "\"?";
    return {Code::not_found, std::move(message)};
  }

  Result<void> allowed(const ToolManifest& tool) const {
    if (tool.effect == ToolEffect::read || config_->tools.approval == Approval::never) return {};
    if (is_builtin(tool.name) && config_->tools.approval == Approval::ask) return {};
    const std::string what = "tool " + tool.name + " has the effect \"" + std::string(tool_effect_name(tool.effect)) + "\"";
    if (config_->tools.approval == Approval::deny)
      return Error{Code::denied, what + ", which tools.approval: deny refuses; only tools that read are allowed"};
    return Error{Code::denied, what + ", which needs approval, and there is no way to ask for it yet: set "
                                      "tools.approval: never to allow such tools"};
  }

  Result<void> fits(const ToolManifest& tool, const json::object& arguments) const {
    if (!tool.parameters.is_object()) return {};
    auto cached = schemas_.find(tool.name);
    if (cached == schemas_.end() || cached->second.document() != tool.parameters) {
      Result<Schema> compiled = Schema::compile(tool.parameters);
      if (compiled.has_error()) return compiled.error().with_context("parameters of tool " + tool.name);
      cached = schemas_.insert_or_assign(tool.name, *std::move(compiled)).first;
    }
    return cached->second.check(arguments, "arguments");
  }

  Registry& registry_;
  std::shared_ptr<const Config> config_;  // shared with all who read it over a reload
  std::map<std::string, BuiltinTool, std::less<>> builtins_;
  mutable std::map<std::string, Schema, std::less<>> schemas_;  // compiled parameters, by tool; bounded by the tools there are
};

}  // namespace

std::unique_ptr<Toolbox> make_toolbox(Registry& registry, std::shared_ptr<const Config> config) {
  return std::make_unique<PolicyToolbox>(registry, std::move(config));
}

}  // namespace hobd
