// The methods that plugins provide, in the method table.
#include "api/methods.hpp"
#include "api/schemas.hpp"

#include "base/text.hpp"

namespace hobd {
namespace {

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

void update_provided_methods(MethodTable& table, Registry& registry) {
  std::vector<std::string> before;
  for (const MethodSpec* spec : table.specs())
    if (!spec->provider.empty()) before.push_back(spec->name);
  for (const std::string& name : before) table.remove(name);
  for (const auto& [method, instance] : registry.methods()) {
    if (table.has(method->name)) {
      log::warn("api", "method {} of plugin {} is there already and is left out", method->name, instance->name());
      continue;
    }
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
               .streaming = method->streaming,
               .provider = instance->name()},
              [&registry, name = instance->name(), method_name = method->name](MethodCall call) {
                return invoke_provided(registry, name, method_name, std::move(call));
              });
  }
}

}  // namespace hobd
