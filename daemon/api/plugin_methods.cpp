#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/permissions.hpp"
#include "api/schemas.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {

json::object report_json(const PluginReport& report) {
  json::array kinds(report.kinds.begin(), report.kinds.end());
  return {{"instance", report.instance},
          {"plugin", report.plugin},
          {"version", report.version},
          {"language", report.language},
          {"kinds", std::move(kinds)},
          {"isolation", text_or_null(report.isolation)},
          {"restarts", report.restarts},
          {"state", report.state},
          {"reason", text_or_null(log::redact(report.reason))}};
}

/// Where it runs, in words.
std::string place_of(const PluginReport& report) {
  if (report.isolation.empty()) return {};
  if (report.isolation == "none") return report.language == "lua" ? "inside hobd, in a Lua state of its own" : "inside hobd";
  return report.pid > 0 ? fmt::format("in a process of its own, pid {}", report.pid) : "in a process of its own";
}

awaitable<Result<json::value>> list(PluginContext context) {
  json::array items;
  for (const PluginReport& report : context.registry->reports()) items.push_back(report_json(report));
  co_return json::object{{"items", std::move(items)}, {"next_cursor", nullptr}};
}

json::object manifest_json(const Manifest& manifest) {
  json::array tools, routes, methods;
  for (const auto& [name, tool] : manifest.tools)
    tools.push_back(json::object{{"name", name}, {"effect", tool_effect_name(tool.effect)}, {"idempotent", tool.idempotent}});
  for (const RouteManifest& route : manifest.routes) routes.push_back(json::string(route.path));
  for (const MethodManifest& method : manifest.methods) methods.push_back(json::string(method.name));
  return {{"description", manifest.description},
          {"bundled", manifest.bundled},
          {"file", manifest.file.string()},
          {"tools", std::move(tools)},
          {"routes", std::move(routes)},
          {"methods", std::move(methods)},
          {"config_schema", manifest.config_schema}};
}

awaitable<Result<json::value>> info(PluginContext context, MethodCall call) {
  const std::string name(string_or(call.params, "name"));
  std::vector<std::string> names;
  std::vector<PluginReport> reports = context.registry->reports();
  // Its own name comes before another's short one.
  std::stable_partition(reports.begin(), reports.end(),
                        [&](const PluginReport& report) { return report.instance == name || report.plugin == name; });
  for (const PluginReport& report : reports) {
    names.push_back(report.instance.empty() ? report.plugin : report.instance);
    if (report.instance != name && report.plugin != name && !is_short_name(name, report.plugin)) continue;
    json::object object = report_json(report);
    object["runs"] = text_or_null(place_of(report));
    object["quarantined"] = report.is_quarantined;
    object["last_failure"] = text_or_null(report.last_failure);
    object["pid"] = report.pid > 0 ? json::value(report.pid) : json::value();
    object["memory_bytes"] = report.memory > 0 ? json::value(report.memory) : json::value();
    if (const Instance* instance = context.registry->find(report.instance)) {
      const InstanceStats stats = instance->stats();
      object["calls"] = stats.calls;
      object["failures"] = stats.failures;
      object["in_flight"] = stats.in_flight;
      for (auto& [key, value] : manifest_json(instance->manifest())) object[key] = std::move(value);
      object["permissions"] = permissions_json(instance->manifest(), report.isolation);
    }
    co_return object;
  }
  const std::string_view near = nearest(name, names);
  co_return Error{Code::not_found, "no plugin \"" + name + "\"" +
                                       (near.empty() ? "; plugin.list names them" : ", did you mean \"" + std::string(near) + "\"?")};
}

}  // namespace

namespace {

/// What became of each instance; when one of them is worse off than was asked for, an error with all that happened.
Result<json::value> changes_json(const std::vector<PluginChange>& changes) {
  json::array items;
  std::string faults;
  Code code = Code::unavailable;
  for (const PluginChange& change : changes) {
    if (change.is_fault()) {
      faults += (faults.empty() ? "" : "; ") + fmt::format("{}: {}", change.instance, change.text);
      if (change.outcome == PluginChange::Outcome::unsupported) code = Code::unsupported;
    }
    items.push_back(json::object{{"instance", change.instance},
                                 {"plugin", change.plugin},
                                 {"outcome", outcome_name(change.outcome)},
                                 {"message", change.text}});
  }
  if (!faults.empty()) return Error{code, std::move(faults)};
  return json::value(json::object{{"items", std::move(items)}, {"next_cursor", nullptr}});
}

awaitable<Result<json::value>> reload(PluginContext context, MethodCall call) {
  CO_TRY(const std::vector<PluginChange> changes, co_await context.registry->reload(std::string(string_or(call.params, "name"))));
  co_return changes_json(changes);
}

awaitable<Result<json::value>> set_enabled(PluginContext context, MethodCall call, bool enabled) {
  CO_TRY(const std::vector<PluginChange> changes,
         co_await context.registry->set_enabled(std::string(string_or(call.params, "name")), enabled));
  co_return changes_json(changes);
}

}  // namespace

void add_plugin_methods(MethodTable& table, PluginContext context) {
  table.add({.name = "plugin.list",
             .scope = "admin",
             .doc = "The plugins there are, and why one isn't running.",
             .params = params({}),
             .result = list_result()},
            [context](MethodCall) { return list(context); });
  table.add({.name = "plugin.info",
             .scope = "admin",
             .doc = "One plugin: what it offers, where it runs, what it may do and whether that is enforced or only promised.",
             .params = params({{"name", "text", Need::required, "instance or plugin id"}}),
             .result = result({{"instance", "string"}, {"plugin", "string"}, {"state", "string"}}),
             .positional = {"name"}},
            [context](MethodCall call) { return info(context, std::move(call)); });
  table.add({.name = "plugin.reload",
             .scope = "admin",
             .doc = "Start a plugin anew from its files; the one that runs serves until the new one is ready.",
             .params = params({{"name", "text", Need::required, "instance or plugin id"}}),
             .result = list_result(),
             .positional = {"name"}},
            [context](MethodCall call) { return reload(context, std::move(call)); });
  table.add({.name = "plugin.enable",
             .scope = "admin",
             .doc = "Switch a plugin on again, or start one that failed or is quarantined anew.",
             .params = params({{"name", "text", Need::required, "instance or plugin id"}}),
             .result = list_result(),
             .positional = {"name"}},
            [context](MethodCall call) { return set_enabled(context, std::move(call), true); });
  table.add({.name = "plugin.disable",
             .scope = "admin",
             .doc = "Switch a plugin off, over restarts too; its calls in flight end first.",
             .params = params({{"name", "text", Need::required, "instance or plugin id"}}),
             .result = list_result(),
             .positional = {"name"}},
            [context](MethodCall call) { return set_enabled(context, std::move(call), false); });
}

}  // namespace hobd
