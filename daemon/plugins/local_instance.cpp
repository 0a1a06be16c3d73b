#include "plugins/local_instance.hpp"

#include "plugins/lua_runtime.hpp"
#include "plugins/native_library.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace hobd {
namespace {
constexpr int kMaxBlockingTasks = 10'000;  // waiting or running, an instance
constexpr std::chrono::milliseconds kPoll{2};
}  // namespace

/// A call in flight. The core thread's, but for `cancel_seen`.
struct LocalInstance::Call {
  Call(PluginCall c, const asio::any_io_executor& core) : call(std::move(c)), timer(core) {}
  const PluginCall call;
  std::function<void(Result<std::string>)> done;
  asio::steady_timer timer;  // the deadline, then the grace after cancel()
  bool cancelling = false, timed_out = false;
  std::atomic<bool> cancel_asked{false};  // read on the strand: don't begin
  std::atomic<bool> cancel_seen{false};   // the plugin's cancel() has run
};

std::string_view instance_state_name(InstanceState state) noexcept {
  switch (state) {
    case InstanceState::starting: return "starting";
    case InstanceState::ready: return "ready";
    case InstanceState::failed: return "failed";
    case InstanceState::stopped: return "stopped";
    case InstanceState::stuck: break;
  }
  return "stuck";
}

std::shared_ptr<LocalInstance> LocalInstance::make(LocalInstanceOptions options) {
  std::shared_ptr<LocalInstance> instance(new LocalInstance(std::move(options)));
  instance->open_host();
  return instance;
}

LocalInstance::LocalInstance(LocalInstanceOptions options)
    : name_(std::move(options.name)),
      manifest_(std::move(options.manifest)),
      backends_(std::move(options.backends)),
      pool_(options.pool),
      blocking_(options.blocking),
      grace_(options.cancel_grace),
      strand_(*pool_, name_),
      settings_(std::move(options.settings)) {}

void LocalInstance::open_host() {
  const std::weak_ptr<LocalInstance> weak = weak_from_this();
  HostParts parts;
  parts.instance = name_;
  parts.calls = std::make_shared<CallTable>(backends_.core);
  parts.services = std::make_shared<HostServiceSet>(backends_, weak, name_, manifest_, settings_);
  parts.timers = std::make_shared<TimerService>(strand_, [weak](hob_id timer) {
    const auto self = weak.lock();
    if (self && self->plugin_ && self->tables_.timer.fire) self->tables_.timer.fire(self->plugin_, timer);
  });
  parts.post = [this](hob_id task) { run_task(task); };
  parts.run_blocking = [this](hob_id task) { run_blocking_task(task); };
  host_ = std::make_unique<PluginHost>(std::move(parts));
}

// ---- life ----

Result<PluginTables> LocalInstance::load_on_strand(const std::string& config) {
  hob_plugin* plugin = nullptr;
  if (manifest_.language == Manifest::Language::lua) {
    plugin = TRY(load_lua_plugin(manifest_.code.string(), manifest_.id, host_->host()));
    TRY(check_plugin(plugin));
  } else {
    plugin = TRY(load_native_plugin(manifest_, host_->host()));
  }
  hob_status status = HOB_INTERNAL;
  try {
    tables_ = read_tables(plugin);
    plugin_ = plugin;
    status = plugin->activate(plugin, to_hob(config));
  } catch (const std::exception& e) {
    log::error(name_, "activate threw: {}", e.what());
  } catch (...) {
    log::error(name_, "activate threw");
  }
  if (status == HOB_OK) return tables_;
  plugin_ = nullptr;
  host_->parts().timers->close();
  plugin->destroy(plugin);
  const Code code = plugin_error(status, {}).code;
  return Error{code, fmt::format("activate() failed: {}; the log lines before this one say why", code_name(code))};
}

awaitable<Result<void>> LocalInstance::async_start() {
  return asio::async_initiate<decltype(asio::use_awaitable), void(Result<void>)>(
      [self = shared_from_this()](auto handler) {
        // shared: std::function copies, the handler can't be
        const auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        self->start([waiting](Result<void> done) { std::move (*waiting)(std::move(done)); });
      },
      asio::use_awaitable);
}

