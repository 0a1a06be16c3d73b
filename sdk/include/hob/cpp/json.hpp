// hob::Json: Boost.JSON with the reads that plugins need. hob_add_plugin() compiles Boost.JSON into the
// plugin, hidden, so a plugin links no Boost library.
#pragma once

#include "error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace hob {

using JsonValue = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

namespace detail {

template <class T>
concept Text = std::convertible_to<T, std::string_view>;

/// What get(key, fallback) returns: texts as std::string, so that nothing dangles.
template <class T>
using Read = std::conditional_t<Text<T>, std::string, T>;

template <class T>
Read<T> read_member(const JsonValue& value, std::string_view key) {
  const auto wrong = [key](const char* type) -> Error {
    return {invalid, "\"" + std::string(key) + "\" must be " + type};
  };
  if constexpr (std::same_as<T, bool>) {
    if (const bool* b = value.if_bool()) return *b;
    throw wrong("true or false");
  } else if constexpr (Text<T>) {
    if (const boost::json::string* s = value.if_string()) return std::string(s->data(), s->size());
    throw wrong("a text");
  } else if constexpr (std::integral<T>) {
    boost::system::error_code error;
    const T number = value.to_number<T>(error);  // also takes 6.0; refuses 6.5 and what does not fit
    if (error) throw wrong(value.is_number() ? "an integer in range" : "an integer");
    return number;
  } else {
    static_assert(std::floating_point<T>, "get() reads bool, integers, floating point and text");
    boost::system::error_code error;
    const T number = value.to_number<T>(error);
    if (error) throw wrong("a number");
    return number;
  }
}

}  // namespace detail

/// A borrowed, read-only look at a JSON value. An absent member reads as null, so chains never fail:
/// ref["choices"][0]["delta"]["content"].text().
class JsonRef {
 public:
  JsonRef() = default;
  JsonRef(const JsonValue& value) : value_(&value) {}

  JsonRef operator[](std::string_view key) const {
    const JsonObject* object = value_ ? value_->if_object() : nullptr;
    const JsonValue* member = object ? object->if_contains(key) : nullptr;
    return member ? JsonRef(*member) : JsonRef();
  }
  JsonRef operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  template <std::integral I>
  JsonRef operator[](I index) const {
    const JsonArray* items = value_ ? value_->if_array() : nullptr;
    const JsonValue* item = items && index >= 0 ? items->if_contains(static_cast<std::size_t>(index)) : nullptr;
    return item ? JsonRef(*item) : JsonRef();
  }
  bool contains(std::string_view key) const { return (*this)[key].value_ != nullptr; }

  /// A member of the fallback's type. The fallback stands in for an absent or null one; one of another type
  /// throws invalid ("\"sides\" must be an integer").
  template <class T>
  detail::Read<T> get(std::string_view key, T fallback) const {
    const JsonRef member = (*this)[key];
    if (member.is_null()) return detail::Read<T>(fallback);
    return detail::read_member<T>(*member.value_, key);
  }
  /// A member that must be there: get<std::string>("expression").
  template <class T>
  detail::Read<T> get(std::string_view key) const {
    const JsonRef member = (*this)[key];
    if (member.is_null()) throw Error{invalid, "\"" + std::string(key) + "\" is missing"};
    return detail::read_member<T>(*member.value_, key);
  }

  bool is_null() const { return !value_ || value_->is_null(); }
  bool is_text() const { return value_ && value_->is_string(); }
  bool is_number() const { return value_ && value_->is_number(); }
  bool is_object() const { return value_ && value_->is_object(); }
  bool is_array() const { return value_ && value_->is_array(); }

