#include "memory/statements.hpp"

#include "base/text.hpp"
#include "memory/note_text.hpp"
#include "memory/phrase.hpp"

#include <algorithm>
#include <span>

namespace hobd {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;

using Words = std::span<const Word>;

std::vector<Phrase> phrases(std::initializer_list<std::string_view> patterns) {
  std::vector<Phrase> list;
  for (const std::string_view pattern : patterns) list.emplace_back(pattern);
  return list;
}

/// The end of the longest of `list` at word `at`; `at` when none is there.
std::size_t skip_any(const std::vector<Phrase>& list, Words words, std::size_t at) {
  std::size_t end = at;
  for (const Phrase& phrase : list)
    if (const auto match = phrase.match(words, at, Phrase::Reach::part)) end = std::max(end, match->end);
  return end;
}

bool has_any(const std::vector<Phrase>& list, Words words) {
  for (std::size_t at = 0; at < words.size(); ++at)
    if (skip_any(list, words, at) > at) return true;
  return false;
}

const std::vector<Phrase>& corrections() {
  static const std::vector<Phrase> list =
      phrases({"no", "nope", "actually", "correction", "sorry", "wait", "oops", "i meant", "i mean", "that is wrong", "that is not right",
               "that was wrong", "not quite", "not exactly", "wrong", "i misspoke", "my mistake", "my bad", "let me correct that",
               "i was wrong", "to correct", "small correction", "quick correction", "i told you wrong", "i made a mistake"});
  return list;
}
const std::vector<Phrase>& keepers() {
  static const std::vector<Phrase> list = phrases(
      {"remember that|this|:?", "remember , ", "do not forget that|:?", "never forget that?", "keep in mind that?", "note that|:",
       "please? remember that|:?", "for future reference", "for the record", "fyi", "just so you know", "so you know", "make a note that?",
       "i want you to know that?", "i want you to remember that?", "you should know that?", "important :?", "reminder :?", "fact :?",
       "let me tell you that"});
  return list;
}
const std::vector<Phrase>& lead_ins() {
  static const std::vector<Phrase> list = phrases(
      {"and", "but", "so", "well", "oh", "ah", "aha", "hey", "hi there?", "hello there?", "hey there", "yes", "yeah", "yep", "nah", "ok",
       "okay", "btw", "by the way", "anyway", "um", "uh", "hmm", "please", "then", "plus", "because", "since", "though", "although", ",",
       ":", "-", "(", ")", ";", "guess what", "good|bad|great|big news", "unfortunately", "sadly", "luckily", "fortunately", "finally",
       "as you know", "honestly", "to be honest", "in fact", "as of today|now", "you know", "the thing is", "now", "hob", "good morning|evening|afternoon",
       "thanks", "thank you", "ps", "p.s", "edit", "update", "first", "second", "third", "lately", "recently", "these days", "nowadays",
       "personally", "also", "it turns out that?", "turns out that?", "as i said|mentioned", "like i said", "i forgot to mention|say that?",
       "did i tell|mention you? that?", "i told you that", "happy to say that?", "sure", "right", "great", "cool", "fun fact"});
  return list;
}
const std::vector<Phrase>& suppositions() {
  static const std::vector<Phrase> list = phrases(
      {"if", "unless", "would", "wish", "could", "might", "maybe", "perhaps", "suppose", "supposing", "imagine", "hypothetically",
       "let us say", "what if", "pretend", "were to", "thinking of|about", "considering", "dreamed", "dreamt", "dreaming", "dream of",
       "in a dream", "in another life", "almost", "nearly", "assuming", "assume", "in theory", "should have", "hope to", "hoping to",
       "want to", "planned to have", "not sure", "i guess", "as though", "in case", "someday", "one day i", "possibly", "wonder",
       "wondering", "tempted", "toying with"});
  return list;
}
const std::vector<Phrase>& jests() {
  static const std::vector<Phrase> list = phrases(
      {"yeah right", "yeah , right", "as if", "just kidding", "kidding", "jk", "just joking", "joking", "not really", "sure , and i am",
       "oh sure", "said no one", "said nobody", "and pigs fly", "when pigs fly", "sarcasm", "/s", "lol not", "in my dreams", "april fools",
       "i wish lol", "only joking", "haha no", "like hell", "yeah , sure", "yeah sure", "and i am the queen|king|pope"});
  return list;
}
const std::vector<Phrase>& speakers() {
  static const std::vector<Phrase> list = phrases(
      {"said|says|told|tells|claims|claimed|thinks|believes|wrote|writes|texted|texts|asked|asks|replied|insists|insisted|announced|yelled|"
       "mentioned|suggested|swears|saying|quote|quoting|according"});
  return list;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// What can be the subject with which a new clause begins.
bool begins_clause(Words words, std::size_t at, std::string_view joint) {
  if (at >= words.size()) return false;
  const std::string_view word = words[at].text;
  if (is_one_of(word, {"i", "my", "we", "our", "he", "she", "they", "it", "you", "please", "can", "what", "how", "call", "when", "where"}))
    return true;
  if (is_one_of(word, {"tell", "give", "show", "help", "let", "remind", "suggest", "recommend", "find", "explain", "thanks", "thank"})) return true;
  if (joint == "and") return is_one_of(word, {"remember", "always", "never"});
  if (is_one_of(word, {"this", "that", "there", "could", "do", "don't", "is", "are", "any", "anything", "who", "why", "which", "remember", "always",
                       "never", "would", "should", "will", "right", "correct", "ok", "okay", "got", "so", "but", "and", "the", "not"}))
    return true;
  const bool acts = at + 1 < words.size() && (words[at + 1].text == "'s" || !first_person(words[at + 1].text).empty());
  return acts && words[at].is_capital && !is_no_name(word);
}

/// A bare verb that goes on with the subject "i" of the clause before: "I live in Lyon and work at Acme".
bool goes_on(std::string_view word) {
  return is_one_of(word, {"work", "live", "have", "love", "like", "hate", "play", "study", "speak", "am", "drive", "own", "prefer", "dislike",
                          "enjoy", "moved", "got", "started", "quit", "sold", "bought", "teach", "collect", "adopted", "married"});
}

bool is_question_start(Words words) {
  if (words.empty()) return false;
  const std::string_view first = words[0].text;
  if (is_one_of(first, {"what", "when", "where", "who", "whom", "whose", "why", "how", "which", "any", "anything", "got", "ideas", "thoughts",
                        "suggestions", "recommendations"}))
    return true;
  if (is_one_of(first, {"do", "does", "did", "is", "are", "am", "can", "could", "will", "would", "should", "have", "has", "was", "were", "may",
                        "shall", "must"})) {
    if (words.size() < 2) return false;
    const std::string_view second = words[1].text;
    if (second == "not") return first != "do" || words.size() < 3 || is_one_of(words[2].text, {"i", "you", "we", "they"});
    return is_one_of(second, {"i", "you", "he", "she", "it", "we", "they", "my", "the", "there", "this", "that", "your", "our", "a", "an", "us",
                              "anyone", "someone"}) ||
           words[1].is_capital;
  }
  return false;
}

bool is_tag(Words words) {
  return words.size() <= 3 && !words.empty() &&
         is_one_of(words[0].text, {"right", "correct", "no", "yes", "is", "don't", "do", "am", "are", "ok", "okay", "or", "huh", "eh", "not"});
}

struct Sentence {
  std::size_t at = 0, size = 0;
  char end = '.';
  std::vector<Word> words;
};

bool is_abbreviation(std::string_view before) {
  const std::size_t space = before.find_last_of(" \n\t(");
  const std::string word = to_lower_ascii(space == std::string_view::npos ? before : before.substr(space + 1));
  return is_one_of(word, {"dr", "mr", "mrs", "ms", "st", "prof", "sr", "jr", "vs", "etc", "e.g", "i.e", "a.m", "p.m", "no", "approx"}) ||
         (word.size() == 1 && std::isalpha(static_cast<unsigned char>(word[0])) && word != "i");
}

/// The bytes of a sign that ends a sentence at `at`: . ! ? a line end, an emoji, "…", a full-width stop. 0: none.
std::size_t sentence_end(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c == '!' || c == '?' || c == '\n') return 1;
  if (c == '.') {
    const bool inside = at + 1 < text.size() && !std::isspace(static_cast<unsigned char>(text[at + 1])) && text[at + 1] != '.' &&
                        text[at + 1] != '"' && text[at + 1] != ')';
    const std::string_view before = text.substr(0, at);
    if (inside) return 0;
    const bool is_last = trim(text.substr(at + 1)).empty();
    return is_last || !is_abbreviation(before.substr(before.size() - std::min<std::size_t>(before.size(), 12))) ? 1 : 0;
  }
  if (c == 0xf0 && at + 3 < text.size()) return 4;
  if (text.substr(at).starts_with("\xe2\x80\xa6")) return 3;
  if (text.substr(at).starts_with("\xe3\x80\x82")) return 3;
  return 0;
}

std::vector<Sentence> sentences_of(std::string_view text, const std::vector<bool>& foreign) {
  std::vector<Sentence> sentences;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end, char sign) {
    Sentence sentence;
    sentence.at = begin;
    sentence.size = end - begin;
    sentence.end = sign;
    sentence.words = words_of_text(text.substr(begin, end - begin));
    for (Word& word : sentence.words) word.at += begin;
    // What is somebody else's leaves a mark where it stood, so that nothing joins over it.
    for (Word& word : sentence.words)
      if (foreign[std::min(word.at, foreign.size() - 1)]) word.text = ";", word.is_mark = true;
    if (!sentence.words.empty()) sentences.push_back(std::move(sentence));
    begin = end;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t sign = foreign[at] ? 0 : sentence_end(text, at);
    if (sign) close(at + sign, text[at] == '?' ? '?' : '.');
    at += std::max<std::size_t>(sign, 1);
  }
  close(text.size(), '.');
  return sentences;
}

