// The hob_host of a plugin in a process of its own: functions that write frames, or answer from what this process
// knows (open calls, credits, timers, the clock).
//
// Flow control: of each call's chunks, and each WebSocket's messages, at most 8 MiB are unacknowledged; hobd
// acknowledges what has been taken (FrameKind::taken, sent). So emit() and send() answer "overloaded" here exactly
// when they would inside the daemon, and nothing piles up there.
#pragma once

#include "plugin_host/link.hpp"
#include "plugin_host/strand.hpp"

#include "hob/plugin.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

namespace hobd {

class FrameHost {
 public:
  /// `run_blocking` enters the plugin, on a thread of its own.
  FrameHost(Link& link, const Setup& setup, std::function<void(hob_id task)> run_blocking);
  FrameHost(const FrameHost&) = delete;
  FrameHost& operator=(const FrameHost&) = delete;
  const hob_host* host() const { return &host_; }
  void set_strand(Strand& strand) { strand_ = &strand; }

  // ---- what frames say: main thread ----
  void open_call(hob_id call, bool listens);
  void mark_cancelled(hob_id call);
  /// True: it was an acknowledgement, and that is all there is to do. Thread: any.
  bool acknowledge(const Frame& frame);
  void websocket_is_open(hob_id operation);
  void operation_ended(hob_id operation);
  /// Acknowledges an event once the plugin has it.
  void event_taken(hob_id operation, std::size_t bytes);

  // ---- what the tables call: any thread ----
  hob_status emit(hob_id call, std::string_view chunk);
  hob_status finish(hob_id call, hob_status status, std::string_view result);
  bool is_cancelled(hob_id call);  // looks ahead
  void log(std::int32_t level, std::string_view text);
  hob_status start_timer(hob_id timer, std::uint64_t delay_ms, std::uint64_t repeat_ms);
  void stop_timer(hob_id timer);
  void post(hob_id task);
  void run_blocking(hob_id task);
  void websocket_opens(hob_id operation);
  hob_status websocket_send(hob_id operation, bool is_text, std::string_view data);
  void operation(FrameKind kind, hob_id operation, std::span<const std::string_view> pieces);
  const void* extension(const char* id) const;

 private:
  struct Call {
    bool listens = false, deaf = false, cancelled = false;
    std::size_t waiting = 0;  // bytes of chunks that hobd hasn't taken
  };
  struct Socket {
    bool open = false;
    std::size_t waiting = 0;
  };
  /// A result that hobd does not give.
  void answer_here(hob_id operation, const Error& error);
  void work();
  /// Takes in what has arrived while the strand is held: cancels and acknowledgements.
  void look_ahead();
  /// An answer to no open call: says so, the first time that it is the plugin's fault.
  void blame_for_answer(hob_id call);

  Link& link_;
  hob_host host_;
  std::set<std::string, std::less<>> granted_;
  const std::function<void(hob_id)> run_blocking_;
  Strand* strand_ = nullptr;

  mutable std::mutex mutex_;
  std::unordered_map<hob_id, Call> calls_;
  std::array<hob_id, 64> answered_{};  // the latest ones, in a ring
  std::size_t answers_ = 0;
  hob_id last_call_ = 0;
  bool blamed_ = false;
  std::unordered_map<hob_id, int> in_flight_;  // operations whose results were not handed over; more than 1: refused ones
  std::unordered_map<hob_id, Socket> sockets_;
  std::unordered_map<hob_id, std::size_t> unsaid_;  // bytes of events taken and not acknowledged yet

  std::mutex log_mutex_;
  std::chrono::steady_clock::time_point log_window_{};
  std::size_t logged_ = 0;

  std::mutex work_mutex_;
  std::condition_variable work_changed_;
  std::deque<hob_id> blocking_;  // waiting
  int workers_ = 0, idle_ = 0;
};

}  // namespace hobd