  // Lenient reads, for what others sent: the fallback stands in for any other type.
  std::string_view text(std::string_view fallback = {}) const {
    const boost::json::string* s = value_ ? value_->if_string() : nullptr;
    return s ? std::string_view(s->data(), s->size()) : fallback;
  }
  std::int64_t integer(std::int64_t fallback = 0) const {
    if (!value_) return fallback;
    boost::system::error_code error;
    const auto number = value_->to_number<std::int64_t>(error);
    return error ? fallback : number;
  }
  double number(double fallback = 0) const {
    if (!value_) return fallback;
    boost::system::error_code error;
    const auto number = value_->to_number<double>(error);
    return error ? fallback : number;
  }
  bool boolean(bool fallback = false) const {
    const bool* b = value_ ? value_->if_bool() : nullptr;
    return b ? *b : fallback;
  }
  /// The items or members, to iterate; empty when it is no array or object.
  const JsonArray& items() const {
    static const JsonArray none;
    const JsonArray* items = value_ ? value_->if_array() : nullptr;
    return items ? *items : none;
  }
  const JsonObject& members() const {
    static const JsonObject none;
    const JsonObject* object = value_ ? value_->if_object() : nullptr;
    return object ? *object : none;
  }
  /// The value itself; null when absent.
  const JsonValue& value() const {
    static const JsonValue null;
    return value_ ? *value_ : null;
  }

 private:
  const JsonValue* value_ = nullptr;
};

/// A JSON value that owns its parts. Everything of boost::json::value works on it too.
class Json : public JsonValue {
 public:
  Json() = default;
  Json(std::initializer_list<boost::json::value_ref> parts) : JsonValue(parts) {}
  template <class T>
    requires(!std::derived_from<std::remove_cvref_t<T>, Json> && std::constructible_from<JsonValue, T>)
  Json(T&& value) : JsonValue(std::forward<T>(value)) {}

  /// Parses one JSON text. Throws invalid with the byte offset: not JSON, ill-formed UTF-8, more than
  /// `max_depth` nested levels, anything after the value.
  static Json parse(std::string_view text, std::size_t max_depth = 64) {
    boost::json::parse_options options;
    options.max_depth = max_depth;
    unsigned char scratch[4096];
    boost::json::parser parser({}, options, scratch);
    boost::system::error_code error;
    const std::size_t used = parser.write_some(text.data(), text.size(), error);
    if (!error && used < text.size()) error = boost::json::error::extra_data;
    if (error) throw Error{invalid, "not JSON: " + error.message() + " at byte " + std::to_string(used)};
    Json json;
    static_cast<JsonValue&>(json) = parser.release();
    return json;
  }
  std::string dump() const { return boost::json::serialize(static_cast<const JsonValue&>(*this)); }

  JsonRef operator[](std::string_view key) const { return JsonRef(*this)[key]; }
  JsonRef operator[](const char* key) const { return JsonRef(*this)[key]; }
  template <std::integral I>
  JsonRef operator[](I index) const { return JsonRef(*this)[index]; }
  bool contains(std::string_view key) const { return JsonRef(*this).contains(key); }
  template <class T>
  detail::Read<T> get(std::string_view key, T fallback) const {
    return JsonRef(*this).get<T>(key, std::move(fallback));
  }
  template <class T>
  detail::Read<T> get(std::string_view key) const { return JsonRef(*this).get<T>(key); }
  /// Sets a member; a null becomes an object first.
  Json& set(std::string_view key, JsonValue value) {
    if (is_null()) emplace_object();
    as_object()[key] = std::move(value);
    return *this;
  }
};

namespace detail {

/// Appends `text` as a JSON text, quoted and escaped, without building a value.
inline void append_quoted(std::string& out, std::string_view text) {
  boost::json::serializer serializer;
  serializer.reset(boost::json::string_view(text.data(), text.size()));
  char piece[4096];
  while (!serializer.done()) {
    const auto part = serializer.read(piece);
    out.append(part.data(), part.size());
  }
}
inline void append_json(std::string& out, const JsonValue& value) {
  boost::json::serializer serializer;
  serializer.reset(&value);
  char piece[4096];
  while (!serializer.done()) {
    const auto part = serializer.read(piece);
    out.append(part.data(), part.size());
  }
}

}  // namespace detail
}  // namespace hob
