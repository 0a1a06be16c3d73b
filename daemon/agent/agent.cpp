#include "agent/agent.hpp"

#include "agent/commands.hpp"
#include "agent/turn.hpp"
#include "agent/turn_journal.hpp"
#include "base/fault.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "memory/blocks.hpp"
#include "memory/buffer.hpp"
#include "models/image_part.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace hobd {
namespace {

constexpr std::size_t kMaxText = 1 << 20;
/// Turns of one conversation that may wait, and of all together. Beyond them a send is refused as overloaded, and a
/// channel's message, which was accepted already, waits in the journal until there is room.
constexpr std::size_t kMaxQueued = 32;
constexpr std::size_t kMaxLive = 4096;
/// Commands that stop others find room beyond kMaxQueued.
constexpr std::size_t kMaxQueuedStops = 2 * kMaxQueued;
constexpr std::chrono::seconds kFirstResumeRetry{1}, kLongestResumeRetry{30};
/// Plugins that are asked to cancel have 5 s to answer.
constexpr std::chrono::seconds kHardStop{7};

using LivePtr = std::shared_ptr<LiveTurn>;  // shared by the queue, the watchers and the calls in flight

/// Leaves the turn when its watcher does.
class Watch {
 public:
  Watch(LivePtr live, LiveTurn::Watcher watcher) : live_(std::move(live)), id_(live_->watch(std::move(watcher))) {}
  ~Watch() { live_->unwatch(id_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  LivePtr live_;
  std::uint64_t id_;
};

Result<void> check_request(const SendRequest& request) {
  if (request.user_id.empty()) return Error{Code::invalid, "a message needs a user"};
  if (request.text.size() > kMaxText) return Error{Code::invalid, "the message is longer than 1 MiB"};
  if (!is_valid_utf8(request.text)) return Error{Code::invalid, "the message is not UTF-8"};
  if (request.messages.empty() && request.attachments.empty() && trim(request.text).empty())
    return Error{Code::invalid, "the message is empty"};
  for (std::size_t i = 0; i < request.messages.size(); ++i)
    TRY(check_attachments(request.messages[i].attachments, "messages[" + std::to_string(i) + "].attachments"));
  return check_attachments(request.attachments, "attachments");
}

/// What the turn needs besides its message, also after a restart.
json::object turn_request(const SendRequest& request) {
  json::object object;
  if (!request.user_name.empty()) object["user_name"] = request.user_name;
  if (!request.model.empty()) object["model"] = request.model;
  if (!request.client_tools.empty()) object["client_tools"] = request.client_tools;
  if (!request.sampling.empty()) object["sampling"] = request.sampling;
  if (!request.system.empty()) object["system"] = request.system;
  if (!request.fingerprint.empty()) object["fingerprint"] = request.fingerprint;
  if (!request.external_id.empty()) object["digest"] = request_digest(request);
  return object;
}

json::object session_event(const Turn& turn) {
  json::object data;
  data["conversation_id"] = turn.conversation_id;
  data["session_id"] = turn.session_id;
  data["turn_id"] = turn.id;
  return data;
}

class JournaledAgent final : public Agent {
 public:
  explicit JournaledAgent(AgentContext context) : context_(std::move(context)), resume_pause_(context_.core), workers_(context_.core) {
    context_.store->journal().set_session_ttl(context_.config->memory.buffer_ttl);
  }

  awaitable<Result<TurnReply>> send(SendRequest request, std::function<void(const TurnEvent&)> on_event) override {
    CO_CHECK(check_request(request));
    CO_CHECK(co_await find_conversation(request));
    const bool is_stop = is_stop_command(request.text);
    CO_CHECK(has_room(request.conversation_id, is_stop));
    const Durability durability = request.promise_early ? Durability::synced : Durability::journaled;
    Inbound inbound = inbound_of(std::move(request));
    const json::object wanted = inbound.request;
    Result<Accepted> accepted = co_await context_.store->journal().accept(std::move(inbound), durability);
    if (accepted.has_error()) co_return accepted.error();
    fault_point("turn.after_accept");

    const Turn turn = accepted->turn;
    LivePtr live;
    if (accepted->duplicate) {
      if (string_or(turn.request, "digest") != string_or(wanted, "digest"))
        co_return Error{Code::invalid, "another message was sent under the key \"" + turn.external_id +
                                           "\" before: a key names one message; take a new one"};
      Result<LivePtr> found = co_await find_again(turn);
      if (found.has_error()) co_return found.error();
      live = *std::move(found);
      if (!live) co_return co_await stored_reply(turn);
    } else {
      live = enqueue(std::move(accepted->turn), std::move(accepted->message), false);
    }
    const Watch watch(live, on_event);
    if (on_event) {
      TurnEvent session;
      session.name = "session";
      session.data = session_event(turn);
      on_event(session);
    }
    co_await live->async_finished();
    if (!live->outcome()) co_return Error{Code::cancelled, "nobody waits for this turn any more; it goes on"};
    Result<TurnReply> outcome = *live->outcome();
    if (outcome.has_value()) outcome->duplicate = accepted->duplicate;
    co_return outcome;
  }

  void start_turn(Turn turn, Message message) override {
    fault_point("turn.after_accept");
    const bool is_stop = is_stop_command(message.text);
    if (is_stop) stop_queued(turn.conversation_id);
    // Once one of a conversation waits in the journal alone, later ones do too, or they would overtake it.
    if (behind_.contains(turn.conversation_id) || has_room(turn.conversation_id, is_stop).has_error()) {
      behind_[turn.conversation_id] = ++last_behind_;
      return;
    }
    enqueue(std::move(turn), std::move(message), false);
  }

  Result<void> cancel(std::string_view user_id, std::string_view turn_id) override {
    const auto live = live_.find(std::string(turn_id));
    if (live == live_.end() || live->second->turn.user_id != user_id)
      return Error{Code::not_found, "no turn " + std::string(turn_id) + " is running"};
    live->second->stop(LiveTurn::Stop::user);
    return {};
  }

  awaitable<void> cancel_conversation(std::string user_id, std::string conversation_id) override {
    const auto queue = queues_.find(conversation_id);
    if (queue == queues_.end()) co_return;
    const std::deque<LivePtr> turns = queue->second;  // a copy: it changes while this waits
    const auto give_up = std::chrono::steady_clock::now() + kHardStop;
    for (const LivePtr& live : turns)
      if (live->turn.user_id == user_id) live->stop(LiveTurn::Stop::user);
    for (const LivePtr& live : turns)
      if (live->turn.user_id == user_id) co_await live->async_finished(give_up);
  }

  awaitable<void> resume() override {
    if (resuming_) co_return;
    resuming_ = true;
    const bool is_complete = co_await queue_unfinished();
    resuming_ = false;
    if (is_complete)
      resume_wait_ = kFirstResumeRetry;
    else if (!draining_)
      workers_.spawn("resume", resume_later());
  }

  awaitable<void> drain(std::chrono::milliseconds limit) override {
    draining_ = true;
    for (const auto& [id, live] : live_) live->leave();
    resume_pause_.cancel();
    if (!co_await workers_.async_wait(limit)) {
      workers_.cancel();
      co_await workers_.async_wait(kHardStop);
    }
    for (const auto& [id, live] : live_)
      live->finish(Error{Code::unavailable, "Hob is stopping; the turn goes on when it starts again"});
    live_.clear();
    queues_.clear();
  }

  AgentStats stats() const override { return stats_; }
  void on_outcome(std::function<void(const TurnOutcome&)> listener) override { listeners_.push_back(std::move(listener)); }
  void set_config(std::shared_ptr<const Config> config) override {
    context_.config = std::move(config);
    context_.store->journal().set_session_ttl(context_.config->memory.buffer_ttl);
    context_.blocks->set_config(context_.config);
    context_.buffers->set_config(context_.config);
  }

 private:
  /// By fingerprint: the conversation whose messages are those that the caller has before this one. Thread and
  /// id are the journal's to resolve.
  awaitable<Result<void>> find_conversation(SendRequest& request) {
    const bool begins = request.fingerprint.empty() || request.fingerprint == conversation_fingerprint({});
    if (!request.conversation_id.empty() || begins || !request.thread.empty()) co_return Result<void>{};
    const Result<Conversation> found =
        co_await context_.store->conversations().find_by_fingerprint(request.user_id, request.fingerprint);
    if (found.has_value()) {
      request.conversation_id = found->id;
      request.history.clear();
    } else if (found.error().code != Code::not_found) {
      co_return found.error();
    }
    co_return Result<void>{};
  }

  /// A command that stops others is let in where they fill the queue.
  Result<void> has_room(const std::string& conversation_id, bool is_stop) const {
    if (draining_) return Error{Code::unavailable, "Hob is stopping; try again in a moment"};
    if (live_.size() >= kMaxLive && !is_stop)
      return Error{Code::overloaded, "too many turns are waiting; try again in a moment"};
    const auto queue = queues_.find(conversation_id);
    const std::size_t queued = queue == queues_.end() ? 0 : queue->second.size();
    if (queued >= (is_stop ? kMaxQueuedStops : kMaxQueued) || (!is_stop && behind_.contains(conversation_id)))
      return Error{Code::overloaded, "32 messages of this conversation wait for an answer already"};
    return {};
  }

  /// The turns of the journal that are not here yet, each behind the earlier ones of its conversation. False: some
  /// could not be read.
  awaitable<bool> queue_unfinished() {
    const std::uint64_t seen = last_behind_;
    Result<std::vector<Turn>> turns = co_await context_.store->journal().unfinished_turns();
    if (turns.has_error()) {
      log::error("agent", "read the unfinished turns: {}; trying again", turns.error().message);
      co_return false;
    }
    bool is_complete = true;
    std::unordered_set<std::string> left;  // conversations with a turn that stays in the journal
    for (Turn& turn : *turns) {
      if (live_.contains(turn.id) || left.contains(turn.conversation_id)) continue;
      const auto queue = queues_.find(turn.conversation_id);
      if (live_.size() >= kMaxLive || (queue != queues_.end() && queue->second.size() >= kMaxQueued)) {
        left.insert(turn.conversation_id);
        continue;
      }
      Result<Message> message = co_await context_.store->conversations().find_message(turn.user_id, turn.message_id);
      if (message.has_error()) {
        if (message.error().code == Code::not_found) continue;  // deleted meanwhile
        log::error("agent", "resume turn {}: {}; trying again", turn.id, message.error().message);
        left.insert(turn.conversation_id);
        is_complete = false;
        continue;
      }
      if (draining_) co_return true;
      if (live_.contains(turn.id)) continue;
      ++stats_.resumed;
      enqueue(std::move(turn), *std::move(message), true);
    }
    // Those that came while this read stay: nobody knows whether it saw them.
    std::erase_if(behind_, [seen](const auto& conversation) { return conversation.second <= seen; });
    for (const std::string& conversation : left) behind_.try_emplace(conversation, ++last_behind_);
    co_return is_complete;
  }

  awaitable<void> resume_later() {
    resume_pause_.expires_after(resume_wait_);
    resume_wait_ = std::min(resume_wait_ * 2, kLongestResumeRetry);
    boost::system::error_code ignored;
    co_await resume_pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!draining_) co_await resume();
  }

  std::uint32_t stop_queued(const std::string& conversation) {
    const auto queue = queues_.find(conversation);
    if (queue == queues_.end()) return 0;
    std::uint32_t stopped = 0;
    for (const LivePtr& earlier : queue->second) {
      if (is_stop_command(earlier->message.text)) continue;
      ++stopped;
      earlier->stop(LiveTurn::Stop::user);
    }
    return stopped;
  }

  void complete(Message& message, const SendRequest& request) const {
    if (message.id.empty()) message.id = make_id("msg");
    message.user_id = request.user_id;
    if (message.role.empty()) message.role = "user";
    if (message.speaker.empty() && message.role == "user") message.speaker = request.user_name;
    if (message.speaker.empty() && message.role == "assistant") message.speaker = "Hob";
    if (message.at == Time{}) message.at = context_.clock->now();
    if (message.channel.empty()) message.channel = request.channel;
  }

  Inbound inbound_of(SendRequest request) const {
    Inbound inbound;
    inbound.request = turn_request(request);
    inbound.user_id = request.user_id;
    inbound.channel = request.channel;
    inbound.external_id = request.external_id;
    inbound.conversation_id = request.conversation_id;
    inbound.thread = request.thread;
    inbound.session = request.session;
    inbound.fingerprint = request.fingerprint;
    inbound.history = std::move(request.history);
    inbound.messages = std::move(request.messages);
    if (inbound.messages.empty()) {
      Message message;
      message.text = std::move(request.text);
      message.attachments = std::move(request.attachments);
      message.external_id = request.external_id;
      inbound.messages.push_back(std::move(message));
    }
    for (Message& message : inbound.history) complete(message, request);
    for (Message& message : inbound.messages) complete(message, request);
    return inbound;
  }

  /// The turn that a repeated message began: the running one, or null when it has ended. One that no longer runs
  /// here though it never ended is taken up.
  awaitable<Result<LivePtr>> find_again(Turn turn) {
    if (const auto live = live_.find(turn.id); live != live_.end()) co_return live->second;
    CO_TRY(Turn now, co_await context_.store->journal().find_turn(turn.user_id, turn.id));
    if (now.state == TurnState::failed && may_differ_again(error_from_text(now.error).code)) {
      CO_CHECK(has_room(now.conversation_id, false));
      CO_TRY(now, co_await context_.store->journal().retry_turn(turn.user_id, turn.id));
    }
    if (now.state != TurnState::accepted && now.state != TurnState::running) co_return LivePtr{};
    CO_TRY(Message message, co_await context_.store->conversations().find_message(now.user_id, now.message_id));
    co_return enqueue(std::move(now), std::move(message), true);
  }

  /// Whether a turn that ended with `code` may end otherwise when it is asked for once more.
  static bool may_differ_again(Code code) {
    return code == Code::unavailable || code == Code::timeout || code == Code::overloaded;
  }

  awaitable<Result<TurnReply>> stored_reply(Turn turn) {
    CO_TRY(const Turn ended, co_await context_.store->journal().find_turn(turn.user_id, turn.id));
    if (ended.state != TurnState::replied) co_return error_from_text(ended.error);
    CO_TRY(const std::vector<Step> steps, co_await context_.store->journal().steps(ended.user_id, ended.id));
    CO_TRY(const Message message, co_await context_.store->conversations().find_message(ended.user_id, ended.reply_id));
    co_return reply_from_journal(ended, read_journal(steps), message);
  }

  /// The turn as it is in its conversation's queue: at its end, or where it is already.
  LivePtr enqueue(Turn turn, Message message, bool has_journal) {
    if (const auto known = live_.find(turn.id); known != live_.end()) return known->second;
    const std::string conversation = turn.conversation_id;
    auto live = std::make_shared<LiveTurn>(context_.core, std::move(turn), std::move(message));
    live->has_journal = has_journal;
    live->accepted_at = context_.clock->steady();
    if (draining_) live->leave();
    if (is_stop_command(live->message.text) && live->message.role == "user") live->stopped = stop_queued(conversation);
    auto [queue, is_new] = queues_.try_emplace(conversation);
    queue->second.push_back(live);
    live_[live->turn.id] = live;
    if (is_new) workers_.spawn("turns", run_in_order(conversation));
    return live;
  }

  /// Runs the turns of one conversation, one after another, until none is left.
  awaitable<void> run_in_order(std::string conversation) {
    while (!draining_) {
      const auto queue = queues_.find(conversation);
      if (queue == queues_.end()) break;
      if (queue->second.empty()) {
        queues_.erase(queue);
        break;
      }
      const LivePtr live = queue->second.front();
      co_await run(live);
      if (const auto now = queues_.find(conversation); now != queues_.end()) now->second.pop_front();
    }
    if (!behind_.empty() && !draining_ && live_.size() < kMaxLive / 2) co_await resume();
  }

  awaitable<void> run(LivePtr live) {
    struct Running {
      std::uint32_t& count;
      explicit Running(std::uint32_t& n) : count(n) { ++count; }
      ~Running() { --count; }
    };
    TurnTimes times;
    Usage usage;
    std::optional<Result<TurnReply>> outcome;
    {
      const Running running(stats_.running);
      // What run_turn() lets through left the turn unfinished: the next start goes on with it.
      std::string fault;
      try {
        outcome = co_await run_turn(context_, live, times, usage);
      } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) throw;
        fault = e.what();
      } catch (const std::exception& e) {
        fault = e.what();
      }
      if (!fault.empty()) {
        log::error("agent", "turn {} broke off: {}", live->turn.id, fault);
        outcome = Error{Code::internal, "the turn failed inside Hob; the log says why"};
      }
    }
    live_.erase(live->turn.id);
    try {
      report(*live, *outcome, times, usage);
    } catch (const std::exception& e) {
      log::error("agent", "tell of the end of turn {}: {}", live->turn.id, e.what());
    }
    live->finish(*std::move(outcome));
  }

