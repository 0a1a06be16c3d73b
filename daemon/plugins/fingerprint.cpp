#include "plugins/fingerprint.hpp"

#include <sys/stat.h>

#include <fstream>
#include <string>

namespace hobd {

FileStamp stamp_of(const std::filesystem::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, std::uint64_t(info.st_size),
          std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec};
}

bool is_library_mapped(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::path real = std::filesystem::canonical(file, ignored);
  if (real.empty()) real = file;
  // The kernel's list, not dlopen(): that would wait for a library that hangs in its own start.
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path == std::string::npos) continue;
    std::string_view mapped = std::string_view(line).substr(path);
    constexpr std::string_view kDeleted = " (deleted)";
    if (mapped.ends_with(kDeleted)) mapped.remove_suffix(kDeleted.size());
    if (mapped == real.native() || mapped == file.native()) return true;
  }
  return false;
}

}  // namespace hobd
