// Structured concurrency for the core thread: every coroutine that is started belongs to a group, and
// a group can be cancelled and waited for. The only place in the daemon that detaches.
#pragma once

#include "base/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <string>

namespace hobd {

namespace asio = boost::asio;
using asio::awaitable;

/// Owns running coroutines. All functions on the executor's thread. The group may be destroyed while
/// tasks run: they are cancelled and finish on their own.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task`. An exception that leaves it is logged under `name` and ends that task alone.
  void spawn(std::string name, awaitable<void> task);
  /// Asks every task to stop (Asio terminal cancellation).
  void cancel();
  std::size_t size() const;
  /// Waits until no task runs, at most `limit`; true when none is left.
  awaitable<bool> async_wait(std::chrono::milliseconds limit);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the tasks, which may outlive the group
};

}  // namespace hobd
