#include "plugins/managed_instance.hpp"

#include "base/log.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {
constexpr std::chrono::milliseconds kPoll{2};
constexpr std::chrono::milliseconds kChannelStart{30'000};
}  // namespace

std::string_view instance_state_name(InstanceState state) noexcept {
  switch (state) {
    case InstanceState::starting: return "starting";
    case InstanceState::ready: return "ready";
    case InstanceState::restarting: return "restarting";
    case InstanceState::failed: return "failed";
    case InstanceState::stopped: return "stopped";
    case InstanceState::stuck: break;
  }
  return "stuck";
}

ManagedInstance::ManagedInstance(InstanceOptions options)
    : name_(std::move(options.name)),
      manifest_(std::move(options.manifest)),
      backends_(std::move(options.backends)),
      grace_(options.cancel_grace),
      table_(std::make_shared<CallTable>(backends_.core)),
      settings_(std::move(options.settings)) {}

// ---- life ----

awaitable<Result<void>> ManagedInstance::async_prepare() {
  const auto self = shared_from_this();
  co_return co_await async_load();
}

awaitable<Result<void>> ManagedInstance::async_open_channel() {
  const auto self = shared_from_this();
  channel_ = Channel::open;
  if (state_ != InstanceState::ready || !is_channel()) co_return Result<void>{};
  const Result<std::string> started = co_await channel_call("start", kChannelStart);
  if (started.has_error()) co_return started.error().with_context("the channel doesn't start");
  co_return Result<void>{};
}

bool ManagedInstance::is_sending() const {
  return std::any_of(calls_.begin(), calls_.end(), [](const auto& entry) {
    const PluginCall& call = entry.second->call;
    return call.extension == HOB_EXT_CHANNEL && call.function == "send";
  });
}

awaitable<void> ManagedInstance::async_shut_channel(std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  if (std::exchange(channel_, Channel::shut) == Channel::shut) co_return;
  if (state_ != InstanceState::ready || !has(*find_function(HOB_EXT_CHANNEL, "stop"))) co_return;
  // Named: g++ 12 destroys the captures of a temporary in a co_await expression twice.
  std::function<bool()> is_sent = [self] { return !self->is_sending(); };
  co_await wait_until(std::move(is_sent), std::chrono::steady_clock::now() + limit / 2);
  const Result<std::string> stopped = co_await channel_call("stop", limit / 2);
  if (stopped.has_error()) log::warn(name_, "the channel doesn't stop: {}", stopped.error().message);
}

awaitable<void> ManagedInstance::async_retire(std::chrono::milliseconds drain, std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  is_retiring_ = true;
  co_await async_shut_channel(limit);
  std::function<bool()> is_drained = [self] { return self->calls_.empty() || !is_serving(self->state_); };
  co_await wait_until(std::move(is_drained), std::chrono::steady_clock::now() + drain);
  if (const std::size_t left = calls_.size(); left > 0 && is_serving(state_))
    log::warn(name_, "{} calls of the replaced plugin did not end within {} s and are cancelled", left, drain.count() / 1000);
  co_await async_stop(limit);
}

awaitable<Result<std::string>> ManagedInstance::channel_call(const char* function, std::chrono::milliseconds deadline) {
  PluginCall call;
  call.extension = HOB_EXT_CHANNEL;
  call.function = function;
  call.deadline = deadline;
  co_return co_await async_call(std::move(call));
}

awaitable<void> ManagedInstance::start_channel() {
  if (channel_ == Channel::shut) co_return;
  const Result<void> started = co_await async_open_channel();
  if (started.has_error()) log::error(name_, "{}", started.error().message);
}

void ManagedInstance::fail(std::string reason) {
  state_ = InstanceState::failed;
  reason_ = std::move(reason);
  close();
}

awaitable<bool> ManagedInstance::wait_until(std::function<bool()> condition, std::chrono::steady_clock::time_point limit) {
  asio::steady_timer timer(backends_.core);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= limit) co_return false;
    timer.expires_after(kPoll);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return true;
}

awaitable<void> ManagedInstance::async_stop(std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  if (state_ == InstanceState::stopped || state_ == InstanceState::failed) co_return;
  const auto end = std::chrono::steady_clock::now() + limit;
  const bool was_open = std::exchange(channel_, Channel::shut) == Channel::open;
  if (was_open && state_ == InstanceState::ready && has(*find_function(HOB_EXT_CHANNEL, "stop"))) {
    const Result<std::string> stopped = co_await channel_call("stop", limit / 2);
    if (stopped.has_error()) log::warn(name_, "the channel doesn't stop: {}", stopped.error().message);
  }
  const bool was_stuck = state_ == InstanceState::stuck;
  state_ = InstanceState::stopped;
  std::vector<hob_id> open;
  for (const auto& [id, call] : calls_) open.push_back(id);
  for (const hob_id id : open) cancel_call(id);
  begin_stop();
  // Named: g++ 12 destroys the captures of a temporary in a co_await expression twice.
  std::function<bool()> is_drained = [self] { return self->calls_.empty() && self->is_idle(); };
  const bool drained = !was_stuck && co_await wait_until(std::move(is_drained), end);
  co_await async_destroy(drained, end);
}

