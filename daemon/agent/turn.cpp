#include "agent/turn.hpp"

#include "agent/answer_repair.hpp"
#include "agent/commands.hpp"
#include "agent/context.hpp"
#include "agent/model_call.hpp"
#include "agent/tool_arguments.hpp"
#include "agent/tool_faults.hpp"
#include "agent/tool_repeats.hpp"
#include "agent/tool_round.hpp"
#include "agent/turn_context.hpp"
#include "agent/turn_end.hpp"
#include "agent/turn_journal.hpp"
#include "base/fault.hpp"
#include "base/sent_text.hpp"
#include "base/text.hpp"
#include "memory/buffer.hpp"
#include "models/answer.hpp"
#include "models/image_part.hpp"
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

/// An answer that was cut is not continued with less time than this.
constexpr std::chrono::seconds kLeastTime{5};

class TurnRun {
 public:
  TurnRun(const AgentContext& context, std::shared_ptr<LiveTurn> live, TurnTimes& times, Usage& usage)
      : context_(context), config_(context.config), live_(std::move(live)), turn_(live_->turn),
        message_(live_->message), times_(times), usage_(usage), store_(*context.store),
        ending_(context, *live_), deadline_(context.clock->steady() + config_->limits.turn_timeout) {}

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

  /// What comes after an answer.
  enum class Next { done, ask_again, run_tools };

  /// Rounds of model and tools until there is an answer; leaves it in reply_text_, stop_ and client_calls_. Each decision
  /// follows from the answers and the journal, so that a resumed turn decides as the first run did.
  awaitable<Result<void>> converse() {
    CO_CHECK(still_wanted());
    CO_TRY(TurnContext gathered, co_await gather_context(context_, config_, live_, journal_));
    chat_ = std::move(gathered.chat);
    tier_ = std::move(gathered.conversation_tier);
    room_ = gathered.room;
    model_ = co_await model_asked_for(context_, turn_, message_);
    // Only a channel's message gets here with one: it was taken all the same, since the platform would send it again and again.
    if (check_attachments(message_.attachments, "").has_error()) add_notice(kUnreadableAttachment);
    for (std::int64_t round = 0;; ++round) {
      if (!is_last_) is_last_ = must_be_last();
      const auto stored = journal_.answers.find(round);
      const bool is_stored = stored != journal_.answers.end();
      ModelAnswer answer;
      if (is_stored) {
        answer = stored->second;
        make_ids_unique(answer, call_ids_);
      } else {
        Result<ModelAnswer> fresh = co_await call_model(round);
        if (fresh.has_error() && says_nothing(fresh.error())) {
          ModelAnswer nothing;
          nothing.usage = spent_;
          fresh = std::move(nothing);
        }
        if (fresh.has_error()) {
          add_usage(spent_);
          // What there is of a cut answer is better than none.
          if (!cut_text_ || live_->stop_reason() != LiveTurn::Stop::none) co_return fresh.error();
          end_cut();
          co_return Result<void>{};
        }
        answer = *std::move(fresh);
        put_right(answer);
      }
      add_usage(answer.usage);
      if (!answer.usage.tier.empty() && round == 0) {
        tier_ = answer.usage.tier;
        tier_by_ = answer.routed_by;
      }
      add_notice(answer.notice);
      const Next next = judge(round, answer);
      if (next == Next::done) {
        // The last answer is stored together with the reply.
        if (!is_stored) last_steps_.push_back(answered_step(round, answer));
        co_return Result<void>{};
      }
      if (!is_stored) {
        std::vector<Step> steps;
        steps.push_back(answered_step(round, answer));
        CO_CHECK(co_await store_steps(store_, live_, std::move(steps), Durability::journaled));
      }
      fault_point("turn.after_model_stored");
      if (next == Next::run_tools) CO_CHECK(co_await run_tools(round, std::move(answer)));
    }
  }

