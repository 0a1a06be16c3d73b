#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

#include <chrono>

namespace hobd {
namespace {

json::object hit_json(const MessageHit& hit) {
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
           {{"lexical", hit.score}, {"dense", 0}, {"context", 0}, {"speaker", 0}, {"date", 0}, {"factor", 1}}}};
}

awaitable<Result<json::value>> search(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const auto started = std::chrono::steady_clock::now();
  const auto wanted = static_cast<std::size_t>(int_or(call.params, "k", 10));
  Time since = Time::min(), until = Time::max();
  if (const std::string_view text = string_or(call.params, "since"); !text.empty()) {
    CO_TRY(since, parse_time(text));
  }
  if (const std::string_view text = string_or(call.params, "until"); !text.empty()) {
    CO_TRY(until, parse_time(text));
  }
  // A span of time is cut out of more hits than are wanted: the search itself knows words only.
  const bool dated = since != Time::min() || until != Time::max();
  const auto limit = static_cast<std::uint32_t>(dated ? 500 : wanted);
  MessageQuery query{.text = std::string(string_or(call.params, "q")), .limit = limit};
  CO_TRY(const std::vector<MessageHit> hits,
         co_await context.store->conversations().search(call.who.user_id, std::move(query)));
  json::array items;
  for (const MessageHit& hit : hits) {
    if (items.size() == wanted) break;
    if (hit.message.at >= since && hit.message.at < until) items.push_back(hit_json(hit));
  }
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started);
  co_return json::object{{"items", std::move(items)}, {"took_ms", took.count()}};
}

}  // namespace

void add_memory_search_methods(MethodTable& table, MemoryContext context) {
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
