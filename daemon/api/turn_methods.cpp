#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

namespace hobd {
namespace {

Result<TurnState> state_of(std::string_view name) {
  for (const TurnState state : {TurnState::accepted, TurnState::running, TurnState::replied, TurnState::failed, TurnState::cancelled})
    if (turn_state_name(state) == name) return state;
  return Error{Code::invalid, "params.state: no state \"" + std::string(name) + "\""};
}

awaitable<Result<json::value>> list(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  TurnFilter filter;
  filter.conversation_id = string_or(call.params, "conversation_id");
  if (const std::string_view name = string_or(call.params, "state"); !name.empty()) {
    CO_TRY(filter.state, state_of(name));
  }
  CO_TRY(const Page<Turn> page,
         co_await context.store->journal().list_turns(call.who.user_id, filter, page_request(call.params)));
  co_return list_json(page);
}

awaitable<Result<json::value>> get(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Journal& journal = context.store->journal();
  CO_TRY(const Turn turn, co_await journal.find_turn(call.who.user_id, std::string(string_or(call.params, "turn_id"))));
  CO_TRY(const std::vector<Step> steps, co_await journal.steps(turn.user_id, turn.id));
  json::object object = api_json(turn);
  object["steps"] = list_json(steps)["items"];
  co_return object;
}

}  // namespace

void add_turn_methods(MethodTable& table, StoreContext context) {
  table.add({.name = "turn.list",
             .scope = "conversations",
             .doc = "Your turns, the latest first.",
             .params = params({{"conversation_id", "string"},
                               {"state", "enum:accepted,running,replied,failed,cancelled"},
                               {"limit", "limit"},
                               {"cursor", "string"}}),
             .result = list_result()},
            [context](MethodCall call) { return list(context, std::move(call)); });
  table.add({.name = "turn.get",
             .scope = "conversations",
             .doc = "One turn with its journal.",
             .params = params({{"turn_id", "text", Need::required}}),
             .result = result({{"id", "string", Need::required}, {"state", "string"}, {"steps", "array"}, {"usage", "object"}}),
             .positional = {"turn_id"}},
            [context](MethodCall call) { return get(context, std::move(call)); });
}

}  // namespace hobd
