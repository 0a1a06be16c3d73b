// plugin.json of a stranger's plugin.
#include "base/text.hpp"
#include "fuzz.hpp"
#include "plugins/manifest.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace {

/// A plugin's folder, with code beside the manifest that is never run.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("hob-fuzz-manifest-" + std::to_string(::getpid()));
  Folder() {
    std::filesystem::create_directories(path);
    std::ofstream(path / "main.lua") << "return {}\n";
    ::chmod(path.c_str(), 0700);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const auto file = folder.path / "plugin.json";
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text_of(data, size);
  const auto manifest = hobd::read_manifest(file, false);
  if (manifest.has_error()) {
    FUZZ_CHECK(!manifest.error().message.empty() && hobd::is_valid_utf8(manifest.error().message));
    return 0;
  }
  FUZZ_CHECK(!manifest->id.empty() && !manifest->version.empty() && !manifest->kinds.empty());
  FUZZ_CHECK(manifest->abi_major == 1);
  return 0;
}
