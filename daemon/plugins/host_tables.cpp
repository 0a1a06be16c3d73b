#include "plugins/host_tables.hpp"

#include "base/log.hpp"

#include "hob/ext/channel.h"
#include "hob/ext/clock.h"
#include "hob/ext/executor.h"
#include "hob/ext/http.h"
#include "hob/ext/kv.h"
#include "hob/ext/log.h"
#include "hob/ext/method.h"
#include "hob/ext/secret.h"
#include "hob/ext/timer.h"
#include "hob/ext/websocket.h"

#include <algorithm>
#include <cstring>

namespace hobd {
namespace {

const HostParts& parts_of(const hob_host* host) { return static_cast<const PluginHost*>(host->host_data)->parts(); }
HostServiceSet& services(const hob_host* host) { return *parts_of(host).services; }

std::string_view view(hob_str text) { return text.size ? std::string_view(text.data, text.size) : std::string_view{}; }
std::string copy(hob_str text) { return std::string(view(text)); }

/// No exception crosses into a plugin.
template <class Work>
void guarded(const hob_host* host, const char* name, Work work) noexcept {
  try {
    work();
  } catch (const std::exception& e) {
    log::error(parts_of(host).instance, "{}: {}", name, e.what());
  }
}
template <class Work>
hob_status guarded_status(const hob_host* host, const char* name, Work work) noexcept {
  hob_status status = HOB_INTERNAL;
  guarded(host, name, [&] { status = work(); });
  return status;
}

hob_status call_emit(const hob_host* h, hob_id call, hob_str chunk) {
  return guarded_status(h, "emit", [&] { return parts_of(h).calls->emit(call, view(chunk)); });
}
hob_status call_finish(const hob_host* h, hob_id call, hob_status status, hob_str result) {
  return guarded_status(h, "finish", [&] { return parts_of(h).calls->finish(call, status, view(result)); });
}
int32_t call_is_cancelled(const hob_host* h, hob_id call) {
  int32_t answer = 1;
  guarded(h, "is_cancelled", [&] { answer = parts_of(h).calls->is_cancelled(call) ? 1 : 0; });
  return answer;
}
constexpr hob_host_call kCall = {sizeof(hob_host_call), 0, call_emit, call_finish, call_is_cancelled};

void log_write(const hob_host* h, int32_t level, hob_str text) {
  guarded(h, "log", [&] { services(h).log(level, view(text)); });
}
constexpr hob_host_log kLog = {sizeof(hob_host_log), 0, log_write};

int64_t clock_now(const hob_host* h) { return to_micros(services(h).clock().now()); }
int64_t clock_monotonic(const hob_host* h) {
  const auto since = services(h).clock().steady().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}
constexpr hob_host_clock kClock = {sizeof(hob_host_clock), 0, clock_now, clock_monotonic};

hob_status timer_start(const hob_host* h, hob_id timer, uint64_t delay_ms, uint64_t repeat_ms) {
  return guarded_status(h, "timer start", [&] { return parts_of(h).timers->start(timer, delay_ms, repeat_ms); });
}
void timer_stop(const hob_host* h, hob_id timer) {
  guarded(h, "timer stop", [&] { parts_of(h).timers->stop(timer); });
}
constexpr hob_host_timer kTimer = {sizeof(hob_host_timer), 0, timer_start, timer_stop};

void executor_post(const hob_host* h, hob_id task) {
  guarded(h, "executor post", [&] { parts_of(h).post(task); });
}
void executor_run_blocking(const hob_host* h, hob_id task) {
  guarded(h, "executor run_blocking", [&] { parts_of(h).run_blocking(task); });
}
constexpr hob_host_executor kExecutor = {sizeof(hob_host_executor), 0, executor_post, executor_run_blocking};

void kv_get(const hob_host* h, hob_id op, hob_str key) {
  guarded(h, "kv get", [&] { services(h).kv_get(op, copy(key)); });
}
void kv_set(const hob_host* h, hob_id op, hob_str key, hob_str value) {
  guarded(h, "kv set", [&] { services(h).kv_set(op, copy(key), copy(value)); });
}
void kv_remove(const hob_host* h, hob_id op, hob_str key) {
  guarded(h, "kv remove", [&] { services(h).kv_remove(op, copy(key)); });
}
void kv_list(const hob_host* h, hob_id op, hob_str prefix, hob_str after) {
  guarded(h, "kv list", [&] { services(h).kv_list(op, copy(prefix), copy(after)); });
}
constexpr hob_host_kv kKv = {sizeof(hob_host_kv), 0, kv_get, kv_set, kv_remove, kv_list};

void secret_read(const hob_host* h, hob_id op, hob_str name) {
  guarded(h, "secret read", [&] { services(h).secret_read(op, copy(name)); });
}
constexpr hob_host_secret kSecret = {sizeof(hob_host_secret), 0, secret_read};

void operation_cancel(const hob_host* h, hob_id op) {
  guarded(h, "cancel", [&] { services(h).cancel(op); });
}
void http_request(const hob_host* h, hob_id op, hob_str request, hob_str body) {
  guarded(h, "http request", [&] { services(h).http_request(op, copy(request), copy(body)); });
}
constexpr hob_host_http kHttp = {sizeof(hob_host_http), 0, http_request, operation_cancel};

void websocket_open(const hob_host* h, hob_id op, hob_str request) {
  guarded(h, "websocket open", [&] { services(h).websocket_open(op, copy(request)); });
}
hob_status websocket_send(const hob_host* h, hob_id op, int32_t is_text, hob_str data) {
  return guarded_status(h, "websocket send", [&] { return services(h).websocket_send(op, view(data), is_text != 0); });
}
void websocket_close(const hob_host* h, hob_id op, int32_t code, hob_str reason) {
  guarded(h, "websocket close", [&] { services(h).websocket_close(op, code, copy(reason)); });
}
constexpr hob_host_websocket kWebsocket = {sizeof(hob_host_websocket), 0, websocket_open, websocket_send, websocket_close};

void method_invoke(const hob_host* h, hob_id op, hob_str method, hob_str params, hob_str options) {
  guarded(h, "method invoke", [&] { services(h).method_invoke(op, copy(method), copy(params), copy(options)); });
}
constexpr hob_host_method kMethod = {sizeof(hob_host_method), 0, method_invoke, operation_cancel};

void channel_deliver(const hob_host* h, hob_id op, hob_str event) {
  guarded(h, "channel deliver", [&] { services(h).channel_deliver(op, copy(event)); });
}
constexpr hob_host_channel kChannel = {sizeof(hob_host_channel), 0, channel_deliver};

constexpr struct {
  const char* id;
  const void* table;
} kTables[] = {{HOB_HOST_CALL, &kCall},     {HOB_HOST_LOG, &kLog},           {HOB_HOST_CLOCK, &kClock},
               {HOB_HOST_TIMER, &kTimer},   {HOB_HOST_EXECUTOR, &kExecutor}, {HOB_HOST_KV, &kKv},
               {HOB_HOST_SECRET, &kSecret}, {HOB_HOST_HTTP, &kHttp},         {HOB_HOST_WEBSOCKET, &kWebsocket},
               {HOB_HOST_METHOD, &kMethod}, {HOB_HOST_CHANNEL, &kChannel}};

const void* get_extension(const hob_host* h, const char* id) {
  if (!h || !id || !is_granted(services(h).manifest(), id)) return nullptr;
  for (const auto& entry : kTables)
    if (std::strcmp(entry.id, id) == 0) return entry.table;
  return nullptr;
}

}  // namespace

bool is_granted(const Manifest& manifest, std::string_view id) {
  const Permissions& granted = manifest.permissions;
  if (id == HOB_HOST_KV) return granted.kv > 0;
  if (id == HOB_HOST_SECRET) return !granted.secrets_read.empty();
  if (id == HOB_HOST_HTTP || id == HOB_HOST_WEBSOCKET) return !granted.http.empty();
  if (id == HOB_HOST_METHOD) return !granted.methods.empty();
  if (id == HOB_HOST_CHANNEL) return manifest.has_kind("channel");
  return id == HOB_HOST_CALL || id == HOB_HOST_LOG || id == HOB_HOST_CLOCK || id == HOB_HOST_TIMER || id == HOB_HOST_EXECUTOR;
}

std::vector<std::string_view> granted_extensions(const Manifest& manifest) {
  std::vector<std::string_view> out;
  for (const auto& entry : kTables)
    if (is_granted(manifest, entry.id)) out.push_back(entry.id);
  return out;
}

PluginHost::PluginHost(HostParts parts)
    : parts_(std::move(parts)),
      host_{sizeof(hob_host), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, this, get_extension} {}

}  // namespace hobd
