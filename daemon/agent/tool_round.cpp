#include "agent/tool_round.hpp"

#include "agent/text_tool_calls.hpp"
#include "agent/tool_arguments.hpp"
#include "agent/tool_faults.hpp"
#include "agent/tool_repeats.hpp"
#include "base/fault.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::int64_t kMaxParallel = 16;
/// A longer result is cut before the model gets it.
constexpr std::size_t kMaxResult = 64 << 10;

std::string error_content(const Error& error) {
  json::object fault;
  fault["status"] = code_name(error.code);
  fault["message"] = error.message;
  json::object object;
  object["error"] = std::move(fault);
  return json::serialize(object);
}

/// A text result as it is, anything else as JSON.
std::string result_content(const json::value& value) {
  std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  if (text.size() <= kMaxResult) return text;
  return std::string(utf8_prefix(text, kMaxResult)) + "\n[… cut: the result is longer than 64 KiB]";
}

constexpr std::string_view kSameAgain =
    "\n[This call gave this same result three times now. Asking again changes nothing and will not be done: use it, do something else, or answer.]";

}  // namespace

/// One call under way, shared with its coroutine, which may outlive the turn's frame at shutdown.
struct ToolRound::Running {
  Toolbox* tools = nullptr;
  const Clock* clock = nullptr;
  ToolCall call;
  std::int64_t index = 0;
  std::string signature;
  bool reads = false;
  std::vector<std::int64_t> also;  // calls of the same answer that ask the same, and get this one's result
  std::chrono::milliseconds took{};
  std::optional<Result<json::value>> result;
};

awaitable<void> ToolRound::run_one(std::shared_ptr<Running> running) {
  const auto begun = running->clock->steady();
  ToolCall call = running->call;
  running->result = co_await running->tools->run(std::move(call));
  running->took = std::chrono::duration_cast<std::chrono::milliseconds>(running->clock->steady() - begun);
}

awaitable<Result<std::vector<std::string>>> ToolRound::run(const ModelAnswer& answer) {
  std::vector<Step> started;
  std::vector<std::shared_ptr<Running>> calls;
  bool needs_sync = false;
  for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
    auto running = prepare(std::int64_t(i), answer.tool_calls[i], started, needs_sync);
    if (!running) continue;
    const auto same = std::find_if(calls.begin(), calls.end(), [&](const auto& one) { return one->signature == running->signature; });
    const bool is_known = same != calls.end() && running->reads && !may_write_ && context_.tools->is_builtin(running->call.name);
    may_write_ = may_write_ || !running->reads;
    if (is_known) (*same)->also.push_back(running->index);
    else calls.push_back(std::move(running));
  }

  if (!started.empty()) {
    // A started tool that a power loss forgets would run a second time; only idempotent ones may.
    const Durability durability = needs_sync ? Durability::synced : Durability::journaled;
    CO_CHECK(co_await store_steps(*context_.store, live_, std::move(started), durability));
  }
  fault_point("turn.after_tool_started");
  std::vector<awaitable<void>> tasks;
  for (const auto& running : calls) tasks.push_back(run_one(running));
  co_await live_->run_all(std::move(tasks));
  fault_point("turn.after_tool_ran");

  for (const auto& running : calls) {
    const json::value arguments(running->call.arguments);
    running->also.insert(running->also.begin(), running->index);
    for (const std::int64_t index : running->also) {
      const ModelToolCall& call = answer.tool_calls[std::size_t(index)];
      settle(index, call, arguments, ending_of(call, *running));
    }
  }
  if (!finished_.empty())
    CO_CHECK(co_await store_steps(*context_.store, live_, std::move(finished_), Durability::journaled));
  fault_point("turn.after_tool_stored");

  std::vector<std::string> contents;
  for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
    const json::object& data = journal_.finished[CallKey{round_, std::int64_t(i)}];
    contents.push_back(std::string(string_or(data, "content")) + std::string(string_or(data, "note")));
  }
  co_return contents;
}

ToolRound::Ending ToolRound::ending_of(const ModelToolCall& call, const Running& running) const {
  Ending ending;
  ending.reads = running.reads;
  ending.took = running.took;
  if (!running.result) {
    ending.status = "unknown";
    ending.content = error_content({Code::internal, "the tool was stopped; its outcome is unknown"});
    return ending;
  }
  if (running.result->has_error()) {
    ending.status = code_name(running.result->error().code);
    ending.content = error_content(running.result->error());
  } else {
    const json::value& value = **running.result;
    // One of the daemon's own tools says of itself whether it brought text from outside; what a plugin brings always is.
    const json::object* own = context_.tools->is_builtin(call.name) ? value.if_object() : nullptr;
    ending.status = "ok";
    ending.content = result_content(value);
    ending.has_outside = own && bool_or(*own, "outside");
  }
  if (count_same_results(journal_, round_, running.signature, ending.content) + 1 == kMostSameResults) ending.note = kSameAgain;
  return ending;
}

