#include "memory/clause_subject.hpp"

#include "base/text.hpp"
#include "memory/note_text.hpp"

#include <algorithm>

namespace hobd {
namespace {

using Words = std::vector<Word>;

Word made(std::string text, std::size_t at) {
  Word word;
  word.text = std::move(text);
  word.at = at;
  return word;
}

bool is_adverb(std::string_view word) {
  constexpr std::string_view kList[] = {"really", "just", "currently", "now", "still", "absolutely", "totally", "recently", "definitely", "both",
                                        "finally", "already", "even", "truly", "honestly", "simply", "basically", "officially", "personally", "also",
                                        "actually", "mostly", "completely", "extremely", "very", "only", "particularly", "especially", "quite", "so",
                                        "clearly", "happily", "newly", "deeply", "all", "pretty", "strictly", "mainly"};
  return std::find(std::begin(kList), std::end(kList), word) != std::end(kList);
}

/// "my sister's a nurse": the 's is a verb there.
bool takes_possessed(const Words& words, std::size_t at) {
  const std::string& next = words[at].text;
  return next == "a" || next == "an" || next == "the" || next == "not" || next == "allergic" || next == "in" || next == "called" || next == "named" ||
         next == "at" || next.ends_with("ing") || number_of(next);
}

}  // namespace

Subject SubjectReader::become(Words& words, Subject subject, std::size_t from, std::string_view first) {
  // Who was named in full stays so: "my sister's name is Ana. She ...".
  if (!last_.text.starts_with(subject.text + " ")) {
    last_ = subject;
    last_.is_possessive = false;
  }
  const std::size_t at = words[0].at;
  words.erase(words.begin(), words.begin() + std::ptrdiff_t(from));
  words.insert(words.begin(), made(std::string(first), at));
  return subject;
}

/// The name of a relation that this message gave: "my sister is Ana. My sister works ...".
std::vector<std::string> SubjectReader::people_of(const std::string& relation) const {
  return last_.text.starts_with(relation + " ") ? last_.people : std::vector<std::string>();
}

Subject SubjectReader::read(Words& words, const Clause& clause) {
  static const Phrase possessive("my|our {rel} 's");
  static const Phrase named_possessive("{name} 's");
  static const Phrase relation("my|our {rel} ,? {name}? ,?");
  static const Phrase bare_relation("my|our {rel}");
  static const Phrase named("{name}");
  if (words[0].text == "we") words[0].text = "i";
  if (words[0].text == "our") words[0].text = "my";
  if (words[0].text == "i" && words.size() > 1 && words[1].text == "are") words[1].text = "am";
  if (words[0].text == "i") return {};
  // "My doctor's appointment is on Friday" is about an appointment.
  static const Phrase event("my|our {rel} 's {event}");
  if (event.match(words, 0, Phrase::Reach::part)) {
    words[0].text = "my";
    return {};
  }
  const auto relation_text = [&](const Match& match) { return capital(to_lower_ascii(capture_text(message_, words, *match.find("rel")))); };
  // Whether a verb in the third person stands at `at`; it becomes one in the first.
  const auto takes_verb = [&](std::size_t at) {
    if (at >= words.size()) return false;
    const std::string verb = first_person(words[at].text);
    if (verb.empty()) return false;
    words[at].text = verb;
    return true;
  };
  if (const auto match = possessive.match(words, 0, Phrase::Reach::part); match && match->end < words.size() && !takes_possessed(words, match->end)) {
    return become(words, {relation_text(*match), people_of(relation_text(*match)), false, true}, match->end, "my");
  }
  if (const auto match = relation.match(words, 0, Phrase::Reach::part); match && match->find("name") && takes_verb(match->end)) {
    const std::string name = capture_text(message_, words, *match->find("name"));
    return become(words, {relation_text(*match) + " " + name, {name}, false, false}, match->end, "i");
  }
  if (const auto match = bare_relation.match(words, 0, Phrase::Reach::part); match && takes_verb(match->end)) {
    const std::string text = relation_text(*match);
    const std::string& last = words[match->find("rel")->last - 1].text;
    // "Me and my wife have ...": the two of them.
    const std::string& verb = clause.words[std::min(match->end, clause.words.size() - 1)].text;
    if (singular_of(last) == last && last != "children" && (verb == "have" || verb == "live" || verb == "are" || verb == "own" || verb == "do")) {
      const std::size_t at = words[0].at;
      words.erase(words.begin(), words.begin() + std::ptrdiff_t(match->end));
      words.insert(words.begin(), made("i", at));
      return {};
    }
    return become(words, {text, people_of(text), singular_of(last) != last || last == "children", false}, match->end, "i");
  }
  if (words[0].text == "my") return {};
  if ((words[0].text == "he" || words[0].text == "she") && !last_.text.empty() && takes_verb(1)) return become(words, Subject(last_), 1, "i");
  if (!words[0].is_capital) return {};
  if (const auto match = named_possessive.match(words, 0, Phrase::Reach::part); match && match->end < words.size() && !takes_possessed(words, match->end)) {
    const std::string name = capture_text(message_, words, *match->find("name"));
    return become(words, {name, {name}, false, true}, match->end, "my");
  }
  const auto match = named.match(words, 0, Phrase::Reach::part);
  const std::string surface = match && match->end < words.size() && words[match->end].text != "moved" ? words[match->end].text : std::string();
  if (match && takes_verb(match->end)) {
    const std::string name = capture_text(message_, words, *match->find("name"));
    // "Sounds like fun", "Networking plays a role" name nobody.
    if (words[match->end].text == surface || name.ends_with("ing")) return {};
    // Of a bare name only what people alone do: "Paris is ...", "Java has ..." say nothing of a person.
    const std::string& verb = words[match->end].text;
    const bool is_person = verb == "live" || verb == "work" || verb == "love" || verb == "hate" || verb == "like" || verb == "study" ||
                           verb == "moved" || verb == "play" || verb == "speak" ||
                           (verb == "am" && match->end + 1 < words.size() &&
                            (words[match->end + 1].text == "allergic" || words[match->end + 1].text == "a" || words[match->end + 1].text == "an" ||
                             words[match->end + 1].text == "vegan" || words[match->end + 1].text == "vegetarian"));
    if (is_person) return become(words, {name, {name}, false, false}, match->end, "i");
  }
  return {};
}

void take_adverbs(Words& words) {
  if (words[0].text != "i" && words[0].text != "my") return;
  // "I've got a dog" is "I have a dog".
  if (words.size() > 3 && words[1].text == "have" && words[2].text == "got") words.erase(words.begin() + 2);
  for (std::size_t at = 1; at < std::min<std::size_t>(words.size(), 4);) {
    const bool follows = at + 1 < words.size();
    if (follows && words[0].text == "i" && is_adverb(words[at].text)) {
      words.erase(words.begin() + std::ptrdiff_t(at));
    } else {
      ++at;
    }
  }
  while (words.size() > 2 && (words.back().text == "too" || words.back().text == "now" || words.back().is_mark)) words.pop_back();
}

bool take_over(Words& words) {
  if (words.size() > 2 && words.back().text == "anymore") return words.pop_back(), true;
  if (words.size() > 3 && words[words.size() - 2].text == "any" && (words.back().text == "more" || words.back().text == "longer"))
    return words.resize(words.size() - 2), true;
  for (std::size_t at = 1; at + 1 < std::min<std::size_t>(words.size(), 5); ++at)
    if (words[at].text == "no" && words[at + 1].text == "longer") {
      words.erase(words.begin() + std::ptrdiff_t(at), words.begin() + std::ptrdiff_t(at) + 2);
      return true;
    }
  return false;
}

bool make_positive(Words& words) {
  for (std::size_t at = 1; at < std::min<std::size_t>(words.size(), 3); ++at) {
    if (words[at].text != "not") continue;
    const bool is_do = words[at - 1].text == "do" || words[at - 1].text == "does";
    words.erase(words.begin() + std::ptrdiff_t(is_do ? at - 1 : at), words.begin() + std::ptrdiff_t(at) + 1);
    return true;
  }
  return false;
}

}  // namespace hobd
