#include "base/clock.hpp"

#include <charconv>
#include <cstdio>

namespace hobd {
namespace {

/// Reads exactly `digits` decimal digits at `pos` and moves past them.
bool read_digits(std::string_view text, std::size_t& pos, std::size_t digits, int& out) {
  if (pos + digits > text.size()) return false;
  out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[pos + i];
    if (c < '0' || c > '9') return false;
    out = out * 10 + (c - '0');
  }
  pos += digits;
  return true;
}

bool read_char(std::string_view text, std::size_t& pos, std::string_view any_of) {
  if (pos >= text.size() || any_of.find(text[pos]) == std::string_view::npos) return false;
  ++pos;
  return true;
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point SystemClock::steady() const {
  return std::chrono::steady_clock::now();
}

std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<Duration> clock{time - day};
  char buffer[48];
  int size = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                           unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                           int(clock.minutes().count()), int(clock.seconds().count()));
  if (clock.subseconds().count() != 0)
    size += std::snprintf(buffer + size, sizeof buffer - std::size_t(size), ".%06d",
                          int(clock.subseconds().count()));
  return std::string(buffer, std::size_t(size)) + "Z";
}

Result<Time> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto bad = [&] {
    return Error{Code::invalid, "\"" + std::string(text.substr(0, 40)) +
                                    "\" is not a time: write 2026-11-21T08:15:00Z or 2026-11-21"};
  };
  std::size_t pos = 0;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!read_digits(text, pos, 4, y) || !read_char(text, pos, "-") || !read_digits(text, pos, 2, mo) ||
      !read_char(text, pos, "-") || !read_digits(text, pos, 2, d))
    return bad();
  const year_month_day date{year{y}, month{unsigned(mo)}, day{unsigned(d)}};
  if (!date.ok()) return bad();
  Time time = time_point_cast<Duration>(sys_days{date});
  if (pos == text.size()) return time;

  if (!read_char(text, pos, "Tt ") || !read_digits(text, pos, 2, h) || !read_char(text, pos, ":") ||
      !read_digits(text, pos, 2, mi) || !read_char(text, pos, ":") || !read_digits(text, pos, 2, s) ||
      h > 23 || mi > 59 || s > 60)
    return bad();
  time += hours{h} + minutes{mi} + seconds{s};
  if (pos < text.size() && text[pos] == '.') {
    ++pos;
    const std::size_t first = pos;
    std::int64_t scale = 100'000;
    for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, scale /= 10)
      time += Duration{scale * (text[pos] - '0')};
    if (pos == first) return bad();
  }
  if (read_char(text, pos, "Zz")) return pos == text.size() ? Result<Time>{time} : bad();
  if (pos >= text.size()) return bad();
  const char sign = text[pos];
  int oh = 0, om = 0;
  if (!read_char(text, pos, "+-") || !read_digits(text, pos, 2, oh) || !read_char(text, pos, ":") ||
      !read_digits(text, pos, 2, om) || pos != text.size() || oh > 23 || om > 59)
    return bad();
  const Duration offset = hours{oh} + minutes{om};
  return sign == '+' ? time - offset : time + offset;
}

}  // namespace hobd
