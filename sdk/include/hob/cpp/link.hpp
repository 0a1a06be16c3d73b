// The wrapper's side of the ABI: the host's tables, the operations and timers in flight, and hob::Call.
#pragma once

#include "../ext/channel.h"
#include "../ext/clock.h"
#include "../ext/config.h"
#include "../ext/embedder.h"
#include "../ext/executor.h"
#include "../ext/http.h"
#include "../ext/kv.h"
#include "../ext/log.h"
#include "../ext/method.h"
#include "../ext/provider.h"
#include "../ext/routes.h"
#include "../ext/secret.h"
#include "../ext/timer.h"
#include "../ext/tool.h"
#include "../ext/websocket.h"
#include "error.hpp"
#include "json.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hob::detail {

/// A function of a table is there when the table is, is long enough and holds it.
#define HOB_HAS(table, member)                                                                        \
  ((table) && (table)->struct_size >= offsetof(std::remove_cvref_t<decltype(*(table))>, member) + \
                                          sizeof((table)->member) && (table)->member)

/// What comes back for one operation.
struct Operation {
  std::function<void(std::uint32_t kind, std::string_view data)> on_event;  // may be null
  std::function<void(Code, std::string_view result)> on_result;
};

class Link {
 public:
  explicit Link(const hob_host* host) : host_(host) {
    call_ = find<hob_host_call>(HOB_HOST_CALL);
  }

  const hob_host* host() const noexcept { return host_; }

  /// A table of the host; null when it is unknown or not granted. [any]
  template <class Table>
  const Table* find(const char* id) const {
    return static_cast<const Table*>(host_->get_extension(host_, id));
  }
  /// The same; throws denied with what the manifest must say.
  template <class Table>
  const Table* need(const char* id, const char* what, const char* line) const {
    if (const Table* table = find<Table>(id)) return table;
    throw Error{denied, std::string(what) + " is not granted to this plugin: " + line};
  }

  // ---- calls [any] ----
  hob_status emit(hob_id call, std::string_view chunk) const noexcept {
    return HOB_HAS(call_, emit) ? call_->emit(host_, call, borrow(chunk)) : HOB_UNSUPPORTED;
  }
  hob_status finish(hob_id call, Code code, std::string_view result) noexcept {
    drop(call);
    return HOB_HAS(call_, finish) ? call_->finish(host_, call, code, borrow(result)) : HOB_UNSUPPORTED;
  }
  bool is_cancelled(hob_id call) const noexcept {
    return HOB_HAS(call_, is_cancelled) && call_->is_cancelled(host_, call) != 0;
  }

  /// The call whose handler runs now: while an exception passes through that handler, its Call is left open
  /// for serve() to answer with the exception's own words.
  void set_serving(hob_id call) noexcept { serving_ = call; }
  bool is_passing_error(hob_id call) const noexcept { return serving_ == call && std::uncaught_exceptions() > 0; }

  using Listener = std::function<void()>;
  using MessageListener = std::function<void(bool is_text, std::string_view data)>;
  void on_cancel(hob_id call, Listener listener) {
    std::lock_guard lock(mutex_);
    watched_[call].cancel = std::make_shared<Listener>(std::move(listener));
  }
  void on_message(hob_id call, MessageListener listener) {
    std::lock_guard lock(mutex_);
    watched_[call].message = std::make_shared<MessageListener>(std::move(listener));
  }
  void cancel(hob_id call) {  // [plugin]
    if (auto listener = watched(call).cancel) (*listener)();
  }
  void message(hob_id call, bool is_text, std::string_view data) {  // [plugin]
    if (auto listener = watched(call).message) (*listener)(is_text, data);
  }

  // ---- operations [plugin] ----
  hob_id add(Operation operation) {
    const hob_id id = ++last_id_;
    operations_.emplace(id, std::move(operation));
    return id;
  }
  /// Starts an operation: `start` gets its id. What `start` throws leaves nothing behind.
  template <class Start>
  hob_id begin(Operation operation, Start&& start) {
    const hob_id id = add(std::move(operation));
    try {
      start(id);
    } catch (...) {
      operations_.erase(id);
      throw;
    }
    return id;
  }
  void event(hob_id id, std::uint32_t kind, std::string_view data) {
    const auto found = operations_.find(id);
    if (found != operations_.end() && found->second.on_event) found->second.on_event(kind, data);
  }
  void result(hob_id id, Code code, std::string_view data) {
    auto node = operations_.extract(id);
    if (node && node.mapped().on_result) node.mapped().on_result(code, data);
  }

  // ---- timers [plugin] ----
  hob_id add_timer(std::uint64_t delay_ms, std::uint64_t repeat_ms, Listener fire) {
    const auto* table = need<hob_host_timer>(HOB_HOST_TIMER, "the timer service", "this host offers none");
    const hob_id id = ++last_id_;
    timers_.emplace(id, Timer{std::make_shared<Listener>(std::move(fire)), repeat_ms != 0});
    const Code code = to_code(HOB_HAS(table, start) ? table->start(host_, id, delay_ms, repeat_ms) : HOB_UNSUPPORTED);
    if (code != ok) {
      timers_.erase(id);
      throw Error{code, "start a timer: " + std::string(code == overloaded ? "too many are running" : "the host refused")};
    }
    return id;
  }
  void stop_timer(hob_id id) {
    if (timers_.erase(id) == 0) return;
    const auto* table = find<hob_host_timer>(HOB_HOST_TIMER);
    if (HOB_HAS(table, stop)) table->stop(host_, id);
  }
  void fire(hob_id id) {
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    const auto listener = found->second.fire;
    if (!found->second.repeats) timers_.erase(found);
    (*listener)();
  }

