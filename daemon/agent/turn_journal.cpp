#include "agent/turn_journal.hpp"

namespace hobd {

TurnJournal read_journal(const std::vector<Step>& steps) {
  TurnJournal journal;
  for (const Step& step : steps) {
    const std::int64_t round = int_or(step.data, "round");
    const CallKey call{round, int_or(step.data, "index")};
    if (step.kind == "recalled") {
      journal.has_recalled = true;
      if (const json::array* items = array_at(step.data, "items"))
        for (const json::value& item : *items)
          if (const json::object* object = item.if_object()) journal.recalled.push_back(recalled_item_from_json(*object));
    } else if (step.kind == "model_answered") {
      if (const json::object* answer = object_at(step.data, "answer"))
        journal.answers[round] = model_answer_from_json(*answer);
    } else if (step.kind == "tool_started") {
      journal.started[call] = step.data;
    } else if (step.kind == "tool_finished") {
      journal.finished[call] = step.data;
    } else if (step.kind == "replied" || step.kind == "failed" || step.kind == "cancelled") {
      journal.ended = true;
      if (step.kind == "replied") journal.replied = step.data;
    } else if (step.kind == "retried") {
      journal.ended = false;
    }
  }
  return journal;
}

Step make_step(std::string_view kind, Time at, json::object data, std::chrono::milliseconds took) {
  Step step;
  step.kind = kind;
  step.at = at;
  step.took_ms = took.count();
  step.data = std::move(data);
  return step;
}

json::array tool_calls_of(const std::map<CallKey, json::object>& finished) {
  json::array calls;
  for (const auto& [key, data] : finished) {
    json::object call;
    for (const char* member : {"name", "arguments", "status"})
      if (const json::value* value = data.if_contains(member)) call[member] = *value;
    calls.push_back(std::move(call));
  }
  return calls;
}

awaitable<Result<void>> store_steps(Store& store, std::shared_ptr<LiveTurn> live, std::vector<Step> steps, Durability durability) {
  for (std::chrono::milliseconds wait = kFirstStoreRetry;; wait = std::min(wait * 2, kLongestStoreRetry)) {
    std::vector<Step> copy = steps;
    Result<void> stored = co_await store.journal().add_steps(live->turn.id, std::move(copy), durability);
    if (stored.has_value() || !may_pass(stored.error()) || live->stop_reason() != LiveTurn::Stop::none) co_return stored;
    if (!co_await live->async_pause(wait)) co_return stored;
  }
}

TurnReply reply_from_journal(const Turn& turn, const TurnJournal& journal, const Message& message) {
  TurnReply reply;
  reply.reply = message.text;
  reply.conversation_id = turn.conversation_id;
  reply.session_id = turn.session_id;
  reply.message_id = message.id;
  reply.turn_id = turn.id;
  reply.tool_calls = tool_calls_of(journal.finished);
  if (const json::array* calls = array_at(journal.replied, "client_tool_calls")) reply.client_tool_calls = *calls;
  reply.stop = string_or(journal.replied, "stop", "end");
  reply.notice = string_or(journal.replied, "notice");
  for (const RecalledItem& item : journal.recalled) reply.recalled.push_back(item.id);
  reply.usage = turn.usage;
  reply.duplicate = true;
  return reply;
}

std::string error_text(const Error& error) { return std::string(code_name(error.code)) + ": " + error.message; }

Error error_from_text(std::string_view text) {
  const std::size_t colon = text.find(": ");
  if (colon == std::string_view::npos) return {Code::internal, std::string(text)};
  return {code_from_name(text.substr(0, colon)), std::string(text.substr(colon + 2))};
}

json::object to_json(const TurnReply& reply) {
  json::object object;
  object["reply"] = reply.reply;
  object["conversation_id"] = reply.conversation_id;
  object["session_id"] = reply.session_id;
  object["message_id"] = reply.message_id;
  object["turn_id"] = reply.turn_id;
  object["tool_calls"] = reply.tool_calls;
  if (!reply.client_tool_calls.empty()) object["client_tool_calls"] = reply.client_tool_calls;
  object["stop"] = reply.stop;
  if (!reply.notice.empty()) object["notice"] = reply.notice;
  json::array recalled;
  for (const std::string& id : reply.recalled) recalled.push_back(json::value(json::string(id)));
  object["recalled"] = std::move(recalled);
  object["usage"] = to_json(reply.usage);
  if (reply.duplicate) object["duplicate"] = true;
  return object;
}

}  // namespace hobd
