#include "fakes/fake_registry.hpp"
#include "fakes/run.hpp"
#include "tools/toolbox.hpp"

#include <catch2/catch.hpp>

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
