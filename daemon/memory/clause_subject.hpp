// Whom a clause is about: clauses about a sister are turned into clauses in the first person, so that one set of rules reads
// both. Pure; thread: any.
#pragma once

#include "memory/statements.hpp"

namespace hobd {

/// Whom a clause is about.
struct Subject {
  std::string text;    // "Sister Ana", "Ana"; "" the owner
  std::vector<std::string> people;
  bool is_plural = false;
  bool is_possessive = false;  // "my sister's birthday is ..."
};

/// Reads the subjects of one message's clauses, in order: "she" is who was named last.
class SubjectReader {
 public:
  /// `message` outlives this.
  explicit SubjectReader(std::string_view message) : message_(message) {}
  /// Turns `words` of `clause` into the first person; what they were about before is the result.
  Subject read(std::vector<Word>& words, const Clause& clause);
  /// The clause named somebody.
  void set_last(Subject person) { last_ = std::move(person); }

 private:
  Subject become(std::vector<Word>& words, Subject subject, std::size_t from, std::string_view first);
  std::vector<std::string> people_of(const std::string& relation) const;
  std::string_view message_;
  Subject last_;
};

/// Takes adverbs from around the verb of a clause in the first person: they say nothing that a note wants.
void take_adverbs(std::vector<Word>& words);
/// Takes "... any more", "no longer ..." off; whether it was there.
bool take_over(std::vector<Word>& words);
/// "i do not live" -> "i live", "i am not" -> "i am"; false when nothing was negative.
bool make_positive(std::vector<Word>& words);

}  // namespace hobd