/// Cuts at signs and joints; "who" and "which" stay with what they explain.
std::vector<std::vector<Word>> cut(const Sentence& sentence) {
  std::vector<std::vector<Word>> pieces(1);
  const Words words = sentence.words;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const Word& word = words[at];
    const bool is_hard = word.is_mark && word.text != "," && word.text != ":";
    const bool is_but = !word.is_mark && is_one_of(word.text, {"but", "because", "although", "though", "while"});
    const bool is_soft = word.text == "," || word.text == "and" || word.text == "so" || word.text == "since" || word.text == "then";
    const std::string_view joint = word.text;
    const bool is_so = word.text == "so" && !begins_clause(words, at + 1, ",");
    const bool is_not_but = word.text == "but" && std::any_of(words.begin(), words.begin() + std::ptrdiff_t(at),
                                                               [](const Word& each) { return each.text == "not"; }) &&
                            !begins_clause(words, at + 1, "and");
    // "not X but Y" and ", not X" are one thought: the correction reads them.
    const bool before_not = word.text == "," && at + 1 < words.size() && words[at + 1].text == "not";
    if (is_hard || (is_but && !is_not_but)) {
      pieces.emplace_back();
      continue;
    }
    if (is_soft && !is_so && !before_not && begins_clause(words, at + 1, joint) && !pieces.back().empty()) {
      pieces.emplace_back();
      continue;
    }
    if ((word.text == "and" || word.text == ",") && at + 1 < words.size() && goes_on(words[at + 1].text) && !pieces.back().empty() &&
        std::any_of(pieces.back().begin(), pieces.back().end(), [](const Word& each) { return each.text == "i"; })) {
      Word subject;
      subject.text = "i";
      subject.at = words[at + 1].at;
      pieces.push_back({subject});
      continue;
    }
    pieces.back().push_back(word);
  }
  std::erase_if(pieces, [](const std::vector<Word>& piece) { return piece.empty(); });
  return pieces;
}

