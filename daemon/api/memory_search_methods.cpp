#include "api/memory_objects.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/recall.hpp"

#include <chrono>

namespace hobd {
namespace {

/// What a prompt gives to recalled texts, as in agent/context.hpp: 1,000 tokens of four bytes.
constexpr std::size_t kContextBytes = 4'000;

json::object why_json(const HitReasons& why) {
  return {{"lexical", why.lexical}, {"dense", why.dense}, {"context", why.context},
          {"speaker", why.speaker}, {"date", why.date},   {"factor", why.factor}};
}

json::object message_hit(const RecallHit& hit) {
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
          {"why", why_json(hit.why)}};
}

json::object memory_hit(const RecallHit& hit) {
  const Memory& memory = hit.memory;
  json::object object{{"source", "memory"},
                      {"id", memory.id},
                      {"text", memory.text},
                      {"score", hit.score},
                      {"external_id", nullptr},
                      {"conversation_id", nullptr},
                      {"session_id", nullptr},
                      {"speaker", nullptr},
                      {"at", format_time(memory.sources.empty() ? memory.recorded_at : memory.sources.front().at)},
                      {"why", why_json(hit.why)}};
  for (auto& [key, value] : to_json(memory)) object.emplace(key, std::move(value));
  return object;
}

Result<SearchQuery> read_query(const MemoryContext& context, const MethodCall& call) {
  SearchQuery query;
  query.user_id = call.who.user_id;
  query.text = string_or(call.params, "q");
  query.limit = static_cast<std::uint32_t>(int_or(call.params, "k", 10));
  query.filter = TRY(memory_filter(call.params));
  query.since = TRY(time_param(call.params, "since"));
  query.until = TRY(time_param(call.params, "until"));
  query.now = context.clock->now();
  const std::string_view in = string_or(call.params, "in", "all");
  query.in = in == "memories" ? SearchQuery::In::memories : in == "messages" ? SearchQuery::In::messages : SearchQuery::In::all;
  return query;
}

awaitable<Result<json::value>> search(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const auto started = std::chrono::steady_clock::now();
  CO_TRY(SearchQuery query, read_query(context, call));
  Recall recall(*context.store, context.embeddings);
  CO_TRY(const std::vector<RecallHit> hits, co_await recall.search(std::move(query)));
  json::array items;
  for (const RecallHit& hit : hits)
    items.push_back(hit.source == RecallHit::Source::memory ? memory_hit(hit) : message_hit(hit));
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started);
  co_return json::object{{"items", std::move(items)}, {"took_ms", took.count()}};
}

awaitable<Result<json::value>> show_context(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const std::shared_ptr<const Config> config = context.config ? context.config() : std::make_shared<const Config>();
  SearchQuery query;
  query.user_id = call.who.user_id;
  query.text = string_or(call.params, "q");
  query.limit = static_cast<std::uint32_t>(int_or(call.params, "k", config->memory.recall_top_k));
  query.role = "user";
  query.commands = false;
  query.now = context.clock->now();
  Recall recall(*context.store, context.embeddings);
  CO_TRY(std::vector<RecallHit> hits, co_await recall.search(std::move(query)));
  std::vector<RecalledItem> recalled;
  json::array items;
  for (RecallHit& hit : hits) {
    if (hit.score < config->memory.recall_threshold) continue;
    recalled.push_back(recalled_item(std::move(hit)));
    items.push_back(to_json(recalled.back()));
  }
  co_return json::object{{"text", render_recalled(recalled, kContextBytes)}, {"items", std::move(items)}};
}

}  // namespace

void add_memory_search_methods(MethodTable& table, MemoryContext context) {
  table.add({.name = "memory.search",
             .scope = "memory:read",
             .doc = "Search what was said and what is remembered.",
             .params = params({{"q", "string", Need::required, "what to look for"},
                               {"k", "limit", Need::optional, "how many hits; 10"},
                               {"in", "enum:all,memories,messages", Need::optional, "where; all"},
                               {"kind", "enum:fact,preference,event,context,episode", Need::optional, "only memories of this kind"},
                               {"topic", "string", Need::optional, "only memories of this topic"},
                               {"person", "string", Need::optional, "only memories about this person"},
                               {"since", "string", Need::optional, "not before this time (RFC 3339)"},
                               {"until", "string", Need::optional, "before this time"},
                               {"valid_at", "string", Need::optional, "memories of what was true at this time; now"},
                               {"as_of", "string", Need::optional, "memories as Hob knew them at this time; now"}}),
             .result = result({{"items", "array", Need::required}, {"took_ms", "number", Need::required}}),
             .positional = {"q"}},
            [context](MethodCall call) { return search(context, std::move(call)); });
  table.add({.name = "memory.context",
             .scope = "memory:read",
             .doc = "What a prompt would be told of the past beside this message, in its very words.",
             .params = params({{"q", "string", Need::required, "what would be said"},
                               {"k", "limit", Need::optional, "how many at most; memory.recall_top_k"}}),
             .result = result({{"text", "string", Need::required}, {"items", "array", Need::required}}),
             .positional = {"q"}},
            [context](MethodCall call) { return show_context(context, std::move(call)); });
}

}  // namespace hobd
