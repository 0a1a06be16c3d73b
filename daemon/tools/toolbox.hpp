// The tools a turn or a person may use: arguments checked, the approval policy applied, the plugin called.
#pragma once

#include "config/config.hpp"
#include "plugins/registry.hpp"

#include <memory>

namespace hobd {

struct ToolCall {
  std::string id, name;
  json::object arguments;
  std::string user_id, conversation_id, turn_id;  // may be empty
  std::optional<Principal> principal;
};

class Toolbox {
 public:
  virtual ~Toolbox() = default;
  /// The tools that policy lets the model see, sorted by name: [{"name","description","parameters"}].
  virtual json::array describe() const = 0;
  virtual std::vector<ToolEntry> list() const = 0;
  /// Checks what can be checked before anything runs: not_found (with a suggestion), invalid (arguments),
  /// denied (policy; says which key would allow it).
  virtual Result<ToolEntry> check(const ToolCall& call) const = 0;
  /// check(), then runs it. The result is the tool's JSON.
  virtual awaitable<Result<json::value>> run(ToolCall call) = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
};

std::unique_ptr<Toolbox> make_toolbox(Registry& registry, std::shared_ptr<const Config> config);

}  // namespace hobd
