#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

#include "base/text.hpp"

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
  const Permissions& granted = manifest.permissions;
  return {{"description", manifest.description},
          {"bundled", manifest.bundled},
          {"file", manifest.file.string()},
          {"tools", std::move(tools)},
          {"routes", std::move(routes)},
          {"methods", std::move(methods)},
          {"permissions",
           {{"http", json::array(granted.http.begin(), granted.http.end())},
            {"methods", json::array(granted.methods.begin(), granted.methods.end())},
            {"kv", granted.kv}}},
          {"config_schema", manifest.config_schema}};
}

awaitable<Result<json::value>> info(PluginContext context, MethodCall call) {
  const std::string name(string_or(call.params, "name"));
  std::vector<std::string> names;
  for (const PluginReport& report : context.registry->reports()) {
    names.push_back(report.instance.empty() ? report.plugin : report.instance);
    if (report.instance != name && report.plugin != name) continue;
    json::object object = report_json(report);
    if (const Instance* instance = context.registry->find(report.instance)) {
      const InstanceStats stats = instance->stats();
      object["calls"] = stats.calls;
      object["failures"] = stats.failures;
      object["in_flight"] = stats.in_flight;
      for (auto& [key, value] : manifest_json(instance->manifest())) object[key] = std::move(value);
    }
    co_return object;
  }
  const std::string_view near = nearest(name, names);
  co_return Error{Code::not_found, "no plugin \"" + name + "\"" +
                                       (near.empty() ? "; plugin.list names them" : ", did you mean \"" + std::string(near) + "\"?")};
}

/// Asks the instance by name at each call: a reload may have put another one in its place.
awaitable<Result<json::value>> invoke_provided(Registry& registry, std::string instance_name, std::string method,
                                               MethodCall call) {
  Instance* instance = registry.find(instance_name);
  if (!instance) co_return Error{Code::unavailable, method + ": the plugin " + instance_name + " isn't running"};
  PluginCall request;
  request.extension = "hob.method/1";
  request.function = "invoke";
  request.name = method;
  request.payload = json::serialize(call.params);
  const json::array scopes(call.who.scopes.begin(), call.who.scopes.end());
  request.extra = json::serialize(json::object{{"id", call.who.user_id}, {"name", call.who.user_name}, {"scopes", scopes}});
  request.principal = call.who;
  request.on_chunk = [sink = std::move(call.on_event)](std::string chunk) {
    auto event = parse_json(chunk);
    sink(event ? *std::move(event) : json::value(to_valid_utf8(chunk)));
    return true;
  };
  CO_TRY(const std::string answer, co_await instance->async_call(std::move(request)));
  auto value = parse_json(answer);
  if (value.has_error()) co_return Error{Code::internal, method + ": the plugin's answer is " + value.error().message};
  co_return *std::move(value);
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
             .doc = "One plugin: what it offers, what it may do, how often it was called.",
             .params = params({{"name", "text", Need::required, "instance or plugin id"}}),
             .result = result({{"instance", "string"}, {"plugin", "string"}, {"state", "string"}}),
             .positional = {"name"}},
            [context](MethodCall call) { return info(context, std::move(call)); });
}

void add_provided_methods(MethodTable& table, Registry& registry) {
  for (const auto& [method, instance] : registry.methods()) {
    if (table.has(method->name)) continue;
    json::value params_schema = method->params.is_object() ? method->params : params({});
    json::value result_schema = method->result.is_object() ? method->result : json::value(json::object{});
    // A plugin's schema comes from outside: a bad one costs that method, not the daemon.
    if (Schema::compile(params_schema).has_error() || Schema::compile(result_schema).has_error()) {
      log::warn("api", "method {} of plugin {} has a bad schema and is left out", method->name, instance->name());
      continue;
    }
    table.add({.name = method->name,
               .scope = method->scope,
               .doc = method->doc,
               .params = std::move(params_schema),
               .result = std::move(result_schema),
               .streaming = method->streaming},
              [&registry, name = instance->name(), method_name = method->name](MethodCall call) {
                return invoke_provided(registry, name, method_name, std::move(call));
              });
  }
}

}  // namespace hobd
