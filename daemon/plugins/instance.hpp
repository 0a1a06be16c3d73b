// One live plugin: a manifest, a config and a way to call its extensions. Native libraries, Lua scripts
// and (in a process of their own) both again look alike from here.
//
// Everything above this folder calls plugins through Instance and is called back through the small
// interfaces in host_services.hpp. All functions on the core thread; the plugin itself runs on its strand
// of the plugin pool.
#pragma once

#include "base/principal.hpp"
#include "base/task_group.hpp"
#include "plugins/manifest.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hobd {

/// One call of an extension's function. Which members matter depends on it:
///   hob.tool/1      describe; invoke(name, payload = arguments, extra = context)
///   hob.provider/1  complete(payload); models
///   hob.embedder/1  describe; embed(payload)
///   hob.channel/1   start; stop; send(payload)
///   hob.routes/1    request(payload = head, extra = body)
///   hob.method/1    invoke(name, payload = params, extra = user)
///   hob.config/1    configure(payload)
struct PluginCall {
  std::string extension;  // "hob.tool/1"
  std::string function;   // "invoke"
  std::string name;
  std::string payload;    // JSON
  std::string extra;
  std::chrono::milliseconds deadline{30'000};  // 0: none (routes, streams)
  /// Whose request this is: what "as_call" of the method service means. Empty for the daemon's own.
  std::optional<Principal> principal;
  /// Called on the core thread for each chunk, in order, before the end. Returning false stops the flow:
  /// the plugin sees emit() answered with cancelled.
  std::function<bool(std::string chunk)> on_chunk;
};

/// restarting: its process ended, another one comes. Its tools and routes stay; what can't wait is unavailable.
enum class InstanceState { starting, ready, restarting, failed, stopped, stuck };
std::string_view instance_state_name(InstanceState state) noexcept;
/// Whether calls to it make sense.
inline bool is_serving(InstanceState state) { return state == InstanceState::ready || state == InstanceState::restarting; }

struct InstanceStats {
  std::uint64_t calls = 0, failures = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t restarts = 0;  // of its process, after it ended uninvited
};

class Instance {
 public:
  virtual ~Instance() = default;
  /// The key in the config ("local", "discord"), or the plugin's id.
  virtual const std::string& name() const = 0;
  virtual const Manifest& manifest() const = 0;
  virtual InstanceState state() const = 0;
  virtual const std::string& state_reason() const = 0;  // why it failed or is stuck
  virtual InstanceStats stats() const = 0;
  /// Whether the plugin answers this extension id.
  virtual bool offers(std::string_view extension) const = 0;

  /// Runs one call to its one answer. The result is the plugin's bytes. Errors: the plugin's own, timeout at the
  /// deadline (the plugin is asked to cancel and given 5 s; one that then still holds its strand is marked
  /// stuck), unsupported (no such extension), unavailable (not ready). Asio cancellation asks the plugin to
  /// cancel and still waits for its answer, at most those 5 s.
  virtual awaitable<Result<std::string>> async_call(PluginCall call) = 0;

  /// The same for those who need the call's id, to send more into it (WebSocket messages) or to cancel it.
  /// `done` is called once, on the core thread, never inside this function.
  virtual std::uint64_t start_call(PluginCall call, std::function<void(Result<std::string>)> done) = 0;
  virtual void cancel_call(std::uint64_t call) = 0;
  /// hob.routes/1 message(): one WebSocket message into the call.
  virtual void send_message(std::uint64_t call, std::string data, bool is_text) = 0;
};

}  // namespace hobd
