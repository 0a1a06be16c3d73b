// hob::test::Host: a Hob for one plugin, played from a script. See testkit.hpp for how it reads.
//
// The thread of the test is the strand: the plugin's functions run inside tool(), run(), advance() and the like, nowhere
// else. Nothing is answered inside the function that asked: answers wait in a queue, run() delivers them. Time stands
// still but for advance(), and but for a call that waits for a timer: tool() and finish() then go on to that timer.
// run_blocking() runs on threads of its own; a plugin may call the host from any thread.
#pragma once

#include <hob/cpp/sse.hpp>
#include <hob/ext/channel.h>
#include <hob/ext/clock.h>
#include <hob/ext/config.h>
#include <hob/ext/embedder.h>
#include <hob/ext/executor.h>
#include <hob/ext/http.h>
#include <hob/ext/kv.h>
#include <hob/ext/log.h>
#include <hob/ext/method.h>
#include <hob/ext/provider.h>
#include <hob/ext/routes.h>
#include <hob/ext/secret.h>
#include <hob/ext/timer.h>
#include <hob/ext/tool.h>
#include <hob/ext/websocket.h>
#include "records.hpp"
#include "text.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace hob::test {

inline hob_str borrow(std::string_view text) { return {text.data(), text.size()}; }
inline std::string copy(hob_str text) { return text.data ? std::string(text.data, text.size) : std::string(); }

struct Options {
  std::string config = "{}";
  std::set<std::string> withheld = {};  // services that are not granted: "hob.host.http/1"
  std::map<std::string, std::string> secrets = {};  // what "secrets.read" reads
  std::size_t kv_quota = 1 << 20;
  std::int64_t now_us = 1'795'219'200'000'000;  // 2026-11-21T00:00:00Z
#ifdef HOB_PLUGIN_FILE
  std::string file = HOB_PLUGIN_FILE;
#else
  std::string file = {};
#endif
};

