// A plugin's timers, on its strand.
#pragma once

#include "plugins/plugin_strand.hpp"

#include "hob/plugin.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace hobd {

class TimerService : public std::enable_shared_from_this<TimerService> {  // shared: waits outlive it
 public:
  /// `fire` runs on the strand.
  TimerService(PluginStrand strand, std::function<void(hob_id)> fire)
      : strand_(std::move(strand)), fire_(std::move(fire)) {}

  /// What hob_host_timer promises. Thread: any.
  hob_status start(hob_id timer, std::uint64_t delay_ms, std::uint64_t repeat_ms);
  void stop(hob_id timer);
  /// Stops all; later starts are refused with unavailable. Thread: any.
  void close();

 private:
  struct Timer;
  static constexpr std::size_t kMaxTimers = 1000;
  void wait(const std::shared_ptr<Timer>& timer);
  void fired(const std::shared_ptr<Timer>& timer);
  void cancel_later(std::shared_ptr<Timer> timer);

  PluginStrand strand_;
  std::function<void(hob_id)> fire_;
  std::mutex mutex_;
  bool closed_ = false;
  std::map<hob_id, std::shared_ptr<Timer>> timers_;  // shared with the waits
};

}  // namespace hobd
