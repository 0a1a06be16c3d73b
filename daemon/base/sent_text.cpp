#include "base/sent_text.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {

std::optional<Addressed> addressed(std::string_view text) {
  if (text.size() < 2 || text[0] != '/') return {};
  const std::size_t end = text.find_first_of(" \t\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view name = text.substr(1, end - 1), rest = trim(text.substr(end));
  if (rest.empty()) return {};
  for (const char* tier : {"smart", "fast"})
    if (equals_ignore_case(name, tier)) return Addressed{std::string("tier/") + tier, rest};
  if (!equals_ignore_case(name, "model")) return {};
  const std::size_t model_end = rest.find_first_of(" \t\r\n");
  const std::string_view model = rest.substr(0, model_end);
  if (model_end == std::string_view::npos || model.find('/') == std::string_view::npos) return {};
  return Addressed{std::string(model), trim(rest.substr(model_end))};
}

bool is_command(std::string_view text) {
  if (text.size() < 2 || text[0] != '/' || addressed(text)) return false;
  const std::string_view name = text.substr(1, text.find_first_of(" \t\r\n") - 1);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

std::string_view own_words(std::string_view text) {
  if (const std::optional<Addressed> message = addressed(text)) return message->words;
  return text.starts_with("//") ? text.substr(1) : text;
}

}  // namespace hobd
