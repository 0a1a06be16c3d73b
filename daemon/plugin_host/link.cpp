#include "plugin_host/link.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace hobd {
namespace {

/// What peek() keeps at most; beyond it frames stay in the socket until the strand is free.
constexpr std::size_t kMaxSeen = 4 << 20;
constexpr std::chrono::milliseconds kPeekInterval{1};
/// How long the main thread looks for the next frame before it sleeps: on a virtual machine a processor that sleeps
/// takes longer than that to wake, and calls come in bursts.
constexpr std::chrono::microseconds kLookAgain{30};

/// hobd is gone, or we don't understand each other: there is nobody to run for.
[[noreturn]] void end_process(int status) { ::_exit(status); }

}  // namespace

Link::Link(int fd) : fd_(fd), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), can_look_again_(std::thread::hardware_concurrency() > 1), writer_(fd) {}

Link::~Link() { ::close(wake_fd_); }

bool Link::read_one(Frame& out) {
  for (;;) {
    const Result<bool> next = reader_.next(out);
    if (next.has_error()) end_process(70);
    if (*next) return true;
    const Result<FrameReader::Fill> filled = reader_.fill(fd_);
    if (filled.has_error() || *filled == FrameReader::Fill::end) end_process(0);
    if (*filled == FrameReader::Fill::nothing) return false;
  }
}

bool Link::take(Frame& out) {
  const std::lock_guard lock(reading_);
  if (!seen_.empty()) {
    out = std::move(seen_.front());
    seen_.pop_front();
    seen_bytes_ -= out.payload().size();
    return true;
  }
  return read_one(out);
}

void Link::wait(const std::chrono::steady_clock::time_point* until) {
  pollfd fds[2] = {{fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  if (can_look_again_) {
    const auto end = std::chrono::steady_clock::now() + kLookAgain;
    while (std::chrono::steady_clock::now() < end)
      if (::poll(fds, 2, 0) != 0) return forget_wake(fds[1].revents);
  }
  timespec left{};
  if (until) {
    const auto span = std::max(std::chrono::nanoseconds(*until - std::chrono::steady_clock::now()), std::chrono::nanoseconds(0));
    left.tv_sec = span.count() / 1'000'000'000;
    left.tv_nsec = span.count() % 1'000'000'000;
  }
  if (::ppoll(fds, 2, until ? &left : nullptr, nullptr) > 0) forget_wake(fds[1].revents);
}

void Link::forget_wake(short events) {
  std::uint64_t count;
  if (events) [[maybe_unused]] const ssize_t ignored = ::read(wake_fd_, &count, sizeof count);
}

void Link::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_fd_, &one, sizeof one);
}

void Link::peek(const std::function<bool(const Frame&)>& look) {
  const std::unique_lock lock(reading_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - peeked_ < kPeekInterval) return;
  peeked_ = now;
  Frame frame;
  bool has_read = false;
  while (seen_bytes_ < kMaxSeen && read_one(frame)) {
    if (look(frame)) continue;
    seen_bytes_ += frame.payload().size();
    seen_.push_back(std::move(frame));
    frame = {};
    has_read = true;
  }
  if (has_read) wake();  // the main thread may have begun to wait for what was read here
}

void Link::inject(Frame frame) {
  const std::lock_guard lock(reading_);
  seen_bytes_ += frame.payload().size();
  seen_.push_back(std::move(frame));
  wake();
}

Result<void> Link::send(FrameKind kind, std::uint64_t id, std::span<const std::string_view> pieces) {
  std::unique_lock lock(writing_);
  const Result<bool> sent = writer_.send(kind, id, pieces);
  if (sent.has_error()) {
    if (sent.error().code == Code::overloaded) return sent.error();
    end_process(0);
  }
  if (*sent) return {};
  if (!has_thread_) {
    has_thread_ = true;
    std::thread([this] { write_rest(); }).detach();  // as long as the process
  }
  waiting_changed_.notify_all();
  return {};
}

void Link::write_rest() {
  std::unique_lock lock(writing_);
  for (;;) {
    waiting_changed_.wait(lock, [&] { return writer_.waiting() > 0; });
    lock.unlock();
    pollfd fd{fd_, POLLOUT, 0};
    ::poll(&fd, 1, -1);
    lock.lock();
    const Result<bool> flushed = writer_.flush();
    if (flushed.has_error()) end_process(0);
    if (*flushed) waiting_changed_.notify_all();
  }
}

void Link::drain(std::chrono::milliseconds limit) {
  std::unique_lock lock(writing_);
  waiting_changed_.wait_for(lock, limit, [&] { return writer_.waiting() == 0; });
}

}  // namespace hobd
