// A plugin that runs inside the daemon: a shared library or a Lua script, on its own strand.
#pragma once

#include "plugins/host_tables.hpp"
#include "plugins/managed_instance.hpp"
#include "plugins/plugin_strand.hpp"

namespace hobd {

struct LocalInstanceOptions {
  InstanceOptions instance;
  PluginPool* pool = nullptr;      // outlives the instance
  PluginPool* blocking = nullptr;  // for run_blocking; outlives the instance
};

class LocalInstance final : public ManagedInstance, public PluginPort {
 public:
  static std::shared_ptr<LocalInstance> make(LocalInstanceOptions options);

  void close() override;
  /// The thread that its start holds is made up for.
  void give_up(std::string reason) override;
  bool offers(std::string_view extension) const override {
    return state_ != InstanceState::starting && has_tables_ && tables_.offers(extension);
  }
  void send_message(std::uint64_t call, std::string data, bool is_text) override;

  void operation_event(hob_id operation, std::uint32_t kind, std::string data,
                       std::shared_ptr<std::atomic<std::size_t>> waiting) override;
  void operation_result(hob_id operation, hob_status status, std::string result) override;
  Result<Principal> principal_of(hob_id call) const override { return principal_of_call(call); }

 private:
  explicit LocalInstance(LocalInstanceOptions options);
  std::shared_ptr<LocalInstance> self() { return std::static_pointer_cast<LocalInstance>(shared_from_this()); }
  void open_host();

  awaitable<Result<void>> async_load() override;
  awaitable<void> async_destroy(bool drained, std::chrono::steady_clock::time_point end) override;
  bool has(const PluginFunction& function) const override { return function.present(tables_); }
  void enter(hob_id id, const CallPtr& call) override;
  void ask_to_cancel(hob_id id, const CallPtr& call) override;
  void unanswered(hob_id id, Call& call) override;
  void settings_changed() override { host_->parts().services->set_settings(settings_); }
  void begin_stop() override;
  bool is_idle() const override { return host_->parts().services->in_flight() == 0 && blocking_tasks_ == 0; }

  void start(std::function<void(Result<void>)> done);
  Result<void> load_on_strand(const std::string& config);
  void started(Result<void> loaded, const std::function<void(Result<void>)>& done);
  void become_stuck(std::string_view function);
  void run_task(hob_id task);
  void run_blocking_task(hob_id task);

  PluginPool* const pool_;
  PluginPool* const blocking_;
  PluginStrand strand_;
  std::unique_ptr<PluginHost> host_;

  // Written once on the strand, read on both once has_tables_: a start that was given up may still write them.
  PluginTables tables_;
  std::atomic<bool> has_tables_{false};
  // Any thread; changed on the strand alone:
  std::atomic<hob_plugin*> plugin_{nullptr};
  std::atomic<int> blocking_tasks_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace hobd
