// A Hob host for tests of built plugins: loads a .so as the daemon does and plays the host from a script. One thread
// is the strand; nothing runs inside the function that started it: run() delivers what is due.
#pragma once

#include <hob/ext/clock.h>
#include <hob/ext/config.h>
#include <hob/ext/executor.h>
#include <hob/ext/http.h>
#include <hob/ext/kv.h>
#include <hob/ext/log.h>
#include <hob/ext/method.h>
#include <hob/ext/provider.h>
#include <hob/ext/routes.h>
#include <hob/ext/timer.h>
#include <hob/ext/tool.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <dlfcn.h>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fakes {

namespace json = boost::json;

/// What the host answers to one HTTP request of the plugin.
struct HttpReply {
  int status = 200;
  json::object headers;
  std::string body;                 // whole; of a status that is no 2xx, also in mode sse
  std::vector<std::string> events;  // modes sse and stream: data of events named "message"
  hob_status end = HOB_OK;          // and how it ends
  std::string error;
  bool hangs = false;               // until it is cancelled
};

struct HttpSeen {
  json::value head;
  std::string body;
};

struct CallEnd {
  bool is_done = false;
  hob_status status = -1;
  std::string result;
  std::vector<std::string> chunks;
  int finishes = 0;
};

class ScriptedHost {
 public:
  /// Loads the plugin and activates it.
  explicit ScriptedHost(const std::string& file, const std::string& config = "{}", std::set<std::string> refused = {})
      : refused_(std::move(refused)) {
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: as the daemon does
    if (!library) throw std::runtime_error(dlerror());
    entry_ = static_cast<const hob_entry*>(dlsym(library, HOB_ENTRY_SYMBOL));
    if (!entry_) throw std::runtime_error(file + " exports no entry");
    host_ = {sizeof(hob_host), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, this, get_extension};
    created = entry_->create(&host_, &plugin_);
    if (created == HOB_OK) activated = plugin_->activate(plugin_, str(config));
  }
  ScriptedHost(const ScriptedHost&) = delete;
  ~ScriptedHost() {
    run();
    if (plugin_) plugin_->destroy(plugin_);
  }

  hob_status created = -1, activated = -1;
  std::deque<HttpReply> http;     // consumed in order
  std::vector<HttpSeen> requests; // what was asked
  std::map<std::string, std::string> kv;
  std::function<std::pair<hob_status, std::string>(std::string method, json::value params, json::value options)> method;
  std::vector<std::string> log;
  std::vector<hob_id> cancelled_http;
  std::int64_t now_us = 1'795'219'200'000'000;  // 2026-11-21
  hob_status emit_answer = HOB_OK;

  const hob_entry& entry() const { return *entry_; }
  template <class Table>
  const Table* offers(const char* id) { return static_cast<const Table*>(plugin_->get_extension(plugin_, id)); }

  // ---- calls: start one, run(), look at the end ----
  template <class Start>
  hob_id call(Start start) {
    const hob_id id = ++last_call_;
    calls_[id];
    start(plugin_, id);
    return id;
  }
  hob_id tool(const std::string& name, const std::string& args, const std::string& context = "{}") {
    return call([&](hob_plugin* p, hob_id id) {
      offers<hob_ext_tool>(HOB_EXT_TOOL)->invoke(p, id, str(name), str(args), str(context));
    });
  }
  hob_id complete(const std::string& chat) {
    return call([&](hob_plugin* p, hob_id id) { offers<hob_ext_provider>(HOB_EXT_PROVIDER)->complete(p, id, str(chat)); });
  }
  hob_id models() {
    return call([&](hob_plugin* p, hob_id id) { offers<hob_ext_provider>(HOB_EXT_PROVIDER)->models(p, id); });
  }
  hob_id route(const json::object& head, const std::string& body = "") {
    const std::string text = json::serialize(head);
    return call([&](hob_plugin* p, hob_id id) { offers<hob_ext_routes>(HOB_EXT_ROUTES)->request(p, id, str(text), str(body)); });
  }
  void message(hob_id call, const std::string& text) {
    offers<hob_ext_routes>(HOB_EXT_ROUTES)->message(plugin_, call, 1, str(text));
  }
  void cancel(hob_id call) {
    cancelled_.insert(call);
    plugin_->cancel(plugin_, call);
  }
  CallEnd& end(hob_id call) { return calls_.at(call); }
  /// Runs a call to its end.
  CallEnd& finish(hob_id call) {
    run();
    return end(call);
  }
  /// Delivers everything that is due; timers fire at once, in order of their delay.
  void run() {
    while (!queue_.empty() || !timers_.empty()) {
      if (!queue_.empty()) {
        auto next = std::move(queue_.front());
        queue_.pop_front();
        next();
        continue;
      }
      if (!fires_timers) return;
      const auto first = timers_.begin();
      const hob_id timer = first->second;
      timers_.erase(first);
      offers<hob_ext_timer>(HOB_EXT_TIMER)->fire(plugin_, timer);
    }
  }
  bool fires_timers = true;

