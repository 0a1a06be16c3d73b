// What the two kinds of instance share: the calls in flight, their deadlines and the grace after a cancel, their one
// end, and the life that the registry gives them. How a call reaches the plugin is the derived class's.
//
// A call's road: start_call() opens it in the call table and arms its deadline; enter() takes it to the plugin; the
// plugin's finish() reaches the table, which calls ended() on the core thread. At the deadline, or when the caller
// cancels, ask_to_cancel() tells the plugin, and the call has `cancel_grace` left to end by itself; then unanswered()
// says what becomes of the plugin, and the call ends as timeout or cancelled.
#pragma once

#include "plugins/call_table.hpp"
#include "plugins/host_service_set.hpp"
#include "plugins/instance.hpp"
#include "plugins/plugin_tables.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace hobd {

struct InstanceOptions {
  std::string name;
  Manifest manifest;
  json::object settings;  // secrets resolved
  ServiceBackends backends;
  std::chrono::milliseconds cancel_grace{5'000};
};

class ManagedInstance : public Instance, public std::enable_shared_from_this<ManagedInstance> {
 public:
  // shared: timers, posts and the plugin's work keep it alive
  /// Loads, creates and activates the plugin. A channel stays shut.
  awaitable<Result<void>> async_prepare();
  /// Starts the channel; nothing to do for what is none. Until then, and after async_shut_channel(), messages to send
  /// are unavailable, so that the outbox holds them.
  awaitable<Result<void>> async_open_channel();
  /// Lets the messages that are being sent come to their ends, then stops the channel. At most `limit`.
  awaitable<void> async_shut_channel(std::chrono::milliseconds limit);
  bool is_channel() const { return has(*find_function(HOB_EXT_CHANNEL, "start")); }
  /// For one that was replaced: waits at most `drain` for its calls in flight, which go on, then async_stop(limit).
  awaitable<void> async_retire(std::chrono::milliseconds drain, std::chrono::milliseconds limit);
  /// Refuses new calls, stops the channel, cancels the calls in flight, waits at most `limit` for them, destroys the
  /// plugin. One that doesn't come back is abandoned (in the daemon) or killed (in a process) with a log line.
  awaitable<void> async_stop(std::chrono::milliseconds limit);
  /// Has the plugin take changed settings through hob.config/1. On an error the old ones stay.
  awaitable<Result<void>> async_configure(json::object settings);
  /// Nothing is begun any more: no timer, operation or task. For a registry that goes without a stop().
  virtual void close() = 0;
  const json::object& settings() const { return settings_; }
  /// "none": inside the daemon; "process".
  virtual std::string_view isolation() const { return "none"; }
  /// Its process; -1: none.
  virtual pid_t pid() const { return -1; }
  /// Switched off after too many ends.
  bool is_quarantined() const { return is_quarantined_; }
  /// What its process last died of; "" when it never did.
  const std::string& last_failure() const { return last_failure_; }
  /// Marks it failed before it was started, or after.
  void fail(std::string reason);
  /// It doesn't come back from its start.
  virtual void give_up(std::string reason) { fail(std::move(reason)); }

  const std::string& name() const override { return name_; }
  const Manifest& manifest() const override { return manifest_; }
  InstanceState state() const override { return state_; }
  const std::string& state_reason() const override { return reason_; }
  InstanceStats stats() const override;
  awaitable<Result<std::string>> async_call(PluginCall call) override;
  std::uint64_t start_call(PluginCall call, std::function<void(Result<std::string>)> done) override;
  void cancel_call(std::uint64_t call) override;

 protected:
  /// A call in flight. The core thread's, but for the atomics.
  struct Call {
    Call(PluginCall c, const PluginFunction& f, const asio::any_io_executor& core)
        : call(std::move(c)), function(f), timer(core) {}
    const PluginCall call;
    const PluginFunction& function;
    std::function<void(Result<std::string>)> done;
    asio::steady_timer timer;  // the deadline, then the grace after cancel()
    bool cancelling = false, timed_out = false;
    bool entered = false, retried = false;  // a plugin process has it; had it, and another shall
    std::atomic<bool> cancel_asked{false};  // read on the strand: don't begin
    std::atomic<bool> cancel_seen{false};   // the plugin's cancel() has run
    CallText text() const { return {call.name, call.payload, call.extra}; }
  };
  using CallPtr = std::shared_ptr<Call>;  // shared with the strand's posts

  explicit ManagedInstance(InstanceOptions options);

  // All on the core thread:
  virtual awaitable<Result<void>> async_load() = 0;
  /// The plugin has no call in flight any more, or `drained` is false.
  virtual awaitable<void> async_destroy(bool drained, std::chrono::steady_clock::time_point end) = 0;
  virtual bool has(const PluginFunction& function) const = 0;
  /// Whether a new call may come; the error says why not.
  virtual Result<void> takes_calls() const;
  /// What takes the call's chunks; `id` holds its id by the time one comes.
  virtual CallTable::OnChunk chunk_sink(const CallPtr& call, std::shared_ptr<hob_id> id);
  virtual void enter(hob_id id, const CallPtr& call) = 0;
  virtual void ask_to_cancel(hob_id id, const CallPtr& call) = 0;
  /// The grace is over and the plugin hasn't answered. The call ends after this returns, if it is still there.
  virtual void unanswered(hob_id id, Call& call) = 0;
  virtual void settings_changed() = 0;
  /// Begins the shutdown: timers and operations end, so that the calls that wait for them can.
  virtual void begin_stop() = 0;
  /// Nothing of the plugin runs any more but what destroy() ends.
  virtual bool is_idle() const = 0;

  awaitable<bool> wait_until(std::function<bool()> condition, std::chrono::steady_clock::time_point limit);
  /// Starts it again in a process that came back, if it was open.
  awaitable<void> start_channel();
  Result<Principal> principal_of_call(hob_id call) const;
  const CallPtr* find_call(hob_id id) const;
  void refuse_all(Code code, const std::string& why);

  const std::string name_;
  const Manifest manifest_;
  const ServiceBackends backends_;
  const std::chrono::milliseconds grace_;
  const std::shared_ptr<CallTable> table_;  // shared with posts to the core
  json::object settings_;
  InstanceState state_ = InstanceState::starting;
  std::string reason_, last_failure_;
  bool is_quarantined_ = false;
  bool is_retiring_ = false;  // another serves in its place
  InstanceStats stats_;
  std::map<hob_id, CallPtr> calls_;

 private:
  void arm(hob_id id, Call& call, std::chrono::milliseconds delay, void (ManagedInstance::*then)(hob_id));
  void deadline_passed(hob_id id);
  void grace_passed(hob_id id);
  void cancel(hob_id id, const CallPtr& call);
  void ended(hob_id id, Result<std::string> result);
  awaitable<Result<std::string>> channel_call(const char* function, std::chrono::milliseconds deadline);
  Result<void> may_start(const PluginFunction* function, const PluginCall& call) const;
  bool is_sending() const;

  enum class Channel { shut, open } channel_ = Channel::shut;  // as it is wanted
};

}  // namespace hobd
