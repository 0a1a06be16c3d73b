#include "agent/turn.hpp"

#include "agent/commands.hpp"
#include "agent/context.hpp"
#include "agent/tool_round.hpp"
#include "agent/turn_journal.hpp"
#include "base/fault.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "memory/blocks.hpp"
#include "memory/buffer.hpp"
#include "store/memories.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace hobd {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kRoundsUsedUp =
    "The tools of this turn are used up. Answer now with what you have, without calling a tool.";
constexpr std::string_view kOnlyTools = "I could not finish this within the tool rounds that are allowed (limits.tool_rounds).";

/// One model call, shared with the coroutine that makes it, which may outlive the turn's frame at shutdown.
struct ModelCall {
  Router* router = nullptr;
  std::shared_ptr<LiveTurn> live;
  ModelRequest request;
  bool begins_paragraph = false;  // an earlier round said something: part the two
  std::optional<Result<ModelAnswer>> answer;
};

void show_delta(ModelCall& call, std::string_view text) {
  std::string delta(text);
  if (call.begins_paragraph) delta.insert(0, "\n\n");
  call.begins_paragraph = false;
  call.live->said += delta;
  if (!call.live->is_watched()) return;
  json::object event;
  event["delta"] = delta;
  call.live->emit("text", std::move(event));
}

awaitable<void> ask(std::shared_ptr<ModelCall> call) {
  std::function<void(std::string_view)> on_delta = [call](std::string_view text) { show_delta(*call, text); };
  ModelRequest request = std::move(call->request);
  call->answer = co_await call->router->complete(std::move(request), std::move(on_delta));
}

class TurnRun {
 public:
  TurnRun(const AgentContext& context, std::shared_ptr<LiveTurn> live, TurnTimes& times, Usage& usage)
      : context_(context), config_(context.config), live_(std::move(live)), turn_(live_->turn),
        message_(live_->message), times_(times), usage_(usage), store_(*context.store),
        deadline_(context.clock->steady() + config_->limits.turn_timeout) {}

  awaitable<Result<TurnReply>> run() {
    if (live_->has_journal) {
      CO_TRY(const std::vector<Step> steps, co_await store_.journal().steps(turn_.user_id, turn_.id));
      journal_ = read_journal(steps);
      if (journal_.ended) co_return co_await stored_reply();
    }
    if (is_command(message_.text) && message_.role == "user") co_return co_await run_command();
    Result<void> answered = co_await converse();
    if (answered.has_error()) co_return co_await end_unanswered(answered.error());
    co_return co_await end_replied();
  }

  /// Ends the turn after an exception.
  awaitable<Result<TurnReply>> fail(std::string what) {
    log::error("agent", "turn {} failed: {}", turn_.id, what);
    return end_unanswered(Error{Code::internal, "the turn failed inside Hob; the log says why"});
  }

 private:
  awaitable<Result<TurnReply>> stored_reply() {
    CO_TRY(const Turn turn, co_await store_.journal().find_turn(turn_.user_id, turn_.id));
    if (turn.state != TurnState::replied) co_return error_from_text(turn.error);
    CO_TRY(const Message reply, co_await store_.conversations().find_message(turn.user_id, turn.reply_id));
    co_return reply_from_journal(turn, journal_, reply);
  }

  awaitable<Result<TurnReply>> run_command() {
    Result<CommandAnswer> answer = co_await answer_command(context_, turn_, message_, live_->stopped);
    if (answer.has_error()) co_return co_await end_unanswered(answer.error());
    reply_text_ = std::move(answer->text);
    reply_extra_ = std::move(answer->extra);
    if (live_->is_watched()) {
      json::object event;
      event["delta"] = reply_text_;
      live_->emit("text", std::move(event));
    }
    co_return co_await end_replied();
  }

