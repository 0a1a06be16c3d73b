// Each permission refused to a Lua plugin, in this process or in one of its own, with the line that would grant it; and
// that a secret isn't where the plugin is.
#include "plugins/house.hpp"

#include "base/log.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

using namespace hobd;

namespace {

const char* const kScript = R"(
local hob = require 'hob'
local ways = {
  http = function(a) return hob.http.get(a.url, { headers = a.headers }).body end,
  websocket = function(a) return hob.websocket.connect { url = a.url } and 'open' end,
  kv = function(a) hob.kv.set('k', a.value) return hob.kv.get('k') end,
  secret = function(a) return hob.secret(a.name) end,
  method = function(a) return hob.method(a.name, {}) end,
  config = function() return hob.config end,
}
return hob.plugin { id = 'lua', tools = {
  hob.tool { name = 'ask', doc = 'Asks.', parameters = { type = 'object' }, run = function(args) return ways[args.way](args) end },
  hob.tool { name = 'hidden', doc = 'Not in the manifest.', args = {}, run = function() return 1 end } } }
)";

struct PermissionHouse : fakes::House {
  explicit PermissionHouse(const std::string& permissions) {
    const auto place = folder.path() / "lua";
    std::filesystem::create_directories(place);
    std::ofstream(place / "main.lua") << kScript;
    std::ofstream(place / "plugin.json")
        << R"({"id":"lua","version":"1.0.0","abi":"1.0","kind":["tool"],"tools":{"ask":{"effect":"read"}},"config_schema":{"type":"object",
               "properties":{"token":{"type":"string"},"other":{"type":"string"},"mood":{"type":"string"}}},"permissions":)"
        << permissions << "}";
    set("lua", {{"token", "sesame-open-7f3a"}, {"other", "pepper-9c1d"}, {"mood", "visible-marker-51"}});
    methods.scopes = {{"memory.search", "memory:read"}, {"user.list", "admin"}};
    start();
  }
  Result<std::string> ask(const std::string& arguments) { return call(tool("ask", arguments), "lua"); }
  /// The words of a refusal, which must be of this code and hold this line.
  void refuses(const std::string& arguments, Code code, const std::string& line) {
    const auto answer = ask(arguments);
    INFO(arguments);
    REQUIRE(answer.has_error());
    INFO(answer.error().message);
    REQUIRE(answer.error().code == code);
    REQUIRE(answer.error().message.find(line) != std::string::npos);
    REQUIRE(answer.error().message.find("plugin.json") != std::string::npos);
  }
};

/// Whether the memory of a process holds `text`; nothing when it can't be read.
std::optional<bool> memory_holds(pid_t pid, const std::string& text) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream maps(folder + "/maps");
  const int memory = ::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0 || !maps) return std::nullopt;
  bool found = false;
  std::size_t read_at_all = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char readable = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %c", &begin, &end, &readable) != 3 || readable != 'r') continue;
    if (end - begin > (64u << 20)) end = begin + (64u << 20);
    std::string bytes(end - begin, 0);
    const ssize_t got = ::pread(memory, bytes.data(), bytes.size(), off_t(begin));
    if (got <= 0) continue;
    read_at_all += std::size_t(got);
    found = found || std::string_view(bytes.data(), std::size_t(got)).find(text) != std::string_view::npos;
  }
  ::close(memory);
  if (read_at_all == 0) return std::nullopt;
  return found;
}

}  // namespace

