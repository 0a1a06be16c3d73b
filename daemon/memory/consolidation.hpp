// Consolidation: Hob sleeps on what it knows. When a user has been idle for memory.consolidate.idle, and daily at
// memory.consolidate.at, a user's memories are tidied by the operations of consolidation_plan.hpp.
//
// A run is a row in the journal and changes of its run_id, one an operation, each applied by Memories::apply on the versions it
// was planned on: one undo takes the run back, and a run that a crash ended is planned again on what it left, within its
// bounds. At most a quarter of the memories leaves by one run. What a person has undone isn't done again. Nothing is done when
// nothing changed since the last run. Blocks are never touched.
#pragma once

#include "memory/consolidation_plan.hpp"
#include "models/background.hpp"
#include "models/router.hpp"
#include "store/store.hpp"

namespace hobd {

class Learning;

enum class DryRun { no, yes };

struct ConsolidationReport {
  std::string run_id;   // "" when nothing was done
  std::string skipped;  // why nothing was even looked at; "" else
  std::vector<ConsolidationOp> ops;    // done, or with DryRun to be done
  std::vector<Memory> before;          // the memories they are about, as they were
  std::size_t refused = 0;             // a memory had moved on meanwhile
  std::size_t left_for_later = 0;
};
/// {run_id, skipped, diff: [{op, id, before, after, reason}], left_for_later}: before and after are what differs.
json::object to_json(const ConsolidationReport& report);

struct ConsolidationContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  Router* router = nullptr;      // null: no model
  Learning* learning = nullptr;  // finishes what waits before a run; null: nothing waits
  const Clock* clock = nullptr;
  std::function<std::shared_ptr<const Config>()> config;
  /// Asked before each model call. An operation that has to wait for it is left for a later run.
  SpareCalls spare = {};
};

/// Thread: core; planning runs on a thread of its own at low priority.
class Consolidation {
 public:
  virtual ~Consolidation() = default;
  /// overloaded: one of this user runs.
  virtual awaitable<Result<ConsolidationReport>> run(std::string user_id, DryRun dry_run) = 0;
  /// This user does something: counted from now he is idle.
  virtual void touch(const std::string& user_id) = 0;
  /// Looks after what is due, and first after what a crash interrupted. Returns at once.
  virtual void start() = 0;
  /// One look at what is due: what start() does twice a minute.
  virtual awaitable<void> look() = 0;
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};
std::unique_ptr<Consolidation> make_consolidation(ConsolidationContext context);

}  // namespace hobd
