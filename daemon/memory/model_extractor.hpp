// The extractor that asks a model: one call a turn on the fast tier, and what may be believed of its answer.
//
// The answer is outside text. Whatever stands around its JSON is passed over, and half of a JSON gives the items that are whole. An item
// counts only when its quote stands in a message of the user (white space apart), in words that are meant (no question, no
// story, nobody else's), and within bounds of number and size. Pure; thread: any.
#pragma once

#include "memory/findings.hpp"

namespace hobd {

/// What one turn gives to learn from.
struct Lesson {
  std::vector<Message> said;    // the owner's messages of the turn, in order
  std::string before;           // Hob's message before them: what "yes" answers; "" none
  std::string reply;            // Hob's answer: context only
  std::vector<std::string> known;  // notes that are near, for the model to say what it changes
};

/// Whether the lesson is worth a call.
bool is_worth_asking(const Lesson& lesson);
/// The chat request (ModelRequest::chat).
json::object extraction_chat(const Lesson& lesson);

struct ModelFindings {
  std::vector<Finding> findings;  // at most kMostFindings
  std::size_t refused = 0;        // items that failed a check
  bool is_answer = false;         // there was a list to read, empty or not; else the model didn't do what it was told
};
ModelFindings findings_of_answer(std::string_view answer, const Lesson& lesson);

/// Where `quote` stands in `message`, white space and the quote's own marks apart: bytes at and size; none when it doesn't.
struct QuotePlace {
  std::size_t at = 0, size = 0;
};
std::optional<QuotePlace> find_quote(std::string_view message, std::string_view quote);

}  // namespace hobd
