#include "plugin_host/strand.hpp"

#include <algorithm>

namespace hobd {
namespace {
constexpr std::size_t kMaxTimers = 1000;
/// Longer delays would overflow the clock; nobody waits ten years for a timer of one process.
constexpr std::uint64_t kLongest = std::uint64_t{10} * 365 * 86'400'000;
}  // namespace

void Strand::run() {
  Frame frame;
  while (!stopped_) {
    bool worked = false;
    if (link_.take(frame)) {
      worked = true;
      handlers_.on_frame(frame);
    }
    worked = run_tasks() || worked;
    worked = fire_timers() || worked;
    if (worked) continue;
    const std::optional<Time> due = next_due();
    link_.wait(due ? &*due : nullptr);
  }
}

bool Strand::run_tasks() {
  std::vector<hob_id> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const hob_id task : tasks) handlers_.on_task(task);
  return !tasks.empty();
}

std::optional<Strand::Time> Strand::next_due() {
  const std::lock_guard lock(mutex_);
  std::optional<Time> due;
  if (!tasks_.empty()) due = Time{};
  for (const auto& [id, timer] : timers_)
    if (!due || timer.due < *due) due = timer.due;
  return due;
}

bool Strand::fire_timers() {
  std::vector<hob_id> due;
  {
    const std::lock_guard lock(mutex_);
    if (timers_.empty()) return false;
    const Time now = std::chrono::steady_clock::now();
    for (const auto& [id, timer] : timers_)
      if (timer.due <= now) due.push_back(id);
  }
  for (const hob_id id : due) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = timers_.find(id);
      const Time now = std::chrono::steady_clock::now();
      if (found == timers_.end() || found->second.due > now) continue;  // stopped or started anew by one before it
      if (found->second.repeat.count() == 0)
        timers_.erase(found);
      else  // a plugin that was slow misses beats; it doesn't get them all at once
        found->second.due = std::max(found->second.due + found->second.repeat, now);
    }
    handlers_.on_timer(id);
  }
  return !due.empty();
}

void Strand::post(hob_id task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    tasks_.push_back(task);
  }
  link_.wake();
}

hob_status Strand::start_timer(hob_id timer, std::uint64_t delay_ms, std::uint64_t repeat_ms) {
  if (timer == 0) return HOB_INVALID;
  const std::chrono::milliseconds delay(std::min(delay_ms, kLongest)), repeat(std::min(repeat_ms, kLongest));
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return HOB_UNAVAILABLE;
    if (!timers_.contains(timer) && timers_.size() >= kMaxTimers) return HOB_OVERLOADED;
    timers_[timer] = {std::chrono::steady_clock::now() + delay, repeat};
  }
  link_.wake();
  return HOB_OK;
}

void Strand::stop_timer(hob_id timer) {
  const std::lock_guard lock(mutex_);
  timers_.erase(timer);
}

void Strand::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  timers_.clear();
  tasks_.clear();
}

}  // namespace hobd
