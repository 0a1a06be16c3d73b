#include "models/model_caller.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "models/answer.hpp"
#include "models/attempt.hpp"
#include "models/trim.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/monotonic_resource.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <random>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = ModelFault::Kind;

constexpr int kMostContinuations = 3;
constexpr int kMostTrims = 2;
constexpr std::int64_t kLeastTokens = 256;  // of an answer that is of any use
constexpr milliseconds kFirstPause{300}, kLongestPause{5'000};
/// A server that asks to be left alone for longer is left alone, and the next model asked; where there is none, it is waited for.
constexpr seconds kShortWait{5}, kLastWait{15};

constexpr std::string_view kGoOn =
    "(The connection broke while you were answering. All that stands above was already shown to the user. Go on with the very next "
    "character after its end, in the same language and format. Repeat nothing of it, greet nobody, and do not mention the interruption.)";

/// What one model wants back with its message means nothing to another, which may even refuse it.
void drop_foreign_carries(json::object& chat, std::string_view model) {
  const auto messages = chat.find("messages");
  if (messages == chat.end() || !messages->value().is_array()) return;
  for (json::value& item : messages->value().get_array()) {
    json::object* message = item.if_object();
    if (!message || !message->contains("carry")) continue;
    if (string_or(*message, "carry_of") != model) message->erase("carry");
    message->erase("carry_of");
  }
}

/// Members of "extra" that change neither which model answers nor what its answer may cost.
constexpr std::string_view kHarmlessExtra[] = {
    "parallel_tool_calls", "seed", "thinking", "think", "reasoning", "reasoning_effort", "top_k", "min_p", "presence_penalty",
    "frequency_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs", "verbosity", "output_config", "metadata",
    "safetySettings", "user", "prediction", "chat_template_kwargs"};
/// What a request says by itself: never said twice, whoever pays.
constexpr std::string_view kOwnMembers[] = {"model", "messages", "tools", "tool_choice", "stream", "stream_options", "max_tokens",
                                            "max_completion_tokens", "num_predict", "n", "best_of"};

/// Providers pass "extra" on as it is. Of a model that costs money only what can't pass by the reservation is left.
void bound_extra(json::object& request, bool is_free) {
  const auto found = request.find("extra");
  if (found == request.end()) return;
  const json::object* extra = found->value().if_object();
  json::object kept;
  const auto is_in = [](const auto& list, std::string_view name) { return std::find(std::begin(list), std::end(list), name) != std::end(list); };
  if (extra)
    for (const auto& [name, value] : *extra)
      if (is_free ? !is_in(kOwnMembers, name) : is_in(kHarmlessExtra, name)) kept[name] = value;
  if (kept.empty()) request.erase("extra");
  else found->value() = std::move(kept);
}

json::object message_of(std::string_view role, std::string_view content) {
  json::object message;
  message["role"] = role;
  message["content"] = content;
  return message;
}

/// Between nothing and `most`, evenly: callers that failed together don't come back together.
milliseconds any_pause_up_to(milliseconds most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(0, most.count()))(random));
}

std::string_view outcome_name(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::answered: return "answered";
    case CallOutcome::cancelled: return "cancelled";
    case CallOutcome::failed: break;
  }
  return "failed";
}

}  // namespace

/// A model being asked, over all tries.
struct ModelCaller::Try {
  std::string name;
  ModelName parts;
  ModelCard card;
  int retries = 0, trims = 0;
  bool went_on = false;           // it broke off once and was asked to go on
  bool knows_prefill = false, may_prefill = false;  // it takes its own half answer as the last message
  std::int64_t most_tokens = 0;   // of the request; 0: as many as there are

  // Of this try:
  std::int64_t input_tokens = 0, wanted_tokens = 0;
  Trimmed trimmed;
  bool prefills = false, streams = true;
  std::size_t shown_before = 0;
  Reservation reservation;
  std::chrono::steady_clock::time_point begun{};
};

ModelCaller::ModelCaller(ModelCallerContext context, std::shared_ptr<const Config> config)
    : context_(std::move(context)), config_(config), own_prices_(std::move(config)) {}

void ModelCaller::set_config(std::shared_ptr<const Config> config) {
  config_ = config;
  own_prices_.set_config(std::move(config));
}

