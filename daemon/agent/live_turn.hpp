// A turn that waits or runs in this process, with those who watch it and the way to stop it.
#pragma once

#include "agent/agent.hpp"

#include <vector>

namespace hobd {

/// Thread: core. Held by shared_ptr: the queue, the watchers and the calls in flight all keep it alive.
class LiveTurn {
 public:
  using Watcher = std::function<void(const TurnEvent&)>;
  enum class Stop { none, user, deadline };

  LiveTurn(asio::any_io_executor core, Turn turn, Message message);

  Turn turn;
  Message message;
  bool has_journal = false;   // it was begun by an earlier process, or by an earlier request: read its steps first
  std::uint32_t stopped = 0;  // of a "/stop": how many turns it ended
  std::string said;           // the text shown so far
  std::chrono::steady_clock::time_point accepted_at{};

  std::uint64_t watch(Watcher watcher);
  void unwatch(std::uint64_t watcher);
  bool is_watched() const { return watching_ > 0; }
  void emit(std::string_view name, json::object data);

  /// Runs `tasks` side by side to their end and comes back when all are done, or, after a stop, when all have
  /// given up. The tasks keep alive what they use.
  awaitable<void> run_all(std::vector<awaitable<void>> tasks);
  /// Stops what run_all() runs now and will run, and cuts a pause short. The first reason stays.
  void stop(Stop reason);
  Stop stop_reason() const { return stop_; }

  /// A pause before something is tried again that the database refused. False: the daemon stops, this try is the last.
  awaitable<bool> async_pause(std::chrono::milliseconds wait);
  /// The daemon stops: what pauses goes on at once.
  void leave();

  void finish(Result<TurnReply> outcome);
  const std::optional<Result<TurnReply>>& outcome() const { return outcome_; }
  /// Returns once finish() was called, or when the caller is cancelled.
  awaitable<void> async_finished();
  /// The same, until `limit` at the latest.
  awaitable<void> async_finished(std::chrono::steady_clock::time_point limit);

 private:
  struct Entry {
    std::uint64_t id = 0;
    Watcher watcher;  // empty: left
  };

  asio::any_io_executor core_;
  std::vector<Entry> watchers_;
  std::uint64_t last_watcher_ = 0;
  std::size_t watching_ = 0;
  TaskGroup* running_ = nullptr;  // of run_all(), while it waits
  Stop stop_ = Stop::none;
  std::optional<Result<TurnReply>> outcome_;
  asio::steady_timer finished_;  // cancelled by finish()
  asio::steady_timer paused_;    // cancelled by leave()
  bool leaving_ = false;
};

}  // namespace hobd
