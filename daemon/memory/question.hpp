// What a search is after, read from its words alone. English; other languages are searched by their terms.
#pragma once

#include "memory/dates.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

struct Question {
  std::vector<std::string> terms;   // to look for, each once, at most 64
  std::set<std::string> date_terms; // of these, those of dates: what was said then hardly says when it was
  std::vector<DateMention> dates;   // that it names, resolved against when it was asked
  bool asks_when = false;           // "when did ...", "what day ..."
  bool wants_latest = false;        // "latest", "still", "now": newer is likelier
  bool is_of_self = false;          // "I", "my": the asker's own words count
  bool is_of_assistant = false;     // "what did you suggest": Hob's do
};

Question read_question(std::string_view text, Time asked_at);

/// What a text is like, apart from what it is about.
struct TextTraits {
  double questions = 0;     // share of its sentences that ask, 0..1
  std::size_t content = 0;  // words that are no stop words
  bool has_time = false;    // "yesterday", "in May", "last week"
};

TextTraits traits_of(std::string_view text);

}  // namespace hobd
