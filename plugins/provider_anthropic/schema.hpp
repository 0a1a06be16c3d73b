// A JSON Schema for the answer, as this API takes it: https://platform.claude.com/docs/en/build-with-claude/structured-outputs.
// It refuses an object that is not closed and bounds of numbers, texts and lists: objects are closed, and what it does not take
// is told in the description.
#pragma once

#include <hob/cpp/json.hpp>

#include <algorithm>
#include <string>

namespace provider_anthropic {

namespace detail {

/// Of the members of a schema, those that go along as they are.
inline bool is_plain_member(std::string_view key, hob::JsonRef schema) {
  static constexpr std::string_view kPlain[] = {"type", "title", "description", "enum", "const", "default", "$ref", "required"};
  static constexpr std::string_view kFormats[] = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"};
  if (key == "format") return std::find(std::begin(kFormats), std::end(kFormats), schema["format"].text()) != std::end(kFormats);
  if (key == "minItems") return schema["minItems"].integer() < 2;
  return std::find(std::begin(kPlain), std::end(kPlain), key) != std::end(kPlain);
}

}  // namespace detail

inline hob::JsonValue closed_schema(const hob::JsonValue& value) {
  if (!value.is_object()) return value;
  const hob::JsonRef schema(value);
  hob::JsonObject out;
  std::string words(schema["description"].text());
  for (const auto& member : schema.members()) {
    const std::string_view key = member.key();
    if (key == "properties" || key == "$defs" || key == "definitions") {
      hob::JsonObject parts;
      for (const auto& part : hob::JsonRef(member.value()).members()) parts[part.key()] = closed_schema(part.value());
      out[key] = std::move(parts);
    } else if (key == "anyOf" || key == "oneOf" || key == "allOf") {
      hob::JsonArray parts;
      for (const auto& part : hob::JsonRef(member.value()).items()) parts.push_back(closed_schema(part));
      out[key == "oneOf" ? "anyOf" : key] = std::move(parts);
    } else if (key == "items") {
      out[key] = closed_schema(member.value());
    } else if (detail::is_plain_member(key, schema)) {
      out[key] = member.value();
    } else if (key != "$schema" && key != "$id" && key != "additionalProperties") {
      words.append(words.empty() ? "" : " ").append(key).append(": ").append(boost::json::serialize(member.value())).append(".");
    }
  }
  if (schema["type"].text() == "object" || schema.contains("properties")) {
    if (!out.contains("properties")) out["properties"] = hob::JsonObject();
    out["additionalProperties"] = false;
  }
  if (!words.empty()) out["description"] = words;
  return out;
}

}  // namespace provider_anthropic
