// The plugin methods: what a reload answers, which methods come and go, what a permission is worth.
#include "api/fakes.hpp"
#include "api/methods.hpp"
#include "api/permissions.hpp"
#include "api/schemas.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::test;
using Outcome = PluginChange::Outcome;

namespace {

Result<json::value> ask(MethodTable& table, std::string_view method, json::object params) {
  asio::io_context io;
  std::optional<Result<json::value>> answer;
  Principal admin;
  admin.scopes = {"admin"};
  asio::co_spawn(io, table.invoke(admin, method, std::move(params), nullptr),
                 [&](std::exception_ptr, Result<json::value> result) { answer = std::move(result); });
  io.run();
  return *std::move(answer);
}

struct PluginTable {
  PluginTable() { add_plugin_methods(table, {&registry}); }
  FakeRegistry registry;
  MethodTable table;
};

std::string row(const json::array& rows, std::string_view permission, std::string_view member) {
  for (const json::value& one : rows)
    if (one.at("permission").as_string() == permission) return std::string(one.at(member).as_string());
  return {};
}

}  // namespace

TEST_CASE("a reload says what became of each instance") {
  PluginTable house;
  house.registry.changes = {{house.registry.instance.name_, "p", Outcome::reloaded, "version 2 serves in the place of 1"}};
  const auto done = ask(house.table, "plugin.reload", {{"name", house.registry.instance.name_}});
  REQUIRE(done.has_value());
  CHECK(done->at("items").at(0).at("outcome").as_string() == "reloaded");
  CHECK(ask(house.table, "plugin.reload", {{"name", "nobody"}}).error().code == Code::not_found);
}

TEST_CASE("a reload that left the old one serving is an error with the reason") {
  PluginTable house;
  house.registry.changes = {{"a", "p", Outcome::kept, "main.lua:1: no"}};
  const auto kept = ask(house.table, "plugin.reload", {{"name", house.registry.instance.name_}});
  REQUIRE(kept.has_error());
  CHECK(kept.error().message == "a: main.lua:1: no");
  house.registry.changes = {{"a", "p", Outcome::unsupported, "restart hobd"}};
  CHECK(ask(house.table, "plugin.enable", {{"name", house.registry.instance.name_}}).error().code == Code::unsupported);
}

TEST_CASE("the methods that plugins provide come and go with them") {
  PluginTable house;
  house.registry.method_list.push_back({.name = "weather.now", .scope = "", .doc = "Now.", .params = {}, .result = {}, .streaming = false});
  update_provided_methods(house.table, house.registry);
  CHECK(house.table.has("weather.now"));
  house.registry.method_list[0].name = "weather.later";
  house.registry.method_list.push_back({.name = "plugin.list", .scope = "", .doc = "Mine.", .params = {}, .result = {}, .streaming = false});
  update_provided_methods(house.table, house.registry);
  CHECK_FALSE(house.table.has("weather.now"));
  CHECK(house.table.has("weather.later"));
  CHECK(house.table.scope_of("plugin.list") == "admin");  // the daemon's stays
}

TEST_CASE("a permission is a wall for a script or a process, a promise for a library inside") {
  Manifest manifest;
  manifest.id = "p";
  manifest.permissions.http = {"api.example.org"};
  const json::array inside = permissions_json(manifest, "none");
  CHECK(row(inside, "http", "standing") == "promised");
  CHECK(row(inside, "http", "granted") == "api.example.org");
  CHECK(row(inside, "http", "by").find("plugins.isolation: {p: process}") != std::string::npos);
  CHECK(row(inside, "tools", "standing") == "enforced");
  CHECK(row(permissions_json(manifest, "process"), "http", "standing") == "enforced");
  manifest.language = Manifest::Language::lua;
  CHECK(row(permissions_json(manifest, "none"), "http", "standing") == "enforced");
}
