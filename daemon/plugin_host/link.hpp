// This process's end of the socket to hobd.
//
// The main thread is the plugin's strand and reads the frames itself: a call costs no hop to another thread. While
// it is inside the plugin nobody reads, but for is_cancelled() and emit(), which look at what has arrived meanwhile (peek).
// Writing never blocks: what the socket doesn't take is written by a thread that is started when first needed.
#pragma once

#include "plugins/frames.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

namespace hobd {

class Link {
 public:
  explicit Link(int fd);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// The next frame, if one is there. Main thread. Doesn't return when hobd is gone: the process ends.
  bool take(Frame& out);
  /// Waits until a frame may be there, wake() was called, or `until` (null: for ever). Main thread.
  void wait(const std::chrono::steady_clock::time_point* until);
  /// Ends a wait(). Thread: any.
  void wake();
  /// Calls `look` with each frame that has arrived and wasn't taken or shown before; one for which it says true is done
  /// with, the others stay for take(). At most once a millisecond something is read; nothing happens when the main
  /// thread is reading itself. Thread: any.
  void peek(const std::function<bool(const Frame&)>& look);

  /// Puts in a frame as if hobd had sent it. Thread: any.
  void inject(Frame frame);

  /// Sends a frame. Thread: any. overloaded: too large, nothing was sent.
  Result<void> send(FrameKind kind, std::uint64_t id, std::span<const std::string_view> pieces = {});
  /// Waits until all is written, at most `limit`.
  void drain(std::chrono::milliseconds limit);

 private:
  bool read_one(Frame& out);
  void forget_wake(short events);
  void write_rest();

  const int fd_, wake_fd_;
  const bool can_look_again_;  // there is another processor for hobd to run on
  std::mutex reading_;
  FrameReader reader_;
  std::deque<Frame> seen_;  // read by peek(), not taken
  std::size_t seen_bytes_ = 0;
  std::chrono::steady_clock::time_point peeked_{};

  std::mutex writing_;
  std::condition_variable waiting_changed_;
  FrameWriter writer_;
  bool has_thread_ = false;
};

}  // namespace hobd
