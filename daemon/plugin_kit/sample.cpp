#include "plugin_kit/sample.hpp"

#include "base/schema.hpp"

#include <algorithm>

namespace hobd::kit {
namespace {

std::string_view type_of(const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (type && type->is_array() && !type->get_array().empty()) type = &type->get_array()[0];
  if (type && type->is_string()) return std::string_view(type->get_string());
  return schema.contains("properties") ? "object" : "string";
}

json::value object_of(const json::object& schema) {
  json::object out;
  const json::object* properties = object_at(schema, "properties");
  const json::array* required = array_at(schema, "required");
  if (!properties) return out;
  for (const auto& [name, rule] : *properties) {
    const bool is_required = required && std::any_of(required->begin(), required->end(), [&](const json::value& one) {
                               return one.is_string() && one.get_string() == name;
                             });
    if (is_required || (rule.is_object() && rule.get_object().contains("default"))) out[name] = sample_of(rule);
  }
  return out;
}

}  // namespace

json::value sample_of(const json::value& schema) {
  const json::object* rule = schema.if_object();
  if (!rule) return json::object{};
  for (const char* name : {"const", "default"})
    if (const json::value* value = rule->if_contains(name)) return *value;
  for (const char* name : {"examples", "enum"})
    if (const json::array* list = array_at(*rule, name); list && !list->empty()) return list->front();
  for (const char* name : {"oneOf", "anyOf"})
    if (const json::array* list = array_at(*rule, name); list && !list->empty()) return sample_of(list->front());
  const std::string_view type = type_of(*rule);
  if (type == "object") return object_of(*rule);
  if (type == "array") {
    json::array out;
    const json::value* items = rule->if_contains("items");
    for (std::int64_t i = 0; i < std::min<std::int64_t>(int_or(*rule, "minItems"), 100); ++i) out.push_back(items ? sample_of(*items) : json::value(1));
    return out;
  }
  if (type == "boolean") return false;
  if (type == "null") return nullptr;
  if (type == "integer") return std::max<std::int64_t>(int_or(*rule, "minimum", 1), 1) > int_or(*rule, "maximum", INT64_MAX) ? int_or(*rule, "maximum") : std::max<std::int64_t>(int_or(*rule, "minimum", 1), 1);
  if (type == "number") return double_or(*rule, "minimum", std::min(1.0, double_or(*rule, "maximum", 1.0)));
  std::string text = "sample";
  if (string_or(*rule, "format") == "uri" || string_or(*rule, "pattern").find("http") != std::string_view::npos) text = "https://example.org/";
  const auto least = std::size_t(std::clamp<std::int64_t>(int_or(*rule, "minLength"), 0, 65536));
  while (text.size() < least) text += "sample";
  const std::int64_t most = int_or(*rule, "maxLength", INT64_MAX);
  if (most >= 0 && text.size() > std::size_t(most)) text.resize(std::size_t(most));
  return json::value(json::string(text));
}

std::vector<Misfit> misfits_of(const json::value& schema, const json::value& good) {
  std::vector<Misfit> out;
  const json::object* rule = schema.if_object();
  const json::object* fine = good.if_object();
  if (!rule || !fine) return out;
  const auto compiled = Schema::compile(schema);
  const auto add = [&](std::string what, json::value value) {
    if (compiled && compiled->check(value, "value").has_error()) out.push_back({std::move(what), std::move(value)});
  };
  if (const json::array* required = array_at(*rule, "required"))
    for (const json::value& name : *required) {
      if (!name.is_string()) continue;
      json::object without = *fine;
      without.erase(name.get_string());
      add("without \"" + std::string(name.get_string()) + "\"", std::move(without));
    }
  if (const json::object* properties = object_at(*rule, "properties"))
    for (const auto& [name, one] : *properties) {
      const std::string quoted = "\"" + std::string(name) + "\"";
      for (const json::value& wrong : {json::value(json::object{{"x", json::array{}}}), json::value("text"), json::value(-1.5), json::value(nullptr)}) {
        json::object changed = *fine;
        changed[name] = wrong;
        add(quoted + " as " + json::serialize(wrong), std::move(changed));
      }
    }
  add("an array in place of an object", json::array{1, 2});
  add("a text in place of an object", json::value("x"));
  return out;
}

}  // namespace hobd::kit
