// The C function tables of the host, over FrameHost. No exception crosses into a plugin.
#include "plugin_host/frame_host.hpp"

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

#include <chrono>

namespace hobd {
namespace {

FrameHost& of(const hob_host* host) { return *static_cast<FrameHost*>(host->host_data); }
std::string_view view(hob_str text) { return text.size ? std::string_view(text.data, text.size) : std::string_view{}; }

/// What is thrown here is want of memory; the caller's deadline ends what waits for it.
template <class Work>
void guarded(Work work) noexcept {
  try {
    work();
  } catch (...) {
  }
}
template <class Work>
hob_status guarded_status(Work work) noexcept {
  hob_status status = HOB_INTERNAL;
  guarded([&] { status = work(); });
  return status;
}

/// str a, str b, ..., and the last as it is.
template <class... Texts>
void operate(const hob_host* h, FrameKind kind, hob_id operation, Texts... texts) {
  guarded([&] {
    constexpr std::size_t kCount = sizeof...(texts);
    const std::string_view all[] = {view(texts)...};
    std::uint32_t sizes[kCount];
    std::string_view pieces[2 * kCount];
    std::size_t count = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      sizes[i] = std::uint32_t(all[i].size());
      if (i + 1 < kCount) pieces[count++] = {reinterpret_cast<const char*>(&sizes[i]), sizeof sizes[i]};
      pieces[count++] = all[i];
    }
    of(h).operation(kind, operation, std::span(pieces, count));
  });
}

hob_status call_emit(const hob_host* h, hob_id call, hob_str chunk) {
  return guarded_status([&] { return of(h).emit(call, view(chunk)); });
}
hob_status call_finish(const hob_host* h, hob_id call, hob_status status, hob_str result) {
  return guarded_status([&] { return of(h).finish(call, status, view(result)); });
}
int32_t call_is_cancelled(const hob_host* h, hob_id call) {
  int32_t answer = 1;
  guarded([&] { answer = of(h).is_cancelled(call) ? 1 : 0; });
  return answer;
}
constexpr hob_host_call kCall = {sizeof(hob_host_call), 0, call_emit, call_finish, call_is_cancelled};

void log_write(const hob_host* h, int32_t level, hob_str text) {
  guarded([&] { of(h).log(level, view(text)); });
}
constexpr hob_host_log kLog = {sizeof(hob_host_log), 0, log_write};

template <class Clock>
std::int64_t micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}
int64_t clock_now(const hob_host*) { return micros<std::chrono::system_clock>(); }
int64_t clock_monotonic(const hob_host*) { return micros<std::chrono::steady_clock>(); }
constexpr hob_host_clock kClock = {sizeof(hob_host_clock), 0, clock_now, clock_monotonic};

hob_status timer_start(const hob_host* h, hob_id timer, uint64_t delay_ms, uint64_t repeat_ms) {
  return guarded_status([&] { return of(h).start_timer(timer, delay_ms, repeat_ms); });
}
void timer_stop(const hob_host* h, hob_id timer) {
  guarded([&] { of(h).stop_timer(timer); });
}
constexpr hob_host_timer kTimer = {sizeof(hob_host_timer), 0, timer_start, timer_stop};

void executor_post(const hob_host* h, hob_id task) {
  guarded([&] { of(h).post(task); });
}
void executor_run_blocking(const hob_host* h, hob_id task) {
  guarded([&] { of(h).run_blocking(task); });
}
constexpr hob_host_executor kExecutor = {sizeof(hob_host_executor), 0, executor_post, executor_run_blocking};

void kv_get(const hob_host* h, hob_id op, hob_str key) { operate(h, FrameKind::kv_get, op, key); }
void kv_set(const hob_host* h, hob_id op, hob_str key, hob_str value) { operate(h, FrameKind::kv_set, op, key, value); }
void kv_remove(const hob_host* h, hob_id op, hob_str key) { operate(h, FrameKind::kv_remove, op, key); }
void kv_list(const hob_host* h, hob_id op, hob_str prefix, hob_str after) {
  operate(h, FrameKind::kv_list, op, prefix, after);
}
constexpr hob_host_kv kKv = {sizeof(hob_host_kv), 0, kv_get, kv_set, kv_remove, kv_list};

void secret_read(const hob_host* h, hob_id op, hob_str name) { operate(h, FrameKind::secret_read, op, name); }
constexpr hob_host_secret kSecret = {sizeof(hob_host_secret), 0, secret_read};

void operation_cancel(const hob_host* h, hob_id op) { operate(h, FrameKind::operation_cancel, op, hob_str{nullptr, 0}); }
void http_request(const hob_host* h, hob_id op, hob_str request, hob_str body) {
  operate(h, FrameKind::http_request, op, request, body);
}
constexpr hob_host_http kHttp = {sizeof(hob_host_http), 0, http_request, operation_cancel};

void websocket_open(const hob_host* h, hob_id op, hob_str request) {
  guarded([&] { of(h).websocket_opens(op); });
  operate(h, FrameKind::websocket_open, op, request);
}
hob_status websocket_send(const hob_host* h, hob_id op, int32_t is_text, hob_str data) {
  return guarded_status([&] { return of(h).websocket_send(op, is_text != 0, view(data)); });
}
void websocket_close(const hob_host* h, hob_id op, int32_t code, hob_str reason) {
  guarded([&] {
    const std::string_view pieces[] = {{reinterpret_cast<const char*>(&code), sizeof code}, view(reason)};
    of(h).operation(FrameKind::websocket_close, op, pieces);
  });
}
constexpr hob_host_websocket kWebsocket = {sizeof(hob_host_websocket), 0, websocket_open, websocket_send, websocket_close};

void method_invoke(const hob_host* h, hob_id op, hob_str method, hob_str params, hob_str options) {
  operate(h, FrameKind::method_invoke, op, method, params, options);
}
constexpr hob_host_method kMethod = {sizeof(hob_host_method), 0, method_invoke, operation_cancel};

void channel_deliver(const hob_host* h, hob_id op, hob_str event) { operate(h, FrameKind::channel_deliver, op, event); }
constexpr hob_host_channel kChannel = {sizeof(hob_host_channel), 0, channel_deliver};

constexpr struct {
  std::string_view id;
  const void* table;
} kTables[] = {{HOB_HOST_CALL, &kCall},           {HOB_HOST_LOG, &kLog},       {HOB_HOST_CLOCK, &kClock},
               {HOB_HOST_TIMER, &kTimer},         {HOB_HOST_EXECUTOR, &kExecutor}, {HOB_HOST_KV, &kKv},
               {HOB_HOST_SECRET, &kSecret},       {HOB_HOST_HTTP, &kHttp},     {HOB_HOST_WEBSOCKET, &kWebsocket},
               {HOB_HOST_METHOD, &kMethod},       {HOB_HOST_CHANNEL, &kChannel}};

const void* get_extension(const hob_host* h, const char* id) {
  const void* table = nullptr;
  guarded([&] { table = h && id ? of(h).extension(id) : nullptr; });
  return table;
}

}  // namespace

FrameHost::FrameHost(Link& link, const Setup& setup, std::function<void(hob_id)> run_blocking)
    : link_(link),
      host_{sizeof(hob_host), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, this, get_extension},
      run_blocking_(std::move(run_blocking)) {
  for (std::string_view rest = setup.granted; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    granted_.emplace(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

const void* FrameHost::extension(const char* id) const {
  for (const auto& entry : kTables)
    if (entry.id == id) return granted_.contains(entry.id) ? entry.table : nullptr;
  return nullptr;
}

}  // namespace hobd
