// The household's days and months: their names, which accounts are booked under, and their edges.
#pragma once

#include "base/clock.hpp"

#include <memory>
#include <string>
#include <vector>

namespace hobd {

struct BudgetWindow {
  std::string label;  // "day 2026-11-21", "month 2026-11"
  Time from{}, until{};
};

/// Thread: core. The system's time zones are read when the first window of a zone other than UTC is asked for.
class BudgetWindows {
 public:
  BudgetWindows();
  ~BudgetWindows();
  BudgetWindows(const BudgetWindows&) = delete;
  BudgetWindows& operator=(const BudgetWindows&) = delete;

  /// An IANA name. One that the system doesn't know counts as UTC; the log says so.
  void set_zone(const std::string& name);
  /// The same while calls are booked: the day and the month of the zone before go on beside the new ones to their end. Else a limit
  /// could be spent twice within hours, once under each zone's date.
  void change_zone(const std::string& name, Time now);
  const BudgetWindow& day(Time now);
  const BudgetWindow& month(Time now);
  /// The names of all windows that bind a call at `now`: the day, the month, and those that a change of the zone didn't end.
  std::vector<std::string> labels(Time now);
  /// The window that an account's name stands for, at `now`: until when it lasts.
  Time end_of(std::string_view window, Time now);
  /// "2026-11-22 00:00 (Europe/Berlin)"
  std::string local_text(Time time);

 private:
  struct Zone;
  const Zone& zone();
  const BudgetWindow* find_former(std::string_view label) const;

  std::string name_ = "UTC";
  std::unique_ptr<Zone> zone_;  // made at the first use
  BudgetWindow day_, month_;    // of the last question
  std::vector<BudgetWindow> former_;  // of zones before, not over yet
};

}  // namespace hobd
