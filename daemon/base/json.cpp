#include "base/json.hpp"

#include <boost/json/parser.hpp>

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

/// 1e400 is read as infinity, which has no JSON text: what is stored must be readable again.
bool is_finite(const json::value& value) {
  if (const double* number = value.if_double()) return std::isfinite(*number);
  if (const json::array* array = value.if_array()) return std::all_of(array->begin(), array->end(), is_finite);
  if (const json::object* object = value.if_object())
    return std::all_of(object->begin(), object->end(), [](const auto& member) { return is_finite(member.value()); });
  return true;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t max_depth) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::parser parser({}, options);
  boost::system::error_code error;
  const std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error) {
    const auto rest = text.find_first_not_of(" \t\r\n", used);
    if (rest != std::string_view::npos)
      return Error{Code::invalid, "not JSON: something stands after the value, at byte " + std::to_string(rest)};
    json::value value = parser.release();
    if (!is_finite(value)) return Error{Code::invalid, "not JSON: a number is larger than 1.8e308"};
    return value;
  }
  if (error == json::error::incomplete)
    return Error{Code::invalid, text.empty() ? "not JSON: it is empty" : "not JSON: it ends too early"};
  if (error == json::error::too_deep)
    return Error{Code::invalid, "JSON nested deeper than " + std::to_string(max_depth) + " levels"};
  return Error{Code::invalid, "not JSON: " + error.message() + " at byte " + std::to_string(used)};
}

Result<json::object> parse_json_object(std::string_view text) {
  json::value value = TRY(parse_json(text));
  if (!value.is_object()) return Error{Code::invalid, "a JSON object is wanted here"};
  return std::move(value.as_object());
}

std::string_view string_or(const json::object& object, std::string_view key, std::string_view fallback) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string_view(value->get_string()) : fallback;
}

std::int64_t int_or(const json::object& object, std::string_view key, std::int64_t fallback) {
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_number()) return fallback;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? fallback : number;
}

double double_or(const json::object& object, std::string_view key, double fallback) {
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_number()) return fallback;
  boost::system::error_code error;
  const auto number = value->to_number<double>(error);
  return error ? fallback : number;
}

bool bool_or(const json::object& object, std::string_view key, bool fallback) {
  const json::value* value = object.if_contains(key);
  return value && value->is_bool() ? value->get_bool() : fallback;
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

}  // namespace hobd
