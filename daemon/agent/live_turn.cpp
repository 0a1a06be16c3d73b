#include "agent/live_turn.hpp"

#include "base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hobd {
namespace {

/// Far beyond any turn_timeout, which stops the batch long before.
constexpr std::chrono::hours kLongestBatch{24};

/// How often a wait with a limit looks whether the turn has ended.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

LiveTurn::LiveTurn(asio::any_io_executor core, Turn turn_row, Message first)
    : turn(std::move(turn_row)), message(std::move(first)), core_(core),
      finished_(core, asio::steady_timer::time_point::max()), paused_(core) {}

std::uint64_t LiveTurn::watch(Watcher watcher) {
  if (!watcher) return 0;
  watchers_.push_back({++last_watcher_, std::move(watcher)});
  ++watching_;
  return last_watcher_;
}

void LiveTurn::unwatch(std::uint64_t watcher) {
  // Emptied, not erased: emit() may be walking the list right now.
  for (Entry& entry : watchers_)
    if (entry.id == watcher && entry.watcher) {
      entry.watcher = nullptr;
      --watching_;
    }
}

void LiveTurn::emit(std::string_view name, json::object data) {
  if (watching_ == 0) return;
  TurnEvent event;
  event.name = name;
  event.data = std::move(data);
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    // A copy: the watcher may leave, or others come, while it is called.
    const Watcher watcher = watchers_[i].watcher;
    if (!watcher) continue;
    try {
      watcher(event);
    } catch (const std::exception& e) {
      log::error("agent", "a watcher of turn {} failed and sees no more of it: {}", turn.id, e.what());
      unwatch(watchers_[i].id);
    }
  }
}

awaitable<void> LiveTurn::run_all(std::vector<awaitable<void>> tasks) {
  if (stop_ != Stop::none) co_return;
  TaskGroup group(core_);
  struct Running {
    LiveTurn& turn;
    ~Running() { turn.running_ = nullptr; }
  } running{*this};
  running_ = &group;
  for (awaitable<void>& task : tasks) group.spawn("turn", std::move(task));
  co_await group.async_wait(kLongestBatch);
}

void LiveTurn::stop(Stop reason) {
  if (stop_ != Stop::none) return;
  stop_ = reason;
  paused_.cancel();
  if (running_) running_->cancel();
}

awaitable<bool> LiveTurn::async_pause(std::chrono::milliseconds wait) {
  if (leaving_) co_return false;
  paused_.expires_after(wait);
  boost::system::error_code ignored;
  co_await paused_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return !leaving_;
}

void LiveTurn::leave() {
  leaving_ = true;
  paused_.cancel();
}

void LiveTurn::finish(Result<TurnReply> outcome) {
  if (outcome_) return;
  outcome_ = std::move(outcome);
  finished_.cancel();
}

awaitable<void> LiveTurn::async_finished() {
  if (outcome_) co_return;
  boost::system::error_code ignored;
  co_await finished_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

awaitable<void> LiveTurn::async_finished(std::chrono::steady_clock::time_point limit) {
  asio::steady_timer look(core_);
  while (!outcome_ && std::chrono::steady_clock::now() < limit) {
    look.expires_after(std::min<std::chrono::steady_clock::duration>(kLook, limit - std::chrono::steady_clock::now()));
    boost::system::error_code ignored;
    co_await look.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace hobd
