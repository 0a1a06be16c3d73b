// The store of erasures: rows that go for good, in bounded steps that a crash only interrupts.
//
// begin() names the rows and lays their tombstones, in one transaction; step() then works through the phases until the receipt
// is there. What belongs together goes together: a memory with all versions, changes and uses, and with what consolidation
// merged into it or built on it; a message with its turn's other messages and steps. A memory that rests on a forgotten message
// and on others keeps those versions that the others carry. Thread: core.
#pragma once

#include "base/task_group.hpp"
#include "store/memory_records.hpp"
#include "store/records.hpp"

namespace hobd {

struct ErasureQuery {
  std::string user_id;
  std::vector<std::string> ids;  // of memories and messages
  bool with_messages = false;    // also the messages that the memories rest on
};

/// What an erasure takes.
struct ErasurePlan {
  std::vector<Memory> memories;   // latest versions; of a removed one, its last
  std::vector<Message> messages;
};

/// Where an erasure stands.
struct ErasureProgress {
  std::string id, user_id;
  bool rows_gone = false;  // nothing finds it any more; copies and old segments may still hold it on disk
  bool done = false;       // nothing is left, and `receipt` counts it
  ErasureReceipt receipt;
};

class Erasures {
 public:
  virtual ~Erasures() = default;
  /// not_found: names the id that isn't this user's, or was forgotten already.
  virtual awaitable<Result<ErasurePlan>> plan(ErasureQuery query) = 0;
  /// Writes the erasure down. not_found as plan(); nothing is written then.
  virtual awaitable<Result<ErasureProgress>> begin(ErasureQuery query) = 0;
  /// One bounded piece of it. unavailable: the disk refuses; call again later.
  virtual awaitable<Result<ErasureProgress>> step(std::string erasure_id) = 0;
  /// Those that are not done, oldest first.
  virtual awaitable<Result<std::vector<ErasureProgress>>> unfinished() = 0;
  /// Newest first.
  virtual awaitable<Result<std::vector<ErasureProgress>>> list(std::string user_id, std::uint32_t limit) = 0;
  /// Compares the database's tombstones with the file's: each gets what it lacks. Where the database lacked some (it is an older
  /// copy), what they name is looked for, and an erasure of it is begun for each user. What is found: their number.
  virtual awaitable<Result<std::int64_t>> reconcile() = 0;
};

}  // namespace hobd
