#include "memory/buffer.hpp"

#include "base/sent_text.hpp"
#include "memory/waiting.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMostWaiting = 256;   // sessions; one more is taken up after its next turn
constexpr int kMostRounds = 64;             // of one extension: some 16,000 messages
constexpr int kTries = 3;                   // against another extension of the same session
constexpr std::size_t kMessageTokens = 8;   // beside its text
constexpr std::chrono::seconds kModelTime{60};

BufferLimits scaled(BufferLimits limits, std::size_t numerator, std::size_t denominator) {
  return {limits.messages * numerator / denominator, limits.tokens * numerator / denominator};
}

/// A buffer that is full keeps this much. Each time something leaves, the prompt changes from the summary on, and a provider's
/// cache of it is lost: so much leaves at once, and seldom.
BufferLimits low(BufferLimits limits) { return scaled(limits, 1, 2); }
/// So full that a turn does not wait for the background.
BufferLimits high(BufferLimits limits) { return {2 * limits.messages + 8, 2 * limits.tokens}; }

CallFor call_for(const std::string& user_id, const SessionBuffer& buffer) {
  CallFor call;
  call.user_id = user_id;
  if (!buffer.messages.empty()) call.conversation_id = buffer.messages.front().conversation_id;
  call.purpose = Purpose::summary;
  return call;
}

std::size_t tokens_shown(std::string_view text, std::size_t longest) { return std::min(count_tokens(text), longest) + kMessageTokens; }

std::size_t summary_tokens(const Config& config) { return std::clamp<std::size_t>(config.memory.buffer_tokens / 4, 100, 1'000); }

}  // namespace

BufferLimits buffer_limits(const Config& config) {
  return {std::size_t{config.memory.buffer_messages} * 2, config.memory.buffer_tokens};  // a turn is two messages
}

std::size_t longest_shown(const Config& config) { return std::max<std::size_t>(config.memory.buffer_tokens / 2, 50); }

std::size_t count_leaving(const std::vector<Message>& messages, BufferLimits limits, std::size_t longest) {
  // Turns, as they begin: a message of the user's behind another role's, or of another turn.
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const bool is_same_turn = i > 0 && !messages[i].turn_id.empty() && messages[i].turn_id == messages[i - 1].turn_id;
    if (i == 0 || (!is_same_turn && messages[i].role == "user")) begins.push_back(i);
  }
  std::size_t kept = 0, tokens = 0;
  for (std::size_t turn = begins.size(); turn-- > 0;) {
    const std::size_t end = turn + 1 < begins.size() ? begins[turn + 1] : messages.size();
    const bool is_hidden = messages[begins[turn]].role == "user" && is_command(messages[begins[turn]].text);
    if (is_hidden) continue;
    for (std::size_t i = begins[turn]; i < end; ++i) {
      ++kept;
      tokens += tokens_shown(messages[i].text, longest);
    }
    const bool is_newest = end == messages.size();
    if (!is_newest && (kept > limits.messages || tokens > limits.tokens)) return end;
  }
  return 0;
}

SessionBuffers::SessionBuffers(BufferContext context)
    : context_(std::move(context)), idle_(context_.core, asio::steady_timer::time_point::max()), tasks_(context_.core) {}
SessionBuffers::~SessionBuffers() = default;

std::vector<Message> SessionBuffers::spoken(const std::vector<Message>& messages) const {
  std::set<std::string_view> hidden;
  for (const Message& message : messages)
    if (message.role == "user" && is_command(message.text)) hidden.insert(message.turn_id);
  std::vector<Message> spoken;
  for (const Message& message : messages)
    if (message.role != "system" && message.role != "tool" && (message.turn_id.empty() || !hidden.contains(message.turn_id))) spoken.push_back(message);
  return spoken;
}

awaitable<Result<std::string>> SessionBuffers::ask_model(const SessionSummary& before, const std::vector<Message>& messages, CallFor call) {
  if (!context_.router || !context_.router->has_model()) co_return Error{Code::unavailable, "there is no model"};
  const std::size_t tokens = summary_tokens(*context_.config);
  ModelRequest request;
  request.model = "tier/fast";
  if (call.is_background) request.model = background_model(*context_.config);
  request.chat = summary_request(before, messages, tokens, context_.config->memory.pii_redact_model);
  request.deadline = kModelTime;
  request.call = std::move(call);
  std::function<void(std::string_view)> on_delta = [](std::string_view) {};
  CO_TRY(const ModelAnswer answer, co_await context_.router->complete(std::move(request), std::move(on_delta)));
  if (answer.provider == "offline") co_return Error{Code::unavailable, "only the offline model answered"};
  if (!answer.tool_calls.empty()) co_return Error{Code::invalid, "the model called a tool"};
  co_return checked_summary(answer.text, before, messages, tokens);
}

