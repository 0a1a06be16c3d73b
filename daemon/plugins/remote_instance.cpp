#include "plugins/remote_instance.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMaxEnds = 5;
constexpr std::chrono::minutes kEndWindow{10};
constexpr std::size_t kAcknowledgeAt = 1 << 20;  // bytes of chunks

}  // namespace

std::shared_ptr<RemoteInstance> RemoteInstance::make(RemoteInstanceOptions options) {
  return std::shared_ptr<RemoteInstance>(new RemoteInstance(std::move(options)));
}

RemoteInstance::RemoteInstance(RemoteInstanceOptions options)
    : ManagedInstance(options.instance),
      options_(std::move(options)),
      restart_timer_(backends_.core),
      tasks_(backends_.core) {}

// ---- life ----

awaitable<Result<void>> RemoteInstance::async_load() {
  return asio::async_initiate<decltype(asio::use_awaitable), void(Result<void>)>(
      [self = self()](auto handler) {
        // shared: std::function copies, the handler can't be
        const auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        self->first_start_ = [waiting](Result<void> done) { std::move (*waiting)(std::move(done)); };
        const Result<void> started = self->start_process();
        if (started.has_error()) {
          self->fail(started.error().message);
          self->report_first_start(started.error());
        }
      },
      asio::use_awaitable);
}

/// Later: a caller that still sets up its wait must not be resumed inside it.
void RemoteInstance::report_first_start(Result<void> result) {
  if (!first_start_) return;
  asio::post(backends_.core, [done = std::exchange(first_start_, nullptr), result = std::move(result)] { done(result); });
}

Result<void> RemoteInstance::start_process() {
  RemoteProcess::Options options;
  options.name = name_;
  options.manifest = &manifest_;
  options.settings = settings_;
  options.backends = backends_;
  options.limits = options_.limits;
  options.program = options_.program.empty() ? TRY(find_plugin_host()) : options_.program;
  start_fault_.clear();
  process_ = TRY(RemoteProcess::start(self(), std::move(options)));
  process_->set_has_deadline([weak = weak_from_this()] {
    const auto self = std::static_pointer_cast<RemoteInstance>(weak.lock());
    return self && self->has_deadline();
  });
  return {};
}

void RemoteInstance::process_started(Result<std::uint64_t> functions) {
  if (functions.has_error()) {
    start_fault_ = functions.error().message;
    if (first_start_) {
      fail(start_fault_);
      report_first_start(functions.error());
    }
    return;
  }
  if (state_ != InstanceState::starting && state_ != InstanceState::restarting) return;
  functions_ = *functions;
  const bool is_first = first_start_ != nullptr;
  state_ = InstanceState::ready;
  reason_.clear();
  if (is_first) return report_first_start({});
  log::info(name_, "its process is back ({} calls waited)", calls_.size());
  std::vector<std::pair<hob_id, CallPtr>> held;
  for (const auto& [id, call] : calls_)
    if (!call->entered && !call->cancelling) held.emplace_back(id, call);
  tasks_.spawn(name_ + " channel start", start_channel());
  for (const auto& [id, call] : held) enter(id, call);
}

void RemoteInstance::process_ended(const ProcessFate& fate) {
  if (state_ == InstanceState::stopped || state_ == InstanceState::failed) return;
  if (first_start_) {
    const std::string why = fmt::format("rule {}: {} before it was ready", fate.rule.empty() ? "exit" : fate.rule, fate.what);
    fail(why);
    return report_first_start(Error{Code::unavailable, why});
  }
  if (is_retiring_) {  // another serves in its place: it does not come back, least of all with that one's files
    last_failure_ = reason_ = fmt::format("rule {}: {}", fate.rule, fate.what);
    state_ = InstanceState::failed;
    const std::size_t lost = settle_calls(false);
    return log::error(name_, "{} while it was being replaced; {} of its calls ended as unavailable", reason_, lost);
  }
  if (!start_fault_.empty()) return crashed({"start", start_fault_});
  crashed(fate);
}

