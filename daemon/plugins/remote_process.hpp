// One hob-plugin-host while it lives: its frames, its services, its output, its limits. RemoteInstance starts another
// one when this ends.
//
// Trust: none. What the process sends is checked here (format, size, rate, permissions, credits), and a rule that is
// broken ends it: fate() says which. The permissions of its operations are HostServiceSet's, as for a plugin inside
// the daemon. All functions on the core thread.
#pragma once

#include "plugins/frames.hpp"
#include "plugins/host_process.hpp"
#include "plugins/host_service_set.hpp"
#include "plugins/plugin_tables.hpp"
#include "plugins/remote_limits.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace hobd {

/// Why a process is gone.
struct ProcessFate {
  std::string rule;  // crash exit hang memory flood frames start; "": it was asked to go
  std::string what;
};

class RemoteProcess final : public PluginPort, public std::enable_shared_from_this<RemoteProcess> {
 public:
  /// Who is told. Never called inside a function of RemoteProcess that the owner calls, but for kill().
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Once, unless the process ends before. The functions it offers, as functions_of().
    virtual void process_started(Result<std::uint64_t> functions) = 0;
    virtual hob_status process_emitted(hob_id call, std::string_view chunk) = 0;
    virtual hob_status process_finished(hob_id call, hob_status status, std::string_view result) = 0;
    virtual Result<Principal> process_principal(hob_id call) const = 0;
    /// Once, last: everything that it had sent has been handled.
    virtual void process_ended(const ProcessFate& fate) = 0;
  };
  struct Options {
    std::string name;
    const Manifest* manifest = nullptr;  // outlives the process
    json::object settings;
    ServiceBackends backends;
    RemoteLimits limits;
    std::filesystem::path program;
  };

  // shared: waits, timers and operations hold it
  static Result<std::shared_ptr<RemoteProcess>> start(std::weak_ptr<Owner> owner, Options options);
  ~RemoteProcess() override;

  pid_t pid() const { return pid_; }
  bool has_ended() const { return ended_; }
  HostServiceSet& services() { return *services_; }

  void call(hob_id id, const PluginFunction& function, bool listens, const CallText& text);
  void cancel(hob_id id);
  void message(hob_id id, std::string_view data, bool is_text);
  /// `bytes` of the call's chunks have been taken.
  void taken(hob_id call, std::size_t bytes);
  void deaf(hob_id call);
  /// Asks it to destroy the plugin and go.
  void ask_to_stop();
  /// Ends it for breaking `rule`.
  void kill(std::string rule, std::string what);
  /// Ends it without telling the owner anything any more.
  void abandon();
  /// While a call with a deadline is in flight, that watches for hangs.
  void set_has_deadline(std::function<bool()> has_deadline) { has_deadline_ = std::move(has_deadline); }

  void operation_event(hob_id operation, std::uint32_t kind, std::string data,
                       std::shared_ptr<std::atomic<std::size_t>> waiting) override;
  void operation_result(hob_id operation, hob_status status, std::string result) override;
  Result<Principal> principal_of(hob_id call) const override;

 private:
  RemoteProcess(std::weak_ptr<Owner> owner, Options options, HostProcess process);
  Result<void> begin();
  void send(FrameKind kind, std::uint64_t id, std::initializer_list<std::string_view> pieces);
  void wait_to_write();
  void wait_to_read();
  void read_frames();
  bool read_some();
  bool may_hold(const Frame& frame);
  void wait_for_end();
  void finish_reading();
  void handle(const Frame& frame);
  void handle_operation(const Frame& frame);
  void handle_started(Unpacker in);
  void nuisance(std::string_view what);
  void malformed(std::string_view what);
  void wait_for_output();
  void read_output();
  void output_line(std::string_view line);
  void watch();
  void look_at_usage();

  const std::weak_ptr<Owner> owner_;
  const Options options_;
  const std::string& name_;
  HostProcess process_;
  const pid_t pid_;
  asio::posix::stream_descriptor socket_, output_, pidfd_;
  asio::steady_timer start_timer_, watch_timer_, output_timer_, end_timer_;
  FrameReader reader_;
  FrameWriter writer_;
  bool is_writing_ = false;
  std::shared_ptr<HostServiceSet> services_;  // shared with running operations
  std::map<hob_id, std::shared_ptr<std::atomic<std::size_t>>> events_;  // bytes of events on their way, by operation
  std::map<hob_id, std::size_t> sent_;  // bytes of WebSocket messages to acknowledge
  ProcessFate fate_;
  bool started_ = false, stopping_ = false, ended_ = false, abandoned_ = false;
  std::function<bool()> has_deadline_;
  std::chrono::steady_clock::time_point nuisance_window_{}, output_window_{}, pinged_{};
  std::size_t nuisances_ = 0, lines_ = 0, output_bytes_ = 0;
  std::map<std::uint64_t, std::size_t> held_;  // bytes that each operation in flight brought
  std::size_t held_bytes_ = 0;
  std::bitset<1024> told_calls_;  // forbidden system calls that were logged
  bool pong_is_due_ = false, too_many_threads_ = false, too_many_descriptors_ = false;
  std::string line_;  // of output, unfinished
};

}  // namespace hobd
