// What an extractor finds in a message: a proposal, and what it means for what is known already.
#pragma once

#include "memory/learning.hpp"

namespace hobd {

struct Finding {
  enum class Intent {
    states,    // this is so
    also,      // this is so too, beside what else is
    corrects,  // this is what should have been said or understood
    ends       // what `about` says is so no longer; the proposal has a quote and no text
  };
  Proposal proposal;
  Intent intent = Intent::states;
  std::string about;     // the memory it is about, in its words or a few of them; "": found by what it says
  std::string replaces;  // corrects: the wrong words in `about`; the proposal's text is the right ones
  bool is_change = false;  // it was otherwise before: "moved", "now", "instead"
};

/// What is bounded of one turn's findings.
inline constexpr std::size_t kMostFindings = 20, kMostFindingBytes = 1000;

}  // namespace hobd