void RemoteInstance::crashed(const ProcessFate& fate) {
  const auto now = backends_.clock->steady();
  ends_.push_back(now);
  while (now - ends_.front() > kEndWindow) ends_.pop_front();
  const bool comes_back = ends_.size() < kMaxEnds;
  std::chrono::milliseconds delay{0};
  if (ends_.size() > 1) {
    delay = options_.limits.first_wait * (1 << (ends_.size() - 2));
    std::uniform_real_distribution<double> jitter(0.75, 1.25);
    delay = std::chrono::milliseconds(std::int64_t(double(delay.count()) * jitter(random_)));
  }
  restarts_at_once_ = comes_back && delay.count() == 0;
  state_ = comes_back ? InstanceState::restarting : InstanceState::failed;
  reason_ = fate.what;
  last_failure_ = fmt::format("rule {}: {}", fate.rule, fate.what);
  const std::size_t lost = settle_calls(comes_back);
  const std::string next = !comes_back     ? fmt::format("that was the {}th end in {} minutes, it stays down", kMaxEnds, kEndWindow.count())
                           : restarts_at_once_ ? std::string("it is started again at once")
                                               : fmt::format("it is started again in {} ms", delay.count());
  log::error(name_, "rule {}: {}; {} of its calls ended as unavailable; {}", fate.rule, fate.what, lost, next);
  if (comes_back) {
    ++stats_.restarts;
    return start_later(delay);
  }
  is_quarantined_ = true;
  reason_ = fmt::format("quarantined after {} ends in {} minutes, the last by rule {}: {}; mend it, then run hobctl "
                        "plugin reload {}", kMaxEnds, kEndWindow.count(), fate.rule, fate.what, name_);
  if (options_.owner)
    options_.owner->tell_owner(fmt::format("The plugin {} was switched off: it failed {} times within {} minutes, the last "
                                           "time because {}.", name_, kMaxEnds, kEndWindow.count(), fate.what), name_);
}

/// Ends what was in the process that is gone, but for what the next one is asked again; how many ended.
std::size_t RemoteInstance::settle_calls(bool comes_back) {
  std::size_t lost = 0;
  for (const auto& [id, call] : calls_) {
    const PluginCall& wanted = call->call;
    if (!call->entered && comes_back) continue;  // waits for the next process
    const auto tool = manifest_.tools.find(wanted.name);
    const bool may_repeat = wanted.extension == HOB_EXT_TOOL &&
                            (wanted.function == "describe" || (tool != manifest_.tools.end() && tool->second.idempotent));
    if (call->entered && may_repeat && comes_back && !call->retried && !call->cancelling) {
      call->retried = true;
      call->entered = false;
      continue;
    }
    ++lost;
    const bool is_sending = wanted.extension == HOB_EXT_CHANNEL && wanted.function == "send" && call->entered;
    if (is_sending && !(manifest_.channel && manifest_.channel->idempotent_send))
      table_->finish(id, HOB_TIMEOUT, fmt::format("plugin {} ended while it sent this: {}; it may have gone out", name_, reason_));
    else
      table_->finish(id, HOB_UNAVAILABLE, fmt::format("plugin {} ended: {}", name_, reason_));
  }
  return lost;
}

void RemoteInstance::start_later(std::chrono::milliseconds delay) {
  restart_timer_.expires_after(delay);
  restart_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = std::static_pointer_cast<RemoteInstance>(weak.lock());
    if (error || !self || self->state_ != InstanceState::restarting) return;
    const Result<void> started = self->start_process();
    if (started.has_error()) self->crashed({"start", started.error().message});
  });
}

void RemoteInstance::close() {
  restart_timer_.cancel();
  if (process_) process_->abandon();
  refuse_all(Code::cancelled, "the plugin is being stopped");  // whoever waits for one holds this instance
}