  /// Rounds of model and tools until there is an answer; leaves it in reply_text_, stop_ and client_calls_.
  awaitable<Result<void>> converse() {
    CO_CHECK(still_wanted());
    CO_CHECK(co_await gather_context());
    model_ = co_await model_asked_for(context_, turn_, message_);
    const auto max_rounds = std::int64_t(config_->limits.tool_rounds);
    for (std::int64_t round = 0;; ++round) {
      const bool is_last = round >= max_rounds;
      const auto stored = journal_.answers.find(round);
      const bool is_stored = stored != journal_.answers.end();
      ModelAnswer answer;
      if (is_stored) {
        answer = stored->second;
      } else {
        if (is_last) tell_rounds_used_up();
        Result<ModelAnswer> fresh = co_await call_model(round);
        if (fresh.has_error()) co_return fresh.error();
        answer = *std::move(fresh);
      }
      add_usage(answer.usage);
      add_text(answer.text);
      if (answer.tool_calls.empty() || is_last) {
        stop_ = answer.stop == "tool_calls" ? "end" : answer.stop;
        if (reply_text_.empty()) reply_text_ = answer.tool_calls.empty() ? "(The model gave no text.)" : kOnlyTools;
        if (!is_stored) keep_answer(round, answer);
        co_return Result<void>{};
      }
      if (take_client_calls(answer)) {
        if (!is_stored) keep_answer(round, answer);
        co_return Result<void>{};
      }
      if (!is_stored) {
        std::vector<Step> steps;
        steps.push_back(answered_step(round, answer));
        CO_CHECK(co_await store_steps(store_, live_, std::move(steps), Durability::journaled));
      }
      fault_point("turn.after_model_stored");
      ToolRound tools(context_, live_, journal_, round);
      const auto begun = context_.clock->steady();
      Result<std::vector<std::string>> results = co_await tools.run(answer);
      times_.tools += duration_cast<std::chrono::microseconds>(context_.clock->steady() - begun);
      if (results.has_error()) co_return results.error();
      CO_CHECK(still_wanted());
      json::array& messages = chat_["messages"].as_array();
      messages.push_back(tool_calls_message(answer));
      for (std::size_t i = 0; i < results->size(); ++i)
        messages.push_back(tool_result_message(answer.tool_calls[i].id, (*results)[i]));
    }
  }

  /// What the model is asked, into chat_: persona and blocks, the conversation at hand, and what is recalled beside it.
  awaitable<Result<void>> gather_context() {
    ContextParts parts;
    CO_TRY(const std::vector<Block> blocks, co_await context_.blocks->list(turn_.user_id));
    CO_TRY(BufferView view, co_await context_.buffers->read(turn_.user_id, turn_.session_id, message_.id));
    if (message_.role != "user" && view.messages.empty()) {
      // A tool's result without its call is refused.
      CO_TRY(view.messages, co_await store_.conversations().recent(turn_.user_id, turn_.session_id, message_.id, 2));
    }
    if (!journal_.has_recalled && message_.role == "user") CO_CHECK(co_await recall(static_cast<std::uint32_t>(view.messages.size())));
    parts.persona = persona_of(blocks, *config_);
    parts.blocks = render_blocks(blocks);
    parts.summary = render_summary(view.summary, config_->memory.pii_redact_model);
    parts.recent = std::move(view.messages);
    parts.budget.each_recent = longest_shown(*config_);
    parts.redact = config_->memory.pii_redact_model;
    parts.system = string_or(turn_.request, "system");
    parts.tools = context_.tools->describe();
    if (const json::array* tools = array_at(turn_.request, "client_tools")) parts.client_tools = *tools;
    if (const json::object* sampling = object_at(turn_.request, "sampling")) parts.sampling = *sampling;
    parts.recalled = journal_.recalled;
    parts.message = message_;
    parts.user_id = turn_.user_id;
    chat_ = build_chat(parts);
    if (!journal_.recalled.empty() && live_->is_watched()) {
      json::object event;
      event["items"] = chat_["recalled"];
      live_->emit("memory", std::move(event));
    }
    co_return Result<void>{};
  }

