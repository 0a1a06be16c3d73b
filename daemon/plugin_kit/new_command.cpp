#include "base/text.hpp"
#include "plugin_kit/project.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>

namespace hobd::kit {
namespace fs = std::filesystem;
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::islower(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](char c) { return std::islower(static_cast<unsigned char>(c)) || std::isdigit(static_cast<unsigned char>(c)) || c == '_'; });
}

/// rain_radar -> RainRadar
std::string class_name(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c != '_') out += upper ? char(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = c == '_';
  }
  return out;
}

std::string filled(std::string text, const std::string& name) {
  const std::pair<std::string, std::string> values[] = {{"@NAME@", name}, {"@CLASS@", class_name(name)}, {"@ID@", "org.example." + name}};
  for (const auto& [mark, value] : values)
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) text.replace(at, mark.size(), value);
  return text;
}

Result<void> write(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Error{Code::unavailable, file.string() + ": can't be written"};
  return {};
}

Result<std::set<std::string>> scaffold(const NewOptions& options, const fs::path& target) {
  const fs::path templates = prefix() / "share/hob/templates";
  const fs::path shared = templates / ("any_" + options.language), own = templates / (options.kind + "_" + options.language);
  std::error_code error;
  for (const fs::path& folder : {shared, own})
    if (!fs::is_directory(folder, error)) return Error{Code::not_found, folder.string() + ": no such folder; install the SDK (cmake --install BUILD --component sdk)"};
  if (fs::exists(target, error) && !fs::is_empty(target, error)) return Error{Code::invalid, target.string() + ": is there already and not empty; choose another with --dir"};
  fs::create_directories(target, error);
  if (error) return Error{Code::unavailable, target.string() + ": " + error.message()};
  std::set<std::string> files;
  for (const fs::path& folder : {shared, own})  // a kind's own file wins over the shared one
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = filled(entry.path().filename().string(), options.name);
      TRY(write(target / name, filled(TRY(read_file(entry.path())), options.name)));
      files.insert(name);
    }
  return files;
}

}  // namespace

fs::path prefix() {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored);
  return self.parent_path().parent_path();
}

int new_command(const NewOptions& options) {
  const auto complain = [](const std::string& words) {
    fmt::print(stderr, "hobctl plugin new: {}\n", words);
    return 2;
  };
  const std::vector<std::string> kinds{"tool", "channel", "provider", "embedder"}, languages{"cpp", "lua", "c"};
  const auto choice = [&](const std::string& word, const std::vector<std::string>& all) {
    const std::string_view near = nearest(word, all);
    return fmt::format("\"{}\" is none of {}{}", word, fmt::join(all, ", "), near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
  };
  if (std::find(kinds.begin(), kinds.end(), options.kind) == kinds.end()) return complain(choice(options.kind, kinds));
  if (std::find(languages.begin(), languages.end(), options.language) == languages.end()) return complain("--lang: " + choice(options.language, languages));
  if (!is_name(options.name)) return complain(fmt::format("\"{}\": a name is 1 to 40 of a-z, 0-9 and _, the first a letter", options.name));
  const fs::path target = options.folder.empty() ? fs::path(options.name) : options.folder;
  const auto files = scaffold(options, target);
  if (files.has_error()) return complain(files.error().message);
  fmt::print("{}: {}\n\n", target.string(), fmt::join(*files, " "));
  fmt::print("  hobctl plugin build {0}     builds it and writes its tools into plugin.json\n"
             "  hobctl plugin test {0}      runs its own test\n"
             "  hobctl plugin check {0}     holds it to the rules of the ABI\n"
             "  hobctl plugin dev {0}       rebuilds on change, takes calls\n", target.string());
  return 0;
}

}  // namespace hobd::kit
