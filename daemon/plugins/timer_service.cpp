#include "plugins/timer_service.hpp"

#include <boost/asio/bind_executor.hpp>

#include <algorithm>

namespace hobd {

/// `wait` is touched on the strand alone.
struct TimerService::Timer {
  Timer(hob_id i, std::chrono::milliseconds r, std::chrono::steady_clock::time_point d,
        const asio::strand<asio::io_context::executor_type>& strand)
      : id(i), repeat(r), due(d), wait(strand) {}
  const hob_id id;
  const std::chrono::milliseconds repeat;
  std::chrono::steady_clock::time_point due;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                             asio::strand<asio::io_context::executor_type>>
      wait;
};

namespace {
/// Longer delays would overflow the clock; nobody waits ten years for a timer of one process.
constexpr std::uint64_t kLongest = std::uint64_t{10} * 365 * 86'400'000;
}  // namespace

hob_status TimerService::start(hob_id timer, std::uint64_t delay_ms, std::uint64_t repeat_ms) {
  if (timer == 0) return HOB_INVALID;
  const std::chrono::milliseconds delay(std::min(delay_ms, kLongest)), repeat(std::min(repeat_ms, kLongest));
  const std::lock_guard lock(mutex_);
  if (closed_) return HOB_UNAVAILABLE;
  const auto found = timers_.find(timer);
  if (found != timers_.end()) {
    cancel_later(std::move(found->second));
    timers_.erase(found);
  } else if (timers_.size() >= kMaxTimers) {
    return HOB_OVERLOADED;
  }
  auto fresh = std::make_shared<Timer>(timer, repeat, std::chrono::steady_clock::now() + delay, strand_.executor());
  timers_.emplace(timer, fresh);
  asio::post(strand_.executor(), [self = shared_from_this(), fresh] { self->wait(fresh); });
  return HOB_OK;
}

void TimerService::stop(hob_id timer) {
  const std::lock_guard lock(mutex_);
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  cancel_later(std::move(found->second));
  timers_.erase(found);
}

void TimerService::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [id, timer] : timers_) cancel_later(std::move(timer));
  timers_.clear();
}

void TimerService::cancel_later(std::shared_ptr<Timer> timer) {
  asio::post(strand_.executor(), [timer = std::move(timer)] { timer->wait.cancel(); });
}

void TimerService::wait(const std::shared_ptr<Timer>& timer) {
  timer->wait.expires_at(timer->due);
  timer->wait.async_wait(asio::bind_executor(
      strand_.executor(), [self = shared_from_this(), timer](const boost::system::error_code& error) {
        if (!error) self->fired(timer);
      }));
}

void TimerService::fired(const std::shared_ptr<Timer>& timer) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = timers_.find(timer->id);
    if (found == timers_.end() || found->second != timer) return;  // stopped or started anew meanwhile
    if (timer->repeat.count() == 0) timers_.erase(found);
  }
  strand_.enter("timer fire", [&] { fire_(timer->id); });
  if (timer->repeat.count() == 0) return;
  // A plugin that was slow misses beats; it doesn't get them all at once.
  timer->due = std::max(timer->due + timer->repeat, std::chrono::steady_clock::now());
  const std::lock_guard lock(mutex_);
  const auto found = timers_.find(timer->id);
  if (found != timers_.end() && found->second == timer) wait(timer);
}

}  // namespace hobd
