#include "fakes/temp_folder.hpp"

#include "plugins/manifest.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace hobd;
using fakes::TempFolder;
namespace fs = std::filesystem;

namespace {

/// A folder plugin "p" with this manifest and a main.lua.
fs::path write_plugin(const TempFolder& folder, const std::string& manifest) {
  fs::create_directories(folder.path() / "p");
  std::ofstream(folder.path() / "p" / "main.lua") << "return nil";
  std::ofstream(folder.path() / "p" / "plugin.json") << manifest;
  return folder.path() / "p" / "plugin.json";
}

std::string fault_of(const std::string& members, bool bundled = false) {
  TempFolder folder;
  const auto manifest = read_manifest(
      write_plugin(folder, R"({"id":"org.example.p","version":"1.0.0","abi":"1.0",)" + members + "}"), bundled);
  return manifest.has_error() ? manifest.error().message : "";
}

bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a whole manifest is read with its defaults") {
  TempFolder folder;
  const Manifest manifest = read_manifest(write_plugin(folder, R"({
    "id": "org.example.weather", "version": "1.2.0", "abi": "1.0", "kind": ["tool", "channel"],
    "tools": { "forecast": { "effect": "read", "idempotent": true, "deadline_s": 20 }, "rain": {} },
    "channel": { "max_message": 2000, "count": "utf16" },
    "permissions": { "http": ["api.example.org"], "secrets": { "weather": ["*.example.org"] }, "kv": "1MiB",
                     "methods": ["memory:read"] },
    "config_schema": { "type": "object", "properties": { "units": { "enum": ["metric"] }, "weather": {"type":"string"} } } })"),
                                          false).value();
  REQUIRE(manifest.language == Manifest::Language::lua);
  REQUIRE(manifest.tools.at("forecast").effect == ToolEffect::read);
  REQUIRE(manifest.tools.at("forecast").deadline == std::chrono::seconds(20));
  REQUIRE(manifest.tools.at("rain").effect == ToolEffect::external);
  REQUIRE(manifest.tools.at("rain").deadline == std::chrono::seconds(30));
  REQUIRE(manifest.channel->count == "utf16");
  REQUIRE(manifest.permissions.kv == 1 << 20);
  REQUIRE(manifest.config_check.check(parse_json(R"({"units":"imperial"})").value(), "x").has_error());
}

TEST_CASE("each fault of a manifest names the file, the member and the remedy") {
  REQUIRE(says(fault_of(R"("kind":["tol"],"tools":{"a":{}})"), "did you mean \"tool\""));
  REQUIRE(says(fault_of(R"("kind":["tool"],"tols":{})"), "tols: unknown member, did you mean \"tools\"?"));
  REQUIRE(says(fault_of(R"("kind":["tool"])"), "tools: is missing"));
  REQUIRE(says(fault_of(R"("kind":["tool"],"tools":{"a":{"effect":"none"}})"), "tools.a.effect"));
  REQUIRE(says(fault_of(R"("kind":["tool"],"tools":{"a b":{}})"), "tools.a b"));
  REQUIRE(says(fault_of(R"("kind":[],"permissions":{"kv":"lots"})"), "permissions.kv"));
  REQUIRE(says(fault_of(R"("kind":[],"permissions":{"http":["https://x.org/"]})"), "leave scheme and path out"));
  REQUIRE(says(fault_of(R"("kind":[],"permissions":{"http":["config:base_ulr"]})"), "config_schema has no property"));
  REQUIRE(says(fault_of(R"("kind":[],"permissions":{"methods":["*"]})"), "list the scopes"));
  REQUIRE(fault_of(R"("kind":[],"permissions":{"methods":["*"]})", true).empty());
  REQUIRE(says(fault_of(R"("kind":["routes"],"routes":[{"path":"/chat","methods":["GET"]}])"), "below /hooks/"));
  REQUIRE(says(fault_of(R"("kind":["routes"],"routes":[{"path":"/hooks/{a*}/b","methods":["GET"]}])"), "not a parameter"));
  REQUIRE(says(fault_of(R"("kind":[],"config_schema":{"type":"object","properties":3})"), "config_schema"));
  REQUIRE(says(fault_of(R"("version":3)"), "version"));
}

TEST_CASE("another ABI major is unsupported, and text that is no JSON invalid") {
  TempFolder folder;
  REQUIRE(read_manifest(write_plugin(folder, R"({"id":"p","version":"1","abi":"2.0","kind":[]})"), false).error().code ==
          Code::unsupported);
  for (const char* text : {"", "{", "[]", "{\"id\":\"\xff\"}"})
    REQUIRE(read_manifest(write_plugin(folder, text), false).error().code == Code::invalid);
}

TEST_CASE("a manifest or code that everyone may write is denied") {
  TempFolder folder;
  const fs::path file = write_plugin(folder, R"({"id":"p","version":"1","kind":[]})");
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  REQUIRE(read_manifest(file, false).error().code == Code::denied);
  fs::permissions(file, fs::perms::others_write, fs::perm_options::remove);
  REQUIRE(read_manifest(file, false).has_value());
  fs::permissions(file.parent_path() / "main.lua", fs::perms::others_write, fs::perm_options::add);
  REQUIRE(read_manifest(file, false).error().code == Code::denied);
}

TEST_CASE("plugins are found as folders and as files, and one bad manifest hides no other") {
  TempFolder folder;
  write_plugin(folder, R"({"id":"p","version":"1","kind":[]})");
  std::ofstream(folder.path() / "single.lua") << "";
  std::ofstream(folder.path() / "single.json") << R"({"id":"single","version":"1","kind":[]})";
  std::ofstream(folder.path() / "broken.lua") << "";
  std::ofstream(folder.path() / "broken.json") << "{";
  std::ofstream(folder.path() / "orphan.lua") << "";
  std::ofstream(folder.path() / "unrelated.json") << "{";
  const Discovery found = discover_plugins({folder.path()}, {folder.path() / "nowhere"});
  REQUIRE(found.plugins.size() == 2);
  REQUIRE(found.plugins.contains("single"));
  REQUIRE(found.faults.size() == 3);  // broken.json, orphan without manifest, the missing folder
}

TEST_CASE("a plugin's short name is what stands behind the last dot of its id") {
  CHECK(is_short_name("count", "org.example.count"));
  CHECK_FALSE(is_short_name("example.count", "org.example.count"));
  CHECK_FALSE(is_short_name("ount", "org.example.count"));
  CHECK_FALSE(is_short_name("tool_dice", "tool_dice"));
  CHECK_FALSE(is_short_name("", "tool_dice"));
}