  /// What is recalled beside the `recent_count` messages that the model sees anyway. Recall helps but is not needed: when the
  /// search fails the turn goes on without.
  awaitable<Result<void>> recall(std::uint32_t recent_count) {
    RecallQuery query;
    query.user_id = turn_.user_id;
    query.text = without_escape(message_.text);
    query.turn_id = turn_.id;
    query.session_id = turn_.session_id;
    query.before_message = message_.id;
    query.recent_count = recent_count;
    query.top_k = config_->memory.recall_top_k;
    query.threshold = config_->memory.recall_threshold;
    query.now = context_.clock->now();
    Recall recall(store_, context_.embeddings);
    CO_TRY(Recalled found, co_await recall.find(std::move(query)));
    if (found.items.has_value()) {
      journal_.recalled = *std::move(found.items);
    } else {
      log::warn("agent", "turn {} goes on without recall: {}", turn_.id, found.items.error().message);
    }
    fault_point("turn.after_recall");
    co_return Result<void>{};
  }

  awaitable<Result<ModelAnswer>> call_model(std::int64_t round) {
    std::vector<Step> steps;
    if (!journal_.has_recalled) {
      json::object data;
      if (const json::value* items = chat_.if_contains("recalled")) data["items"] = *items;
      steps.push_back(make_step("recalled", context_.clock->now(), std::move(data)));
      journal_.has_recalled = true;
    }
    json::object called;
    called["round"] = round;
    steps.push_back(make_step("model_called", context_.clock->now(), std::move(called)));
    CO_CHECK(co_await store_steps(store_, live_, std::move(steps), Durability::journaled));
    fault_point("turn.after_model_called");

    auto call = std::make_shared<ModelCall>();
    call->router = context_.router;
    call->live = live_;
    call->request.model = model_;
    call->request.chat = chat_;
    const auto begun = context_.clock->steady();
    call->request.deadline = std::max(milliseconds(1), duration_cast<milliseconds>(deadline_ - begun));
    call->begins_paragraph = !reply_text_.empty();
    std::vector<awaitable<void>> tasks;
    tasks.push_back(ask(call));
    co_await live_->run_all(std::move(tasks));
    const auto took = context_.clock->steady() - begun;
    model_took_ = duration_cast<milliseconds>(took);
    times_.model += duration_cast<std::chrono::microseconds>(took);
    fault_point("turn.after_model_answer");
    CO_CHECK(still_wanted());
    if (!call->answer) co_return Error{Code::internal, "the model call ended without an answer; the log says why"};
    co_return *std::move(call->answer);
  }

  /// Whether the turn was stopped meanwhile, as the error it then ends with.
  Result<void> still_wanted() const {
    switch (live_->stop_reason()) {
      case LiveTurn::Stop::none: return {};
      case LiveTurn::Stop::user: return Error{Code::cancelled, "the turn was stopped"};
      case LiveTurn::Stop::deadline: break;
    }
    return Error{Code::timeout,
                 fmt::format("the turn took longer than {} s: try again, or raise limits.turn_timeout",
                             duration_cast<std::chrono::seconds>(config_->limits.turn_timeout).count())};
  }

  void tell_rounds_used_up() {
    add_note(chat_["messages"].as_array(), kRoundsUsedUp);
    // The tools stay in the request, so that providers accept the earlier calls in it.
    if (chat_.contains("tools")) chat_["tool_choice"] = "none";
  }

  void add_usage(const Usage& usage) {
    usage_.input_tokens += usage.input_tokens;
    usage_.output_tokens += usage.output_tokens;
    usage_.cached_tokens += usage.cached_tokens;
    usage_.cost_usd += usage.cost_usd;
    usage_.model = usage.model;
    usage_.tier = usage.tier;
  }

  void add_text(std::string_view text) {
    if (text.empty()) return;
    if (!reply_text_.empty()) reply_text_ += "\n\n";
    reply_text_ += text;
  }

