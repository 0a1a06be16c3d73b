// The program: its verbs, its exit codes, its words when something is wrong.
#include "fakes/temp_folder.hpp"
#include "base/json.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <fstream>
#include <sys/wait.h>

using namespace hobd;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int code;
  std::string text;
};
/// Runs the kit with a shell: standard error comes with standard output.
Ran kit(const std::string& arguments) {
  FILE* pipe = ::popen((std::string(HOB_KIT) + " " + arguments + " 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer;
  for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), got);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

const char* const kScript = R"(local hob = require "hob"
return hob.plugin { id = "p", tools = { hob.tool { name = "greet", doc = "Greets.", args = { who = "string" },
  run = function(args) return { hello = args.who } end } } })";
const char* const kManifest = R"({
  "id": "p",
  "version": "1.0.0",
  "kind": ["tool"],
  "tools": { "greet": { "effect": "read" }, "gone": {} }
}
)";

struct Project {
  Project() {
    write(folder.path() / "main.lua", kScript);
    write(folder.path() / "plugin.json", kManifest);
  }
  std::string path() const { return folder.path().string(); }
  std::string manifest() const {
    std::ifstream in(folder.path() / "plugin.json");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  fakes::TempFolder folder;
};

}  // namespace

TEST_CASE("build --check refuses a manifest that is not what the code has, and shows the difference") {
  const Project project;
  const Ran checked = kit("build --check " + project.path());
  CHECK(checked.code == 1);
  CHECK(checked.text.find("-  \"tools\": { \"greet\"") != std::string::npos);
  CHECK(checked.text.find("+      \"description\": \"Greets.\"") != std::string::npos);
  CHECK(project.manifest() == kManifest);

  CHECK(kit("build " + project.path()).code == 0);
  CHECK(project.manifest().find("\"gone\"") == std::string::npos);
  CHECK(project.manifest().find("\"effect\": \"read\"") != std::string::npos);
  CHECK(kit("build --check " + project.path()).code == 0);
}

TEST_CASE("check answers JSON, with one object a check") {
  const Project project;
  CHECK(kit("build " + project.path()).code == 0);
  const Ran ran = kit("check --json " + project.path());
  CHECK(ran.code == 0);
  const json::object report = parse_json_object(ran.text).value();
  CHECK(report.at("plugin") == "p");
  CHECK(report.at("ok") == true);
  CHECK(report.at("checks").as_array().size() >= 30);
  for (const json::value& check : report.at("checks").as_array()) CHECK_FALSE(check.at("reason").as_string().empty());
}

TEST_CASE("check says what is wrong with a manifest, a script and a path") {
  Project project;
  write(project.folder.path() / "plugin.json", R"({"id":"p","version":"1","kind":["toll"],"tools":{"greet":{}}})");
  Ran ran = kit("check " + project.path());
  CHECK(ran.code == 1);
  CHECK(ran.text.find("did you mean \"tool\"") != std::string::npos);
  write(project.folder.path() / "plugin.json", kManifest);
  write(project.folder.path() / "main.lua", "return 1 +");
  ran = kit("check --only life.activate " + project.path());
  CHECK(ran.code == 1);
  CHECK(ran.text.find("main.lua:1") != std::string::npos);
  ran = kit("check /nowhere/at.all");
  CHECK(ran.code == 2);
  CHECK(ran.text.find("no such file") != std::string::npos);
  write(project.folder.path() / "check.json", "{");
  write(project.folder.path() / "main.lua", kScript);
  CHECK(kit("check " + project.path()).text.find("check.json") != std::string::npos);
}

TEST_CASE("fuzz prints its seed") {
  const Project project;
  kit("build " + project.path());
  const Ran ran = kit("check --only none --fuzz --seed 7 --rounds 3 " + project.path());
  CHECK(ran.code == 0);
  CHECK(ran.text.find("3 rounds of 20 calls, seed 7") != std::string::npos);
}

TEST_CASE("new refuses what it can't write, with the nearest word") {
  const fakes::TempFolder folder;
  CHECK(kit("new tol x").text.find("did you mean \"tool\"") != std::string::npos);
  CHECK(kit("new tool x --lang rust").text.find("none of cpp, lua, c") != std::string::npos);
  CHECK(kit("new tool Bad-Name").text.find("a name is") != std::string::npos);
  write(folder.path() / "x/file", "mine");
  const Ran ran = kit("new tool x --dir " + (folder.path() / "x").string());
  CHECK(ran.code == 2);
  CHECK(ran.text.find("not empty") != std::string::npos);
  CHECK(kit("new").code == 2);
}

TEST_CASE("test.lua plays the host: HTTP, time and the store") {
  const Project project;
  write(project.folder.path() / "plugin.json", R"({"id":"p","version":"1.0.0","kind":["tool"],
    "tools":{"fetch":{},"nap":{},"keep":{}},"permissions":{"http":["example.org"],"kv":"1KiB"}})");
  write(project.folder.path() / "main.lua", R"(local hob = require "hob"
    local function tool(name, run) return hob.tool { name = name, run = run } end
    return hob.plugin { id = "p", tools = {
      tool("fetch", function() local r = hob.http.get("https://example.org/x") return { status = r.status, body = r.body } end),
      tool("nap", function() local before = hob.now() hob.sleep(60000) return hob.now() - before end),
      tool("keep", function() hob.kv.set("b", "2") return hob.kv.list("") end) } })");
  write(project.folder.path() / "test.lua", R"(local test = require "hob.test"
    test.case("http", function()
      local host = test.host { http = { { status = 404, body = "gone" } } }
      test.equal(host:tool("fetch").result, { status = 404, body = "gone" })
      test.equal(host:requests()[1].url, "https://example.org/x")
      test.equal(host:tool("fetch").status, "unavailable")
    end)
    test.case("time", function() test.equal(test.host():tool("nap").result, 60.0) end)
    test.case("store", function() test.equal(test.host { kv = { a = "1" } }:tool("keep").result, { "a", "b" }) end)
    test.case("a false claim", function() test.equal(1, 2) end))");
  const Ran ran = kit("test " + project.path());
  INFO(ran.text);
  CHECK(ran.code == 1);
  for (const char* line : {"pass  http", "pass  time", "pass  store", "FAIL  a false claim", "1 is not 2", "3 passed, 1 failed"})
    CHECK(ran.text.find(line) != std::string::npos);
}
