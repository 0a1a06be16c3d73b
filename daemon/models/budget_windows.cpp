#include "models/budget_windows.hpp"

#include "base/log.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>

namespace hobd {

// std::chrono's own time zones came with g++ 13; Howard Hinnant's library is what they were made from.
struct BudgetWindows::Zone {
  const date::time_zone* known = nullptr;  // null: UTC; owned by the library

  date::local_time<Duration> to_local(Time time) const {
    if (!known) return date::local_time<Duration>{time.time_since_epoch()};
    return known->to_local(time);
  }
  /// The first moment of a date; where a clock change skips midnight, the change.
  Time begin_of(date::local_days day) const {
    if (!known) return Time{day.time_since_epoch()};
    return std::chrono::time_point_cast<Duration>(known->to_sys(date::local_seconds{day}, date::choose::earliest));
  }
};

BudgetWindows::BudgetWindows() = default;
BudgetWindows::~BudgetWindows() = default;

void BudgetWindows::set_zone(const std::string& name) {
  if (name == name_) return;
  name_ = name;
  zone_.reset();
  day_ = month_ = {};
}

void BudgetWindows::change_zone(const std::string& name, Time now) {
  const bool is_in_use = day_.until != Time{};
  if (is_in_use && name != name_)
    for (const BudgetWindow& window : {day(now), month(now)})
      if (!find_former(window.label)) former_.push_back(window);
  set_zone(name);
}

const BudgetWindow* BudgetWindows::find_former(std::string_view label) const {
  const auto found = std::find_if(former_.begin(), former_.end(), [label](const BudgetWindow& window) { return window.label == label; });
  return found == former_.end() ? nullptr : &*found;
}

const BudgetWindows::Zone& BudgetWindows::zone() {
  if (zone_) return *zone_;
  zone_ = std::make_unique<Zone>();
  if (name_ == "UTC") return *zone_;
  try {
    zone_->known = date::locate_zone(name_);
  } catch (const std::exception& e) {
    log::warn("models", "the time zone {} of proactive.timezone is not known here ({}): days of the budget begin at midnight UTC", name_,
              e.what());
  }
  return *zone_;
}

const BudgetWindow& BudgetWindows::day(Time now) {
  if (now >= day_.from && now < day_.until) return day_;
  const auto date_then = date::floor<date::days>(zone().to_local(now));
  const date::year_month_day ymd(date_then);
  day_ = {.label = fmt::format("day {:04}-{:02}-{:02}", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                               static_cast<unsigned>(ymd.day())),
          .from = zone().begin_of(date_then),
          .until = zone().begin_of(date_then + date::days(1))};
  return day_;
}

const BudgetWindow& BudgetWindows::month(Time now) {
  if (now >= month_.from && now < month_.until) return month_;
  const date::year_month_day ymd(date::floor<date::days>(zone().to_local(now)));
  const date::year_month first = ymd.year() / ymd.month();
  month_ = {.label = fmt::format("month {:04}-{:02}", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month())),
            .from = zone().begin_of(date::local_days{first / 1}),
            .until = zone().begin_of(date::local_days{(first + date::months(1)) / 1})};
  return month_;
}

std::vector<std::string> BudgetWindows::labels(Time now) {
  std::vector<std::string> labels = {day(now).label, month(now).label};
  std::erase_if(former_, [now](const BudgetWindow& window) { return now >= window.until; });
  for (const BudgetWindow& window : former_)
    if (std::find(labels.begin(), labels.end(), window.label) == labels.end()) labels.push_back(window.label);
  return labels;
}

Time BudgetWindows::end_of(std::string_view window, Time now) {
  if (const BudgetWindow* former = find_former(window)) return former->until;
  return window.starts_with("month") ? month(now).until : day(now).until;
}

std::string BudgetWindows::local_text(Time time) {
  const auto local = zone().to_local(time);
  const auto midnight = date::floor<date::days>(local);
  const date::year_month_day ymd(midnight);
  const date::hh_mm_ss<Duration> clock(local - midnight);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} ({})", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                     static_cast<unsigned>(ymd.day()), clock.hours().count(), clock.minutes().count(), zone().known ? name_ : "UTC");
}

}  // namespace hobd
