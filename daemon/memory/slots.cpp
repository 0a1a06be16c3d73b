#include "memory/slots.hpp"

#include "base/text.hpp"
#include "memory/dates.hpp"
#include "memory/note_text.hpp"
#include "store/terms.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

struct Form {
  std::string_view pattern;    // from the first word behind the subject
  std::string_view attribute;  // {x} is a capture
  std::string_view value;      // "{y}"
  bool is_single = true;
};

constexpr auto kForms = std::to_array<Form>({
    {"is|was? living|based|residing in|at|near {y}", "home", "{y}"},
    {"lives|resides in|at|near|on|by {y}", "home", "{y}"},
    {"moved to {y}", "home", "{y}"},
    {"'s|s? home is in? {y}", "home", "{y}"},
    {"works at|for {y} as {z}", "employer", "{y}"},
    {"works at|for {y}", "employer", "{y}"},
    {"is employed at|by {y}", "employer", "{y}"},
    {"works as a|an|the? {y}", "occupation", "{y}"},
    {"is a|an {job} at|for {y}", "employer", "{y}"},
    {"is a|an =vegetarian|vegan|pescatarian", "diet", "{1}"},
    {"is =vegetarian|vegan|pescatarian|kosher|halal", "diet", "{1}"},
    {"is a|an {job}", "occupation", "{job}"},
    {"my? full|first? name is {y}", "name", "{y}"},
    {"'s? name is {y}", "name", "{y}"},
    {"is called|named {y}", "name", "{y}"},
    {"wants|prefers to be called {y}", "called", "{y}"},
    {"is {num} years old", "age", "{num}"},
    {"'s? age is {num}", "age", "{num}"},
    {"'s? birthday is|on is|on? {y}", "birthday", "{y}"},
    {"'s? mobile|cell? phone|telephone? number is {y}", "phone", "{y}"},
    {"'s? e-mail|email address? is {y}", "email", "{y}"},
    {"'s? address is {y}", "address", "{y}"},
    {"'s? blood type|group is {y}", "blood type", "{y}"},
    {"'s? native language is {y}", "native language", "{y}"},
    {"'s? least favourite|favorite {x} is|are {y}", "least favourite {x}", "{y}"},
    {"'s? favourite|favorite {x} is|are {y}", "favourite {x}", "{y}"},
    {"is married to {y}", "marital", "married"},
    {"is =married|single|divorced|engaged|widowed {y}?", "marital", "{1}"},
    {"likes|loves|enjoys|adores {y}", "taste {y}", "likes"},
    {"dislikes|hates|detests|loathes {y}", "taste {y}", "dislikes"},
    {"does not like|enjoy {y}", "taste {y}", "dislikes"},
    {"is {num} cm tall", "height", "{num}"},
    {"asks|wants hob? to always? answer|reply|respond|speak|write in {y}", "answer language", "{y}"},
    {"asks hob from now on to answer|reply|respond|speak|write in {y}", "answer language", "{y}"},
    {"gets|wakes up at {y}", "getting up", "{y}"},
    {"goes to bed at|around {y}", "going to bed", "{y}"},
});

const std::vector<std::pair<Form, Phrase>>& forms() {
  static const std::vector<std::pair<Form, Phrase>> list = [] {
    std::vector<std::pair<Form, Phrase>> compiled;
    for (const Form& form : kForms) compiled.emplace_back(form, Phrase(form.pattern));
    return compiled;
  }();
  return list;
}

std::string joined(std::span<const Word> words) {
  std::string text;
  for (const Word& word : words) {
    if (word.is_mark) continue;
    if (!text.empty() && !word.text.starts_with('\'')) text += ' ';
    text += word.text;
  }
  return text;
}

/// A capture's words up to what only explains them: "lyon, moved there", "acme (since 2020)".
std::string value_text(std::span<const Word> words, Capture capture) {
  std::size_t last = capture.first;
  while (last < capture.last && words[last].text != "," && words[last].text != "(" && words[last].text != "since" && words[last].text != ";") ++last;
  std::string text = joined(words.subspan(capture.first, last - capture.first));
  for (const std::string_view article : {"a ", "an ", "the "})
    if (text.starts_with(article)) text.erase(0, article.size());
  return text;
}

std::string fill(std::string_view text, std::span<const Word> words, const Match& match) {
  const std::size_t at = text.find('{');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t end = text.find('}', at);
  const Capture* capture = match.find(text.substr(at + 1, end - at - 1));
  return std::string(text.substr(0, at)) + (capture ? value_text(words, *capture) : std::string());
}

