// A JSON Schema as the Gemini API takes it: https://ai.google.dev/api/caching#Schema, a subset of OpenAPI 3.0's. It refuses
// the whole request for one word that it does not know, so what it lacks is said in its own words or left out:
// type lists and null become `nullable`, const an enum of one, oneOf an anyOf, allOf one object, $ref what it points to.
#pragma once

#include <hob/cpp/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace provider_gemini {

/// How an object goes along that names no members: older models refuse the whole request for it.
enum class OpenObjects { as_they_are, as_text };

namespace detail {

using hob::JsonArray;
using hob::JsonObject;
using hob::JsonRef;

inline constexpr int kMaxDepth = 16;
inline constexpr int kMaxNodes = 1000;

class Schema {
 public:
  Schema(JsonRef root, OpenObjects open) : root_(root), open_(open) {}

  JsonObject converted(JsonRef schema, int depth = 0) {
    const std::size_t outer_references = references_.size();
    const bool repeats = !follow(schema);
    JsonObject out;
    if (repeats || depth > kMaxDepth || ++nodes_ > kMaxNodes || !schema.is_object()) {
      out["type"] = "OBJECT";
    } else {
      convert(schema, out, depth);
    }
    references_.resize(outer_references);
    if (open_ == OpenObjects::as_text && depth > 0 && type_of(out) == "OBJECT" && !out.contains("properties")) {
      out["type"] = "STRING";
      add_words(out, schema["description"].text(), "A JSON object, written as a text.");
    }
    return out;
  }

 private:
  void convert(JsonRef schema, JsonObject& out, int depth) {
    take_type(schema, out, depth);
    for (const char* key : {"title", "description", "pattern", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "nullable"})
      if (!schema[key].is_null() && !out.contains(key)) out[key] = schema[key].value();
    take_format(schema, out);
    take_enum(schema, out);
    take_alternatives(schema, out, depth);
    take_all_of(schema, out, depth);
    take_members(schema, out, depth);
    if (!out.contains("type") && !out.contains("anyOf")) out["type"] = out.contains("properties") ? "OBJECT" : "STRING";
    if (type_of(out) == "ARRAY" && !out.contains("items")) out["items"] = JsonObject{{"type", "STRING"}};
  }

  static std::string_view type_of(const JsonObject& schema) {
    const auto* type = schema.if_contains("type");
    return type && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
  }
  static std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return out;
  }

  /// Puts what "#/$defs/x" points to in the place of the reference; a reference elsewhere says nothing. False: it points
  /// back to what it is a part of.
  bool follow(JsonRef& schema) {
    while (schema["$ref"].is_text()) {
      const std::string_view reference = schema["$ref"].text();
      if (std::find(references_.begin(), references_.end(), reference) != references_.end()) return false;
      references_.emplace_back(reference);
      std::string_view path = reference;
      if (!path.starts_with("#/")) return true;
      JsonRef target = root_;
      for (path.remove_prefix(2); !path.empty();) {
        const std::size_t slash = path.find('/');
        target = target[path.substr(0, slash)];
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
      }
      if (!target.is_object()) return true;
      schema = target;
    }
    return true;
  }

  void take_type(JsonRef schema, JsonObject& out, int depth) {
    const JsonRef type = schema["type"];
    if (type.is_text()) {
      if (type.text() == "null") {
        out["nullable"] = true;
      } else {
        out["type"] = upper(type.text());
      }
      return;
    }
    JsonArray kinds;
    for (const auto& one : type.items()) {
      if (JsonRef(one).text() == "null") {
        out["nullable"] = true;
      } else {
        kinds.push_back(one);
      }
    }
    if (kinds.size() == 1) out["type"] = upper(JsonRef(kinds[0]).text());
    if (kinds.size() < 2) return;
    JsonArray any;
    for (const auto& one : kinds) {
      JsonObject single = schema.members();
      single["type"] = one;
      single.erase("description");
      const hob::JsonValue value(std::move(single));
      any.push_back(converted(value, depth + 1));
    }
    out["anyOf"] = std::move(any);
  }

