#include "hobctl/plugin_verbs.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace hobd::ctl {

bool is_plugin_verb(const Line& line) {
  if (line.words.size() < 2 || line.words[0] != "plugin") return false;
  const auto verbs = split(kPluginVerbs, ' ');
  return std::find(verbs.begin(), verbs.end(), line.words[1]) != verbs.end();
}

Error run_plugin_verb(const Line& line) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = (self.parent_path() / "hob-plugin-kit").string();
  std::vector<std::string> arguments(line.words);
  arguments[0] = program;
  if (line.as_json) arguments.insert(arguments.begin() + 2, "--json");
  std::vector<char*> argv;
  for (std::string& one : arguments) argv.push_back(one.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return Error{Code::unavailable, fmt::format("run {}: {}; it is installed with hobctl", program, std::strerror(errno))};
}

}  // namespace hobd::ctl