  /// Calls of the caller's own tools end the turn. The daemon's tools called in the same answer are not run: the
  /// model asks again when it has the caller's results.
  bool take_client_calls(const ModelAnswer& answer) {
    const json::array* tools = array_at(turn_.request, "client_tools");
    if (!tools) return false;
    for (const ModelToolCall& call : answer.tool_calls) {
      const bool is_clients = std::any_of(tools->begin(), tools->end(), [&](const json::value& tool) {
        return tool.is_object() && string_or(tool.get_object(), "name") == call.name;
      });
      if (!is_clients) continue;
      json::object one;
      one["id"] = call.id;
      one["name"] = call.name;
      one["arguments"] = call.arguments;
      client_calls_.push_back(std::move(one));
    }
    if (!client_calls_.empty()) {
      stop_ = "tool_calls";
      put_carry(client_carry_, answer);
    }
    return !client_calls_.empty();
  }

  Step answered_step(std::int64_t round, const ModelAnswer& answer) const {
    json::object data;
    data["round"] = round;
    data["answer"] = to_json(answer);
    return make_step("model_answered", context_.clock->now(), std::move(data), model_took_);
  }
  /// The last answer is stored together with the reply.
  void keep_answer(std::int64_t round, const ModelAnswer& answer) { last_steps_.push_back(answered_step(round, answer)); }

  Message reply_message(std::string text) const {
    Message reply;
    reply.id = make_id("msg");
    reply.user_id = turn_.user_id;
    reply.conversation_id = turn_.conversation_id;
    reply.session_id = turn_.session_id;
    reply.turn_id = turn_.id;
    reply.role = "assistant";
    reply.speaker = "Hob";
    reply.text = std::move(text);
    reply.at = context_.clock->now();
    reply.channel = turn_.channel;
    return reply;
  }

  /// What goes out through the turn's channel; nothing for callers that wait themselves.
  std::vector<OutboxItem> outgoing(std::string_view text, std::string_view kind, const std::string& message_id) const {
    const json::object* to = object_at(turn_.request, "reply_to");
    if (!to || text.empty()) return {};
    std::vector<OutboxItem> items = context_.outbox->compose(std::string(string_or(*to, "channel")), std::string(string_or(*to, "to")),
                                                             std::string(string_or(*to, "thread")), text, kind);
    for (OutboxItem& item : items) {
      item.user_id = turn_.user_id;
      item.conversation_id = turn_.conversation_id;
      item.turn_id = turn_.id;
      item.message_id = message_id;
    }
    return items;
  }

  awaitable<Result<void>> store_end(TurnEnd end) {
    std::vector<OutboxItem> outbox = end.outbox;
    end.turn_id = turn_.id;
    end.usage = usage_;
    fault_point("turn.before_end");
    for (milliseconds wait = kFirstStoreRetry;; wait = std::min(wait * 2, kLongestStoreRetry)) {
      TurnEnd copy = end;
      const Result<Turn> ended = co_await store_.journal().end_turn(std::move(copy), Durability::synced);
      if (ended.has_value()) break;
      if (ended.error().code == Code::not_found) co_return Error{Code::cancelled, "the conversation was deleted"};
      // The answer is here and the turn's place is kept: it ends once the store takes it.
      if (wait == kFirstStoreRetry || !may_pass(ended.error()))
        log::error("agent", "store the end of turn {}: {}", turn_.id, ended.error().message);
      bool goes_on = may_pass(ended.error());
      if (goes_on) goes_on = co_await live_->async_pause(wait);
      if (!goes_on) co_return ended.error().with_context("store the end of the turn");
    }
    fault_point("turn.after_end");
    if (!outbox.empty()) context_.outbox->wake(std::move(outbox));
    co_return Result<void>{};
  }

