// The forms in which English says what is worth keeping of a person.
#pragma once

#include "memory/phrase.hpp"
#include "store/memory_records.hpp"

namespace hobd {

/// `pattern` (see Phrase) is matched against a whole clause in the first person; the clauses about others are turned into it.
struct Rule {
  std::string_view pattern;
  std::string_view text;   // the note; {x} is what was captured; "" none
  MemoryKind kind = MemoryKind::fact;
  double importance = 0.5;
  std::string_view topic;
  enum class Trait {
    plain,
    change,     // says that it was otherwise before: valid from when it was said, or the date it names
    dated,      // a plan or event: only with a date
    owner_only  // makes no sense of another person
  } trait = Trait::plain;
  std::string_view ends = {};  // what it ends, in a memory's words; "" nothing
};

struct CompiledRule {
  Rule rule;
  Phrase phrase;
};

/// In the order tried; the first that fits is taken.
const std::vector<CompiledRule>& extraction_rules();

}  // namespace hobd
