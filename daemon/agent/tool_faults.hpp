// Tool calls that can't be run as they are: what the model is told of them, once, and what the user is told when it comes again.
#pragma once

#include "agent/turn_journal.hpp"
#include "tools/toolbox.hpp"

#include <optional>

namespace hobd {

struct ToolFault {
  std::string kind;  // unreadable (no JSON object) | unknown (no such tool) | misfit (not what its schema wants)
  std::string tool;  // as the model named it
  Error error;       // for people
  std::string told;  // for the model: the error and what is expected, so that it can do better
};
/// What is wrong with a call, apart from policy.
std::optional<ToolFault> find_fault(const Toolbox& tools, const ModelToolCall& call);

/// The first fault of an answer that the model was told of in an earlier round of the turn already, or that comes after so many
/// other faults that more telling is of no use.
std::optional<ToolFault> find_fault_again(const Toolbox& tools, const TurnJournal& journal, std::int64_t round, const ModelAnswer& answer);

/// What was done in the turn so far, in a sentence for the user: "Done so far: add, lookup." Empty when nothing was called.
std::string done_so_far(const TurnJournal& journal);
/// The end of a turn that such a fault ended.
std::string fault_report(const ToolFault& fault, const TurnJournal& journal);

}  // namespace hobd
