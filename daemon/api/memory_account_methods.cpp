// The methods by which a memory gives account of itself, and changes are taken back.
#include "api/memory_objects.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/embeddings.hpp"

namespace hobd {
namespace {

std::string id_of(const MethodCall& call) { return std::string(string_or(call.params, "id")); }

void wake(const MemoryContext& context) {
  if (context.embeddings) context.embeddings->wake();
}

awaitable<Result<json::value>> history(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const std::vector<MemoryVersion> versions, co_await context.store->memories().history(call.who.user_id, id_of(call)));
  co_return list_json(versions);
}

/// A quote with the message it stands in; null where that is gone or the memory was given by hand.
awaitable<Result<json::object>> explain_source(MemoryContext context, std::string user_id, MemorySource source) {
  json::object object{{"quote", source.quote}, {"said_by", said_by_name(source.said_by)}, {"at", format_time(source.at)}};
  object["message"] = nullptr;
  if (source.message_id.empty()) co_return object;
  const auto message = co_await context.store->conversations().find_message(std::move(user_id), source.message_id);
  if (message.has_error()) {
    if (message.error().code != Code::not_found) co_return message.error();
    co_return object;
  }
  object["message"] = json::object{{"id", message->id},
                                   {"conversation_id", message->conversation_id},
                                   {"speaker", message->speaker},
                                   {"role", message->role},
                                   {"at", format_time(message->at)},
                                   {"text", message->text}};
  co_return object;
}

/// The uses with the conversations of their turns.
awaitable<Result<json::array>> explain_uses(MemoryContext context, std::string user_id, std::string memory_id) {
  CO_TRY(const std::vector<MemoryUse> uses, co_await context.store->memories().uses(user_id, memory_id));
  json::array items;
  for (const MemoryUse& use : uses) {
    json::object item{{"turn_id", use.turn_id}, {"at", format_time(use.at)}, {"conversation_id", nullptr}};
    const auto turn = co_await context.store->journal().find_turn(user_id, use.turn_id);
    if (turn.has_value()) item["conversation_id"] = turn->conversation_id;
    items.push_back(std::move(item));
  }
  co_return items;
}

json::array briefly(const std::vector<Memory>& memories) {
  json::array items;
  for (const Memory& memory : memories) items.push_back(json::object{{"id", memory.id}, {"text", memory.text}});
  return items;
}

awaitable<Result<json::value>> explain(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Memories& memories = context.store->memories();
  const std::string user_id = call.who.user_id, id = id_of(call);
  CO_TRY(const std::vector<MemoryVersion> versions, co_await memories.history(user_id, id));
  if (versions.empty()) co_return Error{Code::not_found, "memory " + id + " has no version left"};
  const Memory& memory = versions.back().memory;
  json::array sources;
  for (const MemorySource& source : memory.sources) {
    CO_TRY(json::object explained, co_await explain_source(context, user_id, source));
    sources.push_back(std::move(explained));
  }
  json::array changes;
  for (const MemoryVersion& version : versions) {
    json::object change = api_json(version);
    change.erase("memory");
    changes.push_back(std::move(change));
  }
  CO_TRY(json::array uses, co_await explain_uses(context, user_id, id));
  CO_TRY(const std::vector<Memory> replaced, co_await memories.superseded_by(user_id, id));
  std::vector<std::string> successor_id;
  if (!memory.superseded_by.empty()) successor_id.push_back(memory.superseded_by);
  CO_TRY(const std::vector<Memory> successor, co_await memories.find_all(user_id, std::move(successor_id)));
  co_return json::object{{"id", id},
                         {"text", memory.text},
                         {"removed", versions.back().removed},
                         {"memory", to_json(memory)},
                         {"sources", std::move(sources)},
                         {"changes", std::move(changes)},
                         {"uses", std::move(uses)},
                         {"supersedes", briefly(replaced)},
                         {"superseded_by", briefly(successor)}};
}

json::object undone_json(std::string_view undone, const std::vector<MemoryChange>& changes) {
  json::array items;
  for (const MemoryChange& change : changes)
    for (const MemoryEdit& edit : change.edits)
      items.push_back(json::object{{"id", edit.memory.id},
                                   {"now", edit.kind == MemoryEdit::Kind::remove ? "removed" : "restored"},
                                   {"text", edit.memory.text}});
  return {{"undone", undone}, {"change_id", changes.back().id}, {"summary", changes.back().summary}, {"memories", std::move(items)}};
}

awaitable<Result<json::value>> undo(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Memories& memories = context.store->memories();
  const std::string cause = "undo";
  const std::string run_id(string_or(call.params, "run_id"));
  std::string change_id(string_or(call.params, "change_id"));
  if (int(!run_id.empty()) + int(!change_id.empty()) + int(!id_of(call).empty()) > 1)
    co_return Error{Code::invalid, "memory.undo takes one of id, change_id and run_id"};
  if (!run_id.empty()) {
    CO_TRY(const std::vector<MemoryChange> changes, co_await memories.undo_run(call.who.user_id, run_id, cause, Durability::synced));
    wake(context);
    co_return undone_json(run_id, changes);
  }
  if (change_id.empty()) {
    CO_TRY(const MemoryChange last, co_await memories.last_change(call.who.user_id, id_of(call)));
    change_id = last.id;
  }
  CO_TRY(MemoryChange change, co_await memories.undo(call.who.user_id, change_id, cause, Durability::synced));
  wake(context);
  std::vector<MemoryChange> changes;
  changes.push_back(std::move(change));
  co_return undone_json(change_id, changes);
}

awaitable<Result<json::value>> changes(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Page<MemoryChange> page,
         co_await context.store->memories().changes(call.who.user_id, std::string(string_or(call.params, "run_id")),
                                                    page_request(call.params)));
  co_return list_json(page);
}