awaitable<Result<void>> ManagedInstance::async_configure(json::object settings) {
  const auto self = shared_from_this();
  json::object before = std::exchange(settings_, std::move(settings));
  settings_changed();
  PluginCall call;
  call.extension = HOB_EXT_CONFIG;
  call.function = "configure";
  call.payload = json::serialize(withhold_secrets(manifest_, settings_));
  Result<std::string> answer = co_await async_call(std::move(call));
  if (!answer.has_error()) co_return Result<void>{};
  settings_ = std::move(before);
  settings_changed();
  co_return std::move(answer).error();
}

// ---- calls ----

InstanceStats ManagedInstance::stats() const {
  InstanceStats out = stats_;
  out.in_flight = std::uint32_t(calls_.size());
  return out;
}

Result<void> ManagedInstance::takes_calls() const {
  if (state_ == InstanceState::ready) return {};
  return Error{Code::unavailable, fmt::format("plugin {} is {}{}{}", name_, instance_state_name(state_),
                                              reason_.empty() ? "" : ": ", reason_)};
}

CallTable::OnChunk ManagedInstance::chunk_sink(const CallPtr& call, std::shared_ptr<hob_id>) { return call->call.on_chunk; }

Result<void> ManagedInstance::may_start(const PluginFunction* function, const PluginCall& call) const {
  TRY(takes_calls());
  if (!function || !has(*function))
    return Error{Code::unsupported, fmt::format("plugin {} doesn't offer {} {}", name_, call.extension, call.function)};
  if (channel_ == Channel::shut && call.extension == HOB_EXT_CHANNEL && call.function == "send")
    return Error{Code::unavailable, fmt::format("the channel {} is shut while the plugin is changed", name_)};
  return {};
}

std::uint64_t ManagedInstance::start_call(PluginCall wanted, std::function<void(Result<std::string>)> done) {
  ++stats_.calls;
  const PluginFunction* function = find_function(wanted.extension, wanted.function);
  const Result<void> may = may_start(function, wanted);
  if (may.has_error()) {
    ++stats_.failures;
    asio::post(backends_.core, [done = std::move(done), refusal = may.error()]() mutable { done(std::move(refusal)); });
    return 0;
  }
  const auto call = std::make_shared<Call>(std::move(wanted), *function, backends_.core);
  call->done = std::move(done);
  const auto id_of_call = std::make_shared<hob_id>(0);  // on_end needs the id that open() is about to give
  const hob_id id = table_->open(chunk_sink(call, id_of_call), [self = shared_from_this(), id_of_call](Result<std::string> result) {
    self->ended(*id_of_call, std::move(result));
  });
  *id_of_call = id;
  calls_.emplace(id, call);
  if (call->call.deadline.count() > 0) arm(id, *call, call->call.deadline, &ManagedInstance::deadline_passed);
  enter(id, call);
  return id;
}

void ManagedInstance::arm(hob_id id, Call& call, std::chrono::milliseconds delay, void (ManagedInstance::*then)(hob_id)) {
  call.timer.expires_after(delay);
  call.timer.async_wait([weak = weak_from_this(), id, then](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) ((*self).*then)(id);
  });
}

const ManagedInstance::CallPtr* ManagedInstance::find_call(hob_id id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

void ManagedInstance::deadline_passed(hob_id id) {
  const CallPtr* found = find_call(id);
  if (!found || (*found)->cancelling) return;
  (*found)->timed_out = true;
  cancel(id, *found);
}

void ManagedInstance::cancel_call(std::uint64_t id) {
  const CallPtr* found = find_call(id);
  if (found && !(*found)->cancelling) cancel(id, *found);
}

void ManagedInstance::cancel(hob_id id, const CallPtr& call) {
  call->cancelling = true;
  call->cancel_asked = true;
  table_->mark_cancelled(id);
  arm(id, *call, grace_, &ManagedInstance::grace_passed);
  ask_to_cancel(id, call);
}

void ManagedInstance::grace_passed(hob_id id) {
  const CallPtr* found = find_call(id);
  if (!found) return;
  const CallPtr call = *found;
  unanswered(id, *call);
  // The end comes through the table, so that an answer that crosses this one finds the call gone.
  const std::string what =
      fmt::format("plugin {} did not answer {} {}", name_, call->call.extension, call->call.function);
  table_->finish(id, call->timed_out ? HOB_TIMEOUT : HOB_CANCELLED,
                 call->timed_out ? fmt::format("{} in {} ms", what, call->call.deadline.count())
                                 : fmt::format("{} after it was cancelled", what));
}

void ManagedInstance::ended(hob_id id, Result<std::string> result) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const CallPtr call = std::move(found->second);
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

void ManagedInstance::refuse_all(Code code, const std::string& why) {
  for (const auto& [id, call] : calls_) table_->finish(id, hob_status(code), why);
}

awaitable<Result<std::string>> ManagedInstance::async_call(PluginCall call) {
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

Result<Principal> ManagedInstance::principal_of_call(hob_id id) const {
  const CallPtr* found = find_call(id);
  if (!found) return Error{Code::not_found, fmt::format("as_call: no call {} is in flight", id)};
  if (!(*found)->call.principal)
    return Error{Code::denied, fmt::format("as_call: call {} is the daemon's own, no user asked for it", id)};
  return *(*found)->call.principal;
}

}  // namespace hobd
