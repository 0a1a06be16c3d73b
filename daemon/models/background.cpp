#include "models/background.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <deque>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Behind so many nobody gets in line: whoever asks keeps the work where it is stored and comes again.
constexpr std::size_t kMostWaiting = 1'000;

/// One who waits, in the frame of its enter().
struct Waiter {
  explicit Waiter(const asio::any_io_executor& core) : woken(core) {}
  asio::steady_timer woken;
  steady_clock::time_point since = steady_clock::now();
  bool is_admitted = false, is_refused = false;
};

/// Shared with the places, which may be given back after the lane is gone.
struct Lane : std::enable_shared_from_this<Lane> {
  Lane(asio::any_io_executor executor, milliseconds longest) : core(std::move(executor)), longest_held(longest), overdue(core) {}

  /// Lets in whom there is a place for. Turns hold back whoever comes, but nobody for longer than `longest_held`: a house where
  /// somebody always talks would never learn anything else.
  void admit() {
    while (!waiting.empty() && running < concurrent) {
      const auto due = waiting.front()->since + longest_held;
      if (held > 0 && steady_clock::now() < due) return look_again(due);
      Waiter& next = *waiting.front();
      waiting.pop_front();
      next.is_admitted = true;
      ++running;
      next.woken.cancel();
    }
  }

  void look_again(steady_clock::time_point due) {
    overdue.expires_at(due);
    overdue.async_wait([self = weak_from_this()](const boost::system::error_code& cancelled) {
      const auto lane = self.lock();
      if (lane && !cancelled) lane->admit();
    });
  }

  void leave() {
    --running;
    ++done;
    admit();
  }

  asio::any_io_executor core;
  const milliseconds longest_held;
  asio::steady_timer overdue;
  std::deque<Waiter*> waiting;  // the longest first
  std::size_t running = 0, concurrent = 1, held = 0;
  std::int64_t done = 0, refused = 0;
  bool is_enabled = true;
};

/// Takes a waiter out of the line, however its coroutine ends, and gives back the place that nobody took up.
struct InLine {
  Lane& lane;
  Waiter& waiter;
  bool is_taken = false;
  ~InLine() {
    std::erase(lane.waiting, &waiter);
    if (waiter.is_admitted && !is_taken) lane.leave();
  }
};

class SpareLane final : public BackgroundLane {
 public:
  SpareLane(asio::any_io_executor core, Budget* budget, std::shared_ptr<const Config> config, milliseconds longest_held)
      : lane_(std::make_shared<Lane>(std::move(core), longest_held)), budget_(budget) {
    set_config(std::move(config));
  }

  ~SpareLane() override {
    for (Waiter* waiter : lane_->waiting) refuse(*waiter);
    lane_->waiting.clear();
  }

  awaitable<Result<Place>> enter(CallFor call, milliseconds limit) override {
    const std::shared_ptr<Lane> lane = lane_;
    if (const Result<void> open = is_open(); open.has_error()) {
      ++lane->refused;
      co_return open.error();
    }
    if (budget_) {
      const Result<void> room = co_await budget_->has_room(std::move(call));
      if (room.has_error()) {
        ++lane->refused;
        co_return room.error();
      }
    }
    Waiter waiter(lane->core);
    InLine place{*lane, waiter};
    lane->waiting.push_back(&waiter);
    waiter.woken.expires_after(limit);
    lane->admit();
    if (!waiter.is_admitted) {
      boost::system::error_code woken;
      co_await waiter.woken.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      if (!waiter.is_admitted && !waiter.is_refused) {
        ++lane->refused;
        if (woken) co_return Error{Code::cancelled, "the wait for a place among the background calls was ended"};
        co_return Error{Code::timeout, fmt::format("no place among the background calls within {} s: {} run, {} wait", limit.count() / 1000,
                                                   lane->running, lane->waiting.size())};
      }
      if (waiter.is_refused) co_return switched_off();
    }
    place.is_taken = true;
    co_return Place(std::shared_ptr<void>(lane.get(), [lane](void*) { lane->leave(); }));
  }

  Result<void> is_open() const override {
    if (!lane_->is_enabled) return switched_off();
    if (lane_->waiting.size() >= kMostWaiting)
      return Error{Code::overloaded, fmt::format("{} background calls wait already; this one comes later", lane_->waiting.size())};
    return Result<void>{};
  }

  Place hold_back() override {
    const std::shared_ptr<Lane> lane = lane_;
    ++lane->held;
    return Place(std::shared_ptr<void>(lane.get(), [lane](void*) {
      if (--lane->held == 0) lane->admit();
    }));
  }

  json::object stats() const override {
    json::object stats;
    stats["running"] = lane_->running;
    stats["waiting"] = lane_->waiting.size();
    stats["done"] = lane_->done;
    stats["refused"] = lane_->refused;
    stats["enabled"] = lane_->is_enabled;
    return stats;
  }

  void set_config(std::shared_ptr<const Config> config) override {
    lane_->is_enabled = config->models.background.enabled;
    lane_->concurrent = config->models.background.concurrent;
    if (lane_->is_enabled) return lane_->admit();
    for (Waiter* waiter : lane_->waiting) refuse(*waiter);
    lane_->refused += std::int64_t(lane_->waiting.size());
    lane_->waiting.clear();
  }

 private:
  static Error switched_off() { return {Code::unavailable, "background work is switched off (models.background.enabled)"}; }
  static void refuse(Waiter& waiter) {
    waiter.is_refused = true;
    waiter.woken.cancel();
  }

  std::shared_ptr<Lane> lane_;
  Budget* budget_;
};

}  // namespace

std::string background_model(const Config& config) {
  const std::string& tier = config.models.background.tier;
  return tier.find('/') == std::string::npos ? "tier/" + tier : tier;
}

awaitable<Leave> leave_to_call(SpareCalls spare, CallFor call) {
  call.is_background = true;
  if (spare.lane) {
    const Result<void> open = spare.lane->is_open();
    if (open.has_error()) co_return open.error().code == Code::unavailable ? Leave::without : Leave::later;
  }
  if (!spare.budget) co_return Leave::ask;
  const Result<void> room = co_await spare.budget->has_room(std::move(call));
  if (room.has_value()) co_return Leave::ask;
  // A ledger that can't be written is mended sooner or later; a window's end is awaited when that was chosen.
  const bool waits = room.error().code != Code::overloaded || spare.budget->on_limit() == OnLimit::queue;
  co_return waits ? Leave::later : Leave::without;
}

std::unique_ptr<BackgroundLane> make_background_lane(asio::any_io_executor core, Budget* budget, std::shared_ptr<const Config> config,
                                                     milliseconds longest_held) {
  return std::make_unique<SpareLane>(std::move(core), budget, std::move(config), longest_held);
}

}  // namespace hobd
