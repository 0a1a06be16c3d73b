#include "memory/dates.hpp"

#include "memory/date_words.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace hobd {
namespace {

using namespace std::chrono;
using Day = sys_days;  // of the speaker's calendar

struct Span {
  Day from, to;
  bool is_range = false;
};

struct Found {
  Span span;
  std::size_t next = 0;  // the first token behind it
};

constexpr int kMostCount = 1000;  // "20000 years ago" is no date of anybody's life

Span day_span(Day day) { return {day, day + days(1)}; }
Span month_span(year_month m) { return {Day(m / 1), Day((m + months(1)) / 1)}; }
Span year_span(year y) { return {Day(y / January / 1), Day((y + years(1)) / January / 1)}; }
/// Northern: spring is March to May; a winter is named by the year it begins in.
Span season_span(int season, year y) { return {Day(y / January / 1 + months(2 + 3 * season)), Day(y / January / 1 + months(5 + 3 * season))}; }
Day monday_of(Day day) { return day - (weekday(day) - Monday); }

/// The same day of another month, or that month's last.
Day add_months(Day day, int count) {
  const year_month_day date = year_month_day(day) + months(count);
  return date.ok() ? Day(date) : Day(date.year() / date.month() / last);
}

class Reader {
 public:
  Reader(std::string_view text, Day today) : tokens_(date_tokens(text)), today_(today) {}

  template <class Sink>
  void run(Sink sink) {
    for (std::size_t i = 0; i < tokens_.size();) {
      const auto found = mention(i);
      if (!found || found->next <= i) {
        ++i;
        continue;
      }
      const DateToken& last = tokens_[found->next - 1];
      sink(found->span, tokens_[i].at, last.at + last.size - tokens_[i].at);
      i = found->next;
    }
  }

 private:
  const DateToken& token(std::size_t i) const {
    static const DateToken kEnd;
    return i < tokens_.size() ? tokens_[i] : kEnd;
  }
  bool is(std::size_t i, std::string_view word) const { return token(i).lower == word; }
  template <class... Words>
  bool is_any(std::size_t i, Words... words) const {
    return (is(i, words) || ...);
  }

  /// Whether the sentence around a token looks ahead: "see you on Friday", "we will".
  bool looks_ahead(std::size_t i) const {
    constexpr std::size_t kFar = 12;
    const auto ends = [&](std::size_t at) { return is_any(at, ".", "!", "?"); };
    const auto ahead = [&](std::size_t at) {
      return is_any(at, "will", "ll", "gonna", "upcoming", "planning", "tomorrow", "next", "coming", "soon", "remind") ||
             (is(at, "going") && is(at + 1, "to")) || (is(at, "see") && is(at + 1, "you")) || (is(at, "let") && is(at + 1, "s")) ||
             (is(at, "looking") && is(at + 1, "forward"));
    };
    for (std::size_t k = i; k-- > 0 && i - k <= kFar && !ends(k);)
      if (ahead(k)) return true;
    for (std::size_t k = i; k < tokens_.size() && k - i <= kFar && !ends(k); ++k)
      if (ahead(k)) return true;
    return false;
  }

  std::optional<Found> mention(std::size_t i) const {
    if (auto found = range(i)) return found;
    return point(i);
  }

  /// "since May", "from May to July", "between May and July", "the last two weeks".
  std::optional<Found> range(std::size_t i) const {
    if (is_any(i, "since", "from", "between")) {
      const auto first = point(i + 1);
      if (!first) return std::nullopt;
      const bool has_end = is(i, "between") ? is(first->next, "and") : is_any(first->next, "to", "until", "till", "through", "-");
      if (!is(i, "since") && has_end) {
        if (const auto second = point(first->next + 1); second && second->span.to > first->span.from)
          return Found{{first->span.from, second->span.to, true}, second->next};
      }
      if (is(i, "since") && first->span.from <= today_)
        return Found{{first->span.from, std::max(first->span.to, today_ + days(1)), true}, first->next};
      return std::nullopt;
    }
    if (is(i, "the") && is_any(i + 1, "last", "past", "previous", "next", "coming")) {
      std::size_t next = i + 2;
      const auto count = read_count(next, Article::no);
      const auto unit = date_unit(token(next).lower);
      if (!count || !unit) return std::nullopt;
      if (is_any(i + 1, "next", "coming")) return Found{{today_, moved(*unit, *count) + days(1), true}, next + 1};
      return Found{{moved(*unit, -*count), today_ + days(1), true}, next + 1};
    }
    return std::nullopt;
  }

