#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

namespace hobd {
namespace {

awaitable<Result<json::value>> list(ToolContext context) {
  json::array items;
  for (const ToolEntry& entry : context.tools->list())
    items.push_back(json::object{{"name", entry.tool.name},
                                 {"description", entry.tool.description},
                                 {"parameters", entry.tool.parameters},
                                 {"effect", tool_effect_name(entry.tool.effect)},
                                 {"idempotent", entry.tool.idempotent},
                                 {"plugin", entry.instance ? entry.instance->name() : std::string{"hob"}}});
  co_return json::object{{"items", std::move(items)}, {"next_cursor", nullptr}};
}

awaitable<Result<json::value>> run(ToolContext context, MethodCall call) {
  ToolCall tool_call;
  tool_call.name = string_or(call.params, "name");
  if (const json::object* arguments = object_at(call.params, "arguments")) tool_call.arguments = *arguments;
  tool_call.user_id = call.who.user_id;
  tool_call.principal = call.who;
  const std::string name = tool_call.name;
  CO_TRY(json::value value, co_await context.tools->run(std::move(tool_call)));
  co_return json::object{{"name", name}, {"result", std::move(value)}};
}

}  // namespace

void add_tool_methods(MethodTable& table, ToolContext context) {
  table.add({.name = "tool.list",
             .scope = "tools",
             .doc = "The tools there are, with their parameters.",
             .params = params({}),
             .result = list_result()},
            [context](MethodCall) { return list(context); });
  table.add({.name = "tool.call",
             .scope = "tools",
             .doc = "Run a tool, under the same policy as the model's calls.",
             .params = params({{"name", "text", Need::required}, {"arguments", "object"}}),
             .result = result({{"name", "string", Need::required}, {"result", "any", Need::required}}),
             .positional = {"name", "arguments"}},
            [context](MethodCall call) { return run(context, std::move(call)); });
}

}  // namespace hobd