milliseconds ModelCaller::left(const Way& way) const {
  return std::chrono::duration_cast<milliseconds>(way.deadline - context_.clock->steady());
}

awaitable<Asked> ModelCaller::ask(std::string name, Way& way) {
  Try one;
  one.name = std::move(name);
  one.parts = split_model_name(one.name);
  one.card = prices().find(one.name);
  const Health::Permit permit = context_.health->begin(one.name);
  for (;;) {
    Asked asked = co_await try_once(one, way);
    if (asked.what != Asked::What::failed) co_return asked;
    const bool again = co_await may_try_again(one, asked, way);
    if (!again) co_return asked;
  }
}

/// The request for this model: what it carried, cut to what it holds, and where an answer broke off, that answer.
json::object ModelCaller::request_of(const Try& one, const Way& way) const {
  json::object request(json::make_shared_resource<json::monotonic_resource>());  // it goes all at once
  for (const auto& [key, value] : way.chat) request.insert_or_assign(key, value);
  request["model"] = one.parts.model;
  bound_extra(request, one.card.is_free());
  drop_foreign_carries(request, one.name);
  if (one.name == kOfflineModel) {
    // The offline model says why it stands in.
    if (const auto failed = context_.health->failures(); !failed.empty()) request["failed"] = json::array(failed.begin(), failed.end());
  }
  return request;
}

/// Looked up for each use: a reload may put another one there.
Result<Instance*> ModelCaller::provider_of(Try& one) const {
  Instance* instance = context_.registry->find(one.parts.provider);
  if (!instance) return Error{Code::unavailable, "the provider \"" + one.parts.provider + "\" is not running"};
  if (instance->state() != InstanceState::ready)
    return Error{Code::unavailable, "the provider is " + std::string(instance_state_name(instance->state())) +
                                        (instance->state_reason().empty() ? "" : ": " + instance->state_reason())};
  one.knows_prefill = instance->manifest().id == "provider_anthropic";
  return instance;
}

