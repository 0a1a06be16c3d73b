#include "memory/question.hpp"

#include "store/terms.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace hobd {
namespace {

using Words = std::unordered_set<std::string_view>;

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

/// Calls `take` with each word in lower case, and `end` with each '.', '!', '?' or line end. Words longer than 24 bytes are cut.
template <class Take, class End>
void read_words(std::string_view text, Take take, End end) {
  std::array<char, 24> word{};
  std::size_t size = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '\n';
    if (is_word_byte(c)) {
      if (size < word.size()) word[size++] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
      continue;
    }
    if (size > 0) take(std::string_view(word.data(), size));
    size = 0;
    if (c == '.' || c == '!' || c == '?' || c == '\n') end(c);
  }
}

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::size_t kMost = 1'000;
  std::vector<std::string> words;
  read_words(text.substr(0, 16 << 10), [&](std::string_view word) {
    if (words.size() < kMost) words.emplace_back(word);
  }, [](char) {});
  return words;
}

}  // namespace

Question read_question(std::string_view text, Time asked_at) {
  static const Words kAuxiliaries = {"did", "do", "does", "is", "was", "will", "are", "were", "have", "has", "had", "should", "am", "would", "can"};
  static const Words kTimes = {"date", "day", "month", "year", "time", "week", "weekday", "weekend"};
  static const Words kLatest = {"latest", "newest", "recent", "recently", "current", "currently", "now", "still", "nowadays", "lately", "anymore"};
  static const Words kSelf = {"i", "me", "my", "mine", "myself", "we", "our", "ours", "us"};
  static const Words kSaying = {"say", "said", "tell", "told", "suggest", "suggested", "recommend", "recommended", "advise", "advised", "answer", "answered",
                                "write", "wrote", "explain", "explained", "promise", "promised", "propose", "proposed", "give", "gave", "find", "found",
                                "come", "came", "mention", "mentioned", "calculate", "calculated"};
  static const Words kSaid = {"advice", "suggestion", "suggestions", "recommendation", "recommendations", "answer", "answers", "explanation", "idea", "ideas"};
  Question question;
  question.dates = find_dates(text.substr(0, 16 << 10), asked_at);
  question.terms = query_terms(text);
  for (const DateMention& date : question.dates)
    for (std::string& term : terms(text.substr(date.at, date.size))) question.date_terms.insert(std::move(term));
  const std::vector<std::string> words = words_of(text);
  const auto word = [&](std::size_t i) { return i < words.size() ? std::string_view(words[i]) : std::string_view(); };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (word(i) == "when" && kAuxiliaries.contains(word(i + 1))) question.asks_when = true;
    if ((word(i) == "what" || word(i) == "which") && kTimes.contains(word(i + 1))) question.asks_when = true;
    if (word(i) == "how" && word(i + 1) == "long") question.asks_when = true;
    if (kLatest.contains(word(i))) question.wants_latest = true;
    if (kSelf.contains(word(i))) question.is_of_self = true;
    // "did you say", "you told me", but not "did I tell you".
    if (word(i) == "you" && kSaying.contains(word(i + 1))) question.is_of_assistant = true;
    if (word(i) == "your" && kSaid.contains(word(i + 1))) question.is_of_assistant = true;
  }
  return question;
}

TextTraits traits_of(std::string_view text) {
  static const Words kTimes = {"yesterday", "today", "tonight", "tomorrow", "last", "next", "ago", "since", "week", "weekend", "month", "year", "morning",
                               "evening", "weeks", "months", "years", "days", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
                               "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
                               "recently", "just", "night", "afternoon", "summer", "winter", "spring", "autumn"};
  TextTraits traits;
  std::size_t sentences = 0, questions = 0, words = 0;
  read_words(
      text,
      [&](std::string_view word) {
        ++words;
        // A text in a script without spaces is one long word here; it has something to say all the same.
        if (!is_stop_term(word)) traits.content += word.size() > 12 && static_cast<unsigned char>(word.front()) >= 0xe0 ? 4 : 1;
        if (!traits.has_time) traits.has_time = kTimes.contains(word);
      },
      [&](char end) {
        if (words > 0) {
          ++sentences;
          if (end == '?') ++questions;
        }
        words = 0;
      });
  if (sentences > 0) traits.questions = double(questions) / double(sentences);
  return traits;
}

}  // namespace hobd