class Host {
 public:
  /// Loads the plugin of `options.file` and activates it, if there is a file. Throws std::runtime_error with the reason and the
  /// last line of its log.
  explicit Host(Options options = {}) : options_(std::move(options)), now_us_(options_.now_us) {
    host_ = {sizeof(hob_host), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, this, get_extension};
    if (options_.file.empty()) return;
    create([this](const hob_host* host, hob_plugin** out) { return entry_of(options_.file)->create(host, out); });
    if (created != HOB_OK) throw std::runtime_error("create() answered " + std::to_string(created) + last_words());
    if (activate(options_.config) == HOB_OK) return;
    const std::string refusal = "activate() answered " + std::to_string(activated) + last_words();
    destroy();  // a constructor that throws has no destructor
    throw std::runtime_error(refusal);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() { destroy(); }

  // ---- the script: what the host answers ----
  std::deque<HttpReply> http;  // consumed in order; then comes on_http, else HOB_UNAVAILABLE
  std::function<HttpReply(const HttpRequest&)> on_http;
  std::function<MethodReply(const MethodCall&)> on_method;  // none: HOB_DENIED
  std::map<std::string, std::string> kv;
  std::set<std::string> delivered_ids;  // ids that deliver() answers as duplicates
  hob_status emit_answer = HOB_OK, timer_answer = HOB_OK;
  /// Ends every operation at once so, as a host in trouble does.
  std::optional<std::pair<hob_status, std::string>> trouble;

  // ---- the record: what the plugin did ----
  hob_status created = -1, activated = -1;
  std::deque<HttpRequest> requests;
  std::deque<Socket> sockets;
  std::deque<MethodCall> methods;
  std::vector<std::string> delivered;  // the events
  std::vector<LogLine> log;
  std::set<std::string> asked_for;      // extensions of the host
  int stray_answers = 0;                // finish() and emit() for calls that there never were
  int second_answers = 0;               // finish() for calls that were answered
  std::string longest_function;         // that held the strand, and for how long
  std::chrono::nanoseconds longest{0};
  /// Called before each function of the plugin, with its name.
  std::function<void(const char*)> on_enter;

  hob_plugin* plugin() const { return plugin_; }
  hob_host& raw() { return host_; }
  const Options& options() const { return options_; }

  /// The entry of a library. Never closed, as in the daemon.
  static const hob_entry* entry_of(const std::string& file) {
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(dlerror());
    const auto* entry = static_cast<const hob_entry*>(dlsym(library, HOB_ENTRY_SYMBOL));
    if (!entry) throw std::runtime_error(file + " exports no " HOB_ENTRY_SYMBOL);
    return entry;
  }

  // ---- life ----
  hob_status create(const std::function<hob_status(const hob_host*, hob_plugin**)>& make) {
    enter("create", [&] { created = make(&host_, &plugin_); });
    if (created != HOB_OK) plugin_ = nullptr;
    return created;
  }
  hob_status activate(const std::string& config) {
    enter("activate", [&] { activated = plugin_->activate(plugin_, borrow(config)); });
    return activated;
  }
  void destroy() {
    if (!plugin_) return;
    join();
    queue_.clear();
    enter("destroy", [&] { plugin_->destroy(plugin_); });
    plugin_ = nullptr;
  }
  template <class Table>
  const Table* offers(const char* id) const {
    return static_cast<const Table*>(plugin_->get_extension(plugin_, id));
  }

  // ---- calls, run to their end ----
  const Answer& describe() { return finish(begin("tool.describe", [](auto* p, auto id, auto& me) { me.template need<hob_ext_tool>(HOB_EXT_TOOL)->describe(p, id); })); }
  const Answer& tool(const std::string& name, const std::string& arguments, const std::string& context = "{}") {
    return finish(begin_tool(name, arguments, context));
  }
  const Answer& complete(const std::string& chat) { return finish(begin_complete(chat)); }
  const Answer& models() { return finish(begin("provider.models", [](auto* p, auto id, auto& me) { me.template need<hob_ext_provider>(HOB_EXT_PROVIDER)->models(p, id); })); }
  const Answer& embedder() { return finish(begin("embedder.describe", [](auto* p, auto id, auto& me) { me.template need<hob_ext_embedder>(HOB_EXT_EMBEDDER)->describe(p, id); })); }
  const Answer& embed(const std::string& request) {
    return finish(begin("embedder.embed", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_embedder>(HOB_EXT_EMBEDDER)->embed(p, id, borrow(request)); }));
  }
  const Answer& start_channel() { return finish(begin("channel.start", [](auto* p, auto id, auto& me) { me.template need<hob_ext_channel>(HOB_EXT_CHANNEL)->start(p, id); })); }
  const Answer& stop_channel() { return finish(begin("channel.stop", [](auto* p, auto id, auto& me) { me.template need<hob_ext_channel>(HOB_EXT_CHANNEL)->stop(p, id); })); }
  const Answer& send(const std::string& message) { return finish(begin_send(message)); }
  const Answer& route(const std::string& head, const std::string& body = "") { return finish(begin_route(head, body)); }
  const Answer& method(const std::string& name, const std::string& params, const std::string& user = "{}") {
    return finish(begin("method.invoke", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_method>(HOB_EXT_METHOD)->invoke(p, id, borrow(name), borrow(params), borrow(user)); }));
  }
  const Answer& configure(const std::string& config) {
    return finish(begin("config.configure", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_config>(HOB_EXT_CONFIG)->configure(p, id, borrow(config)); }));
  }

  // ---- the same, only begun: run(), advance(), cancel(), look, finish() ----
  hob_id begin_tool(const std::string& name, const std::string& arguments, const std::string& context = "{}") {
    return begin("tool.invoke", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_tool>(HOB_EXT_TOOL)->invoke(p, id, borrow(name), borrow(arguments), borrow(context)); });
  }
  hob_id begin_complete(const std::string& chat) {
    return begin("provider.complete", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_provider>(HOB_EXT_PROVIDER)->complete(p, id, borrow(chat)); });
  }
  hob_id begin_send(const std::string& message) {
    return begin("channel.send", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_channel>(HOB_EXT_CHANNEL)->send(p, id, borrow(message)); });
  }
  hob_id begin_route(const std::string& head, const std::string& body = "") {
    return begin("routes.request", [&](auto* p, auto id, auto& me) { me.template need<hob_ext_routes>(HOB_EXT_ROUTES)->request(p, id, borrow(head), borrow(body)); });
  }
  /// Any call: start(plugin, call, host).
  template <class Start>
  hob_id begin(const char* function, Start start) {
    hob_id id = 0;
    {
      const std::lock_guard lock(mutex_);
      id = ++last_call_;
      calls_[id];
    }
    enter(function, [&] { start(plugin_, id, *this); });
    return id;
  }
  /// What became of a call so far. The reference lasts as long as the host.
  const Answer& answer(hob_id call) {
    const std::lock_guard lock(mutex_);
    return calls_.at(call);
  }
  /// Runs until the call is answered, at most `patience` of real time where other threads work and `virtual_limit` of the host's.
  const Answer& finish(hob_id call, std::chrono::milliseconds patience = std::chrono::seconds(5),
                       std::chrono::milliseconds virtual_limit = std::chrono::minutes(10)) {
    run_until([&] { return calls_.at(call).done; }, patience, virtual_limit);
    return answer(call);
  }
  void cancel(hob_id call) {
    {
      const std::lock_guard lock(mutex_);
      cancelled_.insert(call);
    }
    enter("cancel", [&] { plugin_->cancel(plugin_, call); });
  }
  /// A message of the client of an accepted WebSocket.
  void message(hob_id call, const std::string& data, bool is_text = true) {
    enter("routes.message", [&] {
      const auto* table = need<hob_ext_routes>(HOB_EXT_ROUTES);
      if (table->message) table->message(plugin_, call, is_text ? 1 : 0, borrow(data));
    });
  }

  // ---- WebSockets that the plugin opened ----
  void open_socket(hob_id operation) {
    socket(operation).open = true;
    event(operation, HOB_EVENT_HEAD, R"({"status":101,"headers":{}})");
    run();
  }
  void socket_text(hob_id operation, const std::string& text) {
    event(operation, HOB_EVENT_DATA, text);
    run();
  }
  void close_socket(hob_id operation, int code = 1000, const std::string& reason = "") {
    socket(operation).open = false;
    result(operation, HOB_OK, R"({"code":)" + std::to_string(code) + R"(,"reason":)" + quote(reason) + "}");
    run();
  }
  void break_socket(hob_id operation) {
    socket(operation).open = false;
    result(operation, HOB_UNAVAILABLE, "the connection broke");
    run();
  }
  Socket& socket(hob_id operation) {
    const std::lock_guard lock(mutex_);
    for (Socket& one : sockets)
      if (one.operation == operation) return one;
    throw std::runtime_error("the plugin opened no such WebSocket");
  }

  // ---- time and the queue ----
  std::int64_t now_us() const { return now_us_; }
  /// Lets time pass: each timer that is due fires in its turn.
  void advance(std::chrono::milliseconds by) {
    const std::int64_t until = now_us_ + by.count() * 1000;
    for (run(); fire_next(until);) run();
    const std::lock_guard lock(mutex_);
    now_us_ = std::max(now_us_, until);
  }
  std::size_t timers() const {
    const std::lock_guard lock(mutex_);
    return timers_.size();
  }
  /// Delivers what is queued, until nothing is and no blocking task runs.
  void run() {
    for (;;) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return !queue_.empty() || blocking_ == 0; });
        if (queue_.empty()) break;
        next = std::move(queue_.front());
        queue_.pop_front();
      }
      next();
    }
    join();
  }
  /// run() and the timers, until `done()`, which is asked under the host's lock.
  void run_until(const std::function<bool()>& done, std::chrono::milliseconds patience, std::chrono::milliseconds virtual_limit) {
    const auto end = std::chrono::steady_clock::now() + patience;
    const std::int64_t until = now_us_ + virtual_limit.count() * 1000;
    for (;;) {
      run();
      {
        const std::lock_guard lock(mutex_);
        if (done()) return;
      }
      if (fire_next(until)) continue;
      if (!has_other_threads()) return;
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, end, [&] { return !queue_.empty() || done(); })) return;
    }
  }

  // ---- for the script: queue an event or the end of an operation ----
  void event(hob_id operation, std::uint32_t kind, std::string data) {
    push([this, operation, kind, data = std::move(data)] {
      if (const auto* table = offers<hob_ext_operation>(HOB_EXT_OPERATION))
        enter("operation.event", [&] { table->event(plugin_, operation, kind, borrow(data)); });
    });
  }
  void result(hob_id operation, hob_status status, std::string data) {
    push([this, operation, status, data = std::move(data)] {
      if (const auto* table = offers<hob_ext_operation>(HOB_EXT_OPERATION))
        enter("operation.result", [&] { table->result(plugin_, operation, status, borrow(data)); });
    });
  }

 private:
  struct Tables;
  friend struct Tables;
  struct Timer {
    std::int64_t due_us, repeat_us;
  };

  static Host& self(const hob_host* host) { return *static_cast<Host*>(host->host_data); }
  static const void* get_extension(const hob_host* host, const char* id);

  template <class Table>
  const Table* need(const char* id) {
    const auto* table = offers<Table>(id);
    if (!table) throw std::runtime_error(std::string("the plugin does not offer ") + id);
    return table;
  }
  std::string last_words() const { return log.empty() ? std::string() : ": " + log.back().text; }

  template <class Body>
  void enter(const char* function, Body body) {
    if (on_enter) on_enter(function);
    const auto begun = std::chrono::steady_clock::now();
    body();
    const auto took = std::chrono::steady_clock::now() - begun;
    if (took > longest) {
      longest = took;
      longest_function = function;
    }
  }
  void push(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
    changed_.notify_all();
  }
  bool fire_next(std::int64_t until) {
    hob_id id = 0;
    {
      const std::lock_guard lock(mutex_);
      auto next = std::min_element(timers_.begin(), timers_.end(), [](const auto& a, const auto& b) { return a.second.due_us < b.second.due_us; });
      if (next == timers_.end() || next->second.due_us > until) return false;
      id = next->first;
      now_us_ = std::max(now_us_, next->second.due_us);
      if (next->second.repeat_us > 0) next->second.due_us += next->second.repeat_us;
      else timers_.erase(next);
    }
    if (const auto* table = offers<hob_ext_timer>(HOB_EXT_TIMER)) enter("timer.fire", [&] { table->fire(plugin_, id); });
    return true;
  }
  static bool has_other_threads() {
    std::error_code ignored;
    std::filesystem::directory_iterator tasks("/proc/self/task", ignored);
    return std::distance(tasks, std::filesystem::directory_iterator()) > 1;
  }
  void join() {
    std::vector<std::thread> ended;
    {
      const std::lock_guard lock(mutex_);
      ended.swap(threads_);
    }
    for (std::thread& one : ended) one.join();
  }
  void answer_http(HttpRequest& request, const HttpReply& reply);

  Options options_;
  hob_host host_{};
  hob_plugin* plugin_ = nullptr;
  mutable std::mutex mutex_;  // guards the record and what follows: the plugin may call from any thread
  std::condition_variable changed_;
  std::map<hob_id, Answer> calls_;
  std::set<hob_id> cancelled_;
  std::deque<std::function<void()>> queue_;
  std::map<hob_id, Timer> timers_;
  std::vector<std::thread> threads_;
  int blocking_ = 0;
  hob_id last_call_ = 0;
  std::int64_t now_us_;
};

}  // namespace hob::test

#include "host_tables.hpp"
