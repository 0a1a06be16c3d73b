// "data:" URLs, as clients of chat APIs send images in them.
#pragma once

#include <algorithm>
#include <iterator>
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

/// Whether models take it as an image: what is called one and is a document or a sound is none.
inline bool is_image_mime(std::string_view mime) {
  constexpr std::string_view kImages[] = {"image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif", "image/heic", "image/heif"};
  mime = mime.substr(0, mime.find(';'));
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return std::any_of(std::begin(kImages), std::end(kImages),
                     [&](std::string_view image) { return std::equal(mime.begin(), mime.end(), image.begin(), image.end(), is_same); });
}

}  // namespace hob
