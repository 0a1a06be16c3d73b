#include "api/openapi.hpp"

#include "api/methods.hpp"
#include "api/schemas.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {

/// "/workspace/{path*}" -> "/workspace/{path}" and its parameters.
std::string openapi_path(std::string_view path, json::array& parameters) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '{') {
      out += path[i];
      continue;
    }
    const std::size_t close = path.find('}', i);
    std::string name(path.substr(i + 1, close == std::string_view::npos ? close : close - i - 1));
    if (name.ends_with('*')) name.pop_back();
    out += "{" + name + "}";
    parameters.push_back(json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    if (close == std::string_view::npos) break;
    i = close;
  }
  return out;
}

json::object operation(const RouteEntry& entry, std::string_view method, const json::array& parameters, std::string_view path) {
  const bool websocket = entry.route->websocket;
  const char* errors = entry.route->errors == RouteManifest::Errors::openai ? "OpenAiError" : "Error";
  std::string id = to_lower_ascii(method);
  for (const char c : path) id += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  json::object answers;
  answers[websocket ? "101" : "200"] = json::object{{"description", websocket ? "the WebSocket is open" : "done"}};
  answers["default"] = json::object{
      {"description", "an error"},
      {"content", {{"application/json", {{"schema", {{"$ref", std::string("#/components/schemas/") + errors}}}}}}}};
  json::object object{{"operationId", id}, {"tags", json::array{json::string(entry.instance ? entry.instance->name() : "hob")}}, {"responses", std::move(answers)}};
  if (!entry.route->summary.empty()) object["summary"] = entry.route->summary;
  json::array all = parameters;
  for (const auto& [name, description] : entry.route->query)
    all.push_back(json::object{{"name", name}, {"in", "query"}, {"description", description}, {"schema", {{"type", "string"}}}});
  if (!all.empty()) object["parameters"] = std::move(all);
  if (method == "POST" || method == "PUT" || method == "PATCH") {
    const json::value schema = entry.route->request.is_object() ? entry.route->request : json::value(json::object{{"type", "object"}});
    object["requestBody"] = {{"content", {{"application/json", {{"schema", schema}}}}}};
  }
  if (entry.route->auth == RouteManifest::Auth::none || entry.route->auth == RouteManifest::Auth::local) object["security"] = json::array{};
  return object;
}

json::object error_schemas() {
  return {{"Error",
           {{"type", "object"},
            {"properties",
             {{"error",
               {{"type", "object"},
                {"properties",
                 {{"status", {{"type", "string"}}}, {"message", {{"type", "string"}}}, {"request_id", {{"type", "string"}}}}}}}}}}},
          {"OpenAiError",
           {{"type", "object"},
            {"properties",
             {{"error",
               {{"type", "object"},
                {"properties",
                 {{"message", {{"type", "string"}}},
                  {"type", {{"type", "string"}}},
                  {"param", {{"type", json::array{"string", "null"}}}},
                  {"code", {{"type", json::array{"string", "null"}}}}}}}}}}}}};
}

std::string type_text(const json::object& schema) {
  if (const json::array* words = array_at(schema, "enum")) {
    std::string text;
    for (const json::value& word : *words) text += (text.empty() ? "" : " \\| ") + json::serialize(word);
    return text;
  }
  const json::value* type = schema.if_contains("type");
  if (!type) return "any";
  if (type->is_string()) return std::string(type->get_string());
  std::string text;
  if (const json::array* types = type->if_array())
    for (const json::value& one : *types)
      if (one.is_string()) text += (text.empty() ? "" : " \\| ") + std::string(one.get_string());
  return text;
}

}  // namespace

json::array describe_methods(const MethodTable& table) {
  json::array methods;
  for (const MethodSpec* spec : table.specs())
    methods.push_back(json::object{{"name", spec->name},
                                   {"scope", spec->scope},
                                   {"doc", spec->doc},
                                   {"params", spec->params},
                                   {"result", spec->result},
                                   {"streaming", spec->streaming},
                                   {"positional", json::array(spec->positional.begin(), spec->positional.end())}});
  return methods;
}

