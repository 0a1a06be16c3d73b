#include "api/memory_objects.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "memory/embeddings.hpp"
#include "memory/plain_note.hpp"

namespace hobd {
namespace {

constexpr const char* kKinds = "enum:fact,preference,event,context,episode";
/// How often an update without a version of its own is tried again when another one came between.
constexpr int kMostTries = 5;

std::string id_of(const MethodCall& call) { return std::string(string_or(call.params, "id")); }

void wake(const MemoryContext& context) {
  if (context.embeddings) context.embeddings->wake();
}

awaitable<Result<json::value>> list(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(MemoryFilter filter, memory_filter(call.params));
  CO_TRY(const Page<Memory> page,
         co_await context.store->memories().list(call.who.user_id, std::move(filter), page_request(call.params)));
  co_return list_json(page);
}

awaitable<Result<json::value>> get(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const std::optional<Time> as_of, time_param(call.params, "as_of"));
  if (!as_of) {
    CO_TRY(const Memory memory, co_await context.store->memories().find(call.who.user_id, id_of(call)));
    co_return api_json(memory);
  }
  CO_TRY(const std::vector<MemoryVersion> versions, co_await context.store->memories().history(call.who.user_id, id_of(call)));
  for (const MemoryVersion& version : versions)
    if (!version.removed && version.memory.version_from <= *as_of && (!version.memory.version_to || *version.memory.version_to > *as_of))
      co_return api_json(version.memory);
  co_return Error{Code::not_found, "memory " + id_of(call) + " was not known at " + format_time(*as_of)};
}

/// What the parameters say of a memory, over what it says already. Null takes a time away.
Result<void> read_members(const json::object& params, Memory& memory) {
  if (params.contains("text")) memory.text = trim(string_or(params, "text"));
  if (const auto kind = memory_kind_from_name(string_or(params, "kind"))) memory.kind = *kind;
  memory.importance = double_or(params, "importance", memory.importance);
  if (params.contains("topics")) memory.topics = texts_param(params, "topics");
  if (params.contains("people")) memory.people = texts_param(params, "people");
  if (params.contains("valid_from")) memory.valid_from = TRY(time_param(params, "valid_from"));
  if (params.contains("valid_to")) memory.valid_to = TRY(time_param(params, "valid_to"));
  return check_memory(memory);
}

/// Words of the owner's own hand, or of the message that the caller names; its quote must stand in that message.
awaitable<Result<MemorySource>> read_source(MemoryContext context, Principal who, json::object params) {
  MemorySource source;
  source.message_id = string_or(params, "message_id");
  source.quote = string_or(params, "quote");
  source.at = context.clock->now();
  if (source.message_id.empty()) co_return source;
  CO_TRY(const Message message, co_await context.store->conversations().find_message(who.user_id, source.message_id));
  if (message.text.find(source.quote) == std::string::npos)
    co_return Error{Code::invalid, "quote: these words don't stand in message " + source.message_id};
  source.at = message.at;
  source.said_by = message.role == "user" ? SaidBy::owner : message.role == "assistant" ? SaidBy::assistant : SaidBy::outside;
  co_return source;
}

awaitable<Result<json::value>> add(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  MemoryChange change;
  change.user_id = call.who.user_id;
  change.cause = "api";
  MemoryEdit& edit = change.edits.emplace_back();
  edit.reason = "given by hand";
  CO_CHECK(read_members(call.params, edit.memory));
  CO_TRY(MemorySource source, co_await read_source(context, call.who, call.params));
  edit.memory.sources.push_back(std::move(source));
  edit.memory.pii = pii_of(context, edit.memory);
  change.summary = "added: " + shortened(edit.memory.text);
  CO_TRY(const std::vector<Memory> made, co_await context.store->memories().apply(std::move(change), Durability::synced));
  wake(context);
  co_return api_json(made.at(0));
}

awaitable<Result<json::value>> update(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const std::int64_t wanted_version = int_or(call.params, "version");
  for (int tries = 1;; ++tries) {
    CO_TRY(Memory memory, co_await context.store->memories().find(call.who.user_id, id_of(call)));
    const std::string before = memory.text;
    MemoryChange change;
    change.user_id = call.who.user_id;
    change.cause = "api";
    MemoryEdit& edit = change.edits.emplace_back();
    edit.expected_version = wanted_version > 0 ? wanted_version : memory.version;
    edit.reason = string_or(call.params, "reason", "edited");
    edit.memory = std::move(memory);
    CO_CHECK(read_members(call.params, edit.memory));
    if (edit.memory.text != before) {
      // What it says now, nobody said in a message.
      MemorySource by_hand;
      by_hand.at = context.clock->now();
      edit.memory.sources.push_back(std::move(by_hand));
    }
    edit.memory.pii = pii_of(context, edit.memory);
    change.summary = edit.memory.text == before ? "edited: " + shortened(before)
                                                : "edited: " + shortened(before) + " -> " + shortened(edit.memory.text);
    const auto made = co_await context.store->memories().apply(std::move(change), Durability::synced);
    if (made.has_error() && made.error().code == Code::overloaded && wanted_version == 0 && tries < kMostTries) continue;
    if (made.has_error()) co_return made.error();
    wake(context);
    co_return api_json(made->at(0));
  }
}

awaitable<Result<Learning::Noted>> note(MemoryContext context, std::string user_id, Proposal proposal) {
  const std::string cause = "api";
  if (context.learning) co_return co_await context.learning->note(std::move(user_id), std::move(proposal), cause);
  co_return co_await note_plainly(context.store->memories(), std::move(user_id), std::move(proposal), cause, std::string());
}

awaitable<Result<json::value>> upsert(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Memory read;
  CO_CHECK(read_members(call.params, read));
  Proposal proposal;
  proposal.text = std::move(read.text);
  proposal.kind = read.kind;
  proposal.importance = read.importance;
  proposal.topics = std::move(read.topics);
  proposal.people = std::move(read.people);
  proposal.valid_from = read.valid_from;
  proposal.valid_to = read.valid_to;
  CO_TRY(proposal.source, co_await read_source(context, call.who, call.params));
  if (proposal.source.message_id.empty() && proposal.source.quote.empty()) proposal.source.quote = proposal.text;  // as it was given
  CO_TRY(const Learning::Noted done, co_await note(context, call.who.user_id, std::move(proposal)));
  wake(context);
  json::value memory;
  if (done.verdict.kind != Verdict::Kind::refused) memory = api_json(done.memory);
  co_return json::object{{"verdict", verdict_name(done.verdict.kind)},
                         {"reason", done.verdict.reason},
                         {"memory", std::move(memory)},
                         {"other_id", text_or_null(done.verdict.other_id)},
                         {"change_id", text_or_null(done.change_id)}};
}

awaitable<Result<json::value>> remove(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Memory memory, co_await context.store->memories().find(call.who.user_id, id_of(call)));
  MemoryChange change;
  change.id = make_id("chg");
  change.user_id = call.who.user_id;
  change.cause = "api";
  change.summary = "removed: " + shortened(memory.text);
  MemoryEdit& edit = change.edits.emplace_back();
  edit.kind = MemoryEdit::Kind::remove;
  edit.memory.id = memory.id;
  edit.reason = "removed by hand";
  const std::string change_id = change.id;
  CO_CHECK(co_await context.store->memories().apply(std::move(change), Durability::synced));
  co_return json::object{{"deleted", true}, {"change_id", change_id}};
}

}  // namespace