  /// Whether the answer that is asked for next is the turn's last, without tools; the model is told so.
  bool must_be_last() {
    if (!goes_round_ && tool_rounds_ < config_->limits.tool_rounds) return false;
    add_note(chat_["messages"].as_array(), goes_round_ ? kLoopNote : kRoundsUsedUp);
    // The tools stay in the request, so that providers accept the earlier calls in it.
    if (chat_.contains("tools")) chat_["tool_choice"] = "none";
    return true;
  }

  /// Mends what is only badly written: what is journaled, run and told again is what it means.
  void put_right(ModelAnswer& answer) {
    make_ids_unique(answer, call_ids_);
    const json::array* tools = array_at(chat_, "tools");
    for (ModelToolCall& call : answer.tool_calls) {
      Result<ToolArguments> arguments = read_tool_arguments(call.arguments);
      if (arguments.has_error()) continue;
      for (std::size_t i = 0; tools && i < tools->size(); ++i) {
        const json::object* tool = (*tools)[i].if_object();
        if (!tool || string_or(*tool, "name") != call.name) continue;
        if (const json::value* parameters = tool->if_contains("parameters")) mend_types(*arguments, *parameters);
      }
      call.arguments = std::move(arguments->text);
    }
  }

  Next judge(std::int64_t round, const ModelAnswer& answer) {
    const bool has_own_limit = is_limited_by_caller();
    switch (fault_of(answer)) {
      case AnswerFault::filtered:
        add_text(answer.text);
        cut_text_.reset();  // what follows is a paragraph of its own
        say(filtered_report(!trim(answer.text).empty()));
        stop_ = "filtered";
        return Next::done;
      case AnswerFault::empty:
        if (cut_text_) {  // there is nothing to add, or no room to say it
          if (answer.stop == "length") end_cut();
          return Next::done;
        }
        if (answer.stop == "length" && has_own_limit) {
          say(kNoRoom);
          stop_ = "length";
          return Next::done;
        }
        if (told_empty_) return give_up(kNoAnswer);
        told_empty_ = true;
        tell_again({}, kEmptyNote);
        return Next::ask_again;
      case AnswerFault::cut:
        add_text(answer.text);
        return continue_cut(round, answer, has_own_limit);
      case AnswerFault::cut_call:
        add_text(answer.text);
        if (has_own_limit) {
          if (reply_text_.empty()) say(kNoRoom);
          stop_ = "length";
          return Next::done;
        }
        if (told_cut_call_ || is_last_) return give_up(kCallCutReport);
        told_cut_call_ = true;
        tell_again(answer.text, cut_call_note(answer));
        return Next::ask_again;
      case AnswerFault::none: break;
    }
    add_text(answer.text);
    // A model that began its answer anew gave nothing to go on with.
    if (cut_text_ && reply_text_.size() == cut_text_->size() && answer.tool_calls.empty()) {
      end_cut();
      return Next::done;
    }
    cut_text_.reset();
    if (answer.tool_calls.empty() || is_last_) {
      stop_ = answer.stop == "tool_calls" ? "end" : answer.stop;
      if (answer.tool_calls.empty() || !trim(reply_text_).empty()) return Next::done;
      return give_up(goes_round_ ? kOnlyRepeats : kOnlyTools);
    }
    if (take_client_calls(answer)) return Next::done;
    if (const std::optional<ToolFault> fault = find_fault_again(*context_.tools, journal_, round, answer)) {
      say(fault_report(*fault, journal_));
      return Next::done;
    }
    return Next::run_tools;
  }

  /// An answer that met its limit is continued, unless the limit is wanted or there is no room for more.
  Next continue_cut(std::int64_t round, const ModelAnswer& answer, bool has_own_limit) {
    const bool has_time = deadline_ - context_.clock->steady() > kLeastTime || journal_.answers.contains(round + 1);
    if (has_own_limit || !answer.notice.empty() || continued_ == kMostContinuations || !has_time) {
      end_cut();
      return Next::done;
    }
    ++continued_;
    cut_text_ = reply_text_;
    tell_again(answer.text, kGoOnNote);
    return Next::ask_again;
  }