  std::optional<Found> point(std::size_t i, int hangs = 0) const {
    const DateToken& first = token(i);
    if (first.size == 0) return std::nullopt;
    // "the day after the week before 9 June" is as far as people go.
    if (hangs < 2) {
      if (auto found = counted(i, hangs)) return found;
      if (auto found = beside(i, hangs)) return found;
    }
    if (auto found = day_word(i)) return found;
    if (auto found = chosen(i)) return found;
    if (first.is_number) return numeric(i);
    if (auto found = month_first(i)) return found;
    if (auto found = season_of(i)) return found;
    if (const auto which = date_weekday(first)) return Found{day_span(near_weekday(*which, i)), i + 1};
    // "over the weekend"
    if (is(i, "the") && is(i + 1, "weekend") && !is_any(i + 2, "before", "after"))
      return Found{weekend(looks_ahead(i) ? 0 : -1), i + 2};
    // A year alone is a number like others: it takes a word before it.
    if (is_any(i, "in", "during", "by", "of", "until", "before", "after", "around", "early", "late", "mid", "year", "back") &&
        is_year(i + 1) && !date_unit(token(i + 2).lower))
      return Found{year_span(year(token(i + 1).value)), i + 2};
    if (is_year(i) && i > 0 && is_any(i - 1, "since", "from", "between", "and", "to")) return Found{year_span(year(first.value)), i + 1};
    return std::nullopt;
  }

  bool is_year(std::size_t i) const {
    const DateToken& t = token(i);
    return t.is_number && t.size == 4 && t.value >= 1900 && t.value < 2100;
  }

  enum class Article { yes, no };  // whether "a" counts as one
  /// A count at `i`, which moves behind it.
  std::optional<int> read_count(std::size_t& i, Article article) const {
    const DateToken& t = token(i);
    if (t.is_number && !t.is_ordinal) {
      if (t.value <= 0 || t.value > kMostCount) return std::nullopt;
      ++i;
      return t.value;
    }
    if (is_any(i, "a", "an")) {
      if (is(i + 1, "couple")) {
        i += is(i + 2, "of") ? 3 : 2;
        return 2;
      }
      if (is(i + 1, "few")) {
        i += 2;
        return 3;
      }
      if (article == Article::no) return std::nullopt;
      ++i;
      return 1;
    }
    if (is_any(i, "few", "several")) {
      ++i;
      return 3;
    }
    if (is(i, "couple")) {
      i += is(i + 1, "of") ? 2 : 1;
      return 2;
    }
    const auto count = date_count(t.lower);
    if (count) ++i;
    return count;
  }

  Day moved(DateUnit unit, int count) const { return moved_from(today_, unit, count); }
  static Day moved_from(Day day, DateUnit unit, int count) {
    switch (unit) {
      case DateUnit::day: return day + days(count);
      case DateUnit::week: return day + days(7 * count);
      case DateUnit::weekend: return day + days(7 * count);
      case DateUnit::month: return add_months(day, count);
      case DateUnit::year: return add_months(day, 12 * count);
    }
    return day;
  }

  /// The unit's own piece of the calendar around a day.
  Span around(Day day, DateUnit unit) const {
    const year_month_day date(day);
    switch (unit) {
      case DateUnit::day: return day_span(day);
      case DateUnit::week: return {monday_of(day), monday_of(day) + days(7)};
      case DateUnit::weekend: return {monday_of(day) + days(5), monday_of(day) + days(7)};
      case DateUnit::month: return month_span(date.year() / date.month());
      case DateUnit::year: return year_span(date.year());
    }
    return day_span(day);
  }

