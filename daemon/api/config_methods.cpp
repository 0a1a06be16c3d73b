#include "api/methods.hpp"
#include "api/schemas.hpp"

#include "base/text.hpp"

namespace hobd {
namespace {

awaitable<Result<json::value>> get(DaemonControl& daemon, MethodCall call) {
  const std::shared_ptr<const Config> config = daemon.config();
  const std::string key(string_or(call.params, "key"));
  json::value value(config->shown);
  if (!key.empty()) {
    for (const std::string_view part : split(key, '.')) {
      const json::object* object = value.if_object();
      const json::value* member = object ? object->if_contains(part) : nullptr;
      if (!member) co_return Error{Code::not_found, "the configuration has no key \"" + key + "\""};
      value = json::value(*member);
    }
  }
  json::array waiting;
  if (const ConfigLoad load = daemon.check_config(); load.config)
    for (const std::string& waits : restart_keys(*config, *load.config)) waiting.push_back(json::string(waits));
  co_return json::object{{"config", std::move(value)}, {"restart", std::move(waiting)}};
}

awaitable<Result<json::value>> check(DaemonControl& daemon) {
  const ConfigLoad load = daemon.check_config();
  json::array faults;
  for (const ConfigFault& fault : load.faults) faults.push_back(json::string(fault.text()));
  json::array restart;
  if (load.config)
    for (const std::string& key : restart_keys(*daemon.config(), *load.config)) restart.push_back(json::string(key));
  json::array warnings;
  for (const ConfigFault& warning : load.warnings) warnings.push_back(json::string(warning.text()));
  co_return json::object{
      {"ok", faults.empty()}, {"faults", std::move(faults)}, {"warnings", std::move(warnings)}, {"restart", std::move(restart)}};
}

}  // namespace

void add_config_methods(MethodTable& table, DaemonControl& daemon) {
  table.add({.name = "config.get",
             .scope = "admin",
             .doc = "The configuration that runs, with references in place of secrets; `restart`: keys that the file changes and that wait for a restart.",
             .params = params({{"key", "string", Need::optional, "one part, such as models.tiers"}}),
             .result = result({{"config", "any", Need::required}, {"restart", "array"}}),
             .positional = {"key"}},
            [&daemon](MethodCall call) { return get(daemon, std::move(call)); });
  table.add({.name = "config.check",
             .scope = "admin",
             .doc = "Read and check the configuration file; nothing of it applies.",
             .params = params({}),
             .result = result({{"ok", "boolean", Need::required}, {"faults", "array", Need::required}, {"warnings", "array"}})},
            [&daemon](MethodCall) { return check(daemon); });
  for (const char* name : {"config.reload", "system.reload"})
    table.add({.name = name,
               .scope = "admin",
               .doc = "Read the configuration file again and apply it; a bad one leaves the old in place and says why.",
               .params = params({}),
               .result = result({{"applied", "boolean"}, {"restart", "array"}, {"faults", "array"}})},
              [&daemon](MethodCall) { return daemon.reload(); });
}

}  // namespace hobd
