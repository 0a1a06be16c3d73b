#include "base/log.hpp"

#include "base/json.hpp"
#include "base/log_scrub.hpp"
#include "base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace hobd::log {
namespace {

constexpr std::size_t kRingSize = 1000;
constexpr std::size_t kMaxLine = 16 * 1024;  // longer texts are cut
constexpr std::size_t kMaxThrottledLine = 8 * 1024;
constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info", "warn", "error", "off"};
/// syslog priorities, for systemd's "<N>" prefix (sd-daemon(3)).
constexpr std::array<int, 6> kPriorities = {7, 7, 6, 4, 3, 3};

using Scrub = std::function<std::string(std::string_view)>;

struct State {
  std::atomic<Level> level{Level::info};
  std::mutex mutex;
  Format format = Format::text;
  std::deque<Line> ring;
  std::uint64_t next = 1;
  std::uint64_t next_listener = 1;
  std::map<std::uint64_t, std::function<void(const Line&)>> listeners;
  std::mutex secrets_mutex;
  std::vector<std::string> secrets;
  std::shared_ptr<const Scrub> scrub;  // shared with the lines under way; under secrets_mutex

  std::shared_ptr<const Scrub> scrubber() {
    const std::lock_guard lock(secrets_mutex);
    return scrub;
  }
};

State& state() {
  static State* instance = new State;  // outlives static destructors that may still log
  return *instance;
}

/// `text` is the line's before one_line(): JSON has escapes of its own.
std::string render(const Line& line, std::string_view text, Format format) {
  const auto level = kLevels[std::size_t(line.level)];
  switch (format) {
    case Format::json:
      return json::serialize(json::object{{"at", format_time(line.at)},
                                          {"level", level},
                                          {"part", line.part},
                                          {"text", text}}) +
             "\n";
    case Format::journal:
      return fmt::format("<{}>{}: {}\n", kPriorities[std::size_t(line.level)], line.part, line.text);
    case Format::text:
      break;
  }
  return fmt::format("{} {:5} {}: {}\n", format_time(line.at), level, line.part, line.text);
}

}  // namespace

std::string_view level_name(Level level) noexcept { return kLevels[std::size_t(level)]; }

Result<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i)
    if (kLevels[i] == name) return static_cast<Level>(i);
  return Error{Code::invalid, fmt::format("log level \"{}\" is not one of trace, debug, info, warn, error, off", name)};
}

void configure(Level level, Format format) {
  State& s = state();
  s.level = level;
  const std::lock_guard lock(s.mutex);
  s.format = format;
}

Level level() noexcept { return state().level.load(std::memory_order_relaxed); }

void hide(std::string secret) {
  if (secret.size() < 4) return;
  State& s = state();
  const std::lock_guard lock(s.secrets_mutex);
  if (std::find(s.secrets.begin(), s.secrets.end(), secret) == s.secrets.end())
    s.secrets.push_back(std::move(secret));
}

std::string redact(std::string_view text) {
  State& s = state();
  std::string out(text);
  const std::lock_guard lock(s.secrets_mutex);
  for (const std::string& secret : s.secrets)
    for (std::size_t at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
      out.replace(at, secret.size(), "***");
  return out;
}

void set_scrubber(std::function<std::string(std::string_view)> scrub) {
  State& s = state();
  const std::lock_guard lock(s.secrets_mutex);
  s.scrub = scrub ? std::make_shared<const Scrub>(std::move(scrub)) : nullptr;
}

void write(Level level, std::string_view part, std::string_view text) {
  State& s = state();
  if (level < s.level.load(std::memory_order_relaxed)) return;
  std::string clean = redact(to_valid_utf8(text.substr(0, kMaxLine)));
  if (const std::shared_ptr<const Scrub> scrub = s.scrubber()) clean = (*scrub)(clean);
  Line line{0, SystemClock{}.now(), level, one_line(to_valid_utf8(part)), one_line(clean)};
  const std::lock_guard lock(s.mutex);
  line.number = s.next++;
  const std::string rendered = render(line, clean, s.format);
  // One write a line, so that lines of several threads and processes don't mix.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, rendered.data(), rendered.size());
  for (const auto& [id, listener] : s.listeners) listener(line);
  s.ring.push_back(std::move(line));
  if (s.ring.size() > kRingSize) s.ring.pop_front();
}

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too: 0x9b begins a terminal's command as ESC [ does.
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (is_c1) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      out += text[i];
    }
  }
  return out;
}

Throttle::Throttle(std::string part, std::uint32_t lines_per_second, std::uint32_t bytes_per_second)
    : part_(std::move(part)),
      lines_per_second_(lines_per_second),
      bytes_per_second_(bytes_per_second),
      lines_(lines_per_second),
      bytes_(bytes_per_second) {}

Throttle::~Throttle() { report_dropped(); }

void Throttle::write(Level level, std::string_view text, std::chrono::steady_clock::time_point now) {
  if (!enabled(level)) return;
  if (text.size() > kMaxThrottledLine) text = utf8_prefix(text, kMaxThrottledLine);
  const std::lock_guard lock(mutex_);
  if (at_ != std::chrono::steady_clock::time_point{} && now > at_) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    lines_ = std::min(lines_per_second_, lines_ + lines_per_second_ * seconds);
    bytes_ = std::min(bytes_per_second_, bytes_ + bytes_per_second_ * seconds);
  }
  at_ = now;
  if (lines_ < 1 || bytes_ < static_cast<double>(text.size())) {
    ++dropped_;
    return;
  }
  lines_ -= 1;
  bytes_ -= static_cast<double>(text.size());
  report_dropped();
  log::write(level, part_, text);
}

void Throttle::report_dropped() {
  if (dropped_ == 0) return;
  log::write(Level::warn, part_, fmt::format("{} lines dropped: it logs too much", std::exchange(dropped_, 0)));
}

std::vector<Line> recent(std::size_t count, std::uint64_t after) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  std::vector<Line> lines;
  for (auto it = s.ring.rbegin(); it != s.ring.rend() && lines.size() < count && it->number > after; ++it)
    lines.push_back(*it);
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::uint64_t listen(std::function<void(const Line&)> listener) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.listeners.emplace(s.next_listener, std::move(listener));
  return s.next_listener++;
}

void forget(std::uint64_t listener) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.listeners.erase(listener);
}

}  // namespace hobd::log
