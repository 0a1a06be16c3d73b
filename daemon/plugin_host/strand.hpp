// The plugin's strand: this process's main thread, which runs what is posted, the timers that are due, and whatever
// hobd's frames ask for, one after another.
#pragma once

#include "plugin_host/link.hpp"

#include "hob/plugin.h"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace hobd {

class Strand {
 public:
  /// `on_frame` gets hobd's frames, `on_task` what was posted, `on_timer` timers that are due: each enters the plugin
  /// by itself.
  struct Handlers {
    std::function<void(const Frame&)> on_frame;
    std::function<void(hob_id task)> on_task;
    std::function<void(hob_id timer)> on_timer;
  };
  Strand(Link& link, Handlers handlers) : link_(link), handlers_(std::move(handlers)) {}

  /// Until stop(). Main thread.
  void run();
  /// run() ends after what is under way. On the strand.
  void stop() { stopped_ = true; }

  // [any]
  void post(hob_id task);
  hob_status start_timer(hob_id timer, std::uint64_t delay_ms, std::uint64_t repeat_ms);
  void stop_timer(hob_id timer);
  /// No timer and no task any more.
  void close();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Timer {
    Time due;
    std::chrono::milliseconds repeat;
  };
  bool run_tasks();
  bool fire_timers();
  std::optional<Time> next_due();

  Link& link_;
  Handlers handlers_;
  bool stopped_ = false;
  std::mutex mutex_;
  bool closed_ = false;
  std::vector<hob_id> tasks_;
  std::map<hob_id, Timer> timers_;
};

}  // namespace hobd