  /// "two weeks ago", "a month earlier", "in three days", "a week from now", "two days before 8 May".
  std::optional<Found> counted(std::size_t i, int hangs) const {
    const bool has_in = is(i, "in") || is(i, "within");
    std::size_t next = has_in ? i + 1 : i;
    const auto count = read_count(next, Article::yes);
    if (!count) return std::nullopt;
    const auto unit = date_unit(token(next).lower);
    if (!unit) return std::nullopt;
    ++next;
    if (is_any(next, "ago", "back", "earlier")) return Found{around(moved(*unit, -*count), *unit), next + 1};
    if (is(next, "from") && is(next + 1, "now")) return Found{around(moved(*unit, *count), *unit), next + 2};
    if (is_any(next, "before", "after", "prior")) {
      const bool later = is(next, "after");
      const std::size_t at = is(next, "prior") && is(next + 1, "to") ? next + 2 : next + 1;
      if (const auto anchor = point(at, hangs + 1))
        return Found{around(moved_from(later ? anchor->span.to - days(1) : anchor->span.from, *unit, later ? *count : -*count), *unit), anchor->next};
    }
    if (has_in) return Found{around(moved(*unit, *count), *unit), next};
    return std::nullopt;
  }

  /// "the week before 9 June", "the Friday after my talk" without the talk: "the weekend before".
  std::optional<Found> beside(std::size_t i, int hangs) const {
    const std::size_t at = is(i, "the") ? i + 1 : i;
    const auto unit = date_unit(token(at).lower);
    const auto which = date_weekday(token(at));
    if ((!unit && !which) || !is_any(at + 1, "before", "after")) return std::nullopt;
    const bool later = is(at + 1, "after");
    if (is_any(at + 2, "last", "next") && !date_unit(token(at + 3).lower) && !date_weekday(token(at + 3))) {
      // "the week before last"
      const int step = is(at + 2, "last") ? -2 : 2;
      if (unit) return Found{*unit == DateUnit::weekend ? weekend(-2) : around(moved(*unit, step), *unit), at + 3};
      return Found{day_span(weekday_before(*which, today_) - days(7)), at + 3};
    }
    const auto anchor = point(at + 2, hangs + 1);
    if (!anchor) {
      if (at == i || !unit || *unit == DateUnit::day) return std::nullopt;
      return Found{*unit == DateUnit::weekend ? weekend(-1) : around(moved(*unit, later ? 1 : -1), *unit), at + 2};
    }
    const Day edge = later ? anchor->span.to - days(1) : anchor->span.from;
    if (which) return Found{day_span(later ? weekday_after(*which, edge) : weekday_before(*which, edge)), anchor->next};
    if (*unit == DateUnit::weekend) {
      const Day saturday = later ? weekday_after(Saturday, edge) : weekday_before(Saturday, edge);
      return Found{{saturday, saturday + days(2)}, anchor->next};
    }
    if (*unit == DateUnit::week) {
      return Found{later ? Span{edge + days(1), edge + days(8)} : Span{edge - days(7), edge}, anchor->next};
    }
    return Found{around(moved_from(edge, *unit, later ? 1 : -1), *unit), anchor->next};
  }

  std::optional<Found> day_word(std::size_t i) const {
    if (is(i, "the") && is(i + 1, "day")) {
      if (is(i + 2, "before") && is(i + 3, "yesterday")) return Found{day_span(today_ - days(2)), i + 4};
      if (is(i + 2, "after") && is(i + 3, "tomorrow")) return Found{day_span(today_ + days(2)), i + 4};
    }
    if (is_any(i, "today", "tonight")) return Found{day_span(today_), i + 1};
    if (is(i, "yesterday")) return Found{day_span(today_ - days(1)), i + 1};
    if (is(i, "tomorrow")) return Found{day_span(today_ + days(1)), i + 1};
    if (is(i, "this") && is_any(i + 1, "morning", "afternoon", "evening")) return Found{day_span(today_), i + 2};
    if (is(i, "last") && is(i + 1, "night")) return Found{day_span(today_ - days(1)), i + 2};
    return std::nullopt;
  }