json::object openapi_document(const MethodTable& table, const std::vector<RouteEntry>& routes, std::string_view version) {
  json::object paths;
  for (const RouteEntry& entry : routes) {
    if (!entry.route) continue;
    json::array parameters;
    const std::string path = openapi_path(entry.route->path, parameters);
    json::value& item = paths[path];
    if (!item.is_object()) item = json::object{};
    for (const std::string& method : entry.route->methods)
      item.as_object()[to_lower_ascii(method)] = operation(entry, method, parameters, path);
  }
  json::object schemas = error_schemas();
  for (const MethodSpec* spec : table.specs()) {
    schemas[spec->name + ".params"] = spec->params;
    schemas[spec->name + ".result"] = spec->result;
  }
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Hob"}, {"version", version}, {"description", "A personal assistant that runs at home. The schemas NAME.params and NAME.result are those of the method table."}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(schemas)},
            {"securitySchemes",
             {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
              {"api_key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}}}}},
          {"security", json::array{json::object{{"bearer", json::array{}}}, json::object{{"api_key", json::array{}}}}}};
}

std::string api_markdown(const json::array& methods) {
  std::string text =
      "# The method table\n\n"
      "Made from `api.describe` by `hobctl api markdown`; don't edit. Each method is `hobctl GROUP VERB`, a JSON-RPC method of the\n"
      "control socket, and what HTTP routes, Lua and tools call.\n";
  std::string group;
  for (const json::value& value : methods) {
    const json::object& method = value.as_object();
    const std::string name(string_or(method, "name"));
    if (const std::string here = name.substr(0, name.find('.')); here != group) {
      group = here;
      text += "\n## " + group + "\n";
    }
    const std::string_view scope = string_or(method, "scope");
    text += fmt::format("\n### {}\n{} Scope: {}.{}\n", name, string_or(method, "doc"), scope.empty() ? "none" : scope,
                        bool_or(method, "streaming") ? " Streams." : "");
    const json::object* schema = object_at(method, "params");
    const json::object* properties = schema ? object_at(*schema, "properties") : nullptr;
    if (!properties || properties->empty()) continue;
    const json::array* required = array_at(*schema, "required");
    text += "\n| parameter | type | |\n|---|---|---|\n";
    for (const auto& [key, rules] : *properties) {
      const json::object& rule = rules.as_object();
      const bool needed = required && std::find(required->begin(), required->end(), json::value(key)) != required->end();
      text += fmt::format("| `{}`{} | {} | {} |\n", std::string_view(key), needed ? " (required)" : "", type_text(rule),
                          string_or(rule, "description"));
    }
  }
  return text;
}

void add_api_methods(MethodTable& table, Registry& registry, std::string version) {
  table.add({.name = "api.describe",
             .doc = "All methods: names, scopes, parameters, results.",
             .params = params({}),
             .result = result({{"version", "string"}, {"methods", "array", Need::required}})},
            [&table, version](MethodCall) -> awaitable<Result<json::value>> {
              json::object answer{{"version", version}};
              answer["methods"] = describe_methods(table);
              co_return answer;
            });
  table.add({.name = "api.openapi",
             .doc = "The OpenAPI 3.1 document of the HTTP routes.",
             .params = params({}),
             .result = result({{"openapi", "string", Need::required}, {"paths", "object", Need::required}})},
            [&table, &registry, version](MethodCall) -> awaitable<Result<json::value>> {
              co_return openapi_document(table, registry.routes(), version);
            });
  table.add({.name = "api.markdown",
             .doc = "The reference of all methods as Markdown (docs/api.md).",
             .params = params({}),
             .result = result({{"text", "string", Need::required}})},
            [&table](MethodCall) -> awaitable<Result<json::value>> {
              co_return json::object{{"text", api_markdown(describe_methods(table))}};
            });
}

}  // namespace hobd
