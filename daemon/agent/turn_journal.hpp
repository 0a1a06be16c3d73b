// The steps of one turn, written and read back: what a start needs to go on from where the last process died.
//
// data of each kind (JSON objects; members that are empty may be absent):
//   recalled        {"items":[recalled item...]}
//   model_called    {"round":n}                        rounds count from 0
//   model_answered  {"round":n, "answer":<ModelAnswer>}
//   tool_started    {"round":n, "index":i, "id", "name", "arguments":{}, "idempotent":bool}
//   tool_finished   {"round":n, "index":i, "id", "name", "arguments", "status":"ok|<code>|unknown", "content":"for the model", "outside":true,
//                    "reads":true (it wrote nothing), "fault":"unreadable|unknown|misfit", "repeated":true, "note":"for the model, behind the content"}
//   replied         {"stop":"...", "client_tool_calls":[...], "notice":"for the user"}
//   failed          {"error":"code: message", "said":"what was shown before"}          cancelled {}
//   retried         {"error"}                          the same request came again after a failure that may pass
#pragma once

#include "agent/live_turn.hpp"
#include "memory/recall.hpp"

#include <map>

namespace hobd {

/// The pauses before the store is tried again: doubled each time from the first to the longest.
constexpr std::chrono::milliseconds kFirstStoreRetry{250}, kLongestStoreRetry{15'000};

/// Which call of a turn: the round, and the place in that round's answer.
using CallKey = std::pair<std::int64_t, std::int64_t>;

struct TurnJournal {
  bool has_recalled = false;
  std::vector<RecalledItem> recalled;
  std::map<std::int64_t, ModelAnswer> answers;  // by round
  std::map<CallKey, json::object> started, finished;
  bool ended = false;        // replied, failed or cancelled
  json::object replied;      // data of that step
};

TurnJournal read_journal(const std::vector<Step>& steps);
Step make_step(std::string_view kind, Time at, json::object data, std::chrono::milliseconds took = {});

/// Whether a failure of `store` can pass: the disk is full, or too much waits for it.
inline bool may_pass(const Error& error) { return error.code == Code::unavailable || error.code == Code::overloaded; }

/// Adds steps to the turn's journal. A store that fails is tried again, with growing pauses, until the turn is
/// stopped or the daemon stops.
awaitable<Result<void>> store_steps(Store& store, std::shared_ptr<LiveTurn> live, std::vector<Step> steps, Durability durability);

/// The reply of an ended turn as it was given the first time. `reply`: its message.
TurnReply reply_from_journal(const Turn& turn, const TurnJournal& journal, const Message& reply);
/// {name, arguments, status} of each finished call, in order.
json::array tool_calls_of(const std::map<CallKey, json::object>& finished);

/// "code: message" of Turn::error, and back.
std::string error_text(const Error& error);
Error error_from_text(std::string_view text);

}  // namespace hobd
