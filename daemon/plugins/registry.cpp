#include "plugins/local_registry.hpp"

#include "plugins/remote_instance.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <fstream>

namespace hobd {
namespace {

constexpr std::string_view kPart = "plugins";
constexpr int kBlockingThreads = 4;

/// Bytes that a process has resident; 0 when it is gone.
std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return statm ? resident * std::uint64_t(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

std::string_view outcome_name(PluginChange::Outcome outcome) noexcept {
  using Outcome = PluginChange::Outcome;
  switch (outcome) {
    case Outcome::unchanged: return "unchanged";
    case Outcome::started: return "started";
    case Outcome::reloaded: return "reloaded";
    case Outcome::configured: return "configured";
    case Outcome::stopped: return "stopped";
    case Outcome::failed: return "failed";
    case Outcome::kept: return "kept";
    case Outcome::unsupported: break;
  }
  return "unsupported";
}

LocalRegistry::LocalRegistry(RegistryContext context)
    : context_(std::move(context)),
      pool_(context_.pool_threads),
      blocking_(kBlockingThreads),
      turnstile_(context_.core),
      tasks_(context_.core) {
  if (!context_.websockets) context_.websockets = make_websocket_client;
}

LocalRegistry::~LocalRegistry() {
  for (const auto& [name, entry] : instances_) entry.instance->close();
  for (const StartingPtr& starting : starting_) starting->entry.instance->close();
  for (const Retired& retired : retired_) retired.instance->close();
}

awaitable<void> LocalRegistry::stop(std::chrono::milliseconds limit) {
  stopping_ = true;
  watch_.reset();
  TaskGroup stopping(context_.core);
  std::vector<InstancePtr> all;
  for (const auto& [name, entry] : instances_) all.push_back(entry.instance);
  for (const StartingPtr& starting : starting_) {
    all.push_back(starting->entry.instance);
    if (starting->bell) starting->bell->cancel();
  }
  for (const Retired& retired : retired_) all.push_back(retired.instance);
  for (const InstancePtr& instance : all) stopping.spawn("stop plugin " + instance->name(), instance->async_stop(limit));
  // Each bounds itself by limit and the grace for destroy().
  co_await stopping.async_wait(limit + 2 * context_.cancel_grace);
  // The drains see that what they waited for is over.
  co_await tasks_.async_wait(limit);
}

std::vector<ConfigFault> LocalRegistry::check(const Config& config) const {
  const Discovery found = discover_plugins(context_.bundled_paths, config.plugins.paths);
  return wanted_instances(config, found, switched_off_).faults;
}

// ---- what is there ----

Instance* LocalRegistry::find(std::string_view name) const {
  const auto found = instances_.find(name);
  return found == instances_.end() ? nullptr : found->second.instance.get();
}

std::vector<Instance*> LocalRegistry::with_extension(std::string_view extension) const {
  std::vector<Instance*> out;
  for (const auto& [name, entry] : instances_)
    if (is_serving(entry.instance->state()) && entry.instance->offers(extension)) out.push_back(entry.instance.get());
  return out;
}

std::vector<ToolEntry> LocalRegistry::tools() const {
  std::vector<ToolEntry> out;
  for (const auto& [name, entry] : tools_)
    if (is_serving(entry.instance->state())) out.push_back(entry);
  return out;
}

std::optional<ToolEntry> LocalRegistry::find_tool(std::string_view name) const {
  const auto found = tools_.find(name);
  if (found == tools_.end() || !is_serving(found->second.instance->state())) return std::nullopt;
  return found->second;
}

std::vector<std::pair<const MethodManifest*, Instance*>> LocalRegistry::methods() const {
  std::vector<std::pair<const MethodManifest*, Instance*>> out;
  for (const auto& [name, entry] : instances_)
    if (is_serving(entry.instance->state()))
      for (const MethodManifest& method : entry.instance->manifest().methods) out.emplace_back(&method, entry.instance.get());
  return out;
}

std::vector<PluginReport> LocalRegistry::reports() const {
  std::vector<PluginReport> out;
  for (const auto& [name, entry] : instances_) {
    const ManagedInstance& instance = *entry.instance;
    const Manifest& manifest = instance.manifest();
    PluginReport report;
    report.instance = name;
    report.plugin = manifest.id;
    report.version = manifest.version;
    report.language = manifest.language == Manifest::Language::lua ? "lua" : "native";
    report.state = instance_state_name(instance.state());
    report.reason = instance.state_reason();
    // One that serves although its files say otherwise: why they don't count.
    const auto refusal = refusals_.find(name);
    if (report.reason.empty() && refusal != refusals_.end()) report.reason = refusal->second.why;
    report.kinds = manifest.kinds;
    report.isolation = instance.isolation();
    report.restarts = instance.stats().restarts;
    report.is_quarantined = instance.is_quarantined();
    report.last_failure = instance.last_failure();
    if (instance.state() == InstanceState::ready) report.pid = instance.pid();
    if (report.pid > 0) report.memory = resident_bytes(report.pid);
    out.push_back(std::move(report));
  }
  for (const PluginReport& report : missing_)
    if (!instances_.contains(report.instance)) out.push_back(report);
  return out;
}

// ---- parts of a change ----

/// Inside the daemon or in a process of its own.
LocalRegistry::InstancePtr LocalRegistry::make(const WantedInstance& want, const Manifest& manifest, Isolation isolation) {
  InstanceOptions instance;
  instance.name = want.name;
  instance.manifest = manifest;
  instance.manifest.routes = want.routes;
  instance.settings = want.settings;
  instance.backends = {context_.core, context_.clock, context_.http, context_.kv, context_.methods, context_.channels,
                       context_.websockets};
  instance.cancel_grace = context_.cancel_grace;
  if (isolation == Isolation::none) return LocalInstance::make({std::move(instance), &pool_, &blocking_});
  return RemoteInstance::make({std::move(instance), context_.plugin_host, context_.remote, context_.owner});
}

Isolation LocalRegistry::isolation_of(const Manifest& manifest, const Config& config) {
  const auto chosen = config.plugins.isolation_of.find(manifest.id);
  if (chosen != config.plugins.isolation_of.end()) return chosen->second;
  return manifest.bundled ? config.plugins.isolation_bundled : config.plugins.isolation_default;
}

void LocalRegistry::remember_missing(const Wanted& wanted) {
  missing_.clear();
  for (const Error& fault : found_->faults) {
    PluginReport report;
    report.state = "failed";
    report.reason = fault.message;
    missing_.push_back(std::move(report));
  }
  for (const auto& [name, error] : wanted.missing) {
    PluginReport report;
    report.instance = name;
    report.state = error.code == Code::unavailable ? "stopped" : "failed";
    report.reason = error.message;
    missing_.push_back(std::move(report));
  }
}

/// Tools and routes of all instances, anew.
void LocalRegistry::index() {
  tools_.clear();
  routes_ = {};
  std::set<std::string> clashes;
  const auto clash = [&](const std::string& name, std::string text) {
    if (!clashes_.contains(text)) log::error(name, "{}", text);
    clashes.insert(std::move(text));
  };
  for (const auto& [name, entry] : instances_) {
    if (!is_serving(entry.instance->state())) continue;
    for (const ToolManifest& tool : entry.tools) {
      const auto [place, fresh] = tools_.try_emplace(tool.name, ToolEntry{tool, entry.instance.get()});
      if (!fresh)
        clash(name, fmt::format("tool {} is offered by {} already; that of {} is left out", tool.name,
                                place->second.instance->name(), name));
    }
    for (const RouteManifest& route : entry.instance->manifest().routes) {
      const auto added = routes_.add(route, *entry.instance);
      if (added.has_error()) clash(name, added.error().message);
    }
  }
  clashes_ = std::move(clashes);
  if (changed_) changed_();
}

std::unique_ptr<Registry> make_registry(RegistryContext context) {
  return std::make_unique<LocalRegistry>(std::move(context));
}

}  // namespace hobd
