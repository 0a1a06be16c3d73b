// What to say without a model. Pure: a chat request in, an answer out.
#pragma once

#include <hob/cpp/json.hpp>

#include <optional>
#include <string>

namespace provider_offline {

struct Answer {
  std::string text;
  /// Set: ask for the tool "calculate" with it, and say nothing yet.
  std::optional<std::string> expression;
};

/// Answers the last message of a canonical chat request (ext/provider.h), in this order: a tool's result is read out;
/// arithmetic goes to the calculator; a question gets the user's own earlier statement that fits best,
/// word for word and with its date; a statement is acknowledged.
Answer answer(const hob::Json& chat);

}  // namespace provider_offline
