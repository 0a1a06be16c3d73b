// Learning: how what a person says becomes memories, after the turn and off its road.
//
// An extractor (a model on the fast tier, or rules when there is none) proposes; each proposal is checked (its quote
// must stand in the message, questions, small talk and Hob's own words are nobody's facts, what came from outside is marked), and
// judged against the memories that are near it: new, the same, an end of one, or its correction. The outcome is one
// MemoryChange a turn, applied with the mark of the last message it looked at, so that a crash neither loses nor doubles a lesson.
#pragma once

#include "models/background.hpp"
#include "models/router.hpp"
#include "store/memories.hpp"
#include "store/store.hpp"

#include <functional>
#include <memory>

namespace hobd {

/// A fact somebody proposes to keep.
struct Proposal {
  std::string text;
  MemoryKind kind = MemoryKind::fact;
  double importance = 0.5;
  std::vector<std::string> topics, people;
  MemorySource source;
  std::optional<Time> valid_from, valid_to;
};

/// What became of a proposal.
struct Verdict {
  enum class Kind {
    added,       // new
    merged,      // said before: the memory has one more source
    superseded,  // new, and it ends an older one
    corrected,   // the memory it is about has the right text now
    refused      // not kept; `reason` says why
  } kind = Kind::refused;
  std::string memory_id;  // the memory that holds it now; "" refused
  std::string other_id;   // the one that ended; "" none
  std::string reason;
};
std::string_view verdict_name(Verdict::Kind kind) noexcept;

/// Thread: core. Writes of one user's memories go through here one at a time.
class Learning {
 public:
  virtual ~Learning() = default;
  /// Judges one proposal and applies what follows: what memory.upsert, /remember and the tools call. The change's id and
  /// verdict come back once it is committed. invalid: empty or over 8 KiB of text.
  struct Noted {
    Verdict verdict;
    Memory memory;  // as it is now; empty when refused
    std::string change_id;
  };
  virtual awaitable<Result<Noted>> note(std::string user_id, Proposal proposal, std::string cause) = 0;
  /// Something waits to be learned from: returns at once, the work is done in the background, while no turn runs or after a while.
  virtual void wake(std::string user_id) = 0;
  /// Learns from everything that waits for this user and returns when it is done (tests, memory.consolidate).
  virtual awaitable<Result<void>> catch_up(std::string user_id) = 0;
  /// The budget may have room again: what waits for it is looked after at once.
  virtual void room_again() = 0;
  /// Wakes every user who has something to learn from: once, when plugins have started.
  virtual awaitable<void> resume() = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
  /// From now on the background begins when `is_busy` says no: whether a turn ran since it was asked last.
  virtual void give_way_to(std::function<bool()> is_busy) = 0;
  /// Ends what runs; what was not learned yet is learned after the next start.
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

/// All outlive the learning.
struct LearningContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  Router* router = nullptr;
  const Clock* clock = nullptr;
  std::shared_ptr<const Config> config;
  /// Asked before each model call. What has to wait keeps its place and is looked after again after a `rest`.
  SpareCalls spare = {};
};
struct LearningOptions {
  std::chrono::milliseconds first_pause{2'000};  // before a failed model is asked again; grows fourfold
  int tries = 3;                                 // then the rules learn from this turn
  std::chrono::milliseconds rest{5 * 60'000};    // and the model is left alone for so long
  std::chrono::milliseconds call_deadline{60'000};
  std::chrono::milliseconds quiet{100};          // without a turn, after which a batch begins
  std::chrono::milliseconds longest_held{2'000}; // by turns; then it begins beside them
};
std::unique_ptr<Learning> make_learning(LearningContext context, LearningOptions options = {});

}  // namespace hobd
