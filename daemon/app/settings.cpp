#include "app/settings.hpp"

#include "api/methods.hpp"
#include "base/log_scrub.hpp"
#include "memory/pii.hpp"

#include <cassert>

namespace hobd {
namespace {

/// Puts the running value of `key` ("http.listen") into `shown`.
void show_running(const json::object& running, json::object& shown, std::string_view key) {
  const std::size_t dot = key.find('.');
  const std::string_view name = key.substr(0, dot);
  const json::value* value = running.if_contains(name);
  if (!value) {
    shown.erase(name);
    return;
  }
  json::value* mine = shown.if_contains(name);
  if (dot != std::string_view::npos && value->is_object() && mine && mine->is_object())
    return show_running(value->get_object(), mine->get_object(), key.substr(dot + 1));
  shown[name] = *value;
}

}  // namespace

std::shared_ptr<const Config> with_running_keys(const Config& running, const Config& fresh) {
  auto config = std::make_shared<Config>(fresh);
  config->state_dir = running.state_dir;
  config->runtime_dir = running.runtime_dir;
  config->http.address = running.http.address;
  config->http.port = running.http.port;
  config->http.max_body = running.http.max_body;
  config->http.max_connections = running.http.max_connections;
  config->http.idle_timeout = running.http.idle_timeout;
  config->http.request_timeout = running.http.request_timeout;
  config->auth.mode = running.auth.mode;
  for (const std::string& key : restart_keys(running, fresh)) show_running(running.shown, config->shown, key);
  assert(restart_keys(running, *config).empty());  // a key that waits for a restart and is not held back here
  return config;
}

ConfigLoad load_from(const Options& options) {
  return load_config(options.config, SecretSources::from_process(),
                     {.state_dir = options.state_dir, .runtime_dir = options.runtime_dir, .log_level = options.log_level});
}

void configure_log(const Config& config) {
  log::configure(config.log.level, config.log.format);
  std::function<std::string(std::string_view)> scrub;
  if (!config.memory.pii_redact_log.empty())
    scrub = [classes = config.memory.pii_redact_log](std::string_view text) { return redact_pii(text, classes); };
  log::set_scrubber(std::move(scrub));
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
  // What is taken at once must not differ from what runs: the listener, for one, stays where it is, and a new auth.mode
  // would open it to everybody.
  config_ = with_running_keys(*config_, *fresh.config);
  configure_log(*config_);
  for (const ConfigFault& warning : fresh.warnings) log::warn("config", "{}", warning.text());
  if (users_.budget) users_.budget->set_config(config_);
  if (users_.background) users_.background->set_config(config_);
  if (users_.routing) users_.routing->set_config(config_);
  users_.router->set_config(config_);
  users_.tools->set_config(config_);
  if (users_.learning) users_.learning->set_config(config_);
  users_.agent->set_config(config_);
  users_.gate->set_config(config_);
  // Plugins last: an instance that refuses its new settings keeps its old ones, and the rest is in place.
  for (const Error& error : co_await users_.registry->reconfigure(config_)) faults.push_back(json::string(error.message));
  if (users_.embeddings) users_.embeddings->set_config(config_);  // after the plugins: it asks them
  log::info("core", "configuration reloaded{}", restart.empty() ? "" : "; some keys wait for a restart: " + json::serialize(restart));
  co_return json::object{{"applied", true}, {"restart", std::move(restart)}, {"faults", std::move(faults)}};
}

}  // namespace hobd
