#include "plugins/registry.hpp"

#include "plugins/local_instance.hpp"
#include "plugins/remote_instance.hpp"
#include "plugins/route_table.hpp"
#include "plugins/wanted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace hobd {
namespace {

constexpr std::string_view kPart = "plugins";
constexpr std::chrono::milliseconds kStartLimit{10'000};    // load and activate all
constexpr std::chrono::milliseconds kDrainLimit{5'000};     // a replaced instance
constexpr std::chrono::milliseconds kDescribeLimit{5'000};  // tool describe()
constexpr int kBlockingThreads = 4;

/// Another path is another route table: the instance is made anew.
bool same_paths(const std::vector<RouteManifest>& a, const std::vector<RouteManifest>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const RouteManifest& x, const RouteManifest& y) { return x.path == y.path; });
}

using InstancePtr = std::shared_ptr<ManagedInstance>;  // shared: its own posts and timers hold it too

class LocalRegistry final : public Registry {
 public:
  explicit LocalRegistry(RegistryContext context)
      : context_(std::move(context)), pool_(context_.pool_threads), blocking_(kBlockingThreads),
        tasks_(context_.core), channels_(context_.core) {
    if (!context_.websockets) context_.websockets = make_websocket_client;
  }

  ~LocalRegistry() override {
    for (const auto& [name, instance] : instances_) instance->close();
    for (const InstancePtr& instance : retired_) instance->close();
  }

  awaitable<void> start(std::shared_ptr<const Config> config) override {
    config_ = std::move(config);
    found_ = std::make_shared<Discovery>(discover_plugins(context_.bundled_paths, config_->plugins.paths));
    for (const Error& fault : found_->faults) log::error(kPart, "{}", fault.message);
    Wanted wanted = wanted_instances(*config_, *found_);
    remember_missing(wanted);
    std::vector<InstancePtr> fresh;
    for (WantedInstance& instance : wanted.instances) fresh.push_back(make(std::move(instance), *config_));
    co_await start_all(fresh);
    for (const InstancePtr& instance : fresh) instances_.emplace(instance->name(), instance);
    index();
    start_channels(fresh);
  }

  awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config> config) override {
    std::vector<Error> faults;
    const auto found = std::make_shared<Discovery>(discover_plugins(context_.bundled_paths, config->plugins.paths));
    Wanted wanted = wanted_instances(*config, *found);
    // Settings that don't fit leave the running instance as it is.
    std::set<std::string> kept;
    for (const auto& [name, error] : wanted.missing) {
      if (error.code != Code::invalid && error.code != Code::not_found) continue;
      faults.push_back(error.with_context(name));
      kept.insert(name);
    }
    std::vector<InstancePtr> fresh, leaving;
    for (WantedInstance& want : wanted.instances) {
      kept.insert(want.name);
      const auto running = instances_.find(want.name);
      const bool same_plugin = running != instances_.end() && running->second->state() == InstanceState::ready &&
                               running->second->manifest().id == want.manifest->id;
      if (same_plugin && running->second->settings() == want.settings) continue;
      if (same_plugin && running->second->offers(HOB_EXT_CONFIG) && same_paths(running->second->manifest().routes, want.routes)) {
        const auto taken = co_await running->second->async_configure(std::move(want.settings));
        if (taken.has_error()) faults.push_back(taken.error().with_context(want.key));
        continue;
      }
      fresh.push_back(make(std::move(want), *config));
    }
    co_await start_all(fresh);
    for (const InstancePtr& instance : fresh) {
      InstancePtr& slot = instances_[instance->name()];
      if (instance->state() != InstanceState::ready) {
        faults.push_back(Error{Code::unavailable, fmt::format("{}: {}", instance->name(), instance->state_reason())});
        if (slot && slot->state() == InstanceState::ready) {
          retired_.push_back(instance);
          continue;  // the old one keeps serving
        }
      }
      if (slot) leaving.push_back(std::move(slot));
      slot = instance;
    }
    for (auto it = instances_.begin(); it != instances_.end();) {
      if (kept.contains(it->first)) {
        ++it;
        continue;
      }
      leaving.push_back(std::move(it->second));
      it = instances_.erase(it);
    }
    config_ = std::move(config);
    found_ = found;
    remember_missing(wanted);
    index();
    start_channels(fresh);
    for (InstancePtr& instance : leaving) {
      co_await instance->async_stop(kDrainLimit);
      retired_.push_back(std::move(instance));
    }
    co_return faults;
  }

  awaitable<void> stop(std::chrono::milliseconds limit) override {
    TaskGroup stopping(context_.core);
    for (const auto& [name, instance] : instances_) stopping.spawn("stop plugin " + name, instance->async_stop(limit));
    // Each bounds itself by limit and the grace for destroy().
    co_await stopping.async_wait(limit + 2 * context_.cancel_grace);
  }

  std::vector<ConfigFault> check(const Config& config) const override {
    const Discovery found = discover_plugins(context_.bundled_paths, config.plugins.paths);
    return wanted_instances(config, found).faults;
  }

  Instance* find(std::string_view name) const override {
    const auto found = instances_.find(name);
    return found == instances_.end() ? nullptr : found->second.get();
  }

  std::vector<Instance*> with_extension(std::string_view extension) const override {
    std::vector<Instance*> out;
    for (const auto& [name, instance] : instances_)
      if (is_serving(instance->state()) && instance->offers(extension)) out.push_back(instance.get());
    return out;
  }

  std::vector<ToolEntry> tools() const override {
    std::vector<ToolEntry> out;
    for (const auto& [name, entry] : tools_)
      if (is_serving(entry.instance->state())) out.push_back(entry);
    return out;
  }

  std::optional<ToolEntry> find_tool(std::string_view name) const override {
    const auto found = tools_.find(name);
    if (found == tools_.end() || !is_serving(found->second.instance->state())) return std::nullopt;
    return found->second;
  }

  Result<RouteEntry> match_route(std::string_view method, std::string_view path) const override {
    return routes_.match(method, path);
  }
  std::vector<std::string> route_methods(std::string_view path) const override { return routes_.methods(path); }
  std::vector<RouteEntry> routes() const override { return routes_.all(); }

  std::vector<std::pair<const MethodManifest*, Instance*>> methods() const override {
    std::vector<std::pair<const MethodManifest*, Instance*>> out;
    for (const auto& [name, instance] : instances_)
      if (is_serving(instance->state()))
        for (const MethodManifest& method : instance->manifest().methods) out.emplace_back(&method, instance.get());
    return out;
  }

  std::vector<PluginReport> reports() const override {
    std::vector<PluginReport> out;
    for (const auto& [name, instance] : instances_) {
      const Manifest& manifest = instance->manifest();
      out.push_back({name, manifest.id, manifest.version, manifest.language == Manifest::Language::lua ? "lua" : "native",
                     std::string(instance_state_name(instance->state())), instance->state_reason(), manifest.kinds, std::string(instance->isolation()),
                     instance->stats().restarts});
    }
    for (const PluginReport& report : missing_)
      if (!instances_.contains(report.instance)) out.push_back(report);
    return out;
  }

 private:
  /// Inside the daemon or in a process of its own, as plugins.isolation says.
  InstancePtr make(WantedInstance want, const Config& config) {
    InstanceOptions instance;
    instance.name = std::move(want.name);
    instance.manifest = *want.manifest;
    instance.manifest.routes = std::move(want.routes);
    instance.settings = std::move(want.settings);
    instance.backends = {context_.core, context_.clock, context_.http, context_.kv, context_.methods, context_.channels,
                         context_.websockets};
    instance.cancel_grace = context_.cancel_grace;
    if (isolation_of(*want.manifest, config) == Isolation::none)
      return LocalInstance::make({std::move(instance), &pool_, &blocking_});
    return RemoteInstance::make({std::move(instance), context_.plugin_host, context_.remote, context_.owner});
  }

  static Isolation isolation_of(const Manifest& manifest, const Config& config) {
    const auto chosen = config.plugins.isolation_of.find(manifest.id);
    if (chosen != config.plugins.isolation_of.end()) return chosen->second;
    return manifest.bundled ? config.plugins.isolation_bundled : config.plugins.isolation_default;
  }

  void remember_missing(const Wanted& wanted) {
    missing_.clear();
    for (const Error& fault : found_->faults) missing_.push_back({"", "", "", "", "failed", fault.message, {}, {}, 0});
    for (const auto& [name, error] : wanted.missing) {
      const bool disabled = error.code == Code::unavailable;
      if (!disabled) log::error(kPart, "{}: {}", name, error.message);
      missing_.push_back({name, "", "", "", disabled ? "stopped" : "failed", error.message, {}, {}, 0});
    }
  }

  /// Loads, activates and describes them, all at once; one that fails is logged.
  awaitable<void> start_all(const std::vector<InstancePtr>& fresh) {
    for (const InstancePtr& instance : fresh) {
      tasks_.spawn("start plugin " + instance->name(), start_one(instance));
    }
    co_await tasks_.async_wait(kStartLimit);
    for (const InstancePtr& instance : fresh) {
      if (instance->state() == InstanceState::starting) {
        instance->give_up(fmt::format("not ready after {} ms", kStartLimit.count()));
      }
      if (instance->state() == InstanceState::failed) log::error(instance->name(), "{}", instance->state_reason());
    }
  }

  /// Last, when the tools and models are there that a message may want; nobody waits for a platform to answer.
  void start_channels(const std::vector<InstancePtr>& fresh) {
    for (const InstancePtr& instance : fresh)
      channels_.spawn("start channel " + instance->name(), instance->async_start_channel());
  }

  awaitable<void> start_one(InstancePtr instance) {
    const Result<void> result = co_await instance->async_start();
    if (result.has_error() || !instance->manifest().has_kind("tool")) co_return;
    PluginCall call;
    call.extension = HOB_EXT_TOOL;
    call.function = "describe";
    call.deadline = kDescribeLimit;
    Result<std::string> answer = co_await instance->async_call(std::move(call));
    if (answer.has_error()) {
      log::error(instance->name(), "describe: {}", answer.error().message);
      co_return;
    }
    merge_tools(*instance, *answer);
  }

  /// What describe() says fills in what the manifest leaves out. The manifest was read by the owner, so it wins.
  void merge_tools(ManagedInstance& instance, const std::string& answer) {
    std::vector<ToolManifest>& tools = described_[&instance];
    const auto document = parse_json_object(answer);
    const json::array* list = document.has_error() ? nullptr : array_at(*document, "tools");
    if (!list) return log::error(instance.name(), "describe did not answer {{\"tools\": [...]}}");
    for (const json::value& item : *list) {
      if (!item.is_object()) continue;
      const json::object& said = item.get_object();
      const std::string name(string_or(said, "name"));
      const auto declared = instance.manifest().tools.find(name);
      if (declared == instance.manifest().tools.end()) {
        log::error(instance.name(), "tool \"{}\" is refused: list it under \"tools\" in {}", name,
                   instance.manifest().file.string());
        continue;
      }
      ToolManifest tool = declared->second;
      const std::string_view description = string_or(said, "description");
      if (tool.description.empty())
        tool.description = description;
      else if (!description.empty() && description != tool.description)
        log::warn(instance.name(), "tool {}: its description differs from the manifest's, which counts", name);
      if (const json::object* parameters = object_at(said, "parameters")) {
        if (tool.parameters.is_null()) {
          const json::value schema(*parameters);
          if (const auto compiled = Schema::compile(schema); compiled.has_error()) {
            log::error(instance.name(), "tool {} is refused: parameters: {}", name, compiled.error().message);
            continue;
          }
          tool.parameters = schema;
        } else if (tool.parameters != json::value(*parameters)) {
          log::warn(instance.name(), "tool {}: its parameters differ from the manifest's, which count", name);
        }
      }
      if (tool.parameters.is_null()) tool.parameters = json::object{{"type", "object"}, {"properties", json::object{}}};
      tools.push_back(std::move(tool));
    }
  }

  /// Tools and routes of all instances, anew.
  void index() {
    tools_.clear();
    routes_ = {};
    for (const auto& [name, instance] : instances_) {
      if (!is_serving(instance->state())) continue;
      for (const ToolManifest& tool : described_[instance.get()]) {
        const auto [place, fresh] = tools_.try_emplace(tool.name, ToolEntry{tool, instance.get()});
        if (!fresh)
          log::error(name, "tool {} is offered by {} already; this one is left out", tool.name,
                     place->second.instance->name());
      }
      for (const RouteManifest& route : instance->manifest().routes) {
        const auto added = routes_.add(route, *instance);
        if (added.has_error()) log::error(name, "{}", added.error().message);
      }
    }
  }

  RegistryContext context_;
  std::shared_ptr<const Config> config_;      // shared with all who hold it over a reload
  std::shared_ptr<const Discovery> found_;
  std::map<std::string, InstancePtr, std::less<>> instances_;
  /// Replaced or abandoned ones: a pointer to one may still be about, in the daemon or in a plugin's own thread.
  std::vector<InstancePtr> retired_;
  std::vector<PluginReport> missing_;
  std::map<const Instance*, std::vector<ToolManifest>> described_;
  std::map<std::string, ToolEntry, std::less<>> tools_;
  RouteTable routes_;
  PluginPool pool_, blocking_;
  TaskGroup tasks_, channels_;  // starts
};

}  // namespace

std::unique_ptr<Registry> make_registry(RegistryContext context) {
  return std::make_unique<LocalRegistry>(std::move(context));
}

}  // namespace hobd