/// Takes the lead-ins off, noting what they say.
void strip_lead_ins(Clause& clause) {
  std::size_t at = 0;
  for (;;) {
    const Words words = clause.words;
    const std::size_t corrected = skip_any(corrections(), words, at);
    // "No dogs allowed" is no correction; "no, ..." and "no my ..." are.
    const bool is_no = corrected == at + 1 && words[at].text == "no" && corrected < words.size() && !words[corrected].is_mark &&
                       !begins_clause(words, corrected, "and") && !is_one_of(words[corrected].text, {"wait", "no", "actually", "sorry", "that", "not", "the"});
    if (corrected > at && !is_no) {
      clause.corrects = true;
      at = corrected;
      continue;
    }
    if (const std::size_t kept = skip_any(keepers(), words, at); kept > at) {
      clause.to_keep = true;
      at = kept;
      continue;
    }
    const std::size_t lead = skip_any(lead_ins(), words, at);
    if (lead == at || lead > words.size()) break;
    if (words[at].text == "also") clause.also = true;
    clause.greets = clause.greets || is_one_of(words[at].text, {"hi", "hello", "hey", "good"});
    clause.now = clause.now || is_one_of(words[at].text, {"now", "nowadays", "these"});
    at = lead;
  }
  clause.words.erase(clause.words.begin(), clause.words.begin() + std::ptrdiff_t(std::min(at, clause.words.size())));
  while (!clause.words.empty() && clause.words.back().is_mark) clause.words.pop_back();
  if (clause.words.size() > 1 && is_one_of(clause.words.back().text, {"too", "also"})) {
    clause.also = true;
    clause.words.pop_back();
  }
  clause.also = clause.also || std::any_of(clause.words.begin(), clause.words.end(), [](const Word& word) { return word.text == "also"; });
}