awaitable<Asked> ModelCaller::try_once(Try& one, Way& way) {
  Asked asked;
  const milliseconds time_left = left(way);
  const Result<Instance*> running = provider_of(one);
  if (running.has_error()) asked.error = running.error();
  else if (time_left.count() <= 0) asked.error = {Code::timeout, "the time for the answer is up"};
  if (!asked.error.message.empty()) {
    asked.fault = read_fault(asked.error);
    co_return asked;
  }

  json::object request = request_of(one, way);
  one.shown_before = way.showing->shown().size();
  const std::string_view half = way.showing->shown();
  const std::size_t half_end = half.find_last_not_of(" \t\r\n");
  const bool goes_on = half_end != std::string_view::npos;
  one.prefills = goes_on && one.may_prefill;

  one.wanted_tokens = int_or(request, "max_tokens", config_->models.max_tokens);
  if (one.wanted_tokens <= 0) {  // a provider would take a limit of its own
    one.wanted_tokens = config_->models.max_tokens;
    request.erase("max_tokens");
  }
  if (one.card.max_output > 0) one.wanted_tokens = std::min(one.wanted_tokens, one.card.max_output);
  const std::int64_t half_tokens = goes_on ? count_tokens_high(half) + count_tokens_high(kGoOn) : 0;
  std::int64_t most = one.most_tokens;
  if (one.card.context_window > 0) {
    const std::int64_t room = one.card.context_window - std::min(one.wanted_tokens, one.card.context_window / 4);
    most = most > 0 ? std::min(most, room) : room;
  }
  one.trimmed = {};
  if (most > 0) one.trimmed = trim_chat(request, std::max<std::int64_t>(1, most - half_tokens));
  if (one.trimmed.any()) ++counts_.trimmed;
  if (goes_on && request["messages"].is_array()) {
    json::array& messages = request["messages"].get_array();
    messages.push_back(message_of("assistant", half.substr(0, half_end + 1)));
    if (!one.prefills) messages.push_back(message_of("user", kGoOn));
  }
  one.input_tokens = count_request_tokens_high(request);

  one.reservation = {};
  one.begun = context_.clock->steady();
  if (context_.budget) {
    PlannedCall planned;
    planned.call = way.call;
    planned.model = one.name;
    planned.tier = way.tier;
    planned.input_tokens = one.input_tokens;
    planned.max_tokens = one.wanted_tokens;
    planned.least_tokens = std::min(kLeastTokens, one.wanted_tokens);
    planned.baseline = way.baseline;
    Result<Reservation> reserved = co_await context_.budget->reserve(std::move(planned));
    if (reserved.has_error()) {
      asked.what = Asked::What::no_room;
      asked.error = reserved.error();
      CallReport refused;
      refused.provider = one.parts.provider;
      refused.model = one.name;
      refused.outcome = "refused";
      refused.call = way.call;
      report(refused);
      co_return asked;
    }
    one.reservation = *std::move(reserved);
    if (one.reservation.max_tokens > 0) request["max_tokens"] = one.reservation.max_tokens;
  }

  // Shared with the provider's call, which may outlive this frame when the turn is cancelled.
  const std::shared_ptr<Showing> showing = way.showing;
  if (showing->has_shown()) showing->begin_continuing();
  else if (way.doubts) showing->begin_doubting(way.doubts);
  else showing->begin();
  std::function<bool(std::string_view)> on_text = [showing](std::string_view text) {
    showing->take(text);
    return !showing->is_anew();
  };
  const std::int64_t max_tokens = one.reservation.max_tokens > 0 ? one.reservation.max_tokens : one.wanted_tokens;
  const auto builder = std::make_shared<AnswerBuilder>(std::move(on_text), one.input_tokens, max_tokens);
  AttemptTimes times;
  times.whole = std::max(milliseconds(1), left(way));
  one.streams = bool_or(request, "stream", true);
  if (one.streams) times.first_token = config_->models.times.first_token;
  if (one.streams) times.stall = config_->models.times.stall;
  Result<std::string> end = Error{Code::internal, ""};
  std::exception_ptr failure;
  const bool is_called_off = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
  const Result<Instance*> still_running = provider_of(one);
  try {
    if (still_running.has_error()) end = still_running.error();
    else end = co_await attempt(**still_running, json::serialize(request), times, builder);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure && is_called_off) {  // while room was made: nothing was sent
    if (context_.budget) context_.budget->release(std::move(one.reservation));
    std::rethrow_exception(failure);
  }
  if (failure) {
    ModelAnswer nothing = builder->broken_off();
    book(one, way.call, nothing.usage, CallOutcome::cancelled, true);
    std::rethrow_exception(failure);
  }
  // A plugin whose flow was stopped because its answer is broken may say "cancelled": the fault says more.
  if (end.has_error() && !builder->is_broken()) {
    asked.error = end.error();
  } else {
    const std::string result = end.has_value() ? *std::move(end) : std::string();
    Result<ModelAnswer> answer = builder->finish(result);
    if (answer.has_error()) asked.error = answer.error();
    else asked.what = Asked::What::answered, asked.answer = *std::move(answer);
  }
  settle(one, way, asked, *builder);
  co_return asked;
}

/// Books what the try cost, and takes the answer over.
void ModelCaller::settle(Try& one, Way& way, Asked& asked, const AnswerBuilder& builder) {
  if (asked.what == Asked::What::answered) {
    context_.health->answered(one.name);
    ModelAnswer& answer = asked.answer;
    answer.provider = one.parts.provider;
    if (way.judge && !way.showing->has_shown()) asked.doubt = way.judge(answer);
    // An answer that nobody sees would not have been asked for without routing: all that it cost is lost.
    if (!asked.doubt.empty() && !one.reservation.planned.baseline.empty()) one.reservation.planned.baseline = kOfflineModel;
    book(one, way.call, answer.usage, CallOutcome::answered, builder.is_estimated());
    const bool is_shortened = one.reservation.max_tokens > 0 && one.reservation.max_tokens < one.wanted_tokens && answer.stop == "length";
    if (is_shortened) way.notice = "The answer is cut short: the budget had room for no more (`hobctl usage summary`).";
    else if (one.trimmed.message) way.notice = "The message was too long for " + one.name + ": its middle was left out.";
    return;
  }
  asked.fault = read_fault(asked.error);
  const bool is_cancelled = asked.fault.kind == Kind::cancelled;
  if (is_cancelled) asked.what = Asked::What::cancelled;
  const bool said_something = way.showing->shown().size() > one.shown_before;
  if (said_something && way.shown_by.empty()) way.shown_by = one.name;
  way.showing->drop();
  ModelAnswer half = builder.broken_off();
  // An answer in one piece that came too late may have been written in full.
  if (!one.streams && asked.fault.kind == Kind::timeout)
    half.usage.output_tokens = std::max(half.usage.output_tokens, one.reservation.max_tokens);
  if (asked.fault.may_be_billed() || builder.has_begun()) {
    book(one, way.call, half.usage, is_cancelled ? CallOutcome::cancelled : CallOutcome::failed, true);
    add_usage(way.spent, half.usage);
    way.spent.model = one.name;
    return;
  }
  if (context_.budget) context_.budget->release(std::move(one.reservation));
  CallReport failed;
  failed.provider = one.parts.provider;
  failed.model = one.name;
  failed.outcome = "failed";
  failed.call = way.call;
  failed.took = std::chrono::duration_cast<milliseconds>(context_.clock->steady() - one.begun);
  report(failed);
}