  void end_cut() {
    stop_ = "length";
    if (!is_limited_by_caller() && notice_.empty()) add_notice(kCutNotice);
  }

  bool is_limited_by_caller() const {
    const json::object* sampling = object_at(turn_.request, "sampling");
    return sampling && (sampling->contains("max_tokens") || sampling->contains("max_completion_tokens"));
  }

  /// What was said, and what is wrong with it.
  void tell_again(std::string_view said, std::string_view note) {
    json::array& messages = chat_["messages"].as_array();
    if (said.empty()) {
      add_note(messages, note);
      return;
    }
    json::object answer, more;
    answer["role"] = "assistant";
    answer["content"] = said;
    more["role"] = "user";
    more["content"] = note;
    more["text"] = own_words(message_.text);  // what it is routed by; the note is none of the user's words
    goes_on_ = true;
    messages.push_back(std::move(answer));
    messages.push_back(std::move(more));
  }

  /// Ends the turn with a sentence of Hob's own, and what was done.
  Next give_up(std::string_view why) {
    std::string text(why);
    if (const std::string done = done_so_far(journal_); !done.empty()) text += " " + done;
    say(text);
    return Next::done;
  }

  void say(std::string_view text) {
    show_text(*live_, text, !reply_text_.empty());
    add_text(text);
  }

  awaitable<Result<void>> run_tools(std::int64_t round, ModelAnswer answer) {
    ToolRound tools(context_, live_, journal_, round);
    const auto begun = context_.clock->steady();
    Result<std::vector<std::string>> results = co_await tools.run(answer);
    times_.tools += duration_cast<std::chrono::microseconds>(context_.clock->steady() - begun);
    if (results.has_error()) co_return results.error();
    CO_CHECK(still_wanted());
    ++tool_rounds_;
    goes_round_ = goes_round_ || is_going_round(journal_, round);
    json::array& messages = chat_["messages"].as_array();
    messages.push_back(tool_calls_message(answer));
    for (std::size_t i = 0; i < results->size(); ++i)
      messages.push_back(tool_result_message(answer.tool_calls[i].id, (*results)[i]));
    co_return Result<void>{};
  }

