// What embedders in C++ share: reading the request of ext/embedder.h.
#pragma once

#include "json.hpp"

#include <string_view>
#include <vector>

namespace hob {

/// The texts of an embed request, in order; they last as long as the request. Throws invalid: "input" is no array of texts.
inline std::vector<std::string_view> embedder_input(JsonRef request) {
  const JsonRef input = request["input"];
  if (!input.is_array()) throw Error{invalid, "\"input\" must be an array of texts"};
  std::vector<std::string_view> texts;
  texts.reserve(input.items().size());
  for (const auto& item : input.items()) {
    if (!item.is_string()) throw Error{invalid, "\"input\" must be an array of texts; number " + std::to_string(texts.size() + 1) + " is none"};
    texts.push_back(JsonRef(item).text());
  }
  return texts;
}

}  // namespace hob
