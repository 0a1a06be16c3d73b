// The journal of consolidations: one row a run, without content. Thread: core.
#pragma once

#include "base/clock.hpp"
#include "base/task_group.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hobd {

struct ConsolidationRecord {
  std::string id, user_id;        // id: "run_...": of its changes too
  std::int64_t most_removed = 0;  // fixed when it began, so that a run taken up again keeps to it
  std::int64_t changes = 0;
  std::string digest;             // of the memories as it left them; "" while it runs
  Time begun_at{};
  std::optional<Time> ended_at;
};

class Consolidations {
 public:
  virtual ~Consolidations() = default;
  /// The run of this user that has not ended, or a new one.
  virtual awaitable<Result<ConsolidationRecord>> begin(std::string user_id, std::int64_t most_removed) = 0;
  virtual awaitable<Result<void>> end(std::string run_id, std::int64_t changes, std::string digest) = 0;
  /// The latest that ended. not_found: there was none.
  virtual awaitable<Result<ConsolidationRecord>> last(std::string user_id) = 0;
  virtual awaitable<Result<std::vector<ConsolidationRecord>>> unfinished() = 0;
};

}  // namespace hobd
