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
  REQUIRE(wrong.error().message.ends_with("allow: DELETE, GET"));
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