  void report(LiveTurn& live, const Result<TurnReply>& result, const TurnTimes& times, const Usage& usage) {
    TurnOutcome outcome;
    outcome.turn_id = live.turn.id;
    outcome.conversation_id = live.turn.conversation_id;
    outcome.user_id = live.turn.user_id;
    outcome.channel = live.turn.channel;
    outcome.total = std::chrono::duration_cast<std::chrono::microseconds>(context_.clock->steady() - live.accepted_at);
    outcome.model = times.model;
    outcome.tools = times.tools;
    outcome.usage = usage;
    if (result.has_value()) {
      outcome.outcome = "replied";
      ++stats_.replied;
      if (live.is_watched()) {
        live.emit("usage", to_json(result->usage));
        live.emit("done", to_json(*result));
      }
    } else {
      const Error& error = result.error();
      const bool is_cancelled = live.stop_reason() == LiveTurn::Stop::user;
      outcome.outcome = is_cancelled ? "cancelled" : "failed";
      ++(is_cancelled ? stats_.cancelled : stats_.failed);
      // A caller that waits gets the error itself; a channel's turn has nobody who would.
      if (!is_cancelled && live.turn.request.contains("reply_to"))
        log::warn("agent", "turn {} failed: {}", live.turn.id, error.message);
      json::object event;
      event["status"] = code_name(error.code);
      event["message"] = error.message;
      live.emit("error", std::move(event));
    }
    for (const auto& listener : listeners_) listener(outcome);
  }

  AgentContext context_;
  std::unordered_map<std::string, LivePtr> live_;                // by turn id
  std::unordered_map<std::string, std::deque<LivePtr>> queues_;  // by conversation; the front is running
  std::vector<std::function<void(const TurnOutcome&)>> listeners_;
  AgentStats stats_;
  /// Conversations with turns that wait in the journal alone, each with the number of its latest.
  std::unordered_map<std::string, std::uint64_t> behind_;
  std::uint64_t last_behind_ = 0;
  bool draining_ = false, resuming_ = false;
  asio::steady_timer resume_pause_;
  std::chrono::seconds resume_wait_ = kFirstResumeRetry;
  TaskGroup workers_;
};

}  // namespace

std::unique_ptr<Agent> make_agent(AgentContext context) { return std::make_unique<JournaledAgent>(std::move(context)); }

}  // namespace hobd
