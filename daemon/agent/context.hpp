// What the model is asked: the chat request of one turn, in an order that keeps a provider's prompt cache warm.
//
//   persona, blocks (byte-stable) | the caller's system text, tools (sorted by name) | summary of what left the buffer |
//   recent messages of the session | recalled memories with their dates | the message
//
// There is one system message, the first, and never two messages of one role in a row: many models' chat templates
// refuse both. What was recalled therefore stands in the last user message, between <recalled> and </recalled>; that
// message's "text" is what the user wrote.
//
// Up to the message before it the next turn's request begins with the same bytes, for the providers' prompt caches. The last message is
// told without what was recalled from the next turn on: kept, it would be paid for in each later request, and an old
// recollection would stand beside newer ones. docs/architecture.md has the sum.
#pragma once

#include "agent/agent.hpp"
#include "memory/recall.hpp"

namespace hobd {

/// Tokens that parts may fill, counted as four bytes each.
struct ContextBudget {
  std::size_t each_recent = 3'000;  // one recent message; how many there are is the buffer's business
  std::size_t recalled = 1'000;
  std::size_t message = 24'000;
};

struct ContextParts {
  std::string persona;
  std::string blocks;           // as render_blocks() makes them
  std::string system;           // of this call only
  json::array tools;            // the daemon's: [{"name","description","parameters"}]
  json::array client_tools;     // the caller's; one of the same name stands for the daemon's
  std::string summary;          // as render_summary() makes it
  std::vector<Message> recent;  // oldest first
  std::vector<RecalledItem> recalled;
  Message message;
  json::object sampling;        // max_tokens, temperature, ...
  std::string user_id;
  ContextBudget budget;
  std::vector<std::string> redact;  // classes of personal data that recalled texts don't show to a model
};

/// The chat request of sdk/include/hob/ext/provider.h, without "model". Commands and their replies are never shown to the
/// model, nor what stands before the first message of the user's: an answer must not be there without what it answers.
json::object build_chat(const ContextParts& parts);

/// How an answer that calls tools, and a tool's result, are told to the model in the next round.
json::object tool_calls_message(const ModelAnswer& answer);
/// Adds what the model that answered must get back with this message, and which model that is.
void put_carry(json::object& message, const ModelAnswer& answer);
json::object tool_result_message(std::string_view call_id, std::string_view content);
/// Tells the model something of ours at the end of what it is told.
void add_note(json::array& messages, std::string_view note);

}  // namespace hobd
