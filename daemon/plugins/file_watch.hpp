// Says when the files below some folders have changed and come to rest.
//
// inotify on the core's executor. A change rings once no further event came for `settle` and no file that is being
// written is still open, at most kLongestWait after the first event: an editor or a copy in many steps rings once.
// Hidden files and backups ("x~") count for nothing. Links are followed for folders, not for files: a file that a link
// points to lies elsewhere, and its change isn't seen.
#pragma once

#include "base/task_group.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>

namespace hobd {

class FileWatch {
 public:
  static constexpr std::size_t kMaxFolders = 512;
  static constexpr std::chrono::seconds kLongestWait{10};

  /// `settled` is called on the executor's thread, never inside a function of this class.
  FileWatch(asio::any_io_executor executor, std::chrono::milliseconds settle, std::function<void()> settled);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Watches these folders, none else, from now on. One that isn't there is left out; beyond kMaxFolders the rest is,
  /// with a line in the log.
  void follow(const std::set<std::filesystem::path>& folders);

 private:
  class State;
  std::shared_ptr<State> state_;  // shared with its own waits
};

}  // namespace hobd