void LocalInstance::start(std::function<void(Result<void>)> done) {
  strand_.post("activate", [self = shared_from_this(), done = std::move(done),
                            config = json::serialize(withhold_secrets(manifest_, settings_))] {
    auto loaded = self->load_on_strand(config);
    asio::post(self->backends_.core, [self, done, loaded = std::move(loaded)]() mutable {
      self->started(std::move(loaded), done);
    });
  });
}

void LocalInstance::started(Result<PluginTables> loaded, const std::function<void(Result<void>)>& done) {
  if (state_ != InstanceState::starting) return done(Error{Code::timeout, reason_});
  if (loaded.has_error()) {
    fail(loaded.error().message);
    return done(std::move(loaded).error());
  }
  state_ = InstanceState::ready;
  done({});
}

void LocalInstance::fail(std::string reason) {
  state_ = InstanceState::failed;
  reason_ = std::move(reason);
  close();
}

void LocalInstance::close() {
  closing_ = true;
  host_->parts().timers->close();
  host_->parts().services->close();
}

awaitable<bool> LocalInstance::wait_until(std::function<bool()> condition, std::chrono::steady_clock::time_point limit) {
  asio::steady_timer timer(backends_.core);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= limit) co_return false;
    timer.expires_after(kPoll);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return true;
}

awaitable<void> LocalInstance::async_stop(std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  if (state_ == InstanceState::stopped || state_ == InstanceState::failed) co_return;
  const bool was_stuck = state_ == InstanceState::stuck;
  state_ = InstanceState::stopped;
  const auto end = std::chrono::steady_clock::now() + limit;
  std::vector<hob_id> open;
  for (const auto& [id, call] : calls_) open.push_back(id);
  for (const hob_id id : open) cancel_call(id);
  host_->parts().timers->close();
  host_->parts().services->close();
  // Named: g++ 12 destroys the captures of a temporary in a co_await expression twice.
  std::function<bool()> is_idle = [self] {
    return self->calls_.empty() && self->host_->parts().services->in_flight() == 0 && self->blocking_tasks_ == 0;
  };
  const bool drained = co_await wait_until(std::move(is_idle), end);
  closing_ = true;
  if (was_stuck || !drained) {
    if (strand_.held() && !was_stuck) pool_->replace_thread();
    log::warn(name_, "did not stop in {} ms and is left behind{}", limit.count(),
              strand_.held() ? fmt::format(", still in {}", strand_.holder()) : "");
    co_return;
  }
  const auto destroyed = std::make_shared<std::atomic<bool>>(false);  // shared with the strand, which may be late
  strand_.post("destroy", [self, destroyed] {
    if (hob_plugin* plugin = self->plugin_.exchange(nullptr)) plugin->destroy(plugin);
    *destroyed = true;
  });
  std::function<bool()> is_destroyed = [destroyed] { return destroyed->load(); };
  const bool gone = co_await wait_until(std::move(is_destroyed), end + grace_);
  if (!gone) {
    pool_->replace_thread();
    log::warn(name_, "does not return from {} and is left behind", strand_.holder());
  }
}

awaitable<Result<void>> LocalInstance::async_configure(json::object settings) {
  const auto self = shared_from_this();
  json::object before = std::exchange(settings_, std::move(settings));
  host_->parts().services->set_settings(settings_);
  PluginCall call;
  call.extension = HOB_EXT_CONFIG;
  call.function = "configure";
  call.payload = json::serialize(withhold_secrets(manifest_, settings_));
  Result<std::string> answer = co_await async_call(std::move(call));
  if (!answer.has_error()) co_return Result<void>{};
  settings_ = std::move(before);
  host_->parts().services->set_settings(settings_);
  co_return std::move(answer).error();
}

// ---- calls ----

InstanceStats LocalInstance::stats() const {
  InstanceStats out = stats_;
  out.in_flight = std::uint32_t(calls_.size());
  return out;
}

