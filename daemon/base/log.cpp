#include "base/log.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>

namespace hobd::log {
namespace {

constexpr std::size_t kRingSize = 1000;
constexpr std::size_t kMaxLine = 16 * 1024;  // longer texts are cut: a plugin may log anything
constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info", "warn", "error", "off"};
/// syslog priorities, for systemd's "<N>" prefix (sd-daemon(3)).
constexpr std::array<int, 6> kPriorities = {7, 7, 6, 4, 3, 3};

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
};

State& state() {
  static State* instance = new State;  // outlives static destructors that may still log
  return *instance;
}

std::string render(const Line& line, Format format) {
  const auto level = kLevels[std::size_t(line.level)];
  switch (format) {
    case Format::json:
      return json::serialize(json::object{{"at", format_time(line.at)},
                                          {"level", level},
                                          {"part", line.part},
                                          {"text", line.text}}) +
             "\n";
    case Format::journal: {
      std::string flat = line.text;
      std::replace(flat.begin(), flat.end(), '\n', ' ');
      return fmt::format("<{}>{}: {}\n", kPriorities[std::size_t(line.level)], line.part, flat);
    }
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

void write(Level level, std::string_view part, std::string_view text) {
  State& s = state();
  if (level < s.level.load(std::memory_order_relaxed)) return;
  Line line{0, SystemClock{}.now(), level, std::string(part),
            redact(to_valid_utf8(text.substr(0, kMaxLine)))};
  const std::lock_guard lock(s.mutex);
  line.number = s.next++;
  const std::string rendered = render(line, s.format);
  // One write a line, so that lines of several threads and processes don't mix.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, rendered.data(), rendered.size());
  for (const auto& [id, listener] : s.listeners) listener(line);
  s.ring.push_back(std::move(line));
  if (s.ring.size() > kRingSize) s.ring.pop_front();
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
