// Child processes and temporary folders for tests and benchmarks that drive the built programs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hobtest {

/// A folder that is removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A child that is killed, if it still runs, when this goes out of scope. Dies with its parent.
class Process {
 public:
  Process() = default;
  /// Starts argv[0] with `environment` on top of the parent's; standard error goes to `log`, standard output to a pipe.
  Process(std::vector<std::string> argv, const std::map<std::string, std::string>& environment, const std::filesystem::path& log);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// Waits; the exit status, or 128 + the signal. -1 after `limit`.
  int wait(std::chrono::milliseconds limit);
  /// The next line of standard output, without its end; "" at the end or after `limit`.
  std::string read_line(std::chrono::milliseconds limit);

 private:
  void reap();
  pid_t pid_ = -1;
  int out_ = -1;
  int status_ = -1;
  std::string buffer_;
};

/// The folder of hobd and hobctl in this build tree.
std::filesystem::path bin_dir();
std::filesystem::path fake_openai_path();

/// Memory of a process from /proc, in KiB.
struct Memory {
  long rss = 0, pss = 0, private_dirty = 0;
};
Memory memory_of(pid_t pid);

}  // namespace hobtest
