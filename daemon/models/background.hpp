// The lane of calls nobody waits for (extraction, judging, summaries, consolidation, embeddings): a few at a time, behind the
// conversation, within a share of the budget, and off when the owner says so.
#pragma once

#include "config/config.hpp"
#include "models/budget.hpp"

#include <memory>

namespace hobd {

/// Thread: core.
class BackgroundLane {
 public:
  /// A place in the lane; it is free again when this goes.
  class Place {
   public:
    Place() = default;
    explicit Place(std::shared_ptr<void> held) : held_(std::move(held)) {}

   private:
    std::shared_ptr<void> held_;
  };

  virtual ~BackgroundLane() = default;
  /// Waits for a place, while turns talk to a model and others are before it. unavailable: background work is switched off;
  /// overloaded: too many wait, or its budget has no room (the message says until when); timeout: `limit` passed.
  virtual awaitable<Result<Place>> enter(CallFor call, std::chrono::milliseconds limit) = 0;
  /// Whether enter() would be refused at once: what work asks before it prepares anything.
  virtual Result<void> is_open() const = 0;
  /// A turn waits for a model: background calls begin when none does.
  virtual Place hold_back() = 0;
  /// {running, waiting, done, refused, enabled}
  virtual json::object stats() const = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
};
/// `budget` may be null: no limits. Turns hold a call back for `longest_held` at most, then it begins beside them.
std::unique_ptr<BackgroundLane> make_background_lane(asio::any_io_executor core, Budget* budget, std::shared_ptr<const Config> config,
                                                     std::chrono::milliseconds longest_held = std::chrono::seconds(30));

/// The model of background calls, as ModelRequest::model names it: "tier/fast", "<provider>/<model>".
std::string background_model(const Config& config);

/// What work that can do without a model asks before it prepares a call. Null members: no such bound.
struct SpareCalls {
  BackgroundLane* lane = nullptr;
  Budget* budget = nullptr;
};
enum class Leave {
  ask,     // the call may be made
  later,   // keep the work: the lane is full, or the budget's next window is awaited (on_limit: queue)
  without  // do it without a model: background work is switched off, or a limit is reached and nothing waits for it
};
awaitable<Leave> leave_to_call(SpareCalls spare, CallFor call);

}  // namespace hobd
