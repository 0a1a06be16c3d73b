// Dates as people write them: "last May", "two weeks ago", "on Tuesday", "8 May 2023", resolved against the time at which
// they were said. Pure; thread: any.
#pragma once

#include "base/clock.hpp"

#include <string_view>
#include <vector>

namespace hobd {

/// A span of time that a text names, half-open.
struct DateMention {
  Time from{}, to{};
  std::size_t at = 0, size = 0;  // where it stands in the text, bytes
  bool is_range = false;         // "since May", "from May to July": open or wide, not one point in the calendar
};

/// The dates that `text` names, in order. What has no year or direction of its own ("on Tuesday", "in May", "8 May") lies behind,
/// unless its sentence looks ahead ("will", "see you", "next"). "5/8/2023" is the 8th of May and "5.8.2023" the 5th of August; the
/// other way round where only that is a date. Weeks begin on Monday, seasons are the northern ones.
/// `said_at`: when it was said; `utc_offset`: of the speaker's wall clock.
std::vector<DateMention> find_dates(std::string_view text, Time said_at, std::chrono::minutes utc_offset = {});

}  // namespace hobd