  awaitable<Result<ModelAnswer>> call_model(std::int64_t round) {
    spent_ = {};
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
    // What one tier began it goes on with: behind its cut words the question no longer shows what it was decided by.
    if (goes_on_ && model_.empty() && !tier_.empty()) {
      call->request.model = "tier/" + tier_;
      call->request.goes_on_by = tier_by_;
    }
    call->request.chat = chat_;
    const auto begun = context_.clock->steady();
    call->request.deadline = std::max(milliseconds(1), duration_cast<milliseconds>(deadline_ - begun));
    call->request.call = call_for();
    call->request.conversation_tier = tier_;
    if (is_last_) call->tool_choice = ToolChoice::ignored;
    const auto spent = std::make_shared<Usage>();  // shared with the call
    call->request.spent = spent;
    call->begins_paragraph = !reply_text_.empty() && !cut_text_;
    call->continues = cut_text_;
    std::vector<awaitable<void>> tasks;
    tasks.push_back(ask_model(call));
    co_await live_->run_all(std::move(tasks));
    const auto took = context_.clock->steady() - begun;
    model_took_ = duration_cast<milliseconds>(took);
    times_.model += duration_cast<std::chrono::microseconds>(took);
    spent_ = *spent;
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

  CallFor call_for() const {
    CallFor call;
    call.user_id = turn_.user_id;
    call.channel = turn_.channel;
    call.conversation_id = turn_.conversation_id;
    call.turn_id = turn_.id;
    call.job = string_or(turn_.request, "job");
    call.purpose = Purpose::chat;
    return call;
  }

  void add_usage(const Usage& usage) {
    hobd::add_usage(usage_, usage);
    if (!usage.model.empty()) usage_.model = usage.model;
    if (!usage.tier.empty()) usage_.tier = usage.tier;
  }

  void add_text(std::string_view text) {
    if (text.empty()) return;
    if (cut_text_) {
      reply_text_ += continuation_of(*cut_text_, text);
      return;
    }
    if (!reply_text_.empty()) reply_text_ += "\n\n";
    reply_text_ += text;
  }

  void add_notice(std::string_view notice) {
    if (notice.empty() || notice_.find(notice) != std::string::npos) return;
    if (!notice_.empty()) notice_ += ' ';
    notice_ += notice;
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

  awaitable<Result<TurnReply>> end_replied() {
    Message message = ending_.reply_message(reply_text_);
    message.extra = std::move(reply_extra_);
    if (!usage_.tier.empty()) message.extra["tier"] = usage_.tier;  // what the conversation's next turn is routed by
    if (!client_calls_.empty()) {
      message.extra["tool_calls"] = client_calls_;
      for (const auto& [key, kept] : client_carry_) message.extra[key] = kept;
    }
    json::object replied;
    replied["stop"] = stop_;
    if (!client_calls_.empty()) replied["client_tool_calls"] = client_calls_;
    if (!notice_.empty()) replied["notice"] = notice_;

    TurnReply reply;
    reply.reply = reply_text_;
    reply.conversation_id = turn_.conversation_id;
    reply.session_id = turn_.session_id;
    reply.message_id = message.id;
    reply.turn_id = turn_.id;
    reply.tool_calls = tool_calls_of(journal_.finished);
    reply.client_tool_calls = client_calls_;
    reply.stop = stop_;
    reply.notice = notice_;
    for (const RecalledItem& item : journal_.recalled) reply.recalled.push_back(item.id);
    reply.usage = usage_;

    TurnEnd end;
    end.state = TurnState::replied;
    // A channel has nowhere but the text to put it.
    end.outbox = ending_.outgoing(notice_.empty() ? reply_text_ : reply_text_ + "\n\n(" + notice_ + ")", "reply", message.id);
    if (const std::string_view before = string_or(turn_.request, "fingerprint"); !before.empty())
      end.fingerprint = conversation_fingerprint(conversation_fingerprint(before, message_), message);
    end.steps = std::move(last_steps_);
    end.steps.push_back(make_step("replied", context_.clock->now(), std::move(replied)));
    end.reply = std::move(message);
    end.usage = usage_;
    CO_CHECK(co_await ending_.store(live_, std::move(end)));
    co_await mark_used();
    context_.buffers->wake(turn_.user_id, turn_.session_id, room_, {message_.text, reply_text_});
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
    if (is_cancelled && !live_->said.empty()) end.reply = ending_.reply_message(live_->said);
    if (!is_cancelled) end.outbox = ending_.outgoing("I could not answer this: " + error.message, "notice", {});
    end.usage = usage_;
    CO_CHECK(co_await ending_.store(live_, std::move(end)));
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
  const TurnEnding ending_;
  const steady_clock::time_point deadline_;
  TurnJournal journal_;
  std::string model_;  // who was asked for
  BufferLimits room_;  // of the session's buffer, before this turn
  json::object chat_;
  milliseconds model_took_{};
  Usage spent_;  // of the last call, where no answer came of it
  std::string reply_text_, stop_ = "end", notice_;
  std::string tier_, tier_by_;           // that answered last; in this turn, by what that was decided
  std::optional<std::string> cut_text_;  // the reply so far, which the next answer goes on with
  std::vector<std::string> call_ids_;
  std::uint32_t tool_rounds_ = 0;
  int continued_ = 0;
  bool is_last_ = false, goes_round_ = false, told_empty_ = false, told_cut_call_ = false;
  bool goes_on_ = false;  // behind words of the model's own in this turn
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