  /// "last May", "this week", "next Tuesday", "last summer".
  std::optional<Found> chosen(std::size_t i) const {
    const int step = is_any(i, "last", "past", "previous") ? -1 : is(i, "this") ? 0 : is_any(i, "next", "coming", "following", "upcoming") ? 1 : 2;
    if (step == 2) return std::nullopt;
    const DateToken& what = token(i + 1);
    const year_month_day now(today_);
    if (const auto unit = date_unit(what.lower); unit && *unit != DateUnit::day && !what.is_plural) {
      if (*unit != DateUnit::weekend) return Found{around(moved(*unit, step), *unit), i + 2};
      return Found{weekend(step), i + 2};
    }
    if (const auto which = date_weekday(what)) {
      const Day day = step < 0 ? weekday_before(*which, today_) : step > 0 ? weekday_after(*which, today_) : monday_of(today_) + (*which - Monday);
      return Found{day_span(day), i + 2};
    }
    if (const auto m = date_month(what, DateCase::any)) {
      year y = now.year();
      if (step < 0 && *m >= now.month()) --y;
      if (step > 0 && *m <= now.month()) ++y;
      return Found{month_span(y / *m), i + 2};
    }
    if (const auto season = date_season(what.lower)) {
      year y = now.year();
      if (step < 0) {
        if (season_span(*season, y).to > today_) --y;
        if (season_span(*season, y).to > today_) --y;  // a winter that began last year
      } else if (step > 0) {
        if (season_span(*season, y).from <= today_) ++y;
      } else if (season_span(*season, y - years(1)).to > today_) {
        --y;  // in January, "this winter" began last year
      }
      return Found{season_span(*season, y), i + 2};
    }
    return std::nullopt;
  }

  /// "2023-05-08", "8/5/2023", "8 May 2023", "8th of May", "8th".
  std::optional<Found> numeric(std::size_t i) const {
    const DateToken& first = token(i);
    const std::string& mark = token(i + 1).lower;
    const bool tight = token(i + 1).at == first.at + first.size && token(i + 2).is_number &&
                       token(i + 2).at == token(i + 1).at + token(i + 1).size;
    if (tight && (mark == "-" || mark == "/" || mark == ".")) {
      const bool has_third = is(i + 3, mark) && token(i + 4).is_number && token(i + 4).at == token(i + 3).at + 1 && token(i + 3).at == token(i + 2).at + token(i + 2).size;
      if (is_year(i) && has_third) return day_found(first.value, token(i + 2).value, token(i + 4).value, i + 5);
      if (is_year(i) && mark == "-" && token(i + 2).size == 2 && token(i + 2).value >= 1 && token(i + 2).value <= 12)
        return Found{month_span(year(first.value) / month(static_cast<unsigned>(token(i + 2).value))), i + 3};
      if (!has_third || !(is_year(i + 4) || token(i + 4).size == 2)) return std::nullopt;
      const int y = token(i + 4).size == 2 ? 2000 + token(i + 4).value : token(i + 4).value;
      // With slashes the month comes first, as English texts mostly have it; with dots and dashes the day. The other way
      // round where only that is a date.
      const int a = first.value, b = token(i + 2).value;
      const bool month_leads = mark == "/" ? a <= 12 : b > 12;
      return month_leads ? day_found(y, a, b, i + 5) : day_found(y, b, a, i + 5);
    }
    if (first.value < 1 || first.value > 31 || first.size > 4) return std::nullopt;
    const std::size_t at = is(i + 1, "of") ? i + 2 : i + 1;
    if (const auto m = date_month(token(at), DateCase::any)) return with_year(*m, first.value, at + 1, i);
    // "on the 8th.": more of it would be a floor or a birthday.
    if (first.is_ordinal && i >= 2 && is(i - 1, "the") && is_any(i - 2, "on", "until", "by", "since") &&
        (is_any(i + 1, ".", ",", "!", "?") || token(i + 1).size == 0)) {
      const year_month_day now(today_);
      year_month m = now.year() / now.month();
      const auto d = day(static_cast<unsigned>(first.value));
      const bool ahead = looks_ahead(i);
      if (ahead && d < now.day()) m += months(1);
      if (!ahead && d > now.day()) m -= months(1);
      if (const year_month_day date = m / d; date.ok()) return Found{day_span(Day(date)), i + 1};
    }
    return std::nullopt;
  }