void add_memory_methods(MethodTable& table, MemoryContext context) {
  const auto add_method = [&](MethodSpec spec, auto function) {
    table.add(std::move(spec), [context, function](MethodCall call) { return function(context, std::move(call)); });
  };
  const json::value memory = result({{"id", "string", Need::required}, {"text", "string", Need::required}});
  const SchemaField id{"id", "text", Need::required};
  const SchemaField kind{"kind", kKinds, Need::optional, "fact is the default"};
  const SchemaField importance{"importance", "number", Need::optional, "0 to 1; 0.5"};
  const SchemaField topics{"topics", "texts"}, people{"people", "texts"};
  const SchemaField valid_from{"valid_from", "string|null", Need::optional, "true since (RFC 3339); null: always"};
  const SchemaField valid_to{"valid_to", "string|null", Need::optional, "true until; null: still"};
  const SchemaField message{"message_id", "string", Need::optional, "the message it rests on"};
  const SchemaField quote{"quote", "string", Need::optional, "verbatim from that message"};
  const SchemaField text{"text", "text", Need::required, "one fact, in a sentence"};

  add_method({.name = "memory.list",
              .scope = "memory:read",
              .doc = "What is remembered, the newest first.",
              .params = params({{"kind", kKinds},
                                {"topic", "string"},
                                {"person", "string"},
                                {"include", "enum:superseded", Need::optional, "also what ended or was replaced"},
                                {"valid_at", "string", Need::optional, "what was true at this time (RFC 3339)"},
                                {"as_of", "string", Need::optional, "what Hob knew at this time"},
                                {"limit", "limit"},
                                {"cursor", "string"}}),
              .result = list_result()},
             list);
  add_method({.name = "memory.get",
              .scope = "memory:read",
              .doc = "One memory.",
              .params = params({id, {"as_of", "string", Need::optional, "as Hob knew it at this time"}}),
              .result = memory,
              .positional = {"id"}},
             get);
  add_method({.name = "memory.add",
              .scope = "memory:write",
              .doc = "Keep a memory as it is given, without comparing it to others.",
              .params = params({text, kind, importance, topics, people, valid_from, valid_to, message, quote}),
              .result = memory,
              .positional = {"text"}},
             add);
  add_method({.name = "memory.update",
              .scope = "memory:write",
              .doc = "Change a memory: only the members that are given. What it was stays in its history.",
              .params = params({id,
                                {"text", "text"},
                                kind,
                                importance,
                                topics,
                                people,
                                valid_from,
                                valid_to,
                                {"reason", "string", Need::optional, "why, for memory.explain"},
                                {"version", "integer", Need::optional, "the version this was decided on: refused when it has moved on"}}),
              .result = memory,
              .positional = {"id", "text"}},
             update);
  add_method({.name = "memory.upsert",
              .scope = "memory:write",
              .doc = "Tell Hob something: it is added, merged with what is known, or corrects or ends it.",
              .params = params({text, kind, importance, topics, people, valid_from, valid_to, message, quote}),
              .result = result({{"verdict", "string", Need::required}, {"memory", "object|null", Need::required}, {"change_id", "string|null"}}),
              .positional = {"text"}},
             upsert);
  add_method({.name = "memory.delete",
              .scope = "memory:write",
              .doc = "Remove a memory; memory.undo brings it back. (memory.forget leaves nothing.)",
              .params = params({id}),
              .result = result({{"deleted", "boolean", Need::required}, {"change_id", "string"}}),
              .positional = {"id"}},
             remove);
  add_memory_account_methods(table, context);
  add_memory_search_methods(table, context);
  add_memory_file_methods(table, context);
}

}  // namespace hobd
