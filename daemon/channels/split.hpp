// Cutting a reply into messages that a platform takes.
#pragma once

#include "plugins/manifest.hpp"

namespace hobd {

/// The length of `text` as the channel counts it: utf16 | codepoints | bytes.
std::size_t count_units(std::string_view text, std::string_view count);

/// `text` in pieces of at most limits.max_message units. Cuts between paragraphs, else lines, else words, and
/// only inside a word that alone is too long; never inside a code point. White space at a cut is dropped.
std::vector<std::string> split_message(std::string_view text, const ChannelManifest& limits);

}  // namespace hobd
