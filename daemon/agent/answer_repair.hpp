// Answers that can't stand as they are: empty, cut off, withheld. What is wrong with one, what the model is told to do better,
// and what the user is told when it does not.
#pragma once

#include "models/router.hpp"

namespace hobd {

enum class AnswerFault {
  none,
  empty,     // no words and no call
  cut,       // at the length limit, in its text
  cut_call,  // at the length limit, in the arguments of a tool call
  filtered,  // the provider withheld it, or the rest of it
};
AnswerFault fault_of(const ModelAnswer& answer);

/// How often an answer that was cut is continued.
constexpr int kMostContinuations = 2;

/// What the model is told.
constexpr std::string_view kEmptyNote = "(Your last answer was empty. Answer the message now, in words or with a tool.)";
constexpr std::string_view kGoOnNote = "(Your answer was cut off at the length limit. Go on exactly where it stops; repeat nothing.)";
constexpr std::string_view kLoopNote = "The same call keeps giving the same result. Answer now with what you have, without calling a tool.";
constexpr std::string_view kRoundsUsedUp = "The tools of this turn are used up. Answer now with what you have, without calling a tool.";
std::string cut_call_note(const ModelAnswer& answer);

/// What the user is told.
constexpr std::string_view kNoAnswer = "The model gave no answer, also when it was asked again. Please say it in other words, or try again later.";
constexpr std::string_view kNoRoom = "The answer did not fit into max_tokens.";
constexpr std::string_view kUnreadableAttachment = "Something that came with your message could not be read, so this was answered without it.";
constexpr std::string_view kOnlyTools = "I could not finish this within the tool rounds that are allowed (limits.tool_rounds).";
constexpr std::string_view kOnlyRepeats = "I could not finish this: the same steps gave the same results again and again.";
constexpr std::string_view kCutNotice = "The answer is cut off at the model's length limit: ask for the rest.";
constexpr std::string_view kCallCutReport = "I could not finish this: what the model wanted to do was too long for its length limit, twice.";
std::string_view filtered_report(bool said_something);

/// What of a continuation goes behind `before`: without what it repeats.
std::string continuation_of(std::string_view before, std::string_view more);

/// Makes the ids of the calls unlike each other and unlike `used`, which they join: providers take an answer's results by them.
void make_ids_unique(ModelAnswer& answer, std::vector<std::string>& used);

}  // namespace hobd
