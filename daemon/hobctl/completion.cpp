#include "hobctl/completion.hpp"

#include "base/text.hpp"
#include "hobctl/plugin_verbs.hpp"

#include <fmt/format.h>

#include <map>

namespace hobd::ctl {
namespace {

/// group -> "verb verb verb"
std::map<std::string, std::string> verbs_by_group(const json::array& methods) {
  std::map<std::string, std::string> groups{{"plugin", std::string(kPluginVerbs)}};
  for (const json::value& value : methods) {
    const std::string name(string_or(value.as_object(), "name"));
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) continue;
    std::string& verbs = groups[name.substr(0, dot)];
    verbs += (verbs.empty() ? "" : " ") + name.substr(dot + 1);
  }
  return groups;
}

std::string first_words(const std::map<std::string, std::string>& groups) {
  std::string words(kOwnCommands);
  for (const auto& [group, unused] : groups)
    if (group != "chat") words += " " + group;
  return words;
}

std::string bash(const std::map<std::string, std::string>& groups) {
  std::string cases;
  for (const auto& [group, verbs] : groups) cases += fmt::format("      {}) words=\"{}\" ;;\n", group, verbs);
  return fmt::format(
      "_hobctl() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words=\"{}\"\n"
      "  elif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
      "    case \"${{COMP_WORDS[1]}}\" in\n{}"
      "      completion) words=\"bash zsh fish\" ;;\n"
      "    esac\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\n"
      "complete -F _hobctl hobctl\n",
      first_words(groups), cases);
}

std::string fish(const std::map<std::string, std::string>& groups) {
  std::string text = fmt::format("complete -c hobctl -f -n __fish_use_subcommand -a \"{}\"\n", first_words(groups));
  for (const auto& [group, verbs] : groups)
    text += fmt::format("complete -c hobctl -f -n \"__fish_seen_subcommand_from {0}\" -a \"{1}\"\n", group, verbs);
  text += "complete -c hobctl -f -n \"__fish_seen_subcommand_from completion\" -a \"bash zsh fish\"\n";
  return text;
}

}  // namespace

Result<std::string> completion_script(std::string_view shell, const json::array& methods) {
  const auto groups = verbs_by_group(methods);
  if (shell == "bash") return bash(groups);
  if (shell == "zsh") return "#compdef hobctl\nautoload -U +X bashcompinit && bashcompinit\n" + bash(groups);
  if (shell == "fish") return fish(groups);
  return Error{Code::invalid, fmt::format("completion: bash, zsh or fish, not \"{}\"", shell)};
}

}  // namespace hobd::ctl
