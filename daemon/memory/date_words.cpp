#include "memory/date_words.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

template <std::size_t N>
std::optional<std::size_t> place(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

std::vector<DateToken> date_tokens(std::string_view text) {
  constexpr int kMostValue = 99'999'999;
  std::vector<DateToken> tokens;
  for (std::size_t i = 0; i < text.size();) {
    DateToken token;
    token.at = i;
    if (is_digit(text[i])) {
      token.is_number = true;
      for (; i < text.size() && is_digit(text[i]); ++i) token.value = std::min(kMostValue, token.value * 10 + (text[i] - '0'));
      token.lower = std::string(text.substr(token.at, std::min<std::size_t>(i - token.at, 16)));
      const std::string_view tail = text.substr(i, 2);
      for (const std::string_view ending : {"st", "nd", "rd", "th"})
        token.is_ordinal = token.is_ordinal || (tail == ending && (i + 2 >= text.size() || !is_letter(text[i + 2])));
      if (token.is_ordinal) i += 2;
    } else if (is_letter(text[i])) {
      token.has_capital = text[i] >= 'A' && text[i] <= 'Z';
      for (; i < text.size() && is_letter(text[i]); ++i)
        if (token.lower.size() < 16) token.lower += lower(text[i]);
      token.is_plural = token.lower.ends_with('s');
    } else {
      if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t') token.lower = text[i];
      ++i;
      if (token.lower.empty()) continue;
    }
    token.size = i - token.at;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

std::optional<DateUnit> date_unit(std::string_view word) {
  static constexpr std::array<std::string_view, 10> kUnits = {"day",      "days",  "week",   "weeks", "weekend",
                                                              "weekends", "month", "months", "year",  "years"};
  const auto found = place(kUnits, word);
  if (!found) return std::nullopt;
  return static_cast<DateUnit>(*found / 2);
}

std::optional<std::chrono::month> date_month(const DateToken& token, DateCase spelling) {
  static constexpr std::array<std::string_view, 12> kNames = {"january", "february", "march",     "april",   "may",      "june",
                                                              "july",    "august",   "september", "october", "november", "december"};
  static constexpr std::array<std::string_view, 12> kShort = {"jan", "feb", "mar", "apr", "may", "jun",
                                                              "jul", "aug", "sep", "oct", "nov", "dec"};
  auto found = place(kNames, token.lower);
  const bool is_whole = found.has_value();
  const bool is_word_too = token.lower == "march" || token.lower == "may";
  if (!found) found = place(kShort, token.lower == "sept" ? std::string_view("sep") : std::string_view(token.lower));
  if (!found) return std::nullopt;
  if (spelling != DateCase::any && (!is_whole || (is_word_too && (spelling == DateCase::sure || !token.has_capital)))) return std::nullopt;
  return std::chrono::month(static_cast<unsigned>(*found + 1));
}

std::optional<std::chrono::weekday> date_weekday(const DateToken& token) {
  static constexpr std::array<std::string_view, 7> kNames = {"sunday",   "monday", "tuesday", "wednesday",
                                                             "thursday", "friday", "saturday"};
  // "sat" and "sun" are words, also at the beginning of a sentence.
  static constexpr std::array<std::string_view, 7> kShort = {"", "mon", "tue", "wed", "thu", "fri", ""};
  static constexpr std::array<std::string_view, 7> kLonger = {"", "", "tues", "weds", "thurs", "", ""};
  std::string_view word = token.lower;
  if (word.ends_with("days")) word.remove_suffix(1);
  auto found = place(kNames, word);
  if (!found && token.has_capital && !token.lower.empty()) found = place(kShort, token.lower);
  if (!found && token.has_capital && !token.lower.empty()) found = place(kLonger, token.lower);
  if (!found) return std::nullopt;
  return std::chrono::weekday(static_cast<unsigned>(*found));
}

std::optional<int> date_season(std::string_view word) {
  static constexpr std::array<std::string_view, 4> kSeasons = {"spring", "summer", "autumn", "winter"};
  const auto found = place(kSeasons, word == "fall" ? std::string_view("autumn") : word);
  if (!found) return std::nullopt;
  return static_cast<int>(*found);
}

std::optional<int> date_count(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kCounts = {"one",   "two",   "three", "four", "five",   "six",
                                                               "seven", "eight", "nine",  "ten",  "eleven", "twelve"};
  const auto found = place(kCounts, word);
  if (!found) return std::nullopt;
  return static_cast<int>(*found) + 1;
}

}  // namespace hobd