  static hob_str str(std::string_view text) { return {text.data(), text.size()}; }
  static std::string text(hob_str s) { return s.size ? std::string(s.data, s.size) : std::string(); }

 private:
  static ScriptedHost& self(const hob_host* host) { return *static_cast<ScriptedHost*>(host->host_data); }
  void result(hob_id operation, hob_status status, std::string data) {
    queue_.push_back([this, operation, status, data = std::move(data)] {
      offers<hob_ext_operation>(HOB_EXT_OPERATION)->result(plugin_, operation, status, str(data));
    });
  }
  void event(hob_id operation, std::uint32_t kind, std::string data) {
    queue_.push_back([this, operation, kind, data = std::move(data)] {
      offers<hob_ext_operation>(HOB_EXT_OPERATION)->event(plugin_, operation, kind, str(data));
    });
  }

  static hob_status emit(const hob_host* host, hob_id call, hob_str chunk) {
    auto& me = self(host);
    const auto found = me.calls_.find(call);
    if (found == me.calls_.end() || found->second.is_done) return HOB_NOT_FOUND;
    if (me.emit_answer != HOB_OK) return me.emit_answer;
    found->second.chunks.push_back(text(chunk));
    return HOB_OK;
  }
  static hob_status finish_call(const hob_host* host, hob_id call, hob_status status, hob_str result) {
    auto& me = self(host);
    const auto found = me.calls_.find(call);
    if (found == me.calls_.end() || found->second.is_done) return HOB_NOT_FOUND;
    found->second.is_done = true;
    found->second.finishes++;
    found->second.status = status;
    found->second.result = text(result);
    return HOB_OK;
  }
  static std::int32_t is_cancelled(const hob_host* host, hob_id call) { return self(host).cancelled_.count(call) ? 1 : 0; }

