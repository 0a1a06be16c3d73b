// "data:" URLs, as clients of chat APIs send images in them.
#pragma once

#include <string_view>

namespace hob {

struct DataUrl {
  std::string_view mime, data;  // data in base64; empty: the URL was no such one
};

/// Reads "data:image/png;base64,AAAA". The views are of `url`.
inline DataUrl read_data_url(std::string_view url) {
  if (!url.starts_with("data:")) return {};
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return {};
  const std::string_view head = url.substr(5, comma - 5);
  if (!head.ends_with(";base64")) return {};
  return {head.substr(0, head.find(';')), url.substr(comma + 1)};
}

}  // namespace hob
