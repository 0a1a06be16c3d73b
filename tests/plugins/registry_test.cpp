#include "plugins/house.hpp"

#include "plugins/route_table.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using fakes::House;

TEST_CASE("each broken library is reported with its reason, and the good one runs") {
  House house;
  for (const char* name : {"no_entry", "wrong_major", "short_struct", "create_fails", "activate_fails", "wrong_id"})
    house.install(name, R"("twice":{})");
  house.install("good", fakes::kGoodTools);
  house.start();
  REQUIRE(house.reason("no_entry").find("exports no hob_plugin_entry") != std::string::npos);
  REQUIRE(house.reason("wrong_major").find("ABI 9") != std::string::npos);
  REQUIRE(house.reason("short_struct").find("struct_size 12") != std::string::npos);
  REQUIRE(house.reason("create_fails").find("create() failed: unavailable") != std::string::npos);
  REQUIRE(house.reason("activate_fails").find("activate() failed: unavailable") != std::string::npos);
  REQUIRE(house.reason("wrong_id").find("somebody_else") != std::string::npos);
  REQUIRE(house.plugin().state() == InstanceState::ready);
  REQUIRE(house.call(house.tool("x"), "no_entry").error().code == Code::unavailable);
}

TEST_CASE("a file that is no library is reported") {
  House house;
  house.install("good", fakes::kGoodTools);
  std::ofstream(house.folder.path() / "good" / "good.so") << "not a library";
  house.start();
  REQUIRE(house.reason("good").find("can't be loaded") != std::string::npos);
}

TEST_CASE("tools come sorted, described by the manifest first, and unlisted ones are refused") {
  House house;
  house.install("good", R"("echo":{"description":"The owner's words.","effect":"read"},"context":{})");
  house.start();
  const auto tools = house.registry->tools();
  REQUIRE(tools.size() == 2);
  REQUIRE(tools[0].tool.name == "context");
  REQUIRE(tools[1].tool.description == "The owner's words.");
  REQUIRE(tools[1].tool.parameters.is_object());
  REQUIRE_FALSE(house.registry->find_tool("unlisted").has_value());
}

TEST_CASE("settings are checked against the schema with the config's line") {
  House house;
  house.install("good", fakes::kGoodTools,
                R"(,"config_schema":{"type":"object","additionalProperties":false,"properties":{"mood":{"type":"string"}}})");
  house.set("good", {{"mod", "x"}});
  house.start();
  const auto faults = house.registry->check(*house.config);
  REQUIRE(faults.size() == 1);
  REQUIRE(faults[0].mark.line == 12);
  REQUIRE(faults[0].message.find("did you mean \"mood\"") != std::string::npos);
  REQUIRE(house.registry->find("good") == nullptr);
  REQUIRE(house.reason("good").find("hob.yaml:12") != std::string::npos);
}

TEST_CASE("a provider whose plugin isn't there is a fault with a suggestion") {
  House house;
  house.install("good", fakes::kGoodTools);
  auto config = std::make_shared<Config>();
  config->models.providers["local"] = {"local", "goood", {}, {"hob.yaml", 3}};
  config->channels["c"] = {"c", "good", {}, {"hob.yaml", 4}};
  house.config = config;
  house.start();
  const auto faults = house.registry->check(*config);
  REQUIRE(faults.size() == 2);
  REQUIRE(faults[0].message.find("did you mean \"good\"") != std::string::npos);
  REQUIRE(faults[1].message.find("is no channel") != std::string::npos);
}

TEST_CASE("a disabled plugin doesn't run") {
  House house;
  house.install("good", fakes::kGoodTools);
  auto config = std::make_shared<Config>();
  config->plugins.disabled = {"good"};
  house.config = config;
  house.start();
  REQUIRE(house.registry->find("good") == nullptr);
  REQUIRE(house.reason("good") == "stopped: plugins.disabled lists it");
}

TEST_CASE("a changed config reaches a running plugin, and one it refuses leaves the old") {
  House house;
  house.install("good", fakes::kGoodTools, R"(,"config_schema":{"type":"object","properties":{"mood":{"type":"string"}}})");
  house.set("good", {{"mood", "calm"}});
  house.start();
  house.set("good", {{"mood", "merry"}});
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(house.config)).empty());
  REQUIRE(house.call(house.tool("config")).value() == R"({"mood":"merry"})");
  house.set("good", {{"mood", "refuse-me"}});
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(house.config)).size() == 1);
  REQUIRE(house.call(house.tool("config")).value() == R"({"mood":"merry"})");
}

