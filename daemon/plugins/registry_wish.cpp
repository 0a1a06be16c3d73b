// What sets a change of the registry going: the config, changed files, the owner's word.
#include "plugins/local_registry.hpp"

#include "base/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace hobd {
namespace {

constexpr std::string_view kPart = "plugins";
/// Where the names that plugin.disable was told are kept. No instance can be called so.
constexpr const char* kKvOwner = "@plugins";
constexpr const char* kKvKey = "switched_off";
constexpr std::uint64_t kKvQuota = 64 << 10;

using Outcome = PluginChange::Outcome;
namespace fs = std::filesystem;

template <class T>
struct End {
  explicit End(const asio::any_io_executor& core) : bell(core, asio::steady_timer::time_point::max()) {}
  asio::steady_timer bell;  // rung when one of the two is there
  std::optional<T> value;
  std::exception_ptr failure;
};

template <class T>
awaitable<void> carry(std::shared_ptr<End<T>> end, awaitable<T> change) {
  try {
    end->value.emplace(co_await std::move(change));
  } catch (...) {
    end->failure = std::current_exception();
  }
  end->bell.cancel();
}

}  // namespace

template <class T>
awaitable<T> LocalRegistry::sheltered(awaitable<T> change) {
  const auto end = std::make_shared<End<T>>(context_.core);  // shared with the change, which may outlive the wait
  tasks_.spawn("change plugins", carry(end, std::move(change)));
  while (!end->value && !end->failure) {
    boost::system::error_code ignored;  // cancelled: it is there
    co_await end->bell.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (end->failure) std::rethrow_exception(end->failure);
  co_return *std::move(end->value);
}

awaitable<void> LocalRegistry::start(std::shared_ptr<const Config> config) {
  co_await load_switched_off();
  const Turnstile::Passage passage = co_await turnstile_.async_pass();
  if (context_.watch_files)
    watch_.emplace(context_.core, context_.settle, [this] {
      if (std::exchange(rescan_waits_, true)) return;
      tasks_.spawn("changed plugin files", rescan_once());
    });
  co_await apply(std::move(config), Cause::config, {});
}

awaitable<std::vector<PluginChange>> LocalRegistry::change(std::shared_ptr<const Config> config, Cause cause) {
  const Turnstile::Passage passage = co_await turnstile_.async_pass();
  if (!config) config = config_;  // not in the call: g++ 12 destroys a conditional's temporary there twice
  co_return co_await apply(std::move(config), cause, {});
}

awaitable<std::vector<Error>> LocalRegistry::reconfigure(std::shared_ptr<const Config> config) {
  const std::vector<PluginChange> changes = co_await sheltered(change(std::move(config), Cause::config));
  std::vector<Error> faults;
  for (const PluginChange& change : changes)
    if (change.is_fault()) faults.push_back(Error{Code::unavailable, fmt::format("{}: {}", change.instance, change.text)});
  co_return faults;
}

awaitable<std::vector<PluginChange>> LocalRegistry::rescan() { co_return co_await sheltered(change(nullptr, Cause::files)); }

awaitable<void> LocalRegistry::rescan_once() {
  const Turnstile::Passage passage = co_await turnstile_.async_pass();
  rescan_waits_ = false;
  co_await apply(config_, Cause::files, {});
}

void LocalRegistry::follow_files(const Config& config) {
  if (!watch_) return;
  std::set<fs::path> folders;
  std::error_code ignored;
  const auto follow = [&](const fs::path& root) {
    // One that isn't there yet: the folder above it tells when it comes.
    folders.insert(fs::is_directory(root, ignored) ? root : root.parent_path());
    for (const auto& entry : fs::directory_iterator(root, ignored))
      if (entry.is_directory(ignored)) folders.insert(entry.path());
  };
  for (const fs::path& root : config.plugins.paths) follow(root);
  for (const fs::path& root : context_.bundled_paths)
    if (fs::is_directory(root, ignored)) follow(root);
  watch_->follow(folders);
}

// ---- the owner's word ----

awaitable<Result<std::vector<PluginChange>>> LocalRegistry::renew(std::string name) {
  std::vector<PluginChange> changes = co_await apply(config_, Cause::owner, name);
  if (!changes.empty()) co_return changes;
  for (const PluginReport& report : missing_)
    if (report.instance == name) co_return Error{Code::unavailable, fmt::format("{}: {}", name, report.reason)};
  co_return unknown(name);
}

awaitable<Result<std::vector<PluginChange>>> LocalRegistry::reload(std::string name) {
  co_return co_await sheltered(renew_in_turn(std::move(name)));
}

awaitable<Result<std::vector<PluginChange>>> LocalRegistry::set_enabled(std::string name, bool enabled) {
  co_return co_await sheltered(enable_in_turn(std::move(name), enabled));
}

awaitable<Result<std::vector<PluginChange>>> LocalRegistry::renew_in_turn(std::string name) {
  const Turnstile::Passage passage = co_await turnstile_.async_pass();
  co_return co_await renew(std::move(name));
}

awaitable<Result<std::vector<PluginChange>>> LocalRegistry::enable_in_turn(std::string name, bool enabled) {
  const Turnstile::Passage passage = co_await turnstile_.async_pass();
  const std::vector<std::string> plugins = plugins_of(name);
  if (plugins.empty() && !switched_off_.contains(name)) co_return unknown(name);
  const bool is_listed = std::any_of(plugins.begin(), plugins.end(), [&](const std::string& id) { return is_wanted_off(id); });
  const bool is_off = switched_off_.contains(name);
  PluginChange unchanged{name, plugins.empty() ? name : plugins.front(), Outcome::unchanged, {}};
  if (!enabled) {
    if (is_off) unchanged.text = "it was switched off before";
    if (is_listed) unchanged.text = "plugins.disabled of the config lists it already";
    if (is_off || is_listed) co_return std::vector<PluginChange>{std::move(unchanged)};
    std::set<std::string> names = switched_off_;
    names.insert(name);
    CO_CHECK(co_await save_switched_off(std::move(names)));
    std::vector<PluginChange> changes = co_await apply(config_, Cause::owner, name);
    if (changes.empty()) {
      unchanged.outcome = Outcome::stopped;
      unchanged.text = "it will not be started";
      changes.push_back(std::move(unchanged));
    }
    co_return changes;
  }
  if (is_listed)
    co_return Error{Code::denied, fmt::format("plugins.disabled of the config lists {}, which counts: take it out there, then run "
                                              "hobctl system reload", plugins.front())};
  for (const std::string& id : plugins)
    if (id != name && switched_off_.contains(id))
      co_return Error{Code::denied, fmt::format("all of plugin {} is switched off: run hobctl plugin enable {}", id, id)};
  if (is_off) {
    std::set<std::string> names = switched_off_;
    names.erase(name);
    CO_CHECK(co_await save_switched_off(std::move(names)));
    co_return co_await renew(std::move(name));
  }
  const bool serves = std::any_of(instances_.begin(), instances_.end(), [&](const auto& entry) {
    const ManagedInstance& instance = *entry.second.instance;
    return (entry.first == name || instance.manifest().id == name) && is_serving(instance.state());
  });
  if (!serves) co_return co_await renew(std::move(name));
  unchanged.text = "it runs";
  co_return std::vector<PluginChange>{std::move(unchanged)};
}

bool LocalRegistry::is_wanted_off(std::string_view plugin) const {
  const auto& listed = config_->plugins.disabled;
  return std::find(listed.begin(), listed.end(), plugin) != listed.end();
}

/// The plugins that `name` means: that of the instance of this name, or the plugin of this id; a plugin may be called by its
/// short name where no other has the same.
std::vector<std::string> LocalRegistry::plugins_of(std::string_view name) const {
  if (const auto running = instances_.find(name); running != instances_.end()) return {running->second.instance->manifest().id};
  if (found_->plugins.contains(std::string(name))) return {std::string(name)};
  if (const auto provider = config_->models.providers.find(std::string(name)); provider != config_->models.providers.end())
    return {provider->second.plugin};
  if (const auto channel = config_->channels.find(std::string(name)); channel != config_->channels.end())
    return {channel->second.plugin};
  std::vector<std::string> called;
  for (const auto& [id, manifest] : found_->plugins)
    if (is_short_name(name, id)) called.push_back(id);
  if (called.size() > 1) called.clear();
  return called;
}

Error LocalRegistry::unknown(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& [instance, entry] : instances_) names.push_back(instance);
  for (const auto& [id, manifest] : found_->plugins) names.push_back(id);
  const std::string_view near = nearest(name, names);
  return Error{Code::not_found, fmt::format("no plugin \"{}\"{}", utf8_prefix(name, 100),
                                            near.empty() ? std::string("; plugin.list names them")
                                                         : fmt::format(", did you mean \"{}\"?", near))};
}

// ---- what was switched off, over restarts ----

awaitable<void> LocalRegistry::load_switched_off() {
  if (!context_.kv) co_return;
  const Result<std::string> text = co_await context_.kv->get(kKvOwner, kKvKey);
  if (text.has_error()) {
    if (text.error().code != Code::not_found)
      log::error(kPart, "read which plugins are switched off: {}; all are started", text.error().message);
    co_return;
  }
  const Result<json::value> names = parse_json(*text);
  if (names.has_error() || !names->is_array()) co_return;
  for (const json::value& name : names->get_array())
    if (name.is_string()) switched_off_.emplace(name.get_string());
}

awaitable<Result<void>> LocalRegistry::save_switched_off(std::set<std::string> names) {
  json::array list;
  for (const std::string& name : names) list.emplace_back(name);
  std::string text = json::serialize(list);
  const Result<void> saved = co_await context_.kv->set(kKvOwner, kKvKey, std::move(text), kKvQuota);
  if (saved.has_error()) co_return saved.error().with_context("note which plugins are switched off");
  switched_off_ = std::move(names);
  co_return Result<void>{};
}

}  // namespace hobd