TEST_CASE("a script without permissions is told the line for each service") {
  PermissionHouse house("{}");
  house.refuses(R"({"way":"http","url":"https://api.example.org/"})", Code::denied, R"("permissions": {"http": ["api.example.org"]})");
  house.refuses(R"({"way":"websocket","url":"wss://b.example:1/"})", Code::denied, R"("permissions": {"http": ["b.example"]})");
  house.refuses(R"({"way":"kv","value":"x"})", Code::denied, R"("permissions": {"kv": "1MiB"})");
  house.refuses(R"({"way":"secret","name":"token"})", Code::denied, R"("permissions": {"secrets.read": ["token"]})");
  house.refuses(R"({"way":"method","name":"memory.search"})", Code::denied, R"("permissions": {"methods": [)");
}

TEST_CASE("a host that isn't granted is refused with its own line, also behind a redirect") {
  PermissionHouse house(R"({"http":["api.example.org"]})");
  house.refuses(R"({"way":"http","url":"https://evil.example/"})", Code::denied, R"("permissions": {"http": ["evil.example"]})");
  house.refuses(R"({"way":"websocket","url":"wss://evil.example/"})", Code::denied, R"("permissions": {"http": ["evil.example"]})");
  REQUIRE(house.http.requests.empty());
  house.http.answers.push_back({.redirect = "https://evil.example/"});
  house.refuses(R"({"way":"http","url":"https://api.example.org/"})", Code::denied, R"("permissions": {"http": ["evil.example"]})");
}

TEST_CASE("a secret goes to its own hosts alone, by header, by address and behind a redirect") {
  PermissionHouse house(R"({"http":["api.example.org","b.example"],"secrets":{"token":["api.example.org"]}})");
  const std::string line = R"("permissions": {"secrets": {"token": ["b.example"]}})";
  house.refuses(R"({"way":"http","url":"https://b.example/","headers":{"x":{"$secret":"token"}}})", Code::denied, line);
  house.refuses(R"({"way":"http","url":"https://b.example/?k=${secret:token}"})", Code::denied, line);
  house.http.answers.push_back({.redirect = "https://b.example/"});
  house.refuses(R"({"way":"http","url":"https://api.example.org/","headers":{"x":{"$secret":"token"}}})", Code::denied, line);
  house.refuses(R"({"way":"http","url":"https://api.example.org/","headers":{"x":{"$secret":"other"}}})", Code::denied,
                R"("permissions": {"secrets": {"other": [)");
}

TEST_CASE("a raw secret is read only when secrets.read lists that one") {
  PermissionHouse house(R"({"secrets.read":["token"]})");
  REQUIRE(house.ask(R"({"way":"secret","name":"token"})").value() == "\"sesame-open-7f3a\"");
  house.refuses(R"({"way":"secret","name":"other"})", Code::denied, R"("permissions": {"secrets.read": ["other"]})");
}

TEST_CASE("the kv store ends at its quota, with the line for more") {
  PermissionHouse house(R"({"kv":"64"})");
  REQUIRE(house.ask(R"({"way":"kv","value":"fits"})").value() == "\"fits\"");
  house.refuses(R"({"way":"kv","value":")" + std::string(200, 'x') + "\"}", Code::overloaded, R"("permissions": {"kv": "1KiB"})");
}

TEST_CASE("a method outside the granted scopes is refused with its scope") {
  PermissionHouse house(R"({"methods":["memory:read"]})");
  REQUIRE(house.ask(R"({"way":"method","name":"memory.search"})").has_value());
  house.methods.name.clear();
  house.refuses(R"({"way":"method","name":"user.list"})", Code::denied, R"("permissions": {"methods": ["admin"]})");
  REQUIRE(house.methods.name.empty());
}

TEST_CASE("a tool that the manifest doesn't list is not offered, and the log has its line") {
  std::mutex mutex;
  std::string said;
  const auto listener = log::listen([&](const log::Line& line) {
    const std::lock_guard lock(mutex);
    said += line.text + "\n";
  });
  PermissionHouse house("{}");
  log::forget(listener);
  REQUIRE(house.registry->find_tool("ask").has_value());
  REQUIRE_FALSE(house.registry->find_tool("hidden").has_value());
  const std::lock_guard lock(mutex);
  REQUIRE(said.find(R"(tool "hidden" is refused: the manifest doesn't list it; to allow it, add "tools": {"hidden": {}} to )") !=
          std::string::npos);
}

TEST_CASE("a secret that is used by reference never enters the plugin") {
  PermissionHouse house(R"({"http":["api.example.org"],"secrets":{"token":["api.example.org"]}})");
  house.http.answers.push_back({.body = "pong"});
  REQUIRE(house.ask(R"({"way":"http","url":"https://api.example.org/?k=${secret:token}","headers":{"x":{"$secret":"token"}}})").value() ==
          "\"pong\"");
  REQUIRE(house.http.requests.at(0).headers.get("x") == "sesame-open-7f3a");
  const std::string config = house.ask(R"({"way":"config"})").value();
  REQUIRE(config.find("visible-marker-51") != std::string::npos);
  REQUIRE(config.find("sesame") == std::string::npos);
  const PluginReport report = house.registry->reports().at(0);
  if (report.isolation != "process") return;
  const auto marker = memory_holds(report.pid, "visible-marker-51");
  if (!marker) {
    WARN("the plugin's memory can't be read here");
    return;
  }
  REQUIRE(*marker);  // the look would have found it
  REQUIRE_FALSE(*memory_holds(report.pid, "sesame-open-7f3a"));
}
