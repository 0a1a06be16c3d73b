// Reads members of a manifest and says where one is wrong. Internal to manifest.cpp.
#pragma once

#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace hobd {

/// One JSON object of the document, with its dotted path for messages ("permissions.kv").
class ManifestObject {
 public:
  ManifestObject(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  std::string at(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }
  Error fault(std::string_view key, std::string_view what) const {
    return Error{Code::invalid, fmt::format("{}: {}", at(key), what)};
  }

  /// Refuses members that are none of `names`.
  Result<void> only(std::initializer_list<std::string_view> names) const {
    const std::vector<std::string> known(names.begin(), names.end());
    for (const auto& [key, unused] : object_) {
      if (std::find(known.begin(), known.end(), std::string_view(key)) != known.end()) continue;
      const std::string_view near = nearest(key, known);
      return fault(key, near.empty() ? std::string("unknown member")
                                     : fmt::format("unknown member, did you mean \"{}\"?", near));
    }
    return {};
  }
  Result<std::string> text(std::string_view key, std::string_view fallback = {}) const {
    const json::value* value = object_.if_contains(key);
    if (!value) return std::string(fallback);
    if (!value->is_string()) return fault(key, "must be a string");
    return std::string(value->get_string());
  }
  Result<bool> flag(std::string_view key, bool fallback) const {
    const json::value* value = object_.if_contains(key);
    if (!value) return fallback;
    if (!value->is_bool()) return fault(key, "must be true or false");
    return value->get_bool();
  }
  Result<double> number(std::string_view key, double fallback, double least, double most) const {
    const json::value* value = object_.if_contains(key);
    if (!value) return fallback;
    if (!value->is_number()) return fault(key, "must be a number");
    const double number = value->to_number<double>();
    if (!(number >= least && number <= most)) return fault(key, fmt::format("must be {} to {}", least, most));
    return number;
  }
  /// One of `names`; absent: the first.
  Result<std::string> choice(std::string_view key, std::initializer_list<std::string_view> names) const {
    const std::string value = TRY(text(key, *names.begin()));
    for (const std::string_view name : names)
      if (name == value) return value;
    return fault(key, fmt::format("\"{}\" is not one of {}", value, fmt::join(names, ", ")));
  }
  Result<std::vector<std::string>> texts(std::string_view key) const {
    std::vector<std::string> out;
    const json::value* value = object_.if_contains(key);
    if (!value) return out;
    if (!value->is_array()) return fault(key, "must be an array of strings");
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return fault(key, "must be an array of strings");
      out.emplace_back(item.get_string());
    }
    return out;
  }
  /// The member as an object; null when absent.
  Result<const json::object*> object(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    if (!value) return static_cast<const json::object*>(nullptr);
    if (!value->is_object()) return fault(key, "must be an object");
    return &value->get_object();
  }
  const json::object& json() const { return object_; }

 private:
  const json::object& object_;
  std::string path_;
};

}  // namespace hobd