  static void http_request(const hob_host* host, hob_id operation, hob_str head, hob_str body) {
    auto& me = self(host);
    me.requests.push_back({json::parse(text(head)), text(body)});
    if (me.http.empty()) return me.result(operation, HOB_UNAVAILABLE, "the script has no more answers");
    const HttpReply reply = std::move(me.http.front());
    me.http.pop_front();
    const json::object reply_head{{"status", reply.status}, {"headers", reply.headers}, {"url", "http://scripted/"}};
    if (reply.status != 0) me.event(operation, HOB_EVENT_HEAD, json::serialize(reply_head));
    const auto head_value = json::parse(text(head)).as_object();
    const bool streams = head_value.contains("mode") && head_value.at("mode") == "stream" && reply.status / 100 == 2;
    std::string wire = streams ? reply.body : "";
    for (const auto& data : reply.events) {
      if (streams) wire += "data: " + data + "\n\n";
      else me.event(operation, HOB_EVENT_DATA, "message\n" + data);
    }
    // Pieces that cut events, and characters, in two.
    for (std::size_t at = 0; at < wire.size(); at += 7) me.event(operation, HOB_EVENT_DATA, wire.substr(at, 7));
    if (reply.hangs) {
      me.hanging_.insert(operation);
    } else {
      me.result(operation, reply.end, reply.end != HOB_OK ? reply.error : streams ? "" : reply.body);
    }
  }
  static void http_cancel(const hob_host* host, hob_id operation) {
    auto& me = self(host);
    me.cancelled_http.push_back(operation);
    if (me.hanging_.erase(operation)) me.result(operation, HOB_CANCELLED, "cancelled");
  }
  static void kv_get(const hob_host* host, hob_id operation, hob_str key) {
    auto& me = self(host);
    const auto found = me.kv.find(text(key));
    if (found == me.kv.end()) return me.result(operation, HOB_NOT_FOUND, "no such key");
    me.result(operation, HOB_OK, found->second);
  }
  static void kv_set(const hob_host* host, hob_id operation, hob_str key, hob_str value) {
    self(host).kv[text(key)] = text(value);
    self(host).result(operation, HOB_OK, "");
  }
  static void kv_remove(const hob_host* host, hob_id operation, hob_str key) {
    self(host).kv.erase(text(key));
    self(host).result(operation, HOB_OK, "");
  }
  static void kv_list(const hob_host* host, hob_id operation, hob_str prefix, hob_str) {
    json::array keys;
    for (const auto& [key, value] : self(host).kv) {
      if (key.starts_with(text(prefix))) keys.emplace_back(key);
    }
    self(host).result(operation, HOB_OK, json::serialize(json::object{{"keys", keys}}));
  }
  static void method_invoke(const hob_host* host, hob_id operation, hob_str name, hob_str params, hob_str options) {
    auto& me = self(host);
    if (!me.method) return me.result(operation, HOB_DENIED, "no scope");
    auto [status, result] = me.method(text(name), json::parse(text(params)), json::parse(text(options)));
    me.result(operation, status, std::move(result));
  }
  static void method_cancel(const hob_host*, hob_id) {}
  static hob_status timer_start(const hob_host* host, hob_id timer, std::uint64_t delay, std::uint64_t) {
    self(host).timers_.emplace(delay, timer);
    return HOB_OK;
  }
  static void timer_stop(const hob_host* host, hob_id timer) {
    std::erase_if(self(host).timers_, [&](const auto& entry) { return entry.second == timer; });
  }
  static void write_log(const hob_host* host, std::int32_t, hob_str line) { self(host).log.push_back(text(line)); }
  static std::int64_t clock_now(const hob_host* host) { return self(host).now_us; }
  static std::int64_t clock_monotonic(const hob_host* host) { return self(host).now_us; }
  static void post(const hob_host* host, hob_id task) {
    auto& me = self(host);
    me.queue_.push_back([&me, task] { me.offers<hob_ext_executor>(HOB_EXT_EXECUTOR)->run(me.plugin_, task); });
  }
  static void run_blocking(const hob_host* host, hob_id task) {
    auto& me = self(host);
    me.queue_.push_back([&me, task] { me.offers<hob_ext_executor>(HOB_EXT_EXECUTOR)->run_blocking(me.plugin_, task); });
  }

  static const void* get_extension(const hob_host* host, const char* id) {
    static constexpr hob_host_call call{sizeof call, 0, emit, finish_call, is_cancelled};
    static constexpr hob_host_http http{sizeof http, 0, http_request, http_cancel};
    static constexpr hob_host_kv kv{sizeof kv, 0, kv_get, kv_set, kv_remove, kv_list};
    static constexpr hob_host_method method{sizeof method, 0, method_invoke, method_cancel};
    static constexpr hob_host_timer timer{sizeof timer, 0, timer_start, timer_stop};
    static constexpr hob_host_log log{sizeof log, 0, write_log};
    static constexpr hob_host_clock clock{sizeof clock, 0, clock_now, clock_monotonic};
    static constexpr hob_host_executor executor{sizeof executor, 0, post, run_blocking};
    const std::string_view name(id);
    if (self(host).refused_.count(std::string(name))) return nullptr;
    if (name == HOB_HOST_CALL) return &call;
    if (name == HOB_HOST_HTTP) return &http;
    if (name == HOB_HOST_KV) return &kv;
    if (name == HOB_HOST_METHOD) return &method;
    if (name == HOB_HOST_TIMER) return &timer;
    if (name == HOB_HOST_LOG) return &log;
    if (name == HOB_HOST_CLOCK) return &clock;
    if (name == HOB_HOST_EXECUTOR) return &executor;
    return nullptr;
  }

  hob_host host_{};
  const hob_entry* entry_ = nullptr;
  hob_plugin* plugin_ = nullptr;
  std::set<std::string> refused_;
  std::map<hob_id, CallEnd> calls_;
  std::set<hob_id> cancelled_, hanging_;
  std::deque<std::function<void()>> queue_;
  std::multimap<std::uint64_t, hob_id> timers_;
  hob_id last_call_ = 0;
};

}  // namespace fakes