awaitable<Result<SessionSummary>> SessionBuffers::extended(SessionSummary before, std::vector<Message> messages, std::optional<CallFor> call) {
  SessionSummary after = before;
  after.upto_message_id = messages.back().id;
  if (before.version == 0 || before.messages == 0) after.from = messages.front().at;
  after.to = messages.back().at;
  after.messages += static_cast<std::int64_t>(messages.size());
  const std::vector<Message> said = spoken(messages);
  if (said.empty()) co_return after;  // commands alone
  const bool is_spare = call && call->is_background && context_.router && context_.router->has_model();
  Leave leave = Leave::ask;
  if (is_spare) leave = co_await leave_to_call(context_.spare, *call);
  if (leave == Leave::later) co_return Error{Code::overloaded, "the summary waits for the budget"};
  if (call && leave == Leave::ask) {
    Result<std::string> written = co_await ask_model(before, said, *call);
    if (written.has_value()) {
      after.text = *std::move(written);
      after.by = "model";
      co_return after;
    }
    if (is_spare) leave = co_await leave_to_call(context_.spare, *call);
    if (leave == Leave::later || (is_spare && waits_for_room(context_.spare, written.error())))
      co_return Error{Code::overloaded, "the summary waits for the budget"};
    // Without any model that is how it always is.
    const log::Level level = context_.router && context_.router->has_model() ? log::Level::warn : log::Level::debug;
    if (log::enabled(level))
      log::write(level, "memory", "the summary of session " + before.session_id + " is made without a model: " + written.error().message);
  }
  after.text = extracted_summary(before, said, summary_tokens(*context_.config));
  after.by = "extract";
  co_return after;
}

awaitable<Result<BufferView>> SessionBuffers::read(std::string user_id, std::string session_id, std::string before_message) {
  const std::shared_ptr<const Config> config = context_.config;
  const BufferLimits limits = buffer_limits(*config);
  BufferView view;
  view.summary.session_id = session_id;
  if (limits.messages == 0) co_return view;  // the user wants none
  std::optional<SessionSummary> unstored;
  for (int round = 1;; ++round) {
    BufferQuery query;
    query.user_id = user_id;
    query.session_id = session_id;
    query.before_message = before_message;
    CO_TRY(SessionBuffer buffer, co_await context_.store->summaries().buffer(std::move(query)));
    const std::size_t longest = longest_shown(*config);
    std::size_t leaving = count_leaving(buffer.messages, high(limits), longest);
    if (leaving > 0) leaving = count_leaving(buffer.messages, low(limits), longest);
    if (buffer.has_more && leaving == 0) leaving = buffer.messages.size();
    const bool is_enough = leaving == 0 || round > kMostRounds;
    if (!is_enough) {
      std::vector<Message> oldest(buffer.messages.begin(), buffer.messages.begin() + std::ptrdiff_t(leaving));
      std::optional<CallFor> no_call;
      CO_TRY(SessionSummary after, co_await extended(buffer.summary, std::move(oldest), std::move(no_call)));
      SessionSummary wanted = after;
      const Result<SessionSummary> stored = co_await context_.store->summaries().put(user_id, std::move(wanted));
      if (stored.has_value() || stored.error().code == Code::overloaded) continue;
      // This prompt gets it all the same; the next turn tries again.
      log::warn("memory", "store the summary of session {}: {}", session_id, stored.error().message);
      buffer.summary = std::move(after);
      buffer.messages.erase(buffer.messages.begin(), buffer.messages.begin() + std::ptrdiff_t(leaving));
    }
    if (buffer.has_more) {
      const auto count = static_cast<std::uint32_t>(limits.messages);
      CO_TRY(buffer.messages, co_await context_.store->conversations().recent(user_id, session_id, before_message, count));
    }
    view.summary = std::move(buffer.summary);
    view.messages = std::move(buffer.messages);
    std::size_t tokens = 0;
    for (const Message& message : view.messages) tokens += tokens_shown(message.text, longest);
    view.room.messages = limits.messages - std::min(limits.messages, view.messages.size());
    view.room.tokens = limits.tokens - std::min(limits.tokens, tokens);
    co_return view;
  }
}

