#include "store/lock_file.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace hobd {

Result<LockFile> LockFile::take(const std::filesystem::path& database) {
  std::filesystem::path path = database;
  path += ".lock";
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return Error{Code::unavailable, "open " + path.string() + ": " + std::strerror(errno) +
                                        "; check that hobd's user may write in this folder"};
  LockFile lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Error{Code::unavailable, "lock " + path.string() + ": " + std::strerror(errno)};
    std::array<char, 32> holder{};
    const ssize_t size = ::pread(descriptor, holder.data(), holder.size() - 1, 0);
    const std::string pid(trim(std::string_view(holder.data(), size > 0 ? static_cast<std::size_t>(size) : 0)));
    return Error{Code::unavailable, "another hobd (pid " + (pid.empty() ? "unknown" : pid) + ") uses " +
                                        database.string() + ": stop it, or give this one another state_dir"};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // The pid is a courtesy to the reader of a message: a full disk may leave it out, the lock holds all the same.
  if (::ftruncate(descriptor, 0) == 0) (void)!::pwrite(descriptor, pid.data(), pid.size(), 0);
  return lock;
}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace hobd
