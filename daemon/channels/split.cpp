#include "channels/split.hpp"

#include "base/text.hpp"

namespace hobd {
namespace {

std::size_t bytes_of_lead(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

std::size_t units_of_lead(unsigned char lead, std::string_view count) {
  if (count == "bytes") return bytes_of_lead(lead);
  return count == "utf16" && lead >= 0xf0 ? 2 : 1;
}

/// The longest prefix of at most `limit` units, at least one code point.
std::size_t longest_prefix(std::string_view text, std::size_t limit, std::string_view count) {
  std::size_t bytes = 0, units = 0;
  while (bytes < text.size()) {
    const auto lead = static_cast<unsigned char>(text[bytes]);
    units += units_of_lead(lead, count);
    if (units > limit && bytes > 0) break;
    bytes += bytes_of_lead(lead);
  }
  return std::min(bytes, text.size());
}

/// Where to cut within text[0, end): after the last paragraph, line or word that leaves at least half of it.
std::size_t best_cut(std::string_view text, std::size_t end) {
  for (const std::string_view separator : {"\n\n", "\n", " "}) {
    // A separator right at the end counts: the piece before it fits whole.
    const std::size_t at = text.rfind(separator, end);
    if (at != std::string_view::npos && at > 0 && at >= end / 2) return at;
  }
  const std::size_t space = text.rfind(' ', end);
  return space != std::string_view::npos && space > 0 ? space : end;
}

}  // namespace

std::size_t count_units(std::string_view text, std::string_view count) {
  std::size_t units = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    units += units_of_lead(lead, count);
    i += bytes_of_lead(lead);
  }
  return units;
}

std::vector<std::string> split_message(std::string_view text, const ChannelManifest& limits) {
  std::vector<std::string> pieces;
  while (limits.max_message > 0 && count_units(text, limits.count) > limits.max_message) {
    const std::size_t end = longest_prefix(text, limits.max_message, limits.count);
    const std::size_t cut = best_cut(text, end);
    if (const std::string_view piece = trim(text.substr(0, cut)); !piece.empty()) pieces.emplace_back(piece);
    text.remove_prefix(cut);
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  }
  if (!text.empty() || pieces.empty()) pieces.emplace_back(text);
  return pieces;
}

}  // namespace hobd
