// RemoteProcess: what it prints, and what it uses.
#include "plugins/remote_process.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "plugins/system_filter.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace hobd {
namespace {
// Of output: bytes of a line, lines and bytes a second.
constexpr std::size_t kMaxLine = 1024, kMaxLines = 50, kMaxOutput = 1 << 20;
}  // namespace

// ---- output ----

void RemoteProcess::wait_for_output() {
  output_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->ended_) return;
                       self->read_output();
                     });
}

void RemoteProcess::read_output() {
  const auto now = std::chrono::steady_clock::now();
  if (now - output_window_ >= std::chrono::seconds(1)) {
    output_window_ = now;
    lines_ = output_bytes_ = 0;
  }
  char bytes[16 << 10];
  for (int pass = 0; pass < 8; ++pass) {
    const ssize_t got = ::read(output_.native_handle(), bytes, sizeof bytes);
    if (got == 0) return;  // closed: nothing to wait for
    if (got < 0) break;
    output_bytes_ += std::size_t(got);
    for (std::string_view rest(bytes, std::size_t(got)); !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      line_.append(rest.substr(0, std::min(end, kMaxLine - std::min(kMaxLine, line_.size()))));
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
      output_line(std::exchange(line_, {}));
    }
  }
  if (ended_ || process_.pid() < 0) return;
  if (output_bytes_ <= kMaxOutput) return wait_for_output();
  // Enough for this second. What doesn't fit into the pipe meanwhile is lost to the plugin, which never waits for us.
  output_timer_.expires_at(output_window_ + std::chrono::seconds(1));
  output_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->ended_) self->read_output();
  });
}

void RemoteProcess::output_line(std::string_view line) {
  constexpr std::string_view kForbidden = "\1syscall ";
  if (line.starts_with(kForbidden)) {
    // The process says each once; a plugin that writes such lines itself is not logged without end.
    const int number = std::atoi(std::string(line.substr(kForbidden.size())).c_str());
    if (number < 0 || std::size_t(number) >= told_calls_.size() || told_calls_.test(std::size_t(number))) return;
    told_calls_.set(std::size_t(number));
    const std::string name = system_call_name(number);
    log::error(name_, "rule {}: it called {}(), which an isolated plugin may not; it was refused with EPERM and goes on",
               system_call_rule(name), name);
    return;
  }
  if (++lines_ > kMaxLines) {
    if (lines_ == kMaxLines + 1)
      log::warn(name_, "rule output: it prints more than {} lines in a second; the rest of them is dropped", kMaxLines);
    return;
  }
  log::info(name_, "printed: {}", to_valid_utf8(line));
}

// ---- limits that must be looked at ----

void RemoteProcess::watch() {
  watch_timer_.expires_after(options_.limits.watch);
  watch_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->ended_) return;
    self->look_at_usage();
    const auto now = std::chrono::steady_clock::now();
    if (!self->pong_is_due_ && self->started_ && now - self->pinged_ >= self->options_.limits.ping) {
      self->pong_is_due_ = true;
      self->pinged_ = now;
      self->send(FrameKind::ping, 0, {});
    } else if (self->pong_is_due_ && now - self->pinged_ > self->options_.limits.hang &&
               !(self->has_deadline_ && self->has_deadline_())) {
      self->kill("hang", fmt::format("it has not come back from its own code for {} ms", self->options_.limits.hang.count()));
    }
    self->watch();
  });
}

void RemoteProcess::look_at_usage() {
  const HostProcess::Usage usage = process_.usage();
  const RemoteLimits& limits = options_.limits;
  if (usage.resident > limits.memory && !kIsSanitized)
    kill("memory", fmt::format("it holds {} MiB; {} are the most", usage.resident >> 20, limits.memory >> 20));
  // Threads are counted for the whole user: a bomb of them would leave none for hobd.
  if (usage.threads > 4 * limits.threads)
    return kill("threads", fmt::format("it runs {} threads; {} are the most", usage.threads, 4 * limits.threads));
  if (usage.threads > limits.threads && !std::exchange(too_many_threads_, true))
    log::warn(name_, "rule threads: it runs {} threads; {} are the most that a plugin has use for", usage.threads, limits.threads);
  if (usage.descriptors >= kMaxDescriptors && !std::exchange(too_many_descriptors_, true))
    log::warn(name_, "rule descriptors: it has opened all {} descriptors that it may have", kMaxDescriptors);
}

}  // namespace hobd