  /// Of a text's formats only these two are known; a number's tell its width.
  static void take_format(JsonRef schema, JsonObject& out) {
    const std::string_view format = schema["format"].text();
    const std::string_view type = type_of(out);
    const bool is_known = type == "STRING" ? format == "date-time" || format == "enum"
                                           : (type == "INTEGER" || type == "NUMBER") && (format == "int32" || format == "int64" || format == "float" || format == "double");
    if (is_known) out["format"] = format;
  }

  /// Only texts may be enumerated; other values are told in the description.
  static void take_enum(JsonRef schema, JsonObject& out) {
    JsonArray values = schema["enum"].items();
    if (schema.contains("const")) values = {schema["const"].value()};
    if (values.empty()) return;
    JsonArray texts;
    std::string others;
    for (const auto& value : values) {
      if (value.is_string()) {
        if (!value.get_string().empty()) texts.push_back(value);  // the API refuses an empty one
      } else if (value.is_null()) {
        out["nullable"] = true;
      } else {
        others += (others.empty() ? "" : ", ") + boost::json::serialize(value);
      }
    }
    if (!texts.empty() && others.empty()) {
      out["type"] = "STRING";
      out["enum"] = std::move(texts);
    } else if (!others.empty()) {
      for (const auto& text : texts) others += ", " + boost::json::serialize(text);
      add_words(out, schema["description"].text(), "One of " + others + ".");
    }
  }
  static void add_words(JsonObject& out, std::string_view description, const std::string& words) {
    out["description"] = std::string(description) + (description.empty() ? "" : " ") + words;
  }

  void take_alternatives(JsonRef schema, JsonObject& out, int depth) {
    JsonArray any;
    for (const char* key : {"anyOf", "oneOf"}) {
      for (const auto& item : schema[key].items()) {
        if (JsonRef(item)["type"].text() == "null") {
          out["nullable"] = true;
        } else {
          any.push_back(converted(item, depth + 1));
        }
      }
    }
    if (any.size() == 1) {
      for (const auto& member : any[0].as_object())
        if (!out.contains(member.key())) out[member.key()] = member.value();
    } else if (!any.empty()) {
      out["anyOf"] = std::move(any);
    }
  }

  void take_all_of(JsonRef schema, JsonObject& out, int depth) {
    for (const auto& item : schema["allOf"].items()) {
      const JsonObject part = converted(item, depth + 1);
      for (const auto& member : part) {
        if (member.key() == "properties" && out.contains("properties")) {
          for (const auto& property : member.value().as_object()) out["properties"].as_object()[property.key()] = property.value();
        } else if (member.key() == "required" && out.contains("required")) {
          for (const auto& name : member.value().as_array()) out["required"].as_array().push_back(name);
        } else if (!out.contains(member.key())) {
          out[member.key()] = member.value();
        }
      }
    }
  }

  void take_members(JsonRef schema, JsonObject& out, int depth) {
    if (schema["items"].is_object()) out["items"] = converted(schema["items"], depth + 1);
    if (!schema["properties"].members().empty()) {
      if (!out.contains("properties")) out["properties"] = JsonObject();
      for (const auto& property : schema["properties"].members())
        out["properties"].as_object()[property.key()] = converted(property.value(), depth + 1);
    }
    const auto* properties = out.if_contains("properties");
    JsonArray required;
    for (const auto& name : schema["required"].items())
      if (properties && properties->as_object().contains(JsonRef(name).text())) required.push_back(name);
    if (required.empty()) return;
    if (!out.contains("required")) out["required"] = JsonArray();
    for (auto& name : required) out["required"].as_array().push_back(name);
  }

  JsonRef root_;
  OpenObjects open_;
  std::vector<std::string> references_;  // followed on the way to this part
  int nodes_ = 0;
};

}  // namespace detail

/// The schema in Gemini's words.
inline hob::JsonObject gemini_schema(hob::JsonRef schema, OpenObjects open) { return detail::Schema(schema, open).converted(schema); }

}  // namespace provider_gemini
