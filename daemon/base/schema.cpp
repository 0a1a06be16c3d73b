#include "base/schema.hpp"

#include "base/text.hpp"

// Else valijson aborts the process on a schema that is none.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <cmath>

namespace hobd {

struct Schema::Compiled {
  json::value document;
  valijson::Schema schema;
  bool accepts_all = true;
};

namespace {

/// Members that no "properties" entry names where the schema allows no others: valijson's own words for it
/// name neither the place nor what was meant.
Result<void> check_member_names(const json::value& schema, const json::value& value, const std::string& path) {
  const json::object* rules = schema.if_object();
  if (!rules) return {};
  if (const json::array* items = value.if_array()) {
    const json::value* rule = rules->if_contains("items");
    if (!rule) return {};
    for (std::size_t i = 0; i < items->size(); ++i)
      TRY(check_member_names(*rule, (*items)[i], path + "[" + std::to_string(i) + "]"));
    return {};
  }
  const json::object* members = value.if_object();
  const json::object* properties = object_at(*rules, "properties");
  if (!members || !properties) return {};
  const json::value* additional = rules->if_contains("additionalProperties");
  const bool closed = additional && additional->is_bool() && !additional->get_bool();
  for (const auto& [key, member] : *members) {
    if (const json::value* rule = properties->if_contains(key)) {
      TRY(check_member_names(*rule, member, path + "." + std::string(key)));
      continue;
    }
    if (!closed) continue;
    std::vector<std::string> known;
    for (const auto& [name, unused] : *properties) known.emplace_back(name);
    const std::string_view near = nearest(key, known);
    return Error{Code::invalid, path + "." + std::string(key) + ": unknown" +
                                    (near.empty() ? std::string{} : ", did you mean \"" + std::string(near) + "\"?")};
  }
  return {};
}

/// valijson's context is {"<root>", "[sides]", "[0]"}; people read arguments.sides[0].
std::string place(const std::vector<std::string>& context, std::string_view name) {
  std::string path(name);
  for (std::size_t i = 1; i < context.size(); ++i) {
    const std::string& part = context[i];
    const bool is_index = part.find_first_not_of("[0123456789]") == std::string::npos;
    path += is_index ? part : "." + part.substr(1, part.size() - 2);
  }
  return path;
}

/// How people call a JSON Schema type.
std::string_view type_word(std::string_view type) {
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object") return "an object";
  return type;
}

std::string value_word(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string: return "text";
    case json::kind::bool_: return value.get_bool() ? "true" : "false";
    case json::kind::array: return "a list";
    case json::kind::object: return "an object";
    case json::kind::null: return "null";
    default: return "a number";
  }
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  return value.is_int64() || value.is_uint64() || (value.is_double() && value.get_double() == std::floor(value.get_double()));
}

/// What valijson says of wrong types and choices names neither what is wanted nor what came; "": it is another rule.
std::string explain(const json::value& schema, const json::value& whole, const std::vector<std::string>& context) {
  const json::value* rule = &schema;
  const json::value* value = &whole;
  for (std::size_t i = 1; i < context.size(); ++i) {
    const json::object* rules = rule->if_object();
    if (!rules || context[i].size() < 2) return {};
    const std::string key = context[i].substr(1, context[i].size() - 2);
    if (const json::object* members = value->if_object()) {
      const json::object* properties = object_at(*rules, "properties");
      rule = properties ? properties->if_contains(key) : nullptr;
      value = members->if_contains(key);
    } else if (const json::array* items = value->if_array()) {
      const std::size_t index = key.find_first_not_of("0123456789") == std::string::npos && key.size() < 9 ? std::stoul(key) : items->size();
      rule = rules->if_contains("items");
      value = index < items->size() ? &(*items)[index] : nullptr;
    } else {
      return {};
    }
    if (!rule || !value) return {};
  }
  const json::object* rules = rule->if_object();
  if (!rules) return {};
  if (const json::value* type = rules->if_contains("type")) {
    std::string wanted;
    bool fits = false;
    const json::array types = type->is_array() ? type->get_array() : json::array{*type};
    for (const json::value& one : types) {
      if (!one.is_string()) return {};
      fits = fits || has_type(*value, one.get_string());
      wanted += (wanted.empty() ? "" : " or ") + std::string(type_word(one.get_string()));
    }
    if (!fits) return "must be " + wanted + ", not " + value_word(*value);
  }
  if (const json::array* choices = array_at(*rules, "enum")) {
    std::string list;
    for (const json::value& choice : *choices) {
      if (choice == *value) return {};
      list += (list.empty() ? "" : ", ") + json::serialize(choice);
    }
    return "must be one of " + list;
  }
  return {};
}

}  // namespace

Schema::Schema() : compiled_(std::make_shared<Compiled>()) {}

Result<Schema> Schema::compile(const json::value& document) {
  if (!document.is_object()) return Error{Code::invalid, "a JSON Schema must be an object"};
  auto compiled = std::make_shared<Compiled>();
  compiled->document = document;
  compiled->accepts_all = document.get_object().empty();
  try {
    valijson::SchemaParser parser;
    const valijson::adapters::BoostJsonAdapter adapter(compiled->document);
    parser.populateSchema(adapter, compiled->schema);
  } catch (const std::exception& e) {
    return Error{Code::invalid, std::string("not a JSON Schema: ") + e.what()};
  }
  Schema schema;
  schema.compiled_ = std::move(compiled);
  return schema;
}

Result<void> Schema::check(const json::value& value, std::string_view name) const {
  if (compiled_->accepts_all) return {};
  TRY(check_member_names(compiled_->document, value, std::string(name)));
  try {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::BoostJsonAdapter adapter(value);
    if (validator.validate(compiled_->schema, adapter, &results)) return {};
    // The last one is the outermost rule ("failed to validate against property"); the first is the reason.
    valijson::ValidationResults::Error error;
    if (!results.popError(error)) return Error{Code::invalid, std::string(name) + ": does not fit its schema"};
    const std::string reason = explain(compiled_->document, value, error.context);
    return Error{Code::invalid, place(error.context, name) + ": " + (reason.empty() ? error.description : reason)};
  } catch (const std::exception& e) {
    return Error{Code::invalid, std::string(name) + ": " + e.what()};
  }
}

const json::value& Schema::document() const { return compiled_->document; }

}  // namespace hobd
