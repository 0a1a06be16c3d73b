// The running configuration and how it changes.
#pragma once

#include "agent/agent.hpp"
#include "api/http_gate.hpp"
#include "app/options.hpp"
#include "memory/learning.hpp"
#include "memory/embeddings.hpp"
#include "models/background.hpp"
#include "models/budget.hpp"

namespace hobd {

/// Who takes a new configuration. Borrowed.
struct ConfigUsers {
  Registry* registry = nullptr;
  Routing* routing = nullptr;
  Router* router = nullptr;
  Toolbox* tools = nullptr;
  Learning* learning = nullptr;  // null: nothing is learned
  Agent* agent = nullptr;
  Embeddings* embeddings = nullptr;
  HttpGate* gate = nullptr;
  Budget* budget = nullptr;      // null: nothing is reserved
  BackgroundLane* background = nullptr;  // null: background calls go at once
};

class Settings {
 public:
  Settings(const Options& options, std::shared_ptr<const Config> config) : options_(options), config_(std::move(config)) {}
  const std::shared_ptr<const Config>& current() const { return config_; }
  void set_users(ConfigUsers users) { users_ = users; }

  /// The file, read and checked whole, plugins' settings included. Nothing applies.
  ConfigLoad load() const;
  /// load(), then everybody takes it, but for the keys that wait for a restart: those stay as they run. invalid with every fault; then the old one stays. Answers what
  /// DaemonControl::reload promises.
  awaitable<Result<json::value>> reload();

 private:
  const Options& options_;
  std::shared_ptr<const Config> config_;  // shared: its users hold it over a reload
  ConfigUsers users_;
  bool reloading_ = false;
};

/// `fresh` with the values that `running` has for every key that waits for a restart (restart_keys()), also in what
/// is shown. Compared with a later file, it tells what still waits.
std::shared_ptr<const Config> with_running_keys(const Config& running, const Config& fresh);

/// Level and format of the log, and which personal data its lines don't show.
void configure_log(const Config& config);

/// load_config() with the overrides of the command line.
ConfigLoad load_from(const Options& options);
std::string fault_text(const std::vector<ConfigFault>& faults);

}  // namespace hobd
