#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/blocks.hpp"

namespace hobd {
namespace {

std::string label_of(const MethodCall& call) { return std::string(string_or(call.params, "label")); }

awaitable<Result<json::value>> list(BlockContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const std::vector<Block> blocks, co_await context.blocks->list(call.who.user_id));
  json::array items;
  for (const Block& block : blocks) items.push_back(to_json(block));
  co_return json::object{{"items", std::move(items)}, {"next_cursor", nullptr}};
}

awaitable<Result<json::value>> get(BlockContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Block block, co_await context.blocks->find(call.who.user_id, label_of(call)));
  co_return to_json(block);
}

awaitable<Result<json::value>> set(BlockContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  BlockChange change;
  change.label = label_of(call);
  if (call.params.contains("text")) change.text = string_or(call.params, "text");
  if (call.params.contains("description")) change.description = string_or(call.params, "description");
  if (call.params.contains("limit")) {
    const std::int64_t limit = int_or(call.params, "limit");
    if (limit < 1 || limit > 1'000'000) co_return Error{Code::invalid, "limit: a block takes 1 to 20000 characters"};
    change.limit = static_cast<std::uint32_t>(limit);
  }
  if (call.params.contains("read_only")) change.read_only = bool_or(call.params, "read_only");
  if (call.params.contains("position")) change.position = int_or(call.params, "position");
  CO_TRY(const Block block, co_await context.blocks->set(call.who.user_id, std::move(change), BlockAuthor::user));
  co_return to_json(block);
}

awaitable<Result<json::value>> append(BlockContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Block block,
         co_await context.blocks->append(call.who.user_id, label_of(call), std::string(string_or(call.params, "text")), BlockAuthor::user));
  co_return to_json(block);
}

awaitable<Result<json::value>> undo(BlockContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Block block, co_await context.blocks->undo(call.who.user_id, label_of(call)));
  co_return to_json(block);
}

awaitable<Result<json::value>> remove(BlockContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_CHECK(co_await context.blocks->remove(call.who.user_id, label_of(call)));
  co_return json::object{{"deleted", true}};
}

}  // namespace

void add_block_methods(MethodTable& table, BlockContext context) {
  const auto add = [&](MethodSpec spec, auto function) {
    table.add(std::move(spec), [context, function](MethodCall call) { return function(context, std::move(call)); });
  };
  const SchemaField label{"label", "text", Need::required, "persona, human, preferences, knowledge, or one of your own"};
  const json::value block = result({{"label", "string", Need::required},
                                    {"text", "string", Need::required},
                                    {"limit", "integer", Need::required, "characters that fit"},
                                    {"used", "integer", Need::required},
                                    {"previous", "string|null", Need::optional, "the text before the last change"}});
  add({.name = "block.list", .scope = "memory:read", .doc = "The blocks that stand in every prompt.", .params = params({}), .result = list_result()}, list);
  add({.name = "block.get",
       .scope = "memory:read",
       .doc = "One block, with the text before its last change.",
       .params = params({label}),
       .result = block,
       .positional = {"label"}},
      get);
  add({.name = "block.set",
       .scope = "memory:write",
       .doc = "Write a block; an unknown label makes one of your own.",
       .params = params({label,
                         {"text", "string", Need::optional, "the whole text; absent: it stays"},
                         {"limit", "integer", Need::optional, "characters that fit; 2000"},
                         {"description", "string", Need::optional, "what belongs into it"},
                         {"read_only", "boolean", Need::optional, "whether the model's tools leave it alone"},
                         {"position", "integer", Need::optional, "its place among your own blocks"}}),
       .result = block,
       .positional = {"label", "text"}},
      set);
  add({.name = "block.append",
       .scope = "memory:write",
       .doc = "Add a line to a block.",
       .params = params({label, {"text", "text", Need::required}}),
       .result = block,
       .positional = {"label", "text"}},
      append);
  add({.name = "block.undo",
       .scope = "memory:write",
       .doc = "Take the last change of a block's text back.",
       .params = params({label}),
       .result = block,
       .positional = {"label"}},
      undo);
  add({.name = "block.delete",
       .scope = "memory:write",
       .doc = "Delete a block of your own, or empty a standard one.",
       .params = params({label}),
       .result = result({{"deleted", "boolean"}}),
       .positional = {"label"}},
      remove);
}

}  // namespace hobd
