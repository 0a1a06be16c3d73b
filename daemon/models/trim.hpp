// A conversation that is too long for a model, made to fit: what matters least goes first.
#pragma once

#include "base/json.hpp"

#include <cstdint>

namespace hobd {

/// What was left out.
struct Trimmed {
  std::int64_t exchanges = 0;      // a user's message with all that answered it, the oldest ones
  bool recalled = false;           // what was recalled beside the message
  bool results = false;            // the middles of long tool results
  bool message = false;            // the middle of the newest message
  bool fits = false;               // it is at most `most_tokens` now
  bool any() const { return exchanges > 0 || recalled || results || message; }
};

/// Shortens `chat` (sdk/include/hob/ext/provider.h) to at most `most_tokens`, counted high. In this order: whole exchanges from
/// the oldest on (a tool call never without its result), what was recalled, the middles of tool results, the middle of the newest
/// message. The system message, the tools and the newest exchange stay. Linear in the chat.
Trimmed trim_chat(json::object& chat, std::int64_t most_tokens);

}  // namespace hobd