void RemoteInstance::begin_stop() {
  restart_timer_.cancel();
  if (process_) process_->services().close();
}

awaitable<void> RemoteInstance::async_destroy(bool drained, std::chrono::steady_clock::time_point) {
  const auto self = this->self();
  refuse_all(Code::cancelled, "the plugin is being stopped");
  if (!process_ || process_->has_ended()) co_return;
  std::function<bool()> is_gone = [process = process_] { return process->has_ended(); };
  if (drained) {
    process_->ask_to_stop();
    if (co_await wait_until(is_gone, std::chrono::steady_clock::now() + options_.limits.stop)) co_return;
  }
  log::warn(name_, "rule stop: it did not stop in time; its process is killed");
  process_->kill("stop", "it did not stop in time");
  co_await wait_until(std::move(is_gone), std::chrono::steady_clock::now() + options_.limits.stop);
}

void RemoteInstance::settings_changed() {
  if (process_) process_->services().set_settings(settings_);
}

// ---- calls ----

Result<void> RemoteInstance::takes_calls() const {
  if (state_ == InstanceState::restarting && restarts_at_once_) return {};
  return ManagedInstance::takes_calls();
}

bool RemoteInstance::has_deadline() const {
  return std::any_of(calls_.begin(), calls_.end(), [](const auto& entry) { return entry.second->call.deadline.count() > 0; });
}

CallTable::OnChunk RemoteInstance::chunk_sink(const CallPtr& call, std::shared_ptr<hob_id> id) {
  if (!call->call.on_chunk) return nullptr;
  return [weak = weak_from_this(), call, id = std::move(id), unsaid = std::size_t(0)](std::string chunk) mutable {
    unsaid += chunk.size();
    const bool listens = call->call.on_chunk(std::move(chunk));
    const auto self = std::static_pointer_cast<RemoteInstance>(weak.lock());
    if (!self || !self->process_ || !call->entered) return listens;
    if (!listens) self->process_->deaf(*id);
    if (unsaid >= kAcknowledgeAt) self->process_->taken(*id, std::exchange(unsaid, 0));
    return listens;
  };
}

hob_status RemoteInstance::process_emitted(hob_id id, std::string_view chunk) {
  const CallPtr* call = find_call(id);
  if (call && !(*call)->call.on_chunk) return HOB_NOT_FOUND;  // it was told that nobody listens
  return table_->emit(id, chunk);
}

hob_status RemoteInstance::process_finished(hob_id id, hob_status status, std::string_view result) {
  const CallPtr* call = find_call(id);
  // All results are JSON but an embedder's vectors. The bytes go on as they are: who reads them refuses them.
  if (call && status == HOB_OK && (*call)->call.extension != HOB_EXT_EMBEDDER && !is_valid_utf8(result))
    log::error(name_, "rule text: its answer to {} is not UTF-8", (*call)->function.log_name);
  return table_->finish(id, status, result);
}

void RemoteInstance::enter(hob_id id, const CallPtr& call) {
  if (state_ != InstanceState::ready) return;  // process_started() enters it
  call->entered = true;
  process_->call(id, call->function, call->call.on_chunk != nullptr, call->text());
}

void RemoteInstance::ask_to_cancel(hob_id id, const CallPtr& call) {
  if (call->entered && process_)
    process_->cancel(id);
  else
    table_->finish(id, HOB_CANCELLED, "cancelled before it began");
}

void RemoteInstance::unanswered(hob_id, Call& call) {
  if (!call.entered || !process_) return;
  process_->kill("hang", fmt::format("{} did not answer within {} ms of being asked to cancel", call.function.log_name,
                                     grace_.count()));
}

void RemoteInstance::send_message(std::uint64_t id, std::string data, bool is_text) {
  const CallPtr* call = find_call(id);
  if (call && (*call)->entered && process_) process_->message(id, data, is_text);
}

}  // namespace hobd
