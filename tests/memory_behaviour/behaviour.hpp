// Runs a file of tests/memory_behaviour/cases: what a user says over time, and what Hob must and must not remember then.
//
// A file is lines; '#' begins a comment line. "\n" in a text is a line end. In order:
//   title: ...                         what it claims
//   modes: rules model                 how it is run; both without it
//   time: 2026-11-21T08:00:00Z         the wall clock jumps there
//   reply: TEXT                        what Hob answers from now on
//   tool-result: TEXT                  the next turn calls a tool, which answers this
//   note: TEXT <- QUOTE [; KEY=VALUE]  the learning model's next answer has this item (kind, about, action, valid_from, ...)
//   answer-many: N TEXT <- QUOTE       N such items, '#' in the text is their number
//   answer: TEXT                       the learning model's next answer, as it is
//   model-error: CODE                  the learning model fails so from now on; "none": it answers again
//   user: TEXT                         is said, answered, and learned from
//   user-long: N TEXT                  the text N times over
//   outside: NAME: TEXT                the client says it was another one who spoke
//   must: TEXT [; CHECK=VALUE ...]     a memory in force says exactly this
//   ended: TEXT [; CHECK=VALUE ...]    one that isn't in force any more says this; by=TEXT: its successor
//   must-not: TEXT                     no memory in force has this in it
//   never: TEXT                        no memory ever had, in any version
//   count: N                           memories in force
//   asked: N                           how often the learning model was asked so far
// Checks: kind, person, topic, valid_from, valid_to (a date, or "none"), sources, version, said_by, quote, pii, least (importance).
// A line of the form "rules> must: ..." or "model> must: ..." is of that mode only.
#pragma once

#include <string>

namespace hobd::fakes {

enum class LearnMode { rules, model };

/// Fails the running test case with the file's line.
void run_behaviour(const std::string& file, LearnMode mode);

}  // namespace hobd::fakes
