#include "agent/agent.hpp"

#include "agent/commands.hpp"
#include "agent/turn.hpp"
#include "agent/turn_journal.hpp"
#include "base/fault.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::size_t kMaxText = 1 << 20;
/// Turns of one conversation that may wait, and of all together. Beyond them a send is refused as overloaded, and a
/// channel's message, which was accepted already, waits in the journal until there is room.
constexpr std::size_t kMaxQueued = 32;
constexpr std::size_t kMaxLive = 4096;
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
  return {};
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
  explicit JournaledAgent(AgentContext context) : context_(std::move(context)), workers_(context_.core) {}

  awaitable<Result<TurnReply>> send(SendRequest request, std::function<void(const TurnEvent&)> on_event) override {
    CO_CHECK(check_request(request));
    CO_CHECK(co_await find_conversation(request));
    CO_CHECK(has_room(request.conversation_id));
    const bool ephemeral = request.ephemeral;
    const Durability durability = request.promise_early ? Durability::synced : Durability::journaled;
    Inbound inbound = inbound_of(std::move(request));
    Result<Accepted> accepted = co_await context_.store->journal().accept(std::move(inbound), durability);
    if (accepted.has_error()) co_return accepted.error();
    fault_point("turn.after_accept");

    const Turn turn = accepted->turn;
    LivePtr live;
    if (accepted->duplicate) {
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
    if (ephemeral && accepted->new_conversation) {
      const Result<void> removed = co_await context_.store->conversations().remove(turn.user_id, turn.conversation_id);
      if (removed.has_error()) log::warn("agent", "remove a passing conversation: {}", removed.error().message);
    }
    co_return outcome;
  }

  void start_turn(Turn turn, Message message) override {
    fault_point("turn.after_accept");
    // Once one waits in the journal alone, later ones do too, or they would overtake it.
    if (waiting_in_journal_ || has_room(turn.conversation_id).has_error()) {
      waiting_in_journal_ = true;
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

  awaitable<void> resume() override {
    Result<std::vector<Turn>> turns = co_await context_.store->journal().unfinished_turns();
    if (turns.has_error()) {
      log::error("agent", "read the unfinished turns: {}; they wait for the next start", turns.error().message);
      co_return;
    }
    for (Turn& turn : *turns) {
      if (live_.contains(turn.id)) continue;
      if (has_room(turn.conversation_id).has_error()) {
        waiting_in_journal_ = true;
        break;
      }
      Result<Message> message = co_await context_.store->conversations().find_message(turn.user_id, turn.message_id);
      if (message.has_error()) {
        log::error("agent", "resume turn {}: {}", turn.id, message.error().message);
        continue;
      }
      if (live_.contains(turn.id)) continue;
      ++stats_.resumed;
      enqueue(std::move(turn), *std::move(message), true);
    }
  }

  awaitable<void> drain(std::chrono::milliseconds limit) override {
    draining_ = true;
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
  void set_config(std::shared_ptr<const Config> config) override { context_.config = std::move(config); }

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

  Result<void> has_room(const std::string& conversation_id) const {
    if (draining_) return Error{Code::unavailable, "Hob is stopping; try again in a moment"};
    if (live_.size() >= kMaxLive) return Error{Code::overloaded, "too many turns are waiting; try again in a moment"};
    const auto queue = queues_.find(conversation_id);
    if (queue != queues_.end() && queue->second.size() >= kMaxQueued)
      return Error{Code::overloaded, "32 messages of this conversation wait for an answer already"};
    return {};
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
    if (now.state != TurnState::accepted && now.state != TurnState::running) co_return LivePtr{};
    CO_TRY(Message message, co_await context_.store->conversations().find_message(now.user_id, now.message_id));
    // Others may have taken it up during the two waits.
    if (const auto live = live_.find(turn.id); live != live_.end()) co_return live->second;
    CO_CHECK(has_room(now.conversation_id));
    co_return enqueue(std::move(now), std::move(message), true);
  }

  awaitable<Result<TurnReply>> stored_reply(Turn turn) {
    CO_TRY(const Turn ended, co_await context_.store->journal().find_turn(turn.user_id, turn.id));
    if (ended.state != TurnState::replied) co_return error_from_text(ended.error);
    CO_TRY(const std::vector<Step> steps, co_await context_.store->journal().steps(ended.id));
    CO_TRY(const Message message, co_await context_.store->conversations().find_message(ended.user_id, ended.reply_id));
    co_return reply_from_journal(ended, read_journal(steps), message);
  }

  LivePtr enqueue(Turn turn, Message message, bool has_journal) {
    const std::string conversation = turn.conversation_id;
    auto live = std::make_shared<LiveTurn>(context_.core, std::move(turn), std::move(message));
    live->has_journal = has_journal;
    live->accepted_at = context_.clock->steady();
    auto [queue, is_new] = queues_.try_emplace(conversation);
    if (is_stop_command(live->message.text) && live->message.role == "user")
      for (const LivePtr& earlier : queue->second) {
        if (is_stop_command(earlier->message.text)) continue;
        earlier->stop(LiveTurn::Stop::user);
        ++live->stopped;
      }
    queue->second.push_back(live);
    live_[live->turn.id] = live;
    if (is_new) workers_.spawn("turns", run_in_order(conversation));
    return live;
  }

  /// Runs the turns of one conversation, one after another, until none is left.
  awaitable<void> run_in_order(std::string conversation) {
    while (!draining_) {
      const auto queue = queues_.find(conversation);
      if (queue->second.empty()) {
        queues_.erase(queue);
        break;
      }
      const LivePtr live = queue->second.front();
      co_await run(live);
      queues_.find(conversation)->second.pop_front();
    }
    if (waiting_in_journal_ && !draining_ && live_.size() < kMaxLive / 2) {
      waiting_in_journal_ = false;
      co_await resume();
    }
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
      outcome = co_await run_turn(context_, live, times, usage);
    }
    live_.erase(live->turn.id);
    report(*live, *outcome, times, usage);
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
  bool draining_ = false, waiting_in_journal_ = false;
  TaskGroup workers_;
};

}  // namespace

std::unique_ptr<Agent> make_agent(AgentContext context) { return std::make_unique<JournaledAgent>(std::move(context)); }

}  // namespace hobd
