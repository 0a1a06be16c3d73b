// The tools a turn or a person may use: arguments checked, the approval policy applied, the plugin called.
#pragma once

#include "config/config.hpp"
#include "plugins/registry.hpp"

#include <functional>
#include <memory>

namespace hobd {

struct ToolCall {
  std::string id, name;
  json::object arguments;
  std::string user_id, conversation_id, turn_id;  // may be empty
  std::optional<Principal> principal;
  bool after_outside = false;  // the caller has read text that came from outside; tools that write memory mind it
};

/// A tool that the daemon itself has: it works on Hob's own memory. Such tools are allowed under every policy but `deny`,
/// since what they do stays inside, can be seen and taken back; those that only read, under `deny` too.
struct BuiltinTool {
  ToolManifest manifest;  // with description and parameters
  std::function<awaitable<Result<json::value>>(ToolCall)> run;
};

class Toolbox {
 public:
  virtual ~Toolbox() = default;
  /// The tools that policy lets the model see, sorted by name: [{"name","description","parameters"}].
  virtual json::array describe() const = 0;
  /// All of them, sorted by name; the daemon's own have no instance.
  virtual std::vector<ToolEntry> list() const = 0;
  /// Checks what can be checked before anything runs: not_found (with a suggestion), invalid (arguments),
  /// denied (policy; says which key would allow it).
  virtual Result<ToolEntry> check(const ToolCall& call) const = 0;
  /// check(), then runs it. The result is the tool's JSON.
  virtual awaitable<Result<json::value>> run(ToolCall call) = 0;
  /// Adds a tool of the daemon's own; its name is taken from then on, also from plugins. A second one of that name is a broken
  /// invariant.
  virtual void add_builtin(BuiltinTool tool) = 0;
  /// Whether a tool is the daemon's own.
  virtual bool is_builtin(std::string_view name) const = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
};

std::unique_ptr<Toolbox> make_toolbox(Registry& registry, std::shared_ptr<const Config> config);

}  // namespace hobd
