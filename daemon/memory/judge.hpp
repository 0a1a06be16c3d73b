// Judging: what becomes of a finding, given what is known.
//
// A finding is held against each memory that is near it; how the nearest ones stand to it and what the finding intends give
// the outcome by one table. What came from outside never touches a memory that rests on the owner's words. Pure, no model:
// a model may say what a finding is about, the outcome is the table's. Thread: any.
#pragma once

#include "memory/findings.hpp"

#include <array>
#include <memory>
#include <span>

namespace hobd {

/// How a memory stands to a finding.
enum class Relation {
  unrelated,
  same,    // says it already, perhaps more
  fuller,  // the finding says it, and more
  rival,   // fills the same single place otherwise
  named    // is what the finding says it is about
};

enum class Outcome {
  add,        // a new memory
  merge,      // the memory has one more source
  refine,     // and the finding's fuller words
  supersede,  // a new memory; the old one was true until now
  correct,    // a new version of the memory; the old one never was true
  end,        // the memory was true until now, nothing follows it
  refuse
};

/// The table, [relation][intent: states, also, corrects, ends].
inline constexpr std::array<std::array<Outcome, 4>, 5> kOutcomes{{
    {Outcome::add, Outcome::add, Outcome::add, Outcome::refuse},         // unrelated
    {Outcome::merge, Outcome::merge, Outcome::merge, Outcome::end},      // same
    {Outcome::refine, Outcome::refine, Outcome::correct, Outcome::end},  // fuller
    {Outcome::supersede, Outcome::add, Outcome::correct, Outcome::refuse},  // rival
    {Outcome::supersede, Outcome::add, Outcome::correct, Outcome::end},  // named
}};
constexpr Outcome outcome_of(Relation relation, Finding::Intent intent) noexcept {
  return kOutcomes[static_cast<std::size_t>(relation)][static_cast<std::size_t>(intent)];
}

/// How `memory` stands to `finding`, by what both say (Finding::about apart).
Relation relation_of(const Finding& finding, const Memory& memory);

/// How much a memory of this kind and wording matters, 0..1: what the extractor thought, within bounds.
double judged_importance(const Proposal& proposal);

/// The memories near the findings of one change, as they will be; judges one finding after another against them.
class Judge {
 public:
  /// `current`: latest versions, those that are in force. `now`: of the daemon's clock.
  Judge(std::string user_id, std::vector<Memory> current, Time now);
  /// Texts that were in the prompt of the turn: near them a finding merges more readily, so that an echo isn't a second memory.
  void set_recalled(std::vector<std::string> texts) { recalled_ = std::move(texts); }
  Verdict take(const Finding& finding);
  /// What is to be written, one edit a memory, with the versions it was decided on.
  std::vector<MemoryEdit> edits() const;
  const Memory* find(std::string_view memory_id) const;

 private:
  struct Case {
    Memory memory;
    std::int64_t known_version = 0;  // 0: made here
    bool is_touched = false;
    std::string reason;
  };
  struct Pick {
    Relation relation = Relation::unrelated;
    std::vector<Case*> cases;  // the best first
  };
  bool is_in_force(const Memory& memory, Time at) const;
  Pick pick(const Finding& finding);
  Pick pick_named(const Finding& finding);
  bool may_touch(const Finding& finding, const Case& each) const;
  Case& add(const Finding& finding);
  void merge(Case& into, const Finding& finding, Outcome outcome);
  void correct(Case& wrong, const Finding& finding);
  void end(Case& old, const Finding& finding, std::string successor);

  std::string user_id_;
  std::vector<std::unique_ptr<Case>> cases_;
  std::vector<std::string> recalled_;
  Time now_;
};

}  // namespace hobd
