// The steps of one turn, written and read back: what a start needs to go on from where the last process died.
//
// data of each kind (JSON objects; members that are empty may be absent):
//   recalled        {"items":[recalled item...]}
//   model_called    {"round":n}                        rounds count from 0
//   model_answered  {"round":n, "answer":<ModelAnswer>}
//   tool_started    {"round":n, "index":i, "id", "name", "arguments":{}, "idempotent":bool}
//   tool_finished   {"round":n, "index":i, "id", "name", "arguments", "status":"ok|<code>|unknown", "content":"for the model"}
//   replied         {"stop":"...", "client_tool_calls":[...]}
//   failed          {"error":"code: message"}          cancelled {}
#pragma once

#include "agent/agent.hpp"
#include "memory/recall.hpp"

#include <map>

namespace hobd {

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

/// The reply of an ended turn as it was given the first time. `reply`: its message.
TurnReply reply_from_journal(const Turn& turn, const TurnJournal& journal, const Message& reply);
/// {name, arguments, status} of each finished call, in order.
json::array tool_calls_of(const std::map<CallKey, json::object>& finished);

/// "code: message" of Turn::error, and back.
std::string error_text(const Error& error);
Error error_from_text(std::string_view text);

}  // namespace hobd