/// Whether the words can be whom a note is about: nobody named, a relation, a name. Not half a sentence.
std::optional<std::string> subject_of(std::span<const Word> words) {
  std::string text = joined(words);
  for (const std::string_view owner : {"the user's", "user's", "the user", "user", "they", "their", "he", "she", "his", "her", "i", "my", "the owner", "owner"})
    if (text == owner) return std::string();
  if (words.size() > 3) return std::nullopt;
  const bool fits = std::all_of(words.begin(), words.end(), [](const Word& word) {
    return !word.is_mark && (word.text == "'s" || !is_no_name(word.text) || is_relation_word(word.text) || word.text == "older" || word.text == "new" ||
                             word.text == "old" || word.text == "best" || word.text == "good");
  });
  if (!fits) return std::nullopt;
  if (text.ends_with("'s")) text.resize(text.size() - 2);
  return text;
}

/// "when ..." of an event with a date: what it is, without the date, is the place; the date is the value.
std::optional<Slot> dated_slot(std::string_view note) {
  constexpr std::string_view kPlans[] = {"Has a ", "Has an ", "Has ", "Is flying ", "Is travelling ", "Is traveling ", "Is going ", "Is driving ", "Is visiting ",
                                         "Is moving ", "Is meeting ", "Is seeing ", "Is leaving ", "Is getting married ", "Plans to ", "Will ", "Is having "};
  const auto plan = std::find_if(std::begin(kPlans), std::end(kPlans), [&](std::string_view each) { return note.starts_with(each); });
  if (plan == std::end(kPlans)) return std::nullopt;
  const auto dates = find_dates(note, Time{});
  if (dates.empty()) return std::nullopt;
  // The spelled-out date stands behind what it dates, up to the clock time.
  std::size_t end = dates.front().at;
  std::string what = to_lower_ascii(trim(note.substr(0, end)));
  if (what.find(',') != std::string::npos) return std::nullopt;  // "Has a car, bought on ..."
  for (const std::string_view preposition : {" on", " in", " at", " the week of", " the weekend of", " until"})
    if (what.ends_with(preposition)) what.resize(what.size() - preposition.size());
  for (const std::string_view preposition : {" on", " in"})
    if (what.ends_with(preposition)) what.resize(what.size() - preposition.size());
  std::string value = to_lower_ascii(trim(note.substr(end)));
  while (!value.empty() && value.back() == '.') value.pop_back();
  // These come again and again: another time is another one.
  constexpr std::string_view kRepeated[] = {"lesson", "class", "meeting", "call", "shift", "session", "game", "match", "training", "party", "dinner", "lunch",
                                            "date", "visit", "test", "rehearsal", "breakfast", "brunch", "concert"};
  const bool repeats = std::any_of(std::begin(kRepeated), std::end(kRepeated), [&](std::string_view each) { return what.find(each) != std::string::npos; }) ||
                       note.starts_with("Will ") || note.starts_with("Plans ");
  Slot slot;
  slot.attribute = "when";
  for (const std::string& term : content_terms(what)) slot.attribute += " " + term;
  slot.value = value;
  slot.is_single = !repeats;
  if (slot.attribute == "when") return std::nullopt;
  return slot;
}

}  // namespace

std::string note_style(std::string_view note) {
  note = trim(note);
  const std::string low = to_lower_ascii(note);
  for (const std::string_view owner : {"the user's ", "user's ", "the user ", "user ", "the owner's ", "the owner ", "their ", "they ", "my ", "i "}) {
    if (!low.starts_with(owner)) continue;
    std::string rest(note.substr(owner.size()));
    const std::size_t space = rest.find(' ');
    const std::string verb = to_lower_ascii(rest.substr(0, space));
    if ((owner == "they " || owner == "i ") && space != std::string::npos) rest = (verb == "are" ? std::string("is") : third_person(verb)) + rest.substr(space);
    return as_note(std::move(rest));
  }
  return as_note(std::string(note));
}

