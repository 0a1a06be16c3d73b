#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/recall.hpp"

#include <chrono>

namespace hobd {
namespace {

json::object hit_json(const RecallHit& hit) {
  const Message& message = hit.message;
  return {{"source", "message"},
          {"id", message.id},
          {"text", message.text},
          {"score", hit.score},
          {"external_id", text_or_null(message.external_id)},
          {"conversation_id", message.conversation_id},
          {"session_id", message.session_id},
          {"speaker", message.speaker},
          {"at", format_time(message.at)},
          {"why",
           {{"lexical", hit.why.lexical},
            {"dense", hit.why.dense},
            {"context", hit.why.context},
            {"speaker", hit.why.speaker},
            {"date", hit.why.date},
            {"factor", hit.why.factor}}}};
}

awaitable<Result<json::value>> search(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const auto started = std::chrono::steady_clock::now();
  SearchQuery query;
  query.user_id = call.who.user_id;
  query.text = string_or(call.params, "q");
  query.in = SearchQuery::In::messages;
  query.limit = static_cast<std::uint32_t>(int_or(call.params, "k", 10));
  query.now = SystemClock().now();
  if (const std::string_view text = string_or(call.params, "since"); !text.empty()) {
    CO_TRY(query.since, parse_time(text));
  }
  if (const std::string_view text = string_or(call.params, "until"); !text.empty()) {
    CO_TRY(query.until, parse_time(text));
  }
  Recall recall(*context.store, nullptr);
  CO_TRY(const std::vector<RecallHit> hits, co_await recall.search(std::move(query)));
  json::array items;
  for (const RecallHit& hit : hits) items.push_back(hit_json(hit));
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started);
  co_return json::object{{"items", std::move(items)}, {"took_ms", took.count()}};
}

}  // namespace

void add_memory_methods(MethodTable& table, StoreContext context) {
  json::value search_params = params({{"q", "string", Need::required, "what to look for"},
                                      {"k", "limit", Need::optional, "how many hits; 10"},
                                      {"in", "enum:all,messages", Need::optional, "where; all"},
                                      {"since", "string", Need::optional, "not before this time (RFC 3339)"},
                                      {"until", "string", Need::optional, "before this time"}});
  table.add({.name = "memory.search",
             .scope = "memory:read",
             .doc = "Search what was said.",
             .params = std::move(search_params),
             .result = result({{"items", "array", Need::required}, {"took_ms", "number", Need::required}}),
             .positional = {"q"}},
            [context](MethodCall call) { return search(context, std::move(call)); });
}

}  // namespace hobd
