// The words that dates are made of, for dates.cpp. English.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

/// A word, a number or one character of punctuation.
struct DateToken {
  std::string lower;             // "" behind the end
  std::size_t at = 0, size = 0;  // in the text, bytes
  int value = 0;                 // of a number
  bool is_number = false, is_ordinal = false;  // "8th"
  bool has_capital = false;
  bool is_plural = false;        // "weeks"
};

std::vector<DateToken> date_tokens(std::string_view text);

enum class DateUnit { day, week, weekend, month, year };
std::optional<DateUnit> date_unit(std::string_view word);

/// Any spelling; or a whole name, "May" and "March" with a capital; or one that is no other word ("June").
enum class DateCase { any, name, sure };
std::optional<std::chrono::month> date_month(const DateToken& token, DateCase spelling);
std::optional<std::chrono::weekday> date_weekday(const DateToken& token);
/// 0 spring, 1 summer, 2 autumn, 3 winter.
std::optional<int> date_season(std::string_view word);
/// "two" to "twelve".
std::optional<int> date_count(std::string_view word);

}  // namespace hobd
