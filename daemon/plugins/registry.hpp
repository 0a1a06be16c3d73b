// All plugins of this daemon: found, loaded, configured, started, stopped.
//
// start() discovers the manifests, decides which instances the config asks for, loads each (Boost.DLL for
// libraries, the Lua runtime for scripts) and activates it. A plugin that fails is reported and left out;
// the daemon goes on. Which instances there are:
//   - each entry of models.providers and channels names its plugin;
//   - every tool plugin and every plugin with "autostart" runs under its own id, with settings from
//     tools.<id without "tool_"> or plugins.config.<id>, unless plugins.disabled lists it.
//
// A changed manifest, code or setting gives a new instance (another process, another Lua state). It must load, activate
// and, with tools, describe itself before it takes the old one's place; tools and routes switch in one step of the core
// thread. The old one then finishes its calls in flight and goes. When the new one fails, the old one keeps serving and
// reports() say why. A library that is mapped into the daemon stays: it takes a restart, or a process of its own.
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
  bool watch_files = false;                          // take changed plugin files by itself
  std::chrono::milliseconds settle{300};             // from the last change of a file until it is looked at
  std::chrono::milliseconds drain{120'000};          // what calls of a replaced plugin have left to end by themselves
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
  bool is_quarantined = false;
  pid_t pid = -1;              // of its process; -1: none
  std::uint64_t memory = 0;    // bytes resident in its process
  std::string last_failure = {};  // what its process last died of
};

/// What became of one instance when files, settings or the owner's wish changed.
struct PluginChange {
  enum class Outcome {
    unchanged,
    started,      // it wasn't there
    reloaded,     // another one took its place
    configured,   // the same one took changed settings
    stopped,      // it leaves
    failed,       // it can't run
    kept,         // the new one failed, the old one keeps serving
    unsupported,  // it takes a restart of the daemon, the old one keeps serving
  };
  std::string instance, plugin;
  Outcome outcome = Outcome::unchanged;
  std::string text;  // a sentence for people
  bool is_fault() const { return outcome >= Outcome::failed; }
};
std::string_view outcome_name(PluginChange::Outcome outcome) noexcept;

class Registry {
 public:
  virtual ~Registry() = default;
  /// Loads and activates all instances of `config`. Faults of single plugins are in reports().
  virtual awaitable<void> start(std::shared_ptr<const Config> config) = 0;
  /// Applies a changed config to running instances (configure(), or activated anew). Faults: the old config
  /// of that instance stays, and the error says why.
  virtual awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config> config) = 0;
  /// Looks at the files again and takes what changed; what came is started, what is gone leaves. Done by itself when
  /// RegistryContext::watch_files is set.
  virtual awaitable<std::vector<PluginChange>> rescan() = 0;
  /// Puts a new instance in the place of each that `name` means (an instance, or a plugin's id), whether it changed or
  /// not; one that was quarantined starts with a clean count. not_found: no such plugin. Faults are in the changes.
  virtual awaitable<Result<std::vector<PluginChange>>> reload(std::string name) = 0;
  /// Switches an instance, or all of a plugin's, on or off, from now on and over restarts. Starts one that failed or is
  /// quarantined anew. denied: the config's plugins.disabled lists it. not_found: no such plugin.
  virtual awaitable<Result<std::vector<PluginChange>>> set_enabled(std::string name, bool enabled) = 0;
  /// Called on the core thread after each change of what runs.
  virtual void on_change(std::function<void()> changed) = 0;
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
