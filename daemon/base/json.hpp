// JSON for the daemon: Boost.JSON under the name `json`, a parser with bounds fit for outside text,
// and readers that say what was wrong.
#pragma once

#include "base/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hobd {

namespace json = boost::json;

/// Parses one JSON text. Refuses more than `max_depth` nested levels, ill-formed UTF-8 and anything
/// after the value, with `invalid` and the byte offset. Thread: any.
Result<json::value> parse_json(std::string_view text, std::size_t max_depth = 64);

/// parse_json for a text that must be an object.
Result<json::object> parse_json_object(std::string_view text);

/// The member's text, or `fallback` when it is absent, null or not a string. The view lives as long as
/// the object is not changed.
std::string_view string_or(const json::object& object, std::string_view key, std::string_view fallback = {});
std::int64_t int_or(const json::object& object, std::string_view key, std::int64_t fallback = 0);
double double_or(const json::object& object, std::string_view key, double fallback = 0);
bool bool_or(const json::object& object, std::string_view key, bool fallback = false);
/// The member as an object or array; null when it is absent or of another type.
const json::object* object_at(const json::object& object, std::string_view key);
const json::array* array_at(const json::object& object, std::string_view key);

}  // namespace hobd