TEST_CASE("a plugin that leaves the config stops, and one that comes starts") {
  House house;
  house.install("good", fakes::kGoodTools);
  house.start();
  auto without = std::make_shared<Config>();
  without->plugins.disabled = {"good"};
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(without)).empty());
  REQUIRE(house.registry->find("good") == nullptr);
  REQUIRE(house.registry->tools().empty());
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(std::make_shared<Config>())).empty());
  REQUIRE(house.call(house.tool("echo", "{}")).value() == "{}");
}

TEST_CASE("stop ends calls in flight as cancelled") {
  House house;
  house.install("good", fakes::kGoodTools);
  house.start();
  std::optional<Result<std::string>> answer;
  house.plugin().start_call(house.tool("wait"), [&](Result<std::string> r) { answer = std::move(r); });
  REQUIRE(house.call(house.tool("echo")).has_value());
  fakes::run(house.io, house.registry->stop(std::chrono::seconds(2)));
  REQUIRE(answer->error().code == Code::cancelled);
  REQUIRE(house.plugin().state() == InstanceState::stopped);
}

TEST_CASE("a literal route beats a parameter, a parameter the rest") {
  House house;
  house.install("good", fakes::kGoodTools, R"(,"routes":[
    {"path":"/a/{rest*}","methods":["GET"]}, {"path":"/a/{id}","methods":["GET","DELETE"]}, {"path":"/a/b","methods":["POST"]}])");
  house.start();
  const Registry& registry = *house.registry;
  REQUIRE(registry.match_route("GET", "/a/7").value().params.at(0) == std::pair<std::string, std::string>("id", "7"));
  REQUIRE(registry.match_route("GET", "/a/7/8").value().params.at(0).second == "7/8");
  REQUIRE(registry.match_route("POST", "/a/b").value().route->path == "/a/b");
  const auto wrong = registry.match_route("PUT", "/a/7");
  REQUIRE(wrong.error().code == Code::unsupported);
  REQUIRE(registry.route_methods("/a/7") == std::vector<std::string>{"DELETE", "GET"});
  REQUIRE(registry.route_methods("/nowhere").empty());
  REQUIRE(registry.match_route("GET", "/b").error().code == Code::not_found);
}

TEST_CASE("two instances can't serve one route") {
  House house;
  house.install("good", fakes::kGoodTools, R"(,"routes":[{"path":"/a/{x}","methods":["GET"]}])");
  house.start();
  RouteTable table;
  RouteManifest first{"/a/{x}", {"GET"}}, second{"/a/{y}", {"GET", "POST"}};
  REQUIRE(table.add(first, house.plugin()).has_value());
  REQUIRE(table.add(second, house.plugin()).error().message.find("served by good already") != std::string::npos);
}

namespace {

/// Two channels of one plugin whose route holds a setting.
std::shared_ptr<Config> two_hooks(const char* first, const char* second) {
  auto config = std::make_shared<Config>();
  config->channels["ann"] = {"ann", "good", {{"path", first}}, {"hob.yaml", 3}};
  config->channels["bob"] = {"bob", "good", {{"path", second}}, {"hob.yaml", 4}};
  return config;
}

void install_hook(House& house) {
  house.install("good", fakes::kGoodTools, "");
  const auto file = house.folder.path() / "good" / "plugin.json";
  std::ofstream(file) << R"({"id":"good","version":"1.0.0","abi":"1.0","kind":["channel","routes"],
    "channel":{},"routes":[{"path":"/hooks/{config:path}","methods":["POST"],"auth":"none"}],
    "config_schema":{"type":"object","properties":{"path":{"type":"string","default":"usual"}}}})";
}

}  // namespace

