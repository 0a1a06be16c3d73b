// Whether a plugin's files are still the ones that an instance was made of.
#pragma once

#include "plugins/manifest.hpp"

#include <cstdint>

namespace hobd {

/// One file as stat() sees it, without reading it. All zero: it isn't there.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
FileStamp stamp_of(const std::filesystem::path& file);

struct Fingerprint {
  FileStamp manifest, code;
  bool operator==(const Fingerprint&) const = default;
};
inline Fingerprint fingerprint_of(const Manifest& manifest) { return {stamp_of(manifest.file), stamp_of(manifest.code)}; }

/// Whether this process has the library mapped. It then can't take another file of that path: a plugin's library is
/// never unloaded, and the loader goes by the name.
bool is_library_mapped(const std::filesystem::path& file);

}  // namespace hobd