std::optional<Slot> slot_of(std::string_view note) {
  constexpr std::size_t kMostBytes = 600;  // a note that fills a place says so at its beginning
  note = utf8_prefix(note, kMostBytes);
  const std::string text = note_style(note);
  if (text.empty()) return std::nullopt;
  if (auto slot = dated_slot(text)) return slot;
  const std::vector<Word> words = words_of_text(text);
  // "Has a sister named Ana": one of perhaps several.
  static const Phrase one_of("has a|an {rel} named|called {y}");
  if (const auto match = one_of.match(words, 0, Phrase::Reach::whole)) {
    Slot slot;
    slot.subject = value_text(words, *match->find("rel"));
    slot.attribute = "name";
    slot.value = value_text(words, *match->find("y"));
    constexpr std::string_view kUnique[] = {"wife", "husband", "mother", "father", "mom", "mum", "dad", "boss", "spouse", "partner", "girlfriend",
                                            "boyfriend", "fiance", "fiancee", "fiancé", "fiancée"};
    slot.is_single = std::find(std::begin(kUnique), std::end(kUnique), slot.subject) != std::end(kUnique);
    return slot;
  }
  static const Phrase relation_is("{rel} is {name}");
  if (const auto match = relation_is.match(words, 0, Phrase::Reach::whole); match && words[match->find("name")->first].is_capital) {
    Slot slot;
    slot.subject = value_text(words, *match->find("rel"));
    slot.attribute = "name";
    slot.value = value_text(words, *match->find("name"));
    return slot;
  }
  static const Phrase prefers("prefers {x} to|over {y}");
  if (const auto match = prefers.match(words, 0, Phrase::Reach::whole)) {
    const std::string better = value_text(words, *match->find("x")), worse = value_text(words, *match->find("y"));
    Slot slot;
    slot.attribute = "prefers " + std::min(better, worse) + " " + std::max(better, worse);
    slot.value = better;
    return slot;
  }
  constexpr std::size_t kMostSubject = 4;
  for (std::size_t from = 0; from <= std::min(kMostSubject, words.size()); ++from) {
    const auto subject = from == 0 ? std::optional<std::string>(std::string()) : subject_of(std::span(words).first(from));
    if (!subject) continue;
    for (const auto& [form, phrase] : forms()) {
      const auto match = phrase.match(words, from, Phrase::Reach::whole);
      if (!match) continue;
      Slot slot;
      slot.subject = *subject;
      slot.attribute = fill(form.attribute, words, *match);
      slot.value = fill(form.value, words, *match);
      slot.is_single = form.is_single;
      if (slot.subject.ends_with("'s")) slot.subject.resize(slot.subject.size() - 2);
      if (slot.attribute == "taste likes" || slot.value.empty()) return std::nullopt;
      return slot;
    }
  }
  // What they asked to remember: "The spare key is under the pot", "Wifi password is ...".
  static const Phrase thing_is("the? {x} is|are {y}");
  if (const auto match = thing_is.match(words, 0, Phrase::Reach::whole)) {
    const Capture x = *match->find("x");
    constexpr std::size_t kMostWords = 4;
    const bool is_person = std::any_of(words.begin() + std::ptrdiff_t(x.first), words.begin() + std::ptrdiff_t(x.last),
                                       [](const Word& word) { return is_relation_word(word.text); }) ||
                           words[x.last - 1].is_capital || (x.last - x.first == 1 && x.first == 0);
    if (x.last - x.first <= kMostWords && !is_person && first_person(words[x.first].text).empty() && !words[x.first].is_mark) {
      Slot slot;
      slot.attribute = "is " + value_text(words, x);
      slot.value = value_text(words, *match->find("y"));
      return slot;
    }
  }
  return std::nullopt;
}

bool same_place(const Slot& a, const Slot& b) {
  if (content_terms(a.attribute) != content_terms(b.attribute)) return false;
  if (a.subject == b.subject) return true;
  const auto extends = [](const Slot& longer, const Slot& shorter) {
    return !shorter.subject.empty() && longer.subject.starts_with(shorter.subject + " ");
  };
  return extends(a, b) || extends(b, a);
}

bool same_value(const Slot& a, const Slot& b) {
  if (a.value == b.value) return true;
  const auto left = content_terms(a.value), right = content_terms(b.value);
  return !left.empty() && left == right;
}

std::vector<std::string> content_terms(std::string_view text) {
  std::vector<std::string> terms;
  for (std::string word : query_terms(text)) {
    if (word == "favorite") word = "favourite";
    if (word == "color") word = "colour";
    word = singular_of(word);
    constexpr std::size_t kLeastStem = 4;
    for (const std::string_view ending : {"ing", "ed"})
      if (word.ends_with(ending) && word.size() >= kLeastStem + ending.size() - 1) {
        word.resize(word.size() - ending.size());
        if (word.size() > 2 && word.back() == word[word.size() - 2] && std::string_view("aeiousl").find(word.back()) == std::string_view::npos) word.pop_back();
        break;
      }
    if (word.size() > kLeastStem && word.ends_with('e')) word.pop_back();
    terms.push_back(std::move(word));
  }
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

double share_within(const std::vector<std::string>& few, const std::vector<std::string>& many) {
  if (few.empty()) return 0;
  const auto found = std::count_if(few.begin(), few.end(), [&](const std::string& term) { return std::binary_search(many.begin(), many.end(), term); });
  return double(found) / double(few.size());
}

}  // namespace hobd