std::uint64_t LocalInstance::start_call(PluginCall wanted, std::function<void(Result<std::string>)> done) {
  ++stats_.calls;
  const PluginFunction* function = find_function(wanted.extension, wanted.function);
  Error refusal{Code::ok, {}};
  if (state_ != InstanceState::ready)
    refusal = Error{Code::unavailable, fmt::format("plugin {} is {}{}{}", name_, instance_state_name(state_),
                                                   reason_.empty() ? "" : ": ", reason_)};
  else if (!function || !function->present(tables_))
    refusal = Error{Code::unsupported, fmt::format("plugin {} doesn't offer {} {}", name_, wanted.extension, wanted.function)};
  if (refusal.code != Code::ok) {
    ++stats_.failures;
    asio::post(backends_.core, [done = std::move(done), refusal]() mutable { done(std::move(refusal)); });
    return 0;
  }
  auto call = std::make_shared<Call>(std::move(wanted), backends_.core);
  call->done = std::move(done);
  const auto id_of_call = std::make_shared<hob_id>(0);  // on_end needs the id that open() is about to give
  const hob_id id = host_->parts().calls->open(call->call.on_chunk, [self = shared_from_this(), id_of_call](
                                                                        Result<std::string> result) {
    self->ended(*id_of_call, std::move(result));
  });
  *id_of_call = id;
  calls_.emplace(id, call);
  if (call->call.deadline.count() > 0) arm(id, *call, call->call.deadline, &LocalInstance::deadline_passed);
  strand_.post(function->log_name, [self = shared_from_this(), call, id, function] {
    CallTable& table = *self->host_->parts().calls;
    if (call->cancel_asked || !self->plugin_) {
      table.finish(id, HOB_CANCELLED, "cancelled before it began");
      return;
    }
    std::string thrown;
    try {
      function->enter(self->tables_, self->plugin_, id, call->call);
      return;
    } catch (const std::exception& e) {
      thrown = fmt::format("{} threw: {}", function->log_name, e.what());
    } catch (...) {
      thrown = fmt::format("{} threw", function->log_name);
    }
    table.finish(id, HOB_INTERNAL, thrown);
  });
  return id;
}

void LocalInstance::arm(hob_id id, Call& call, std::chrono::milliseconds delay, void (LocalInstance::*then)(hob_id)) {
  call.timer.expires_after(delay);
  call.timer.async_wait([weak = weak_from_this(), id, then](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) ((*self).*then)(id);
  });
}

void LocalInstance::deadline_passed(hob_id id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second->cancelling) return;
  found->second->timed_out = true;
  ask_to_cancel(id, *found->second);
}

void LocalInstance::cancel_call(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second->cancelling) return;
  ask_to_cancel(id, *found->second);
}

void LocalInstance::ask_to_cancel(hob_id id, Call& call) {
  call.cancelling = true;
  call.cancel_asked = true;
  host_->parts().calls->mark_cancelled(id);
  strand_.post("cancel", [self = shared_from_this(), shared = calls_.at(id), id] {
    shared->cancel_seen = true;
    if (hob_plugin* plugin = self->plugin_) plugin->cancel(plugin, id);
  });
  arm(id, call, grace_, &LocalInstance::grace_passed);
}

void LocalInstance::grace_passed(hob_id id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const Call& call = *found->second;
  // Its cancel() has not run although something of this plugin has been in the strand: it is held. Without that,
  // other plugins hold the pool's threads.
  if (!call.cancel_seen && strand_.held()) become_stuck(strand_.holder());
  // The end comes through the table, so that an answer that crosses this one finds the call gone.
  const std::string what = fmt::format("plugin {} did not answer {} {}", name_, call.call.extension, call.call.function);
  const bool timed_out = call.timed_out;
  host_->parts().calls->finish(id, timed_out ? HOB_TIMEOUT : HOB_CANCELLED,
                               timed_out ? fmt::format("{} in {} ms", what, call.call.deadline.count())
                                         : fmt::format("{} after it was cancelled", what));
}

void LocalInstance::ended(hob_id id, Result<std::string> result) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const std::shared_ptr<Call> call = std::move(found->second);
  calls_.erase(found);
  call->timer.cancel();
  if (result.has_error()) {
    ++stats_.failures;
    if (call->timed_out && result.error().code == Code::cancelled)
      result = Error{Code::timeout, fmt::format("plugin {}: {} {} took longer than its deadline of {} ms", name_,
                                                call->call.extension, call->call.function, call->call.deadline.count())};
  }
  call->done(std::move(result));
}

