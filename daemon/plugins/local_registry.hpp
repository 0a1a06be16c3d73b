// The registry of this daemon. Internal to registry.cpp (what is there) and registry_change.cpp (how it changes).
#pragma once

#include "plugins/file_watch.hpp"
#include "plugins/fingerprint.hpp"
#include "plugins/local_instance.hpp"
#include "plugins/registry.hpp"
#include "plugins/route_table.hpp"
#include "plugins/turnstile.hpp"
#include "plugins/wanted.hpp"

#include <map>
#include <optional>
#include <set>

namespace hobd {

class LocalRegistry final : public Registry {
 public:
  explicit LocalRegistry(RegistryContext context);
  ~LocalRegistry() override;

  awaitable<void> start(std::shared_ptr<const Config> config) override;
  awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config> config) override;
  awaitable<std::vector<PluginChange>> rescan() override;
  awaitable<Result<std::vector<PluginChange>>> reload(std::string name) override;
  awaitable<Result<std::vector<PluginChange>>> set_enabled(std::string name, bool enabled) override;
  void on_change(std::function<void()> changed) override { changed_ = std::move(changed); }
  awaitable<void> stop(std::chrono::milliseconds limit) override;

  std::vector<ConfigFault> check(const Config& config) const override;
  Instance* find(std::string_view name) const override;
  std::vector<Instance*> with_extension(std::string_view extension) const override;
  std::vector<ToolEntry> tools() const override;
  std::optional<ToolEntry> find_tool(std::string_view name) const override;
  Result<RouteEntry> match_route(std::string_view method, std::string_view path) const override {
    return routes_.match(method, path);
  }
  std::vector<std::string> route_methods(std::string_view path) const override { return routes_.methods(path); }
  std::vector<RouteEntry> routes() const override { return routes_.all(); }
  std::vector<std::pair<const MethodManifest*, Instance*>> methods() const override;
  std::vector<PluginReport> reports() const override;

 private:
  using InstancePtr = std::shared_ptr<ManagedInstance>;  // shared: its own posts and timers hold it too

  /// One instance and what it was made of.
  struct Entry {
    InstancePtr instance;
    Fingerprint files;
    std::vector<ToolManifest> tools;  // as described
  };
  /// What was tried in an instance's place and failed: not tried again until one of these changes.
  struct Refusal {
    Fingerprint files;
    json::object settings;
    Isolation isolation = Isolation::none;
    std::string why;
  };
  struct Retired {
    InstancePtr instance;
    std::chrono::steady_clock::time_point at;
  };
  /// A start under way; shared with its coroutine, which may outlive the wait for it.
  struct Starting {
    Entry entry;
    WantedInstance want;  // its manifest is the discovery's: read it while that lives
    Isolation isolation = Isolation::none;
    InstancePtr old;        // serves meanwhile; null: none
    Result<void> result;    // once is_prepared
    bool is_prepared = false, is_over = false;  // over: its channel is open too, unless it takes an old one's place
    std::shared_ptr<asio::steady_timer> bell;   // rung when it is over; shared by all of a round
  };
  using StartingPtr = std::shared_ptr<Starting>;

  enum class Cause { config, files, owner };
  struct Round;  // one change, from its look at the files to its end

  // registry_change.cpp; all of them inside a passage of turnstile_
  awaitable<std::vector<PluginChange>> apply(std::shared_ptr<const Config> config, Cause cause, std::string only);
  void keep_unreadable(Round& round) const;
  void consider_missing(Round& round, const Wanted& wanted);
  awaitable<void> consider(Round& round, WantedInstance want);
  awaitable<void> configure(Round& round, Entry& entry, const WantedInstance& want, const Refusal& attempt);
  bool is_stale_library(const Manifest& manifest, const Fingerprint& files) const;
  void begin(Round& round, WantedInstance want, InstancePtr old, const Fingerprint& files, Isolation isolation);
  awaitable<void> prepare_all(Round& round);
  static awaitable<void> prepare(StartingPtr starting);
  static awaitable<void> switch_channel(StartingPtr starting);
  void swap(Round& round);
  void leave(Round& round, const Wanted& wanted);
  void note_kept(Round& round, const std::string& name, const std::string& plugin, Refusal refusal);
  void retire(InstancePtr instance);
  void log_new_faults(const Discovery& found) const;

  // registry_wish.cpp: what the owner asks for
  /// Runs a change to its end although the caller may be cancelled: a client that hangs up leaves none half done.
  template <class T>
  awaitable<T> sheltered(awaitable<T> change);
  awaitable<std::vector<PluginChange>> change(std::shared_ptr<const Config> config, Cause cause);
  awaitable<Result<std::vector<PluginChange>>> renew_in_turn(std::string name);
  awaitable<Result<std::vector<PluginChange>>> enable_in_turn(std::string name, bool enabled);
  bool is_wanted_off(std::string_view plugin) const;
  std::vector<std::string> plugins_of(std::string_view name) const;
  Error unknown(const std::string& name) const;
  awaitable<Result<std::vector<PluginChange>>> renew(std::string name);
  awaitable<Result<void>> save_switched_off(std::set<std::string> names);
  awaitable<void> load_switched_off();
  void follow_files(const Config& config);
  awaitable<void> rescan_once();

  // registry.cpp
  InstancePtr make(const WantedInstance& want, const Manifest& manifest, Isolation isolation);
  static Isolation isolation_of(const Manifest& manifest, const Config& config);
  void remember_missing(const Wanted& wanted);
  void index();

  RegistryContext context_;
  std::shared_ptr<const Config> config_;  // shared with all who hold it over a reload
  std::shared_ptr<const Discovery> found_;
  std::map<std::string, Entry, std::less<>> instances_;
  std::map<std::string, Refusal, std::less<>> refusals_;  // by instance
  std::set<std::string> switched_off_;                    // by plugin.disable
  std::map<std::filesystem::path, FileStamp> mapped_;     // libraries that were loaded into the daemon, as they were then
  std::vector<StartingPtr> starting_;  // of the round under way
  /// Replaced or abandoned ones: a pointer to one may still be about, in the daemon or in a plugin's own thread.
  std::vector<Retired> retired_;
  std::vector<PluginReport> missing_;
  std::map<std::string, ToolEntry, std::less<>> tools_;
  RouteTable routes_;
  std::set<std::string> clashes_;  // of tools and routes, that the log has spoken of
  std::function<void()> changed_;
  bool stopping_ = false, rescan_waits_ = false;
  PluginPool pool_, blocking_;
  Turnstile turnstile_;
  std::optional<FileWatch> watch_;
  TaskGroup tasks_;  // those that drain, the looks at changed files
};

}  // namespace hobd
