// JSON Schemas of methods, written short: params({{"conversation_id", "string", Need::required, "which one"}}).
#pragma once

#include "base/json.hpp"

#include <initializer_list>
#include <string_view>

namespace hobd {

enum class Need { optional, required };

/// One member. `type` is a JSON type, alternatives joined by '|' ("string|null"), or
///   "limit"      integer 1..500
///   "text"       string of at least one character
///   "texts"      list of at most 100 strings
///   "jsonl"      text of JSON values, one a line; hobctl takes a file's name for it, or "-"
///   "any"        anything
///   "enum:a,b"   one of these strings
struct SchemaField {
  std::string_view name;
  std::string_view type;
  Need need = Need::optional;
  std::string_view doc = {};
};

/// An object of these members and no others.
json::value params(std::initializer_list<SchemaField> fields);
/// An object that has at least these members: results may grow.
json::value result(std::initializer_list<SchemaField> fields);
/// {"items":[...],"next_cursor":...} of the objects in question.
json::value list_result();

}  // namespace hobd