void LocalInstance::become_stuck(std::string_view function) {
  if (state_ != InstanceState::ready) return;
  state_ = InstanceState::stuck;
  reason_ = fmt::format("{} holds the plugin's strand and does not come back; restart the daemon to get it back", function);
  log::error(name_, "stuck: {}", reason_);
  pool_->replace_thread();
}

awaitable<Result<std::string>> LocalInstance::async_call(PluginCall call) {
  // Not a coroutine itself: g++ 12 destroys captures of temporaries in a co_await expression twice.
  return asio::async_initiate<decltype(asio::use_awaitable), void(Result<std::string>)>(
      [self = shared_from_this()](auto handler, PluginCall wanted) {
        using Handler = decltype(handler);
        // shared: std::function copies, the handler can't be
        const auto waiting = std::make_shared<Handler>(std::move(handler));
        const std::uint64_t id = self->start_call(std::move(wanted), [waiting](Result<std::string> result) {
          asio::get_associated_cancellation_slot(*waiting).clear();
          std::move (*waiting)(std::move(result));
        });
        auto slot = asio::get_associated_cancellation_slot(*waiting);
        if (id != 0 && slot.is_connected())
          slot.assign([weak = std::weak_ptr(self), id](asio::cancellation_type) {
            if (const auto instance = weak.lock()) instance->cancel_call(id);
          });
      },
      asio::use_awaitable, std::move(call));
}

void LocalInstance::send_message(std::uint64_t id, std::string data, bool is_text) {
  if (!calls_.contains(id) || !tables_.routes.message) return;
  strand_.post("hob.routes/1 message", [self = shared_from_this(), id, data = std::move(data), is_text] {
    if (self->plugin_) self->tables_.routes.message(self->plugin_, id, is_text ? 1 : 0, to_hob(data));
  });
}

// ---- the way into the plugin for the host's services ----

void LocalInstance::operation_event(hob_id operation, std::uint32_t kind, std::string data,
                                    std::shared_ptr<std::atomic<std::size_t>> waiting) {
  strand_.post("hob.operation/1 event", [self = shared_from_this(), operation, kind, data = std::move(data),
                                         waiting = std::move(waiting)] {
    *waiting -= data.size();
    if (self->plugin_ && self->tables_.operation.event)
      self->tables_.operation.event(self->plugin_, operation, kind, to_hob(data));
  });
}

void LocalInstance::operation_result(hob_id operation, hob_status status, std::string result) {
  strand_.post("hob.operation/1 result", [self = shared_from_this(), operation, status, result = std::move(result)] {
    if (self->plugin_ && self->tables_.operation.result)
      self->tables_.operation.result(self->plugin_, operation, status, to_hob(result));
  });
}

Result<Principal> LocalInstance::principal_of(hob_id call) const {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return Error{Code::not_found, fmt::format("as_call: no call {} is in flight", call)};
  if (!found->second->call.principal)
    return Error{Code::denied, fmt::format("as_call: call {} is the daemon's own, no user asked for it", call)};
  return *found->second->call.principal;
}

void LocalInstance::run_task(hob_id task) {
  if (closing_) return;
  strand_.post("hob.executor/1 run", [weak = weak_from_this(), task] {
    const auto self = weak.lock();
    if (self && self->plugin_ && self->tables_.executor.run) self->tables_.executor.run(self->plugin_, task);
  });
}

void LocalInstance::run_blocking_task(hob_id task) {
  if (closing_) return;
  if (blocking_tasks_.fetch_add(1) >= kMaxBlockingTasks) {
    --blocking_tasks_;
    log::error(name_, "run_blocking: {} tasks wait already, task {} is dropped", kMaxBlockingTasks, task);
    return;
  }
  const auto self = weak_from_this().lock();
  if (!self) return;
  asio::post(blocking_->executor(), [self, plugin = plugin_.load(), task] {
    try {
      if (plugin && self->tables_.executor.run_blocking) self->tables_.executor.run_blocking(plugin, task);
    } catch (const std::exception& e) {
      log::error(self->name_, "run_blocking threw: {}", e.what());
    } catch (...) {
      log::error(self->name_, "run_blocking threw");
    }
    --self->blocking_tasks_;
  });
}

}  // namespace hobd
