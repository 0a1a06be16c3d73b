// Phrases: patterns of words that rules are written in.
//
// A pattern is words with spaces between: "i live in {x}". "like|love" takes either word, "really?" may be missing, "is" takes
// the 's of "that's" too. Captures: {x} {y} {z} some words; {name} one to three words that look like a person's name;
// {rel} a relation ("older sister"); {num} a number; {pet} {event} {thing} {job} some words whose last one is of that list.
// A capture may be optional too: "{name}?". "=in|at" keeps the word that stood there, as {1}, the next such one as {2}. Pure; thread: any.
#pragma once

#include "memory/statements.hpp"

#include <map>
#include <optional>
#include <span>

namespace hobd {

/// Words [first, last) of what was matched.
struct Capture {
  std::size_t first = 0, last = 0;
};
struct Match {
  std::map<std::string_view, Capture> captures;
  std::size_t end = 0;  // the word behind
  const Capture* find(std::string_view name) const {
    const auto found = captures.find(name);
    return found == captures.end() ? nullptr : &found->second;
  }
};

class Phrase {
 public:
  /// `pattern` outlives this.
  explicit Phrase(std::string_view pattern);
  /// The pattern at word `from`; with `whole` it must reach the last word.
  enum class Reach { part, whole };
  std::optional<Match> match(std::span<const Word> words, std::size_t from, Reach reach) const;

 private:
  enum class Kind { words, phrase, name, relation, number, pet, event, thing, job };
  struct Part {
    Kind kind = Kind::words;
    std::string_view name;
    std::vector<std::string_view> words;
    bool optional = false;
  };
  bool step(std::span<const Word> words, std::size_t at, std::size_t part, Reach reach, Match& match) const;
  std::vector<Part> parts_;
};

// The lists behind the captures, one lower-case word each, singular.
bool is_relation_word(std::string_view word);
bool is_pet_word(std::string_view word);
bool is_event_word(std::string_view word);
bool is_thing_word(std::string_view word);
bool is_job_word(std::string_view word);
/// A word that can't be part of a person's name, though it may begin with a capital: "Monday", "The", "Well".
bool is_no_name(std::string_view word);
/// Digits, or "two" to "twelve".
std::optional<int> number_of(std::string_view word);
/// "cats" -> "cat", "daughters" -> "daughter", "wives" -> "wife".
std::string singular_of(std::string_view word);

}  // namespace hobd
