#include "app/settings.hpp"

namespace hobd {

ConfigLoad load_from(const Options& options) {
  return load_config(options.config, SecretSources::from_process(),
                     {.state_dir = options.state_dir, .runtime_dir = options.runtime_dir, .log_level = options.log_level});
}

std::string fault_text(const std::vector<ConfigFault>& faults) {
  std::string text;
  for (const ConfigFault& fault : faults) text += (text.empty() ? "" : "\n") + fault.text();
  return text;
}

ConfigLoad Settings::load() const {
  ConfigLoad load = load_from(options_);
  if (load.config && users_.registry)
    for (ConfigFault& fault : users_.registry->check(*load.config)) load.faults.push_back(std::move(fault));
  return load;
}

awaitable<Result<json::value>> Settings::reload() {
  if (reloading_) co_return Error{Code::overloaded, "a reload is under way"};
  const ConfigLoad fresh = load();
  if (!fresh.config || !fresh.faults.empty())
    co_return Error{Code::invalid, "the old configuration stays: " + fault_text(fresh.faults)};
  struct Guard {
    bool& flag;
    explicit Guard(bool& f) : flag(f) { flag = true; }
    ~Guard() { flag = false; }
  } guard(reloading_);
  json::array restart, faults;
  for (const std::string& key : restart_keys(*config_, *fresh.config)) restart.push_back(json::string(key));
  config_ = fresh.config;
  log::configure(config_->log.level, config_->log.format);
  users_.router->set_config(config_);
  users_.tools->set_config(config_);
  users_.agent->set_config(config_);
  users_.gate->set_config(config_);
  // Plugins last: an instance that refuses its new settings keeps its old ones, and the rest is in place.
  for (const Error& error : co_await users_.registry->reconfigure(config_)) faults.push_back(json::string(error.message));
  log::info("core", "configuration reloaded{}", restart.empty() ? "" : "; some keys wait for a restart: " + json::serialize(restart));
  co_return json::object{{"applied", true}, {"restart", std::move(restart)}, {"faults", std::move(faults)}};
}

}  // namespace hobd
