// A hob-plugin-host as hobd sees it: started, watched, ended.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace hobd {

/// A descriptor that closes itself.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  ~OwnedFd();
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// How a process came to its end.
struct ProcessEnd {
  int status = 0;                // as of waitpid()
  std::uint64_t max_rss = 0;     // bytes
  /// "died of signal 11 (Segmentation fault)", "left with status 3".
  std::string text() const;
  bool is_signal() const;
};

/// One child. Whoever starts it is the thread it dies with: the core's.
class HostProcess {
 public:
  /// Starts `program` with an empty environment, a socket as descriptor 3, its standard output and error in one pipe.
  /// Takes about half a millisecond. unavailable: says why.
  static Result<HostProcess> start(const std::filesystem::path& program, const std::string& instance);
  HostProcess(HostProcess&& other) noexcept;
  HostProcess& operator=(HostProcess&&) = delete;
  /// Kills it if it still runs.
  ~HostProcess();

  pid_t pid() const { return pid_; }
  OwnedFd take_socket() { return std::move(socket_); }
  OwnedFd take_output() { return std::move(output_); }
  /// Readable once it has ended.
  OwnedFd take_pidfd() { return std::move(pidfd_); }
  void kill();
  /// Its end, if it has come; takes it off the kernel.
  std::optional<ProcessEnd> reap();
  /// What it uses now; all 0 when it is gone.
  struct Usage {
    std::uint64_t resident = 0;  // bytes
    std::size_t threads = 0, descriptors = 0;
  };
  Usage usage() const;

 private:
  HostProcess(pid_t pid, OwnedFd pidfd, OwnedFd socket, OwnedFd output)
      : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)), output_(std::move(output)) {}
  pid_t pid_;  // -1: reaped
  OwnedFd pidfd_, socket_, output_;
};

/// hob-plugin-host beside this program, or where an installed hobd finds it. not_found: names the places.
Result<std::filesystem::path> find_plugin_host();

}  // namespace hobd
