// A plugin that runs inside the daemon: a shared library or a Lua script, on its own strand.
#pragma once

#include "plugins/host_tables.hpp"
#include "plugins/instance.hpp"
#include "plugins/plugin_strand.hpp"
#include "plugins/plugin_tables.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace hobd {

struct LocalInstanceOptions {
  std::string name;
  Manifest manifest;
  json::object settings;  // secrets resolved
  ServiceBackends backends;
  PluginPool* pool = nullptr;      // outlives the instance
  PluginPool* blocking = nullptr;  // for run_blocking; outlives the instance
  std::chrono::milliseconds cancel_grace{5'000};
};

class LocalInstance final : public Instance, public PluginPort, public std::enable_shared_from_this<LocalInstance> {
 public:
  // shared: timers, posts and the strand's work keep it alive
  static std::shared_ptr<LocalInstance> make(LocalInstanceOptions options);

  /// Loads, creates and activates on the strand.
  awaitable<Result<void>> async_start();
  /// Refuses new calls, cancels those in flight, waits at most `limit` for them, destroys the plugin. One that
  /// doesn't come back is abandoned with a log line.
  awaitable<void> async_stop(std::chrono::milliseconds limit);
  /// Has the plugin take changed settings through hob.config/1. On an error the old ones stay.
  awaitable<Result<void>> async_configure(json::object settings);
  /// Nothing is begun any more: no timer, operation or task. For a registry that goes without a stop().
  void close();
  const json::object& settings() const { return settings_; }
  /// Marks it failed before it was started, or after.
  void fail(std::string reason);

  const std::string& name() const override { return name_; }
  const Manifest& manifest() const override { return manifest_; }
  InstanceState state() const override { return state_; }
  const std::string& state_reason() const override { return reason_; }
  InstanceStats stats() const override;
  bool offers(std::string_view extension) const override {
    return state_ != InstanceState::starting && tables_.offers(extension);
  }
  awaitable<Result<std::string>> async_call(PluginCall call) override;
  std::uint64_t start_call(PluginCall call, std::function<void(Result<std::string>)> done) override;
  void cancel_call(std::uint64_t call) override;
  void send_message(std::uint64_t call, std::string data, bool is_text) override;

  void operation_event(hob_id operation, std::uint32_t kind, std::string data,
                       std::shared_ptr<std::atomic<std::size_t>> waiting) override;
  void operation_result(hob_id operation, hob_status status, std::string result) override;
  Result<Principal> principal_of(hob_id call) const override;

 private:
  struct Call;
  explicit LocalInstance(LocalInstanceOptions options);
  void open_host();
  void start(std::function<void(Result<void>)> done);
  Result<PluginTables> load_on_strand(const std::string& config);
  void started(Result<PluginTables> tables, const std::function<void(Result<void>)>& done);
  void arm(hob_id id, Call& call, std::chrono::milliseconds delay, void (LocalInstance::*then)(hob_id));
  void deadline_passed(hob_id id);
  void grace_passed(hob_id id);
  void ask_to_cancel(hob_id id, Call& call);
  void ended(hob_id id, Result<std::string> result);
  void become_stuck(std::string_view function);
  void run_task(hob_id task);
  void run_blocking_task(hob_id task);
  awaitable<bool> wait_until(std::function<bool()> condition, std::chrono::steady_clock::time_point limit);

  const std::string name_;
  const Manifest manifest_;
  const ServiceBackends backends_;
  PluginPool* const pool_;
  PluginPool* const blocking_;
  const std::chrono::milliseconds grace_;
  PluginStrand strand_;
  std::unique_ptr<PluginHost> host_;

  // Core thread:
  json::object settings_;
  InstanceState state_ = InstanceState::starting;
  std::string reason_;
  InstanceStats stats_;
  std::map<hob_id, std::shared_ptr<Call>> calls_;  // shared with the strand's posts

  // Written once on the strand before the instance is ready, read on both after:
  PluginTables tables_;
  // Any thread; changed on the strand alone:
  std::atomic<hob_plugin*> plugin_{nullptr};
  std::atomic<int> blocking_tasks_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace hobd