std::shared_ptr<ToolRound::Running> ToolRound::prepare(std::int64_t index, const ModelToolCall& call,
                                                       std::vector<Step>& started, bool& needs_sync) {
  const CallKey key{round_, index};
  if (journal_.finished.contains(key)) return nullptr;
  const Result<ToolArguments> arguments = read_tool_arguments(call.arguments);
  const json::value shown = arguments.has_value() ? json::value(arguments->values) : json::value(json::string(call.arguments));
  if (live_->is_watched()) {
    json::object event;
    event["id"] = call.id;
    event["name"] = call.name;
    event["arguments"] = shown;
    live_->emit("tool_call", std::move(event));
  }
  const auto refuse = [&](const Error& error, Ending ending) {
    ending.status = code_name(error.code);
    ending.content = error_content(error);
    settle(index, call, shown, std::move(ending));
    return nullptr;
  };
  if (index >= kMaxParallel) return refuse({Code::overloaded, "more than 16 calls at once: ask for this one again"}, Ending{.reads = true});

  auto running = std::make_shared<Running>();
  running->tools = context_.tools;
  running->clock = context_.clock;
  running->index = index;
  running->signature = call_signature(call.name, shown);
  running->call.id = call.id;
  running->call.name = call.name;
  if (arguments.has_value()) running->call.arguments = arguments->values;
  running->call.user_id = live_->turn.user_id;
  running->call.conversation_id = live_->turn.conversation_id;
  running->call.turn_id = live_->turn.id;
  running->call.after_outside = has_read_outside();
  Principal principal;
  principal.user_id = live_->turn.user_id;
  principal.user_name = string_or(live_->turn.request, "user_name");
  principal.scopes = {"chat", "memory", "tools"};
  principal.via = "turn";
  running->call.principal = std::move(principal);

  const Result<ToolEntry> entry = context_.tools->check(running->call);
  if (entry.has_value()) running->reads = entry->tool.effect == ToolEffect::read;
  if (call.id.starts_with(kTextCallId) && !running->reads) running->call.after_outside = true;
  if (const auto before = journal_.started.find(key); before != journal_.started.end()) {
    // Started by a process that died before it noted a result.
    if (entry.has_error() || !entry->tool.idempotent || !bool_or(before->second, "idempotent")) {
      Ending lost;
      lost.status = "unknown";
      lost.content = error_content({Code::internal, "outcome unknown: the daemon stopped while this tool ran. It may have "
                                                    "taken effect; don't repeat it without asking the user"});
      settle(index, call, shown, std::move(lost));
      return nullptr;
    }
    return running;
  }
  if (const std::optional<ToolFault> fault = find_fault(*context_.tools, call))
    return refuse({fault->error.code, fault->told}, Ending{.reads = true, .fault = fault->kind});
  if (entry.has_error()) return refuse(entry.error(), Ending{.reads = true});
  if (count_same_results(journal_, round_, running->signature) >= kMostSameResults)
    return refuse({Code::invalid, "this call gave the same result three times: it is not run again. Answer with what you have"},
                  Ending{.reads = true, .is_repeated = true});
  if (running->reads && !may_write_ && context_.tools->is_builtin(call.name)) {
    if (const json::object* earlier = find_earlier_result(journal_, round_, running->signature)) {
      Ending same;
      same.status = "ok";
      same.content = string_or(*earlier, "content");
      same.has_outside = bool_or(*earlier, "outside");
      same.reads = true;
      if (count_same_results(journal_, round_, running->signature) + 1 == kMostSameResults) same.note = kSameAgain;
      settle(index, call, shown, std::move(same));
      return nullptr;
    }
  }
  json::object data = call_data(index, call, shown);
  data["idempotent"] = entry->tool.idempotent;
  started.push_back(make_step("tool_started", context_.clock->now(), std::move(data)));
  needs_sync = needs_sync || !entry->tool.idempotent;
  return running;
}

bool ToolRound::has_read_outside() const {
  for (const RecalledItem& item : journal_.recalled)
    if (item.said_by == "outside") return true;
  for (const auto& [key, data] : journal_.finished) {
    if (key.first >= round_) break;  // the model has not seen this round's results
    if (string_or(data, "status") == "ok" && (!context_.tools->is_builtin(string_or(data, "name")) || bool_or(data, "outside"))) return true;
  }
  return false;
}

json::object ToolRound::call_data(std::int64_t index, const ModelToolCall& call, const json::value& arguments) const {
  json::object data;
  data["round"] = round_;
  data["index"] = index;
  data["id"] = call.id;
  data["name"] = call.name;
  data["arguments"] = arguments;
  return data;
}

void ToolRound::settle(std::int64_t index, const ModelToolCall& call, const json::value& arguments, Ending ending) {
  json::object data = call_data(index, call, arguments);
  data["status"] = ending.status;
  data["content"] = ending.content;
  if (ending.has_outside) data["outside"] = true;
  if (ending.reads) data["reads"] = true;
  if (!ending.fault.empty()) data["fault"] = ending.fault;
  if (ending.is_repeated) data["repeated"] = true;
  if (!ending.note.empty()) data["note"] = ending.note;
  if (live_->is_watched()) {
    json::object event;
    event["id"] = call.id;
    event["name"] = call.name;
    event["status"] = ending.status;
    event["result"] = ending.content;
    live_->emit("tool_result", std::move(event));
  }
  finished_.push_back(make_step("tool_finished", context_.clock->now(), data, ending.took));
  journal_.finished[CallKey{round_, index}] = std::move(data);
}

}  // namespace hobd
