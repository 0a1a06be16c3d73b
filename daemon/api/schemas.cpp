#include "api/schemas.hpp"

#include "base/text.hpp"

namespace hobd {
namespace {

json::object type_schema(std::string_view type) {
  if (type == "any") return {};
  if (type == "limit") return {{"type", "integer"}, {"minimum", 1}, {"maximum", 500}};
  if (type == "texts") return {{"type", "array"}, {"items", {{"type", "string"}}}, {"maxItems", 100}};
  if (type == "text") return {{"type", "string"}, {"minLength", 1}};
  if (type == "jsonl") return {{"type", "string"}, {"minLength", 1}, {"contentMediaType", "application/jsonl"}};
  if (type.starts_with("enum:")) {
    json::array words;
    for (const std::string_view word : split(type.substr(5), ',')) words.emplace_back(word);
    return {{"type", "string"}, {"enum", std::move(words)}};
  }
  if (type.find('|') == std::string_view::npos) return {{"type", type}};
  json::array types;
  for (const std::string_view one : split(type, '|')) types.emplace_back(one);
  return {{"type", std::move(types)}};
}

json::object object_schema(std::initializer_list<SchemaField> fields) {
  json::object properties;
  json::array required;
  for (const SchemaField& field : fields) {
    json::object schema = type_schema(field.type);
    if (!field.doc.empty()) schema["description"] = field.doc;
    properties[field.name] = std::move(schema);
    if (field.need == Need::required) required.emplace_back(field.name);
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace

json::value params(std::initializer_list<SchemaField> fields) {
  json::object schema = object_schema(fields);
  schema["additionalProperties"] = false;
  return schema;
}

json::value result(std::initializer_list<SchemaField> fields) { return object_schema(fields); }

json::value list_result() {
  return result({{"items", "array", Need::required}, {"next_cursor", "string|null", Need::required}});
}

}  // namespace hobd
