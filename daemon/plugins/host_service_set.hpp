// What the host does for one plugin: HTTP, WebSockets, kv, secrets, methods, channel events. Speaks in
// operation ids, statuses and bytes alone; the C function tables (host_tables.hpp) and, for a plugin in another
// process, a frame reader are thin skins over it.
//
// Every function that starts an operation may be called on any thread and copies what it keeps. The work runs
// on the core thread; events and the one result go through the PluginPort, never before the function returned.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/http_client.hpp"
#include "net/websocket_client.hpp"
#include "plugins/host_services.hpp"
#include "plugins/url_policy.hpp"
#include "store/store.hpp"

#include "hob/plugin.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hobd {

/// The way back into a plugin. Implemented by the kinds of Instance.
class PluginPort {
 public:
  virtual ~PluginPort() = default;
  /// hob_ext_operation::event, queued. `waiting` loses the size of `data` once the plugin has taken it. Thread: any.
  virtual void operation_event(hob_id operation, std::uint32_t kind, std::string data,
                               std::shared_ptr<std::atomic<std::size_t>> waiting) = 0;
  /// hob_ext_operation::result, queued. Thread: any.
  virtual void operation_result(hob_id operation, hob_status status, std::string result) = 0;
  /// Who asked for a call in flight. not_found: no such call, or nobody but the daemon. Core thread.
  virtual Result<Principal> principal_of(hob_id call) const = 0;
};

using WebSocketFactory = std::function<std::shared_ptr<WebSocketClient>(asio::any_io_executor, WebSocketClientOptions)>;

/// What the services are made of. Borrowed; outlives them.
struct ServiceBackends {
  asio::any_io_executor core;
  const Clock* clock = nullptr;
  HttpClient* http = nullptr;
  Kv* kv = nullptr;
  MethodInvoker* methods = nullptr;
  ChannelSink* channels = nullptr;
  WebSocketFactory websockets;
};

class HostServiceSet : public std::enable_shared_from_this<HostServiceSet> {  // shared: operations outlive the instance
 public:
  HostServiceSet(ServiceBackends backends, std::weak_ptr<PluginPort> port, std::string instance, const Manifest& manifest,
                 json::object settings);

  /// New settings: the granted hosts and the secrets follow. Core thread.
  void set_settings(json::object settings);
  /// Ends every operation with cancelled and refuses new ones. Thread: core.
  void close();
  std::size_t in_flight() const;
  /// Writes a line in the instance's name, within bounds. Thread: any.
  void log(std::int32_t level, std::string_view text);
  const Clock& clock() const { return *backends_.clock; }
  const std::string& instance() const { return instance_; }
  const Manifest& manifest() const { return manifest_; }

  // [any] all of them
  void http_request(hob_id operation, std::string request_json, std::string body);
  void websocket_open(hob_id operation, std::string request_json);
  hob_status websocket_send(hob_id operation, std::string_view data, bool is_text);
  void websocket_close(hob_id operation, std::int32_t code, std::string reason);
  void kv_get(hob_id operation, std::string key);
  void kv_set(hob_id operation, std::string key, std::string value);
  void kv_remove(hob_id operation, std::string key);
  void kv_list(hob_id operation, std::string prefix, std::string after);
  void secret_read(hob_id operation, std::string name);
  void method_invoke(hob_id operation, std::string method, std::string params_json, std::string options_json);
  void channel_deliver(hob_id operation, std::string event_json);
  /// Asks any operation to end; its result still comes. Unknown ids are ignored.
  void cancel(hob_id operation);

 private:
  struct Operation;
  class End;
  using OperationPtr = std::shared_ptr<Operation>;  // shared by the table and the coroutine that works on it
  using Work = std::function<awaitable<Result<std::string>>(HostServiceSet&, OperationPtr)>;

  void start(hob_id operation, Work work);
  static awaitable<void> run(End end, OperationPtr operation, Work work);
  void end(hob_id operation, Result<std::string> result);
  bool event(const OperationPtr& operation, std::uint32_t kind, std::string data);
  OperationPtr find(hob_id operation) const;

  awaitable<Result<std::string>> do_http(OperationPtr operation, std::string request_json, std::string body);
  awaitable<Result<std::string>> do_websocket(OperationPtr operation, std::string request_json);
  awaitable<Result<std::string>> do_kv_get(std::string key);
  awaitable<Result<std::string>> do_kv_set(std::string key, std::string value);
  awaitable<Result<std::string>> do_kv_remove(std::string key);
  awaitable<Result<std::string>> do_kv_list(std::string prefix, std::string after);
  awaitable<Result<std::string>> do_secret(std::string name);
  awaitable<Result<std::string>> do_method(OperationPtr operation, std::string method, std::string params,
                                           std::string options);
  awaitable<Result<std::string>> do_deliver(std::string event_json);
  Result<Principal> asker(const json::object& options) const;
  Result<void> check_scope(const std::string& method) const;
  struct Outgoing;
  Result<Outgoing> prepare(const json::object& request, std::string_view plain, std::string_view secure) const;

  ServiceBackends backends_;
  std::weak_ptr<PluginPort> port_;
  const std::string instance_;
  log::Throttle log_;
  const Manifest manifest_;
  json::object settings_;                    // core thread
  std::shared_ptr<const UrlPolicy> policy_;  // core thread; shared by running requests, which keep their own

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::unordered_map<hob_id, OperationPtr> operations_;
};

}  // namespace hobd
