#include "plugins/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {

namespace fs = std::filesystem;

struct Found {
  std::vector<fs::path> manifests;
  std::vector<Error> faults;
};

void look_into_folder(const fs::path& folder, Found& found) {
  std::error_code error;
  const fs::path manifest = folder / "plugin.json";
  if (fs::exists(manifest, error)) {
    found.manifests.push_back(manifest);
    return;
  }
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".so" || entry.path().filename() == "main.lua") {
      found.faults.emplace_back(Code::not_found, fmt::format("{} has no manifest: write {}", entry.path().string(),
                                                             manifest.string()));
      return;
    }
}

/// Manifests directly below `folder`, in name order, so that a start is the same each time.
Found look(const fs::path& folder) {
  Found found;
  std::error_code error;
  if (fs::exists(folder / "plugin.json", error)) {  // the folder is one plugin itself
    found.manifests.push_back(folder / "plugin.json");
    return found;
  }
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  for (const fs::path& path : entries) {
    const std::string extension = path.extension().string();
    if (fs::is_directory(path, error)) {
      look_into_folder(path, found);
    } else if (extension == ".json") {
      if (fs::exists(fs::path(path).replace_extension(".lua"), error) ||
          fs::exists(fs::path(path).replace_extension(".so"), error))
        found.manifests.push_back(path);
    } else if (path.filename().string().ends_with(".meta.lua")) {
      continue;  // types for an editor, not a plugin
    } else if (extension == ".lua" || extension == ".so") {
      const fs::path manifest = fs::path(path).replace_extension(".json");
      if (!fs::exists(manifest, error))
        found.faults.emplace_back(Code::not_found,
                                  fmt::format("{} has no manifest: write {}", path.string(), manifest.string()));
    }
  }
  return found;
}

enum class Origin { bundled, other };

void discover(const std::vector<fs::path>& folders, Origin origin, Discovery& out) {
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      if (origin == Origin::other)
        out.faults.emplace_back(Code::not_found, fmt::format("plugins.paths: {} is not a folder", folder.string()));
      continue;
    }
    Found found = look(folder);
    for (Error& fault : found.faults) out.faults.push_back(std::move(fault));
    for (const fs::path& file : found.manifests) {
      auto manifest = read_manifest(file, origin == Origin::bundled);
      if (manifest.has_error()) {
        out.faults.push_back(manifest.error());
        out.refused.emplace(fs::absolute(file), std::move(manifest).error());
        continue;
      }
      const auto [place, fresh] = out.plugins.try_emplace(manifest->id, *manifest);
      if (!fresh && place->second.file != manifest->file)
        out.faults.emplace_back(Code::invalid, fmt::format("{}: plugin {} was found in {} already; this one is left out",
                                                           file.string(), manifest->id, place->second.file.string()));
    }
  }
}

}  // namespace

Discovery discover_plugins(const std::vector<fs::path>& bundled, const std::vector<fs::path>& others) {
  Discovery out;
  discover(bundled, Origin::bundled, out);
  discover(others, Origin::other, out);
  return out;
}

}  // namespace hobd
