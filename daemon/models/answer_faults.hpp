// What shows that an answer isn't up to what was asked: judged by the words alone, without a model.
#pragma once

#include "models/router.hpp"

#include <string>
#include <string_view>

namespace hobd {

/// Whether a text begins by refusing or by saying that it can't. Not: that it doesn't know something about the user. English, and
/// the usual words in German, French and Spanish. Pure, linear in the first few hundred bytes.
bool is_refusal(std::string_view text);

/// Whether a text begins as models write a tool call that should have been one: <tool_call>, [TOOL_CALLS], a bare JSON object with
/// "name" and "arguments".
bool begins_as_tool_call(std::string_view text);

/// "" for an answer that is fit to be given, else what is wrong with it: "is empty", "refuses", "calls a tool that is not there:
/// x", "calls x with arguments that are not JSON", "writes a tool call as text". `chat`: what was asked.
std::string answer_fault(const ModelAnswer& answer, const json::object& chat);

}  // namespace hobd