TEST_CASE("two instances of a webhook plugin each have the path of their settings") {
  House house;
  install_hook(house);
  house.config = two_hooks("a", "b");
  REQUIRE(make_registry(house.context)->check(*house.config).empty());
  house.start();
  REQUIRE(house.registry->match_route("POST", "/hooks/a").value().instance->name() == "ann");
  REQUIRE(house.registry->match_route("POST", "/hooks/b").value().instance->name() == "bob");
  REQUIRE(house.registry->match_route("POST", "/hooks/b").value().route->pattern == "/hooks/{config:path}");
}

TEST_CASE("two instances with one webhook path are a fault, and the second fails with the reason") {
  House house;
  install_hook(house);
  house.config = two_hooks("a", "a");
  house.start();
  const auto faults = house.registry->check(*house.config);
  REQUIRE(faults.size() == 1);
  REQUIRE(faults[0].mark.line == 4);
  REQUIRE(house.reason("bob").find("failed: POST /hooks/a is served by ann already") != std::string::npos);
}

TEST_CASE("a webhook path comes from the schema's default, and follows a reload") {
  House house;
  install_hook(house);
  auto config = std::make_shared<Config>();
  config->channels["ann"] = {"ann", "good", {}, {"hob.yaml", 3}};
  house.config = config;
  house.start();
  REQUIRE(house.registry->match_route("POST", "/hooks/usual").has_value());
  auto changed = std::make_shared<Config>(*config);
  changed->channels["ann"].settings["path"] = "other";
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(changed)).empty());
  REQUIRE(house.registry->match_route("POST", "/hooks/usual").has_error());
  REQUIRE(house.registry->match_route("POST", "/hooks/other").has_value());
}

TEST_CASE("a webhook path that is no path segment is refused") {
  House house;
  install_hook(house);
  house.config = two_hooks("a/../b", "b");
  house.start();
  REQUIRE(house.registry->check(*house.config).size() == 1);
  REQUIRE(house.reason("ann").find("write letters, digits") != std::string::npos);
}

TEST_CASE("plugins.disabled and plugins.paths that name nothing are faults with a suggestion") {
  House house;
  house.install("good", fakes::kGoodTools);
  auto config = std::make_shared<Config>();
  config->plugins.disabled = {"goood"};
  config->plugins.paths = {house.folder.path() / "gooood"};
  const auto faults = make_registry(house.context)->check(*config);
  REQUIRE(faults.size() == 2);
  REQUIRE(faults[0].message.find("did you mean \"good\"?") != std::string::npos);
  REQUIRE(faults[1].message.find("is not a folder, did you mean") != std::string::npos);
}

TEST_CASE("plugins.paths may name the folder of one plugin") {
  House house;
  house.install("good", fakes::kGoodTools);
  house.context.bundled_paths.clear();
  auto config = std::make_shared<Config>();
  config->plugins.paths = {house.folder.path() / "good"};
  house.config = config;
  house.start();
  REQUIRE(house.plugin().state() == InstanceState::ready);
}

TEST_CASE("an editor's type file beside the plugins is none") {
  House house;
  std::ofstream(house.folder.path() / "hob.meta.lua") << "---@meta\n";
  house.start();
  REQUIRE(house.registry->reports().empty());
}

TEST_CASE("a provider that does not ship gets advice on what does") {
  House house;
  auto config = std::make_shared<Config>();
  config->models.providers["mistral"] = {"mistral", "provider_mistral", {}, {"hob.yaml", 3}};
  const auto faults = make_registry(house.context)->check(*config);
  REQUIRE(faults.at(0).message.find("is not part of this version; provider_openai with base_url") != std::string::npos);
}
