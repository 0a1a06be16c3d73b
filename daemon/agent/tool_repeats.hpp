// Calls of one turn that were made before: loops that lead nowhere, and searches whose result is known. All of it is read from the
// turn's journal, so a resumed turn counts as the first run did.
#pragma once

#include "agent/turn_journal.hpp"

namespace hobd {

/// The name and the arguments with their members sorted: equal for calls that ask the same.
std::string call_signature(std::string_view name, const json::value& arguments);

/// A call whose result was the same this often in a row, whatever other calls stood between, is told to be a repetition;
/// asked once more it is not run, and the turn answers with what it has.
constexpr std::size_t kMostSameResults = 3;
/// How often in a row this call gave the same result in the rounds before `round`.
std::size_t count_same_results(const TurnJournal& journal, std::int64_t round, const std::string& signature);
/// The same, of those results that are `content`.
std::size_t count_same_results(const TurnJournal& journal, std::int64_t round, const std::string& signature, std::string_view content);
/// Whether a call of `round` was not run as a repetition.
bool is_going_round(const TurnJournal& journal, std::int64_t round);

/// The result of the same call in an earlier round, when nothing that may write was called since; else null.
const json::object* find_earlier_result(const TurnJournal& journal, std::int64_t round, const std::string& signature);

}  // namespace hobd
