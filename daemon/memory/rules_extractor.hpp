// The extractor that needs no model: what one message says about its writer, by the forms English says it in.
//
// Careful rather than greedy: a clause that fits no rule teaches nothing. The texts it writes are notes ("Lives in Lyon.",
// "Sister Ana works at the zoo.", "Has a dentist appointment on Tuesday 24 November 2026 at 10."), with dates that still mean
// something later. Pure; thread: any.
#pragma once

#include "memory/findings.hpp"

namespace hobd {

struct Utterance {
  std::string message_id, text;
  Time at{};
  std::string outsider;  // who says it when that is not the owner; "" the owner
};

/// In the order said; of two that fill the same place the later one alone. At most kMostFindings.
std::vector<Finding> extract_by_rules(const Utterance& utterance);

}  // namespace hobd
