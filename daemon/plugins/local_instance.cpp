#include "plugins/local_instance.hpp"

#include "plugins/plugin_loader.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace hobd {
namespace {
constexpr int kMaxBlockingTasks = 10'000;  // waiting or running, an instance
}  // namespace

std::shared_ptr<LocalInstance> LocalInstance::make(LocalInstanceOptions options) {
  std::shared_ptr<LocalInstance> instance(new LocalInstance(std::move(options)));
  instance->open_host();
  return instance;
}

LocalInstance::LocalInstance(LocalInstanceOptions options)
    : ManagedInstance(std::move(options.instance)),
      pool_(options.pool),
      blocking_(options.blocking),
      strand_(*pool_, name_) {}

void LocalInstance::open_host() {
  const std::weak_ptr<LocalInstance> weak = self();
  HostParts parts;
  parts.instance = name_;
  parts.calls = table_;
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

Result<void> LocalInstance::load_on_strand(const std::string& config) {
  using Language = PluginCode::Language;
  const PluginCode code{manifest_.code, manifest_.id,
                        manifest_.language == Manifest::Language::lua ? Language::lua : Language::native};
  hob_plugin* plugin = TRY(load_plugin(code, host_->host()));
  try {
    tables_ = read_tables(plugin);
    has_tables_ = true;
  } catch (...) {
    return Error{Code::internal, "get_extension() threw"};
  }
  plugin_ = plugin;
  Result<void> activated = activate_plugin(plugin, config);
  if (!activated.has_error()) return activated;
  plugin_ = nullptr;
  host_->parts().timers->close();
  plugin->destroy(plugin);
  return activated;
}

awaitable<Result<void>> LocalInstance::async_load() {
  return asio::async_initiate<decltype(asio::use_awaitable), void(Result<void>)>(
      [self = self()](auto handler) {
        // shared: std::function copies, the handler can't be
        const auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        self->start([waiting](Result<void> done) { std::move (*waiting)(std::move(done)); });
      },
      asio::use_awaitable);
}

void LocalInstance::start(std::function<void(Result<void>)> done) {
  strand_.post("activate", [self = self(), done = std::move(done),
                            config = json::serialize(withhold_secrets(manifest_, settings_))] {
    auto loaded = self->load_on_strand(config);
    asio::post(self->backends_.core, [self, done, loaded = std::move(loaded)]() mutable {
      self->started(std::move(loaded), done);
    });
  });
}

void LocalInstance::started(Result<void> loaded, const std::function<void(Result<void>)>& done) {
  if (state_ != InstanceState::starting) return done(Error{Code::timeout, reason_});
  if (loaded.has_error()) {
    fail(loaded.error().message);
    return done(std::move(loaded).error());
  }
  state_ = InstanceState::ready;
  done({});
}

void LocalInstance::close() {
  closing_ = true;
  begin_stop();
}

void LocalInstance::give_up(std::string reason) {
  fail(std::move(reason));
  pool_->replace_thread();
}

void LocalInstance::begin_stop() {
  host_->parts().timers->close();
  host_->parts().services->close();
}

awaitable<void> LocalInstance::async_destroy(bool drained, std::chrono::steady_clock::time_point end) {
  const auto self = this->self();
  closing_ = true;
  if (!drained) {
    // One that was stuck has had its thread replaced.
    if (strand_.held() && reason_.empty()) pool_->replace_thread();
    log::warn(name_, "did not stop in time and is left behind{}",
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

// ---- calls ----

void LocalInstance::enter(hob_id id, const CallPtr& call) {
  strand_.post(call->function.log_name, [self = self(), call, id] {
    if (call->cancel_asked || !self->plugin_) {
      self->table_->finish(id, HOB_CANCELLED, "cancelled before it began");
      return;
    }
    std::string thrown;
    try {
      call->function.enter(self->tables_, self->plugin_, id, call->text());
      return;
    } catch (const std::exception& e) {
      thrown = fmt::format("{} threw: {}", call->function.log_name, e.what());
    } catch (...) {
      thrown = fmt::format("{} threw", call->function.log_name);
    }
    self->table_->finish(id, HOB_INTERNAL, thrown);
  });
}

void LocalInstance::ask_to_cancel(hob_id id, const CallPtr& call) {
  strand_.post("cancel", [self = self(), call, id] {
    call->cancel_seen = true;
    if (hob_plugin* plugin = self->plugin_) plugin->cancel(plugin, id);
  });
}

void LocalInstance::unanswered(hob_id, Call& call) {
  // Its cancel() has not run although something of this plugin has been in the strand: it is held. Without that,
  // other plugins hold the pool's threads.
  if (!call.cancel_seen && strand_.held()) become_stuck(strand_.holder());
}

void LocalInstance::become_stuck(std::string_view function) {
  if (state_ != InstanceState::ready) return;
  state_ = InstanceState::stuck;
  reason_ = fmt::format("{} holds the plugin's strand and does not come back; restart the daemon to get it back", function);
  log::error(name_, "stuck: {}", reason_);
  pool_->replace_thread();
}

void LocalInstance::send_message(std::uint64_t id, std::string data, bool is_text) {
  if (!find_call(id) || !tables_.routes.message) return;
  strand_.post("hob.routes/1 message", [self = self(), id, data = std::move(data), is_text] {
    if (self->plugin_) self->tables_.routes.message(self->plugin_, id, is_text ? 1 : 0, to_hob(data));
  });
}

// ---- the way into the plugin for the host's services ----

void LocalInstance::operation_event(hob_id operation, std::uint32_t kind, std::string data,
                                    std::shared_ptr<std::atomic<std::size_t>> waiting) {
  strand_.post("hob.operation/1 event", [self = self(), operation, kind, data = std::move(data),
                                         waiting = std::move(waiting)] {
    *waiting -= data.size();
    if (self->plugin_ && self->tables_.operation.event)
      self->tables_.operation.event(self->plugin_, operation, kind, to_hob(data));
  });
}

void LocalInstance::operation_result(hob_id operation, hob_status status, std::string result) {
  strand_.post("hob.operation/1 result", [self = self(), operation, status, result = std::move(result)] {
    if (self->plugin_ && self->tables_.operation.result)
      self->tables_.operation.result(self->plugin_, operation, status, to_hob(result));
  });
}

void LocalInstance::run_task(hob_id task) {
  if (closing_) return;
  strand_.post("hob.executor/1 run", [weak = weak_from_this(), task] {
    const auto self = std::static_pointer_cast<LocalInstance>(weak.lock());
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
  const auto self = std::static_pointer_cast<LocalInstance>(weak_from_this().lock());
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
