// A plugin in a process of its own, and its supervision.
//
// A process that ends uninvited (it crashed, or broke a rule and was killed) is followed by another: the first time at
// once, then after 1, 2, 4 s (with jitter); the fifth end within 10 minutes is the last, and the owner is told. Calls
// that were in it end as unavailable; a tool's call that the manifest calls idempotent is asked once more of the next
// process; a channel's message that may have gone out ends as timeout ("outcome unknown") unless its channel can tell a
// repeat. Calls that come while the next process starts at once wait for it.
#pragma once

#include "plugins/managed_instance.hpp"
#include "plugins/remote_process.hpp"

#include <deque>
#include <random>

namespace hobd {

struct RemoteInstanceOptions {
  InstanceOptions instance;
  std::filesystem::path program;  // hob-plugin-host; "": found beside this program
  RemoteLimits limits;
  OwnerNotice* owner = nullptr;   // may be null; outlives the instance
};

class RemoteInstance final : public ManagedInstance, public RemoteProcess::Owner {
 public:
  static std::shared_ptr<RemoteInstance> make(RemoteInstanceOptions options);

  void close() override;
  bool offers(std::string_view extension) const override { return offers_extension(functions_, extension); }
  void send_message(std::uint64_t call, std::string data, bool is_text) override;
  std::string_view isolation() const override { return "process"; }
  /// Its process, -1 when there is none now.
  pid_t pid() const override { return process_ ? process_->pid() : -1; }

  void process_started(Result<std::uint64_t> functions) override;
  hob_status process_emitted(hob_id call, std::string_view chunk) override;
  hob_status process_finished(hob_id call, hob_status status, std::string_view result) override;
  Result<Principal> process_principal(hob_id call) const override { return principal_of_call(call); }
  void process_ended(const ProcessFate& fate) override;

 private:
  explicit RemoteInstance(RemoteInstanceOptions options);
  std::shared_ptr<RemoteInstance> self() { return std::static_pointer_cast<RemoteInstance>(shared_from_this()); }

  awaitable<Result<void>> async_load() override;
  awaitable<void> async_destroy(bool drained, std::chrono::steady_clock::time_point end) override;
  bool has(const PluginFunction& function) const override { return functions_ >> function_place(function) & 1; }
  Result<void> takes_calls() const override;
  CallTable::OnChunk chunk_sink(const CallPtr& call, std::shared_ptr<hob_id> id) override;
  void enter(hob_id id, const CallPtr& call) override;
  void ask_to_cancel(hob_id id, const CallPtr& call) override;
  void unanswered(hob_id id, Call& call) override;
  void settings_changed() override;
  void begin_stop() override;
  bool is_idle() const override { return !process_ || process_->services().in_flight() == 0; }

  Result<void> start_process();
  void start_later(std::chrono::milliseconds delay);
  void crashed(const ProcessFate& fate);
  std::size_t settle_calls(bool comes_back);
  bool has_deadline() const;
  void report_first_start(Result<void> result);

  const RemoteInstanceOptions options_;
  std::shared_ptr<RemoteProcess> process_;  // shared with its own waits
  std::uint64_t functions_ = 0;
  std::function<void(Result<void>)> first_start_;  // until it has been answered
  std::string start_fault_;                        // what `started` said, until the process has ended
  std::deque<std::chrono::steady_clock::time_point> ends_;  // uninvited, within the last ten minutes
  asio::steady_timer restart_timer_;
  bool restarts_at_once_ = false;
  std::mt19937 random_{std::random_device{}()};
  TaskGroup tasks_;
};

}  // namespace hobd
