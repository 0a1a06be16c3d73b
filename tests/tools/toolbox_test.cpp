#include "fakes/fake_registry.hpp"
#include "fakes/run.hpp"
#include "tools/toolbox.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hobd;
using namespace hobd::fakes;

namespace {

awaitable<Result<std::string>> echo(PluginCall call) {
  if (call.name == "broken") co_return std::string("<html>");
  co_return call.payload;
}

struct Tools {
  Tools() {
    FakeInstance& instance = registry.add("t", "hob.tool/1", echo);
    plugin = &instance;
    for (const auto& [name, effect] : {std::pair{"lookup", ToolEffect::read}, {"broken", ToolEffect::read}, {"write", ToolEffect::write}}) {
      ToolManifest tool;
      tool.name = name;
      tool.effect = effect;
      tool.parameters = parse_json(R"({"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]})").value();
      registry.add_tool(std::move(tool), instance);
    }
    toolbox = make_toolbox(registry, config);
  }
  ToolCall call(const std::string& name, const std::string& arguments) const {
    ToolCall call;
    call.name = name;
    call.arguments = parse_json_object(arguments).value();
    call.user_id = "usr_1";
    call.id = "c1";
    return call;
  }
  FakeRegistry registry;
  FakeInstance* plugin = nullptr;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<Toolbox> toolbox;
  asio::io_context io;
};

}  // namespace

TEST_CASE("a tool that reads runs without approval, with its context") {
  Tools tools;
  CHECK(json::serialize(run(tools.io, tools.toolbox->run(tools.call("lookup", R"({"x":1})"))).value()) == R"({"x":1})");
  CHECK(tools.plugin->calls[0].extra == R"({"user_id":"usr_1","tool_call_id":"c1"})");
}

TEST_CASE("arguments that don't fit are invalid and name the place") {
  Tools tools;
  const Error error = tools.toolbox->check(tools.call("lookup", R"({"x":"one"})")).error();
  CHECK(error.code == Code::invalid);
  CHECK_THAT(error.message, Catch::Contains("arguments.x"));
}

TEST_CASE("an unknown tool is not found, with the nearest name") {
  Tools tools;
  const Error error = tools.toolbox->check(tools.call("lokup", "{}")).error();
  CHECK(error.code == Code::not_found);
  CHECK_THAT(error.message, Catch::Contains("did you mean \"lookup\"?"));
}

TEST_CASE("the approval policy decides on tools that write") {
  Tools tools;
  const ToolCall call = tools.call("write", R"({"x":1})");
  CHECK_THAT(tools.toolbox->check(call).error().message, Catch::Contains("tools.approval: never"));
  CHECK(tools.toolbox->describe().size() == 3);
  tools.config->tools.approval = Approval::never;
  CHECK(tools.toolbox->check(call).has_value());
  tools.config->tools.approval = Approval::deny;
  CHECK(tools.toolbox->check(call).error().code == Code::denied);
  CHECK(tools.toolbox->describe().size() == 2);
}

TEST_CASE("a tool that answers no JSON is unavailable") {
  Tools tools;
  CHECK(run(tools.io, tools.toolbox->run(tools.call("broken", R"({"x":1})"))).error().code == Code::unavailable);
}

namespace {

BuiltinTool builtin(const std::string& name, ToolEffect effect) {
  BuiltinTool tool;
  tool.manifest.name = name;
  tool.manifest.description = "Hob's own";
  tool.manifest.effect = effect;
  tool.manifest.parameters = parse_json(R"({"type":"object","properties":{"x":{"type":"integer"}},"additionalProperties":false})").value();
  tool.run = [](ToolCall call) -> awaitable<Result<json::value>> { co_return json::object{{"own", call.name}, {"outside", call.after_outside}}; };
  return tool;
}

}  // namespace

TEST_CASE("a tool of the daemon's own runs, and its arguments are checked") {
  Tools tools;
  tools.toolbox->add_builtin(builtin("note", ToolEffect::write));
  CHECK(json::serialize(run(tools.io, tools.toolbox->run(tools.call("note", R"({"x":1})"))).value()) == R"({"own":"note","outside":false})");
  CHECK(tools.toolbox->check(tools.call("note", R"({"y":1})")).error().code == Code::invalid);
  CHECK(tools.toolbox->is_builtin("note"));
  CHECK_FALSE(tools.toolbox->is_builtin("lookup"));
}

TEST_CASE("a plugin can't take the name of a tool of the daemon's own") {
  Tools tools;
  tools.toolbox->add_builtin(builtin("lookup", ToolEffect::read));
  CHECK(run(tools.io, tools.toolbox->run(tools.call("lookup", R"({"x":1})"))).value().at("own").as_string() == "lookup");
  CHECK(tools.plugin->calls.empty());
  int shown = 0;
  for (const ToolEntry& entry : tools.toolbox->list()) shown += entry.tool.name == "lookup" ? 1 : 0;
  CHECK(shown == 1);
}

TEST_CASE("the daemon's own tools write under ask, and only read under deny") {
  Tools tools;
  tools.toolbox->add_builtin(builtin("note", ToolEffect::write));
  tools.toolbox->add_builtin(builtin("recollect", ToolEffect::read));
  tools.config->tools.approval = Approval::ask;
  CHECK(tools.toolbox->check(tools.call("note", "{}")).has_value());
  CHECK(tools.toolbox->check(tools.call("write", R"({"x":1})")).error().code == Code::denied);
  tools.config->tools.approval = Approval::deny;
  CHECK(tools.toolbox->check(tools.call("note", "{}")).error().code == Code::denied);
  CHECK(tools.toolbox->check(tools.call("recollect", "{}")).has_value());
}

TEST_CASE("all tools come sorted by name") {
  Tools tools;
  tools.toolbox->add_builtin(builtin("middle", ToolEffect::read));
  std::vector<std::string> names;
  for (const ToolEntry& entry : tools.toolbox->list()) names.push_back(entry.tool.name);
  CHECK(std::is_sorted(names.begin(), names.end()));
}
