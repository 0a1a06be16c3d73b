// Time as Hob sees it. Everything that asks for the time takes a Clock, so that tests own it.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace hobd {

/// A moment of wall time, UTC, in microseconds: what the database stores and RFC 3339 texts print.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Where the time comes from. Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time. It may jump either way; never measure a duration with it.
  virtual Time now() const = 0;
  /// A clock that never goes back, for durations and deadlines.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

/// "2026-11-21T08:15:30.123456Z" (RFC 3339, UTC; the fraction is left out when it is zero).
std::string format_time(Time time);

/// Reads RFC 3339 with any offset, or a bare date ("2026-11-21" is its midnight UTC).
Result<Time> parse_time(std::string_view text);

/// Microseconds since 1970, the stored form.
inline std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
inline Time from_micros(std::int64_t micros) { return Time{Duration{micros}}; }

}  // namespace hobd
