// The words of a session's summary: asked of a model, checked, or put together from the user's own sentences. Pure; thread: any.
#pragma once

#include "base/json.hpp"
#include "store/summaries.hpp"

namespace hobd {

/// Tokens of a text, guessed on the high side: four bytes of ASCII each, two of other alphabets', and one and a half for each
/// character of those that take three bytes and more (Chinese, Japanese, Korean, emoji).
std::size_t count_tokens(std::string_view text);

/// What a model is asked to write the notes anew: {"messages", "max_tokens", "stream"}. Texts go through `redact` (classes of
/// memory/pii).
json::object summary_request(const SessionSummary& before, const std::vector<Message>& messages, std::size_t tokens,
                             const std::vector<std::string>& redact);
/// The summary in a model's answer. invalid: it is empty, or its words have nothing to do with what it was asked about.
Result<std::string> checked_summary(std::string_view answer, const SessionSummary& before, const std::vector<Message>& messages,
                                    std::size_t tokens);
/// A summary without a model: dated sentences of the user, the most telling ones, in their order. Never empty for messages.
std::string extracted_summary(const SessionSummary& before, const std::vector<Message>& messages, std::size_t tokens);
/// How a prompt shows a summary, redacted; "" for none.
std::string render_summary(const SessionSummary& summary, const std::vector<std::string>& redact);

}  // namespace hobd