awaitable<Result<json::value>> clear(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const std::string cause = "api";
  CO_TRY(const MemoryChange change,
         co_await context.store->memories().clear(call.who.user_id, std::string(string_or(call.params, "conversation_id")), cause,
                                                  Durability::synced));
  co_return json::object{{"success", true}, {"memories_cleared", change.edits.size()}, {"change_id", text_or_null(change.id)}};
}

awaitable<Result<json::value>> stats(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const MemoryStats stats, co_await context.store->memories().stats(call.who.user_id));
  json::object object{{"memories", stats.memories},
                      {"superseded", stats.superseded},
                      {"versions", stats.versions},
                      {"sources", stats.sources},
                      {"by_kind", stats.by_kind},
                      {"oldest", text_or_null(stats.oldest ? format_time(*stats.oldest) : std::string())},
                      {"newest", text_or_null(stats.newest ? format_time(*stats.newest) : std::string())}};
  object["embeddings"] = nullptr;
  if (context.embeddings) object["embeddings"] = context.embeddings->status();
  co_return object;
}

}  // namespace

void add_memory_account_methods(MethodTable& table, MemoryContext context) {
  const auto add = [&](MethodSpec spec, auto function) {
    table.add(std::move(spec), [context, function](MethodCall call) { return function(context, std::move(call)); });
  };
  const SchemaField id{"id", "text", Need::required};
  add({.name = "memory.history",
       .scope = "memory:read",
       .doc = "All versions of a memory, the oldest first, with what made each.",
       .params = params({id}),
       .result = list_result(),
       .positional = {"id"}},
      history);
  add({.name = "memory.explain",
       .scope = "memory:read",
       .doc = "Why a memory is there: its words, who said them where and when, what became of it and when it was used.",
       .params = params({id}),
       .result = result({{"id", "string", Need::required},
                         {"text", "string", Need::required},
                         {"removed", "boolean"},
                         {"memory", "object"},
                         {"sources", "array", Need::required},
                         {"changes", "array", Need::required},
                         {"uses", "array", Need::required},
                         {"supersedes", "array"},
                         {"superseded_by", "array"}}),
       .positional = {"id"}},
      explain);
  add({.name = "memory.changes",
       .scope = "memory:read",
       .doc = "What was done to the memories, the latest first.",
       .params = params({{"run_id", "string", Need::optional, "of one consolidation"}, {"limit", "limit"}, {"cursor", "string"}}),
       .result = list_result()},
      changes);
  add({.name = "memory.undo",
       .scope = "memory:write",
       .doc = "Take a change back: a memory's latest, the one that is named, a whole consolidation's, or the very latest.",
       .params = params({{"id", "string", Need::optional, "the memory whose latest change it is"},
                         {"change_id", "string", Need::optional, "the change; that of an undo does it again"},
                         {"run_id", "string", Need::optional, "the consolidation"}}),
       .result = result({{"undone", "string", Need::required}, {"change_id", "string", Need::required}, {"memories", "array", Need::required}}),
       .positional = {"id"}},
      undo);
  add({.name = "memory.clear",
       .scope = "memory:write",
       .doc = "Remove all memories, or those that one conversation taught; memory.undo brings them back.",
       .params = params({{"conversation_id", "string", Need::optional, "only what rests on this conversation alone"}}),
       .result = result({{"success", "boolean", Need::required}, {"memories_cleared", "integer", Need::required}, {"change_id", "string|null"}}),
       .positional = {}},
      clear);
  add({.name = "memory.stats",
       .scope = "memory:read",
       .doc = "How much is remembered, and how far the embedder has come.",
       .params = params({}),
       .result = result({{"memories", "integer", Need::required}, {"superseded", "integer", Need::required}, {"by_kind", "object", Need::required}})},
      stats);
}

}  // namespace hobd
