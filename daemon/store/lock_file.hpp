// Keeps a second daemon off the same database: "<file>.lock", held with flock() as long as this lives, holding
// the pid for whoever finds it taken. The kernel lets go of it when the process dies, however it dies.
#pragma once

#include "base/result.hpp"

#include <filesystem>

namespace hobd {

class LockFile {
 public:
  /// unavailable: another process holds it, or it can't be made.
  static Result<LockFile> take(const std::filesystem::path& database);
  LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace hobd