void SessionBuffers::wake(std::string user_id, std::string session_id, BufferLimits room, std::initializer_list<std::string_view> said) {
  std::size_t tokens = 0;
  for (const std::string_view text : said) tokens += tokens_shown(text, longest_shown(*context_.config));
  if (said.size() <= room.messages && tokens <= room.tokens && room.messages > 0) return;
  if (stopping_ || waiting_.size() >= kMostWaiting || !known_.insert(session_id).second) return;
  waiting_.push_back({std::move(user_id), std::move(session_id)});
  if (working_) return;
  working_ = true;
  tasks_.spawn("summaries", work());
}

awaitable<void> SessionBuffers::work() {
  while (!waiting_.empty() && !stopping_) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    known_.erase(job.session_id);
    const std::string session = job.session_id;
    std::string fault;
    try {
      const Result<void> done = co_await relieve(std::move(job));
      // A conversation that was deleted meanwhile has nothing left to summarise.
      if (done.has_error() && done.error().code != Code::not_found) fault = done.error().message;
    } catch (const std::bad_alloc&) {
      fault = "out of memory";
    }
    if (!fault.empty()) log::warn("memory", "the summary of session {} waits for a later turn: {}", session, fault);
  }
  working_ = false;
  idle_.cancel();
}

awaitable<Result<void>> SessionBuffers::relieve(Job job) {
  const std::shared_ptr<const Config> config = context_.config;
  const BufferLimits limits = buffer_limits(*config);
  if (limits.messages == 0) co_return Result<void>{};
  for (int round = 0, misses = 0; round < kMostRounds && misses < kTries; ++round) {
    BufferQuery query;
    query.user_id = job.user_id;
    query.session_id = job.session_id;
    query.ended_only = true;
    CO_TRY(SessionBuffer buffer, co_await context_.store->summaries().buffer(std::move(query)));
    const std::size_t longest = longest_shown(*config);
    std::size_t leaving = count_leaving(buffer.messages, limits, longest);
    if (leaving > 0) leaving = count_leaving(buffer.messages, low(limits), longest);
    if (buffer.has_more && leaving == 0) leaving = buffer.messages.size();
    if (leaving == 0) break;
    std::vector<Message> oldest(buffer.messages.begin(), buffer.messages.begin() + std::ptrdiff_t(leaving));
    // A backlog is not worth a model's money call by call.
    std::optional<CallFor> call;
    if (!buffer.has_more) call = call_for(job.user_id, buffer);
    if (call) call->is_background = true;
    Result<SessionSummary> after = co_await extended(std::move(buffer.summary), std::move(oldest), std::move(call));
    if (after.has_error()) co_return Result<void>{};  // the next turn comes by again
    const Result<SessionSummary> stored = co_await context_.store->summaries().put(job.user_id, std::move(*after));
    if (stored.has_value()) continue;
    if (stored.error().code != Code::overloaded) co_return stored.error();
    ++misses;
  }
  co_return Result<void>{};
}

awaitable<Result<SessionSummary>> SessionBuffers::summarize(std::string user_id, std::string session_id) {
  for (int round = 0, misses = 0;; ++round) {
    BufferQuery query;
    query.user_id = user_id;
    query.session_id = session_id;
    query.ended_only = true;
    CO_TRY(SessionBuffer buffer, co_await context_.store->summaries().buffer(std::move(query)));
    if (buffer.messages.empty() || round >= kMostRounds) {
      if (buffer.summary.text.empty()) co_return Error{Code::invalid, "nothing was said in this session yet that a summary could hold"};
      co_return std::move(buffer.summary);
    }
    std::optional<CallFor> call;
    if (!buffer.has_more) call = call_for(user_id, buffer);
    CO_TRY(SessionSummary after, co_await extended(std::move(buffer.summary), std::move(buffer.messages), std::move(call)));
    Result<SessionSummary> stored = co_await context_.store->summaries().put(user_id, std::move(after));
    if (stored.has_error() && (stored.error().code != Code::overloaded || ++misses == kTries)) co_return stored.error();
  }
}

awaitable<void> SessionBuffers::async_idle() {
  while (working_) {
    boost::system::error_code ignored;
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

awaitable<void> SessionBuffers::stop(std::chrono::milliseconds limit) {
  stopping_ = true;
  waiting_.clear();
  // The result has a name: g++ 12 lays this coroutine's frame out wrongly when it is awaited inside the condition.
  const bool is_done = co_await tasks_.async_wait(limit);
  if (is_done) co_return;
  tasks_.cancel();
  const std::chrono::milliseconds last{1'000};
  (void)co_await tasks_.async_wait(last);
}

}  // namespace hobd
