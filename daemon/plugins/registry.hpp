// All plugins of this daemon: found, loaded, configured, started, stopped.
//
// start() discovers the manifests, decides which instances the config asks for, loads each (Boost.DLL for
// libraries, the Lua runtime for scripts) and activates it. A plugin that fails is reported and left out;
// the daemon goes on. Which instances there are:
//   - each entry of models.providers and channels names its plugin;
//   - every tool plugin and every plugin with "autostart" runs under its own id, with settings from
//     tools.<id without "tool_"> or plugins.config.<id>, unless plugins.disabled lists it.
#pragma once

#include "config/config.hpp"
#include "net/http_client.hpp"
#include "net/websocket_client.hpp"
#include "plugins/host_services.hpp"
#include "plugins/instance.hpp"
#include "plugins/remote_limits.hpp"
#include "store/store.hpp"

#include <memory>
#include <vector>

namespace hobd {

/// Everything the host services need. Borrowed; outlives the registry.
struct RegistryContext {
  asio::any_io_executor core;
  const Clock* clock = nullptr;
  HttpClient* http = nullptr;
  Kv* kv = nullptr;
  MethodInvoker* methods = nullptr;
  ChannelSink* channels = nullptr;
  int pool_threads = 2;
  std::chrono::milliseconds cancel_grace{5'000};  // from cancel() to the forced end of a call
  /// How WebSocket clients are made; null: make_websocket_client.
  std::function<std::shared_ptr<WebSocketClient>(asio::any_io_executor, WebSocketClientOptions)> websockets = {};
  std::vector<std::filesystem::path> bundled_paths;  // folders that ship with Hob
  OwnerNotice* owner = nullptr;                      // told when a plugin is quarantined; may be null
  std::filesystem::path plugin_host = {};            // hob-plugin-host; "": found beside this program
  RemoteLimits remote = {};                          // of plugins in processes of their own
};

/// A tool as the model and the API see it.
struct ToolEntry {
  ToolManifest tool;  // description and parameters filled in
  Instance* instance = nullptr;
};

struct RouteEntry {
  const RouteManifest* route = nullptr;
  Instance* instance = nullptr;
  std::vector<std::pair<std::string, std::string>> params;  // of the match
};

struct PluginReport {
  std::string instance, plugin, version, language, state, reason;
  std::vector<std::string> kinds;
  std::string isolation = {};  // none or process; "" when it isn't loaded
  std::uint32_t restarts = 0;  // of its process
};

class Registry {
 public:
  virtual ~Registry() = default;
  /// Loads and activates all instances of `config`. Faults of single plugins are in reports().
  virtual awaitable<void> start(std::shared_ptr<const Config> config) = 0;
  /// Applies a changed config to running instances (configure(), or activated anew). Faults: the old config
  /// of that instance stays, and the error says why.
  virtual awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config> config) = 0;
  /// Cancels calls, waits at most `limit`, destroys the instances. Libraries stay mapped.
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;

  /// Checks the plugin settings of `config` against their manifests without loading code: for --check and
  /// before a reload.
  virtual std::vector<ConfigFault> check(const Config& config) const = 0;

  virtual Instance* find(std::string_view name) const = 0;
  virtual std::vector<Instance*> with_extension(std::string_view extension) const = 0;
  /// Sorted by name, ready ones only.
  virtual std::vector<ToolEntry> tools() const = 0;
  virtual std::optional<ToolEntry> find_tool(std::string_view name) const = 0;
  /// The instance that serves a path; not_found, or unsupported when only the method differs: then route_methods()
  /// has those that do.
  virtual Result<RouteEntry> match_route(std::string_view method, std::string_view path) const = 0;
  /// The methods that are routed for a path, sorted; none when nothing is served there.
  virtual std::vector<std::string> route_methods(std::string_view /*path*/) const { return {}; }
  virtual std::vector<RouteEntry> routes() const = 0;
  /// Methods that plugins provide.
  virtual std::vector<std::pair<const MethodManifest*, Instance*>> methods() const = 0;
  /// One an instance, and one a plugin that could not be loaded, with the reason.
  virtual std::vector<PluginReport> reports() const = 0;
};

std::unique_ptr<Registry> make_registry(RegistryContext context);

}  // namespace hobd
