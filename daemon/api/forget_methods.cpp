#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/forgetting.hpp"

namespace hobd {
namespace {

constexpr std::uint32_t kMostFound = 100;
constexpr std::size_t kMostIds = 1'000;

json::object plan_json(const ForgetPlan& plan) {
  json::array memories, messages;
  for (const Memory& memory : plan.memories) memories.push_back(to_json(memory));
  for (const Message& message : plan.messages) messages.push_back(api_json(message));
  return {{"memories", std::move(memories)}, {"messages", std::move(messages)}, {"blocks", json::array(plan.blocks.begin(), plan.blocks.end())}};
}

Result<std::vector<std::string>> ids_of(const json::object& params) {
  std::vector<std::string> ids;
  if (const std::string_view id = string_or(params, "id"); !id.empty()) ids.emplace_back(id);
  if (const json::array* several = array_at(params, "ids"))
    for (const json::value& id : *several) {
      if (!id.is_string() || id.get_string().empty()) return Error{Code::invalid, "ids: a list of ids is wanted"};
      ids.emplace_back(id.get_string());
    }
  if (ids.size() > kMostIds) return Error{Code::invalid, "ids: 1,000 at most in one call"};
  return ids;
}

awaitable<Result<json::value>> forget(ForgetContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Forgetting& forgetting = *context.forgetting;
  const WithMessages messages = bool_or(call.params, "messages") ? WithMessages::yes : WithMessages::no;
  CO_TRY(std::vector<std::string> ids, ids_of(call.params));
  const std::string text(string_or(call.params, "q"));
  if (ids.empty() == text.empty()) co_return Error{Code::invalid, "what to forget is named by id, ids or q: one of them"};
  ForgetPlan plan;
  if (!text.empty()) {
    CO_TRY(plan, co_await forgetting.find(call.who.user_id, text, messages, kMostFound));
    for (const Memory& memory : plan.memories) ids.push_back(memory.id);
    for (const Message& message : plan.messages) ids.push_back(message.id);
  }
  if (bool_or(call.params, "dry_run")) {
    if (text.empty()) {
      CO_TRY(plan, co_await forgetting.plan(call.who.user_id, std::move(ids), messages));
    }
    co_return plan_json(plan);
  }
  if (ids.empty()) co_return Error{Code::not_found, "nothing of yours is about that"};
  CO_TRY(const ForgetReceipt receipt, co_await forgetting.erase(call.who.user_id, std::move(ids), messages));
  co_return to_json(receipt);
}

}  // namespace

void add_forget_methods(MethodTable& table, ForgetContext context) {
  table.add({.name = "memory.forget",
             .scope = "memory:write",
             .doc = "Delete memories for good, with all that was made from them; dry_run shows what would go. The receipt holds no content.",
             .params = params({{"id", "text", Need::optional, "of a memory or a message"},
                               {"ids", "array", Need::optional, "several of them"},
                               {"q", "text", Need::optional, "all that is about this"},
                               {"messages", "boolean", Need::optional, "also the messages they rest on, with what was answered to them"},
                               {"dry_run", "boolean", Need::optional, "only show what would go"}}),
             .result = result({{"id", "string"},
                               {"memories", "any"},
                               {"messages", "any"},
                               {"versions", "integer"},
                               {"vectors", "integer"},
                               {"summaries", "integer"},
                               {"blocks", "array"},
                               {"notes", "array"},
                               {"at", "string"}}),
             .positional = {"id"}},
            [context](MethodCall call) { return forget(context, std::move(call)); });
}

}  // namespace hobd