/// The senses within one sentence: an if darkens what follows it, a "would" the whole of it.
void mark_senses(std::vector<Clause>& clauses, std::size_t first, char end) {
  const std::span<Clause> own = std::span(clauses).subspan(first);
  bool is_darkened = false;
  for (Clause& clause : own) {
    // What stands before a clause of supposing stays: "I'm allergic to nuts, so tell me if it has some".
    if (has_any(suppositions(), clause.words)) {
      is_darkened = true;
      const bool is_modal = std::any_of(clause.words.begin(), clause.words.end(), [](const Word& word) {
        return word.text == "would" || word.text == "wish" || word.text == "if";
      });
      const bool asks_hob = !clause.words.empty() && !is_one_of(clause.words[0].text, {"i", "my", "we"});
      if (is_modal && !asks_hob)
        for (Clause& each : own) each.sense = std::max(each.sense, Sense::supposed);
    }
    if (is_darkened) clause.sense = std::max(clause.sense, Sense::supposed);
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    const bool after_speaker = i > 0 && (own[i - 1].sense == Sense::reported || has_any(speakers(), own[i - 1].words));
    const bool by_me = !own[i].words.empty() && own[i].words[0].text == "i";
    if (after_speaker && !(i > 0 && own[i - 1].words.size() > 1 && own[i - 1].words[0].text == "i")) own[i].sense = Sense::reported;
    if (!by_me && has_any(speakers(), own[i].words) && !own[i].to_keep) own[i].sense = std::max(own[i].sense, Sense::reported);
  }
  if (end != '?') {
    for (Clause& clause : own)
      if (is_question_start(clause.words)) clause.sense = std::max(clause.sense, Sense::asked);
    return;
  }
  const Clause& last = own.back();
  const bool ends_interrogative = is_question_start(last.words) && !is_tag(last.words);
  for (std::size_t i = 0; i < own.size(); ++i) {
    const bool stays = own.size() > 1 && ends_interrogative && i + 1 < own.size() && !is_question_start(own[i].words);
    if (!stays) own[i].sense = std::max(own[i].sense, Sense::asked);
  }
}

}  // namespace

std::string_view sense_name(Sense sense) noexcept {
  constexpr std::string_view kNames[] = {"stated", "asked", "supposed", "reported", "jest", "fiction"};
  return kNames[static_cast<std::size_t>(sense)];
}

std::vector<Clause> clauses_of(std::string_view message) {
  const std::string_view text = utf8_prefix(message, kMostBytes);
  std::vector<Clause> clauses;
  if (trim(text).empty()) return clauses;
  const std::vector<bool> foreign = foreign_bytes(text);
  bool is_jest = false;
  std::size_t number = 0;
  for (const Sentence& sentence : sentences_of(text, foreign)) {
    is_jest = is_jest || has_any(jests(), sentence.words);
    const std::size_t first = clauses.size();
    bool corrects = false, also = false, to_keep = false, greets = false;
    for (std::vector<Word>& piece : cut(sentence)) {
      Clause clause;
      clause.words = std::move(piece);
      clause.at = sentence.at;
      clause.size = sentence.size;
      clause.sentence = number;
      strip_lead_ins(clause);
      corrects = clause.corrects = clause.corrects || corrects;
      also = clause.also = clause.also || also;
      greets = clause.greets = clause.greets || greets;
      to_keep = clause.to_keep = clause.to_keep || to_keep;
      if (!clause.words.empty()) clauses.push_back(std::move(clause));
    }
    // "No." alone, "Actually:" alone: the next sentence is the correction.
    if (clauses.size() == first) {
      number += corrects || to_keep ? 0 : 1;
      if (corrects || to_keep) {
        Clause lead;
        lead.corrects = corrects;
        lead.to_keep = to_keep;
        lead.sentence = number;
        clauses.push_back(std::move(lead));
      }
      continue;
    }
    if (first > 0 && clauses[first - 1].words.empty())
      for (std::size_t i = first; i < clauses.size(); ++i) {
        clauses[i].corrects = clauses[i].corrects || clauses[first - 1].corrects;
        clauses[i].to_keep = clauses[i].to_keep || clauses[first - 1].to_keep;
      }
    mark_senses(clauses, first, sentence.end);
    ++number;
  }
  std::erase_if(clauses, [](const Clause& clause) { return clause.words.empty(); });
  if (is_jest || message.find("\xf0\x9f\x99\x84") != std::string_view::npos)  // rolling eyes
    for (Clause& clause : clauses) clause.sense = std::max(clause.sense, Sense::jest);
  if (const FictionTurn turn = fiction_turn(text); turn == FictionTurn::begins || turn == FictionTurn::once)
    for (Clause& clause : clauses) clause.sense = Sense::fiction;
  return clauses;
}

