// The daemon's log: one line an event, to standard error, as text, JSON or with journald's priority
// prefix. The last lines are kept in memory for `hobctl logs`, and listeners may follow.
//
//   log::info("net", "listening on {}", address);
//
// The first argument is the part that speaks (the folder, or a plugin's instance name). Secrets that
// config has read are registered with hide() and never reach a line, and no text can end its line or steer a
// terminal: see one_line(). Thread: any.
#pragma once

#include "base/clock.hpp"

#include <fmt/core.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hobd::log {

enum class Level { trace, debug, info, warn, error, off };
enum class Format { text, json, journal };

struct Line {
  std::uint64_t number = 0;  // counts from 1 since the start of the process
  Time at{};
  Level level = Level::info;
  std::string part;
  std::string text;  // one line, as one_line() makes it
};

std::string_view level_name(Level level) noexcept;
/// The level of "trace", "debug", "info", "warn", "error" or "off".
Result<Level> parse_level(std::string_view name);

void configure(Level level, Format format);
Level level() noexcept;

/// From now on `secret` prints as "***" wherever it would appear. Shorter than 4 bytes is ignored.
void hide(std::string secret);
/// `text` with every hidden secret replaced.
std::string redact(std::string_view text);

void write(Level level, std::string_view part, std::string_view text);

/// `text` on one line that a terminal shows as it is: control characters become \n, \t, \x1b, ...
std::string one_line(std::string_view text);

/// A bound on what one speaker (a plugin) may log: lines and bytes a second, over a burst of as much, and the length
/// of a line. What is over it is dropped, and the next line that passes says how many were. Thread: any.
class Throttle {
 public:
  explicit Throttle(std::string part, std::uint32_t lines_per_second = 100, std::uint32_t bytes_per_second = 64 * 1024);
  /// Says how many were dropped since the last line, if any were.
  ~Throttle();
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;
  void write(Level level, std::string_view text) { write(level, text, std::chrono::steady_clock::now()); }
  void write(Level level, std::string_view text, std::chrono::steady_clock::time_point now);

 private:
  void report_dropped();

  const std::string part_;
  const double lines_per_second_, bytes_per_second_;
  std::mutex mutex_;
  double lines_, bytes_;  // tokens left
  std::chrono::steady_clock::time_point at_{};
  std::uint64_t dropped_ = 0;
};

/// The newest lines, oldest first, at most `count` (the ring holds 1,000), with number > `after`.
std::vector<Line> recent(std::size_t count, std::uint64_t after = 0);

/// Calls `listener` with each later line, on the thread that logs, until forget() of the returned id.
/// The listener must be quick and must not log.
std::uint64_t listen(std::function<void(const Line&)> listener);
void forget(std::uint64_t listener);

inline bool enabled(Level l) noexcept { return l >= level(); }

#define HOB_LOG_FUNCTION(name)                                                             \
  template <class... Args>                                                                 \
  void name(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {   \
    if (enabled(Level::name)) write(Level::name, part, fmt::format(format, std::forward<Args>(args)...)); \
  }
HOB_LOG_FUNCTION(trace)
HOB_LOG_FUNCTION(debug)
HOB_LOG_FUNCTION(info)
HOB_LOG_FUNCTION(warn)
HOB_LOG_FUNCTION(error)
#undef HOB_LOG_FUNCTION

}  // namespace hobd::log