  awaitable<Result<TurnReply>> end_replied() {
    Message message = reply_message(reply_text_);
    message.extra = std::move(reply_extra_);
    if (!client_calls_.empty()) {
      message.extra["tool_calls"] = client_calls_;
      for (const auto& [key, kept] : client_carry_) message.extra[key] = kept;
    }
    json::object replied;
    replied["stop"] = stop_;
    if (!client_calls_.empty()) replied["client_tool_calls"] = client_calls_;

    TurnReply reply;
    reply.reply = reply_text_;
    reply.conversation_id = turn_.conversation_id;
    reply.session_id = turn_.session_id;
    reply.message_id = message.id;
    reply.turn_id = turn_.id;
    reply.tool_calls = tool_calls_of(journal_.finished);
    reply.client_tool_calls = client_calls_;
    reply.stop = stop_;
    for (const RecalledItem& item : journal_.recalled) reply.recalled.push_back(item.id);
    reply.usage = usage_;

    TurnEnd end;
    end.state = TurnState::replied;
    end.outbox = outgoing(reply_text_, "reply", message.id);
    if (const std::string_view before = string_or(turn_.request, "fingerprint"); !before.empty())
      end.fingerprint = conversation_fingerprint(conversation_fingerprint(before, message_), message);
    end.steps = std::move(last_steps_);
    end.steps.push_back(make_step("replied", context_.clock->now(), std::move(replied)));
    end.reply = std::move(message);
    CO_CHECK(co_await store_end(std::move(end)));
    co_await mark_used();
    context_.buffers->wake(turn_.user_id, turn_.session_id);
    co_return reply;
  }

  /// Notes which memories the prompt held. The turn is over: a failure costs the note alone.
  awaitable<void> mark_used() {
    std::vector<std::string> used;
    for (const RecalledItem& item : journal_.recalled)
      if (item.source == "memory") used.push_back(item.id);
    if (used.empty()) co_return;
    const Result<void> marked = co_await store_.memories().mark_used(turn_.user_id, std::move(used), turn_.id);
    if (marked.has_error()) log::warn("agent", "note the memories that turn {} used: {}", turn_.id, marked.error().message);
  }

  /// Ends the turn as failed or cancelled; a cancelled one keeps what was said so far as its reply. The result is
  /// `error`, or why the end could not be stored.
  awaitable<Result<TurnReply>> end_unanswered(Error error) {
    const bool is_cancelled = live_->stop_reason() == LiveTurn::Stop::user;
    TurnEnd end;
    end.state = is_cancelled ? TurnState::cancelled : TurnState::failed;
    end.error = error_text(error);
    json::object data;
    data["error"] = end.error;
    if (!is_cancelled && !live_->said.empty()) data["said"] = live_->said;
    end.steps.push_back(make_step(is_cancelled ? "cancelled" : "failed", context_.clock->now(), std::move(data)));
    if (is_cancelled && !live_->said.empty()) end.reply = reply_message(live_->said);
    if (!is_cancelled) end.outbox = outgoing("I could not answer this: " + error.message, "notice", {});
    CO_CHECK(co_await store_end(std::move(end)));
    co_return error;
  }

  const AgentContext& context_;
  const std::shared_ptr<const Config> config_;  // kept through the turn, so that a reload changes nothing midway
  std::shared_ptr<LiveTurn> live_;
  const Turn& turn_;
  const Message& message_;
  TurnTimes& times_;
  Usage& usage_;
  Store& store_;
  const steady_clock::time_point deadline_;
  TurnJournal journal_;
  std::string model_;  // who was asked for
  json::object chat_;
  milliseconds model_took_{};
  std::string reply_text_, stop_ = "end";
  json::object reply_extra_;  // of a command's reply
  json::array client_calls_;
  json::object client_carry_;  // what the model gets back with them
  std::vector<Step> last_steps_;
};

}  // namespace

awaitable<Result<TurnReply>> run_turn(const AgentContext& context, std::shared_ptr<LiveTurn> live, TurnTimes& times,
                                      Usage& usage) {
  TurnRun run(context, live, times, usage);
  asio::steady_timer deadline(context.core, context.config->limits.turn_timeout);
  deadline.async_wait([live](const boost::system::error_code& error) {
    if (!error) live->stop(LiveTurn::Stop::deadline);
  });
  std::string fault;
  try {
    co_return co_await run.run();
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    fault = e.what();
  } catch (const std::exception& e) {
    fault = e.what();
  }
  co_return co_await run.fail(std::move(fault));
}

}  // namespace hobd
