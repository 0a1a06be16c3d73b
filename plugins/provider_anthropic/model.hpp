// What a Claude model takes, told from its name: https://platform.claude.com/docs/en/about-claude/models.
// A name that is not Claude's (other servers speak this API too) counts as one of the first versions.
#pragma once

#include <charconv>
#include <string_view>

namespace provider_anthropic {

struct Model {
  int version = 0;  // 100 * major + minor: claude-haiku-4-5-20251001 is 405

  /// Thinks with `thinking: {type: adaptive}`; before, a budget in tokens was named.
  bool thinks_adaptively() const { return version >= 406; }
  /// Takes temperature and top_p.
  bool has_sampling() const { return version < 407; }
  /// Takes both of them in one request.
  bool has_both_samplings() const { return version < 401; }
  /// Goes on with its own half answer, where that is the last message; later ones refuse it.
  bool has_prefill() const { return version < 406; }
  /// Takes a JSON Schema for its answer.
  bool has_json_schema() const { return version >= 405; }
};

inline Model model_of(std::string_view name) {
  const std::size_t start = name.find("claude-");
  if (start == std::string_view::npos) return {};
  int parts[2] = {0, 0};
  int found = 0;
  for (std::size_t at = start; at < name.size() && found < 2;) {
    std::size_t end = name.find_first_of("-.@", at);
    if (end == std::string_view::npos) end = name.size();
    const std::string_view word = name.substr(at, end - at);
    const bool is_number = !word.empty() && word.size() <= 2 && word.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_number) std::from_chars(word.data(), word.data() + word.size(), parts[found++]);
    if (!is_number && found > 0) break;
    at = end + 1;
  }
  // A name without a number is of the newest kind: "claude-mythos-preview".
  return {found == 0 ? 500 : 100 * parts[0] + parts[1]};
}

}  // namespace provider_anthropic