FictionTurn fiction_turn(std::string_view message) {
  static const std::vector<Phrase> games = phrases({"pretend", "role play", "role-play", "roleplay", "roleplaying", "let us play", "act as", "play the role",
                                                    "you are a pirate", "my character", "in character", "dungeons and dragons", "let us pretend", "text adventure"});
  static const std::vector<Phrase> pieces = phrases(
      {"write me? a|an|the|another {x} in|about|where|from", "write me? a|an short? story|poem|song|scene|essay|letter|novel|script|dialogue|speech|joke|email|"
       "mail|limerick|haiku", "tell me a story", "make up a story", "in this story", "in my novel|story|book", "continue the story", "translate", "proofread",
       "rewrite", "rephrase", "paraphrase", "fix the grammar", "correct the grammar", "summarize|summarise this", "character named|called",
       "example sentence", "for example :", "lyrics", "imagine that?", "fictional", "screenplay"});
  static const std::vector<Phrase> ends =
      phrases({"stop the? role-play|roleplay|game|story", "end of the? role-play|roleplay|game|story", "stop role playing", "stop pretending", "out of character",
               "enough of the? story|game", "back to reality|normal", "the end", "stop the role play", "end the? game|roleplay|role-play|story"});
  const std::vector<Word> words = words_of_text(utf8_prefix(message, kMostBytes));
  if (has_any(ends, words)) return FictionTurn::ends;
  if (has_any(games, words)) return FictionTurn::begins;
  return has_any(pieces, words) ? FictionTurn::once : FictionTurn::none;
}

Sense sense_at(std::string_view message, std::size_t at, std::size_t size) {
  const std::vector<bool> foreign = foreign_bytes(message);
  for (std::size_t i = at; i < at + size && i < foreign.size(); ++i)
    if (foreign[i]) return Sense::reported;
  Sense worst = Sense::stated;
  for (const Clause& clause : clauses_of(message)) {
    const std::size_t begin = clause.words.front().at;
    const std::size_t end = clause.words.back().at + clause.words.back().size;
    if (begin < at + size && at < end) worst = std::max(worst, clause.sense);
  }
  return worst;
}

bool may_teach(std::string_view message) {
  static const std::vector<Phrase> small_talk =
      phrases({"thanks|thank|thx|cheers|hi|hello|hey|bye|goodbye|ok|okay|yes|no|nice|great|cool|good|lol|haha|please|sure|perfect|awesome|wow|sorry"});
  for (const Clause& clause : clauses_of(message)) {
    if (clause.sense == Sense::asked || clause.sense == Sense::fiction || clause.sense == Sense::jest || clause.sense == Sense::reported)
      continue;
    std::size_t telling = 0;
    for (const Word& word : clause.words) telling += word.is_mark ? 0 : 1;
    const bool is_wide = std::any_of(clause.words.begin(), clause.words.end(), [](const Word& word) {
      return word.text.size() >= 6 && static_cast<unsigned char>(word.text[0]) >= 0xe0;
    });
    if (skip_any(small_talk, clause.words, 0) > 0 && telling <= 4) continue;
    if (telling >= 3 || is_wide) return true;
  }
  return false;
}

}  // namespace hobd