  // ---- executor [any] ----
  void post(Listener task, bool blocking) {
    const auto* table = need<hob_host_executor>(HOB_HOST_EXECUTOR, "the executor", "this host offers none");
    if (!HOB_HAS(table, post) || !HOB_HAS(table, run_blocking)) {
      throw Error{unsupported, "this host has no executor"};
    }
    hob_id id = 0;
    {
      std::lock_guard lock(mutex_);
      id = ++last_task_;
      tasks_.emplace(id, std::move(task));
    }
    (blocking ? table->run_blocking : table->post)(host_, id);
  }
  void run(hob_id id) {
    Listener task;
    {
      std::lock_guard lock(mutex_);
      auto node = tasks_.extract(id);
      if (node) task = std::move(node.mapped());
    }
    if (task) task();
  }

  void log(std::int32_t level, std::string_view text) const noexcept {
    const auto* table = find<hob_host_log>(HOB_HOST_LOG);
    if (HOB_HAS(table, write)) table->write(host_, level, borrow(text));
  }

 private:
  struct Watched {
    std::shared_ptr<Listener> cancel;  // shared: a listener may end its own call while it runs
    std::shared_ptr<MessageListener> message;
  };
  struct Timer {
    std::shared_ptr<Listener> fire;
    bool repeats;
  };

  Watched watched(hob_id call) {
    std::lock_guard lock(mutex_);
    const auto found = watched_.find(call);
    return found == watched_.end() ? Watched{} : found->second;
  }
  void drop(hob_id call) noexcept {
    Watched last;  // freed outside the lock: listeners may own calls
    std::lock_guard lock(mutex_);
    if (const auto found = watched_.find(call); found != watched_.end()) {
      last = std::move(found->second);
      watched_.erase(found);
    }
  }

  const hob_host* host_;
  const hob_host_call* call_ = nullptr;
  std::atomic<hob_id> serving_ = 0;
  std::unordered_map<hob_id, Operation> operations_;
  std::unordered_map<hob_id, Timer> timers_;
  hob_id last_id_ = 0;
  std::recursive_mutex mutex_;  // guards what follows
  std::unordered_map<hob_id, Watched> watched_;
  std::unordered_map<hob_id, Listener> tasks_;
  hob_id last_task_ = 0;
};

}  // namespace hob::detail

namespace hob {

/// The obligation to answer one call of the host, exactly once. Move-only; one that is destroyed unanswered
/// answers internal. All functions [any], but one Call belongs to one thread at a time.
class Call {
 public:
  Call() = default;
  Call(detail::Link& link, hob_id id, std::string context = {}) : link_(&link), id_(id), context_(std::move(context)) {}
  Call(Call&& other) noexcept
      : link_(std::exchange(other.link_, nullptr)), id_(other.id_), context_(std::move(other.context_)) {}
  Call& operator=(Call&& other) noexcept {
    if (this != &other) {
      forget();
      link_ = std::exchange(other.link_, nullptr);
      id_ = other.id_;
      context_ = std::move(other.context_);
    }
    return *this;
  }
  ~Call() { forget(); }

  hob_id id() const noexcept { return id_; }
  bool is_open() const noexcept { return link_ != nullptr; }
  /// Who asks and why, as the extension says (tool: user_id, conversation_id, ...; method: the user).
  Json context() const { return context_.empty() ? Json(JsonObject()) : Json::parse(context_); }

  /// Streams a chunk. False: nobody listens any more, or it was not taken; finish soon.
  bool emit(std::string_view chunk) { return try_emit(chunk) == ok; }
  Code try_emit(std::string_view chunk) { return link_ ? to_code(link_->emit(id_, chunk)) : not_found; }
  /// Cheap: poll it in loops that hold the strand.
  bool is_cancelled() const { return !link_ || link_->is_cancelled(id_); }
  /// Called on the strand when the call is cancelled before it is answered. One listener a call.
  void on_cancel(std::function<void()> listener) {
    if (link_) link_->on_cancel(id_, std::move(listener));
  }

  void finish(const Json& result) { finish_bytes(result.dump()); }
  /// For results that are written already, and for those that are no JSON.
  void finish_bytes(std::string_view result) { end(ok, result); }
  void fail(const Error& error) { end(error.code == ok ? internal : error.code, error.message); }
  void fail(Code code, std::string_view message) { end(code == ok ? internal : code, message); }

 private:
  friend class Responder;
  friend class WebSocket;

  void end(Code code, std::string_view result) {
    if (auto* link = std::exchange(link_, nullptr)) link->finish(id_, code, result);
  }
  void forget() noexcept {
    if (link_ && link_->is_passing_error(id_)) return;
    end(internal, "the plugin ended the call without an answer");
  }

  detail::Link* link_ = nullptr;
  hob_id id_ = 0;
  std::string context_;
};

}  // namespace hob