void ModelCaller::book(Try& one, const CallFor& call, Usage& usage, CallOutcome outcome, bool is_estimated) {
  usage.model = one.name;  // as the config writes it: prices and reports are kept under it
  CallReport done;
  done.call = call;
  if (context_.budget) is_estimated = context_.budget->settle(std::move(one.reservation), usage, outcome, is_estimated);
  else usage.cost_usd = own_prices_.cost(one.card, usage);
  done.provider = one.parts.provider;
  done.model = one.name;
  done.outcome = outcome_name(outcome);
  done.usage = usage;
  done.is_estimated = is_estimated;
  done.took = std::chrono::duration_cast<milliseconds>(context_.clock->steady() - one.begun);
  report(done);
}

/// Whether the same model is asked once more, after the pause that this takes.
awaitable<bool> ModelCaller::may_try_again(Try& one, const Asked& asked, Way& way) {
  const ModelFault& fault = asked.fault;
  if (left(way).count() <= 0) co_return false;
  if (way.showing->shown().size() > one.shown_before) {
    // It broke off amid its answer: it goes on once, then the next model does.
    if (++way.continuations > kMostContinuations || one.went_on) co_return false;
    one.went_on = true;
    one.may_prefill = one.knows_prefill;
    ++counts_.continued;
    co_return true;
  }
  if (fault.kind == Kind::bad_request && one.prefills) {
    one.may_prefill = false;
    co_return true;
  }
  if (fault.kind == Kind::too_long) {
    if (one.trims++ == kMostTrims) co_return false;
    const std::int64_t reserve = std::min(one.wanted_tokens, fault.window / 4);
    one.most_tokens = fault.window > 0 && one.trims == 1 ? std::min(fault.window - reserve, one.input_tokens * 9 / 10) : one.input_tokens / 2;
    json::object request = request_of(one, way);
    const std::int64_t before = count_request_tokens_high(request);
    trim_chat(request, one.most_tokens);
    co_return count_request_tokens_high(request) < std::min(before, one.input_tokens);
  }
  // The same words would get the same nothing: turns ask again with others.
  if (says_nothing(asked.error)) co_return false;
  if (!fault.is_passing() || one.retries >= int(config_->models.times.retries)) co_return false;
  // Without a word on when to come back, another model is the better choice.
  const bool names_wait = fault.retry_after.has_value();
  if (!way.is_last && (fault.kind == Kind::broken || (fault.kind == Kind::rate_limit && !names_wait))) co_return false;
  if (names_wait && *fault.retry_after > (way.is_last ? kLastWait : kShortWait)) co_return false;
  const milliseconds backoff = std::min(kLongestPause, kFirstPause * (1 << std::min(one.retries, 10)));
  milliseconds pause = any_pause_up_to(backoff);
  if (names_wait) pause += *fault.retry_after;
  ++one.retries;
  const bool has_waited = co_await wait(pause, way);
  if (has_waited) ++counts_.retries;
  co_return has_waited;
}

/// False: there is no time for it, or the request was cancelled.
awaitable<bool> ModelCaller::wait(milliseconds pause, const Way& way) {
  if (pause >= left(way)) co_return false;
  asio::steady_timer timer(context_.core, pause);
  const auto [stopped] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !stopped;
}

}  // namespace hobd