  static std::optional<Found> day_found(int y, int m, int d, std::size_t next) {
    if (m < 1 || m > 12 || d < 1 || d > 31) return std::nullopt;
    const year_month_day date = year(y) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d));
    if (!date.ok()) return std::nullopt;
    return Found{day_span(Day(date)), next};
  }

  /// A day of a month, its year in the text or the likely one; `next` stands behind day and month.
  std::optional<Found> with_year(month m, int d, std::size_t next, std::size_t i) const {
    const std::size_t at = is_any(next, ",", ".", "of", "in") ? next + 1 : next;
    if (is_year(at)) return day_found(token(at).value, static_cast<int>(unsigned(m)), d, at + 1);
    const int now = int(year_month_day(today_).year());
    const bool ahead = looks_ahead(i);
    // The 29th of February may be four years off, eight around 1900.
    for (int step = 0; step <= 8; ++step) {
      for (const int y : {now - step, now + step}) {
        const auto found = day_found(y, static_cast<int>(unsigned(m)), d, next);
        if (found && (ahead ? found->span.from >= today_ : found->span.from <= today_)) return found;
      }
    }
    return std::nullopt;
  }

  /// "May 8th, 2023", "May 2023", "in May".
  std::optional<Found> month_first(std::size_t i) const {
    const bool is_placed = i > 0 && is_any(i - 1, "in", "of", "since", "by", "until", "till", "during", "from", "to", "between", "and",
                                           "early", "late", "mid", "before", "after", "through");
    const DateToken& after = token(i + 1);
    const auto which = date_month(token(i), DateCase::any);
    if (!which) return std::nullopt;
    if (after.is_number && !is_year(i + 1) && after.size <= 4 && after.value >= 1 && after.value <= 31 && token(i + 2).lower != ":")
      if (auto found = with_year(*which, after.value, i + 2, i)) return found;
    const std::size_t at = is_any(i + 1, ",", "of") ? i + 2 : i + 1;
    if (is_year(at)) return Found{month_span(year(token(at).value) / *which), at + 1};
    // Alone, "may" and "march" are mostly words, and "jan" is a person.
    const bool begins = i == 0 || is_any(i - 1, ".", "!", "?");
    if (!is_placed && (begins ? !date_month(token(i), DateCase::sure) : !date_month(token(i), DateCase::name))) return std::nullopt;
    const year_month_day now(today_);
    year y = now.year();
    if (looks_ahead(i)) {
      if (*which < now.month()) ++y;
    } else if (*which > now.month()) {
      --y;
    }
    return Found{month_span(y / *which), i + 1};
  }

  /// "summer 2022", "the fall of 2022", "in the summer".
  std::optional<Found> season_of(std::size_t i) const {
    const bool has_the = is(i, "the");
    const std::size_t at = has_the ? i + 1 : i;
    const auto season = date_season(token(at).lower);
    if (!season) return std::nullopt;
    const std::size_t behind = is_any(at + 1, "of", "in") ? at + 2 : at + 1;
    if (is_year(behind)) return Found{season_span(*season, year(token(behind).value)), behind + 1};
    if (i == 0 || !is_any(i - 1, "in", "over", "during", "since")) return std::nullopt;
    year y = year_month_day(today_).year();
    if (looks_ahead(i)) {
      if (season_span(*season, y).to <= today_) ++y;
    } else if (season_span(*season, y).from > today_) {
      --y;
    }
    return Found{season_span(*season, y), at + 1};
  }

  /// The nearest such day before another; its own day is a week off.
  static Day weekday_before(weekday which, Day day) { return day - days(1) - (weekday(day - days(1)) - which); }
  static Day weekday_after(weekday which, Day day) { return day + days(1) + (which - weekday(day + days(1))); }
  Day near_weekday(weekday which, std::size_t i) const {
    return looks_ahead(i) ? weekday_after(which, today_) : weekday_before(which, today_);
  }
  /// The weekend of a week, counted from this one.
  Span weekend(int week) const {
    const Day saturday = monday_of(today_) + days(5 + 7 * week);
    return {saturday, saturday + days(2)};
  }

  std::vector<DateToken> tokens_;
  Day today_;
};

}  // namespace

std::vector<DateMention> find_dates(std::string_view text, Time said_at, std::chrono::minutes utc_offset) {
  std::vector<DateMention> found;
  const Day today = floor<days>(said_at + utc_offset);
  // Outside the calendar's range nothing is resolved: a broken clock must not make dates.
  if (const auto y = int(year_month_day(today).year()); y < 1 || y > 9'000) return found;
  const auto moment = [&](Day day) { return Time(day) - utc_offset; };
  Reader(text, today).run([&](Span span, std::size_t at, std::size_t size) {
    found.push_back({.from = moment(span.from), .to = moment(span.to), .at = at, .size = size, .is_range = span.is_range});
  });
  return found;
}

}  // namespace hobd
