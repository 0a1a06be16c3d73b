// Changed files, settings and wishes: what takes the place of what, and what stays.
#include "plugins/house.hpp"

#include "hob/ext/channel.h"

#include <catch2/catch.hpp>

using namespace hobd;
using Outcome = PluginChange::Outcome;
namespace fs = std::filesystem;

namespace {

const char* const kSayTools = R"("tools":{"say":{"effect":"read"}})";

std::string tool_script(const std::string& id, const std::string& body) {
  return "local hob = require 'hob'\nreturn hob.plugin { id = '" + id + "', tools = { hob.tool { name = 'say', doc = 'Says.', args = {}," +
         " run = function(args, call) " + body + " end } } }\n";
}

struct ReloadHouse : fakes::House {
  void write(const std::string& name, const std::string& file, const std::string& text) {
    fs::create_directories(folder.path() / name);
    // As an editor does it: beside it, then in its place.
    const fs::path part = folder.path() / name / ".part";
    std::ofstream(part) << text;
    fs::rename(part, folder.path() / name / file);
  }
  void lua(const std::string& name, const std::string& script, const std::string& more = "", const std::string& version = "1.0.0") {
    write(name, "plugin.json", R"({"id":")" + name + R"(","version":")" + version + R"(","abi":"1.0","kind":["tool"],)" + kSayTools + more + "}");
    write(name, "main.lua", script);
  }
  std::vector<PluginChange> rescan() { return fakes::run(io, registry->rescan()); }
  Outcome outcome(const std::vector<PluginChange>& changes, const std::string& name) {
    for (const PluginChange& change : changes)
      if (change.instance == name) return change.outcome;
    return Outcome::unchanged;
  }
  std::string say(const std::string& name) {
    const auto answer = call(tool("say"), name);
    return answer.has_error() ? answer.error().message : *answer;
  }
};

}  // namespace

TEST_CASE("a changed script takes the old one's place, whose calls in flight end by themselves") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "hob.sleep(150) return 'old'"));
  house.start();
  std::optional<Result<std::string>> old;
  house.plugin("one").start_call(house.tool("say"), [&](Result<std::string> answer) { old = std::move(answer); });
  house.lua("one", tool_script("one", "return 'new'"), "", "1.1.0");
  const auto changes = house.rescan();
  REQUIRE(changes.size() == 1);
  REQUIRE(changes[0].outcome == Outcome::reloaded);
  REQUIRE(changes[0].text.find("version 1.1.0 serves in the place of 1.0.0") == 0);
  REQUIRE(house.say("one") == "\"new\"");
  REQUIRE(fakes::run_until(house.io, [&] { return old.has_value(); }));
  REQUIRE(old->value() == "\"old\"");
  REQUIRE(house.registry->find_tool("say")->instance == house.registry->find("one"));
}

TEST_CASE("nothing changed: nothing happens") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 'old'"));
  house.start();
  const Instance* before = house.registry->find("one");
  REQUIRE(house.rescan().empty());
  REQUIRE(house.registry->find("one") == before);
}

TEST_CASE("a script that is broken leaves the old one serving and says why, once") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 'old'"));
  house.start();
  house.write("one", "main.lua", "this is no Lua");
  const auto changes = house.rescan();
  REQUIRE(house.outcome(changes, "one") == Outcome::kept);
  REQUIRE(house.say("one") == "\"old\"");
  const std::string reason = house.reason("one");
  REQUIRE(reason.starts_with("ready: its changed files or settings are not used: "));
  REQUIRE(reason.find("main.lua:1:") != std::string::npos);
  REQUIRE(house.rescan().empty());
  house.write("one", "main.lua", tool_script("one", "return 'mended'"));
  REQUIRE(house.outcome(house.rescan(), "one") == Outcome::reloaded);
  REQUIRE(house.say("one") == "\"mended\"");
  REQUIRE(house.reason("one") == "ready: ");
}

TEST_CASE("a manifest that can't be read takes nothing down") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 'old'"));
  house.start();
  house.write("one", "plugin.json", "{\"id\": ");
  REQUIRE(house.outcome(house.rescan(), "one") == Outcome::kept);
  REQUIRE(house.say("one") == "\"old\"");
  REQUIRE(house.reason("one").find("plugin.json") != std::string::npos);
  const auto asked = fakes::run(house.io, house.registry->reload("one"));
  REQUIRE(house.outcome(*asked, "one") == Outcome::kept);
}

TEST_CASE("a script that doesn't describe its tools leaves the old one serving") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 'old'"));
  house.start();
  house.write("one", "main.lua", "local hob = require 'hob'\nreturn hob.plugin { id = 'one' }\n");
  REQUIRE(house.outcome(house.rescan(), "one") == Outcome::kept);
  REQUIRE(house.reason("one").find("describe") != std::string::npos);
  REQUIRE(house.say("one") == "\"old\"");
}

TEST_CASE("settings that no longer fit a changed schema leave the old one serving") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 'old'"), R"(,"config_schema":{"type":"object","properties":{"n":{"type":"integer"}}})");
  house.set("one", {{"n", 1}});
  house.start();
  house.lua("one", tool_script("one", "return 'new'"), R"(,"config_schema":{"type":"object","properties":{"n":{"type":"string"}}})");
  REQUIRE(house.outcome(house.rescan(), "one") == Outcome::kept);
  REQUIRE(house.say("one") == "\"old\"");
  REQUIRE(house.reason("one").find("hob.yaml:12") != std::string::npos);
}

TEST_CASE("a folder that comes is started, one that goes leaves") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 1"));
  house.start();
  int told = 0;
  house.registry->on_change([&] { ++told; });
  house.lua("two", tool_script("two", "return 2"), R"(,"description":"second")");
  fs::remove_all(house.folder.path() / "one");
  const auto changes = house.rescan();
  REQUIRE(house.outcome(changes, "one") == Outcome::stopped);
  REQUIRE(house.outcome(changes, "two") == Outcome::started);
  REQUIRE(house.registry->find("one") == nullptr);
  REQUIRE(house.registry->find_tool("say")->instance == house.registry->find("two"));
  REQUIRE(told == 1);
}

TEST_CASE("one that failed is tried again when its files change, not before") {
  ReloadHouse house;
  house.lua("one", "no");
  house.start();
  REQUIRE(house.reason("one").starts_with("failed: "));
  REQUIRE(house.rescan().empty());
  house.write("one", "main.lua", tool_script("one", "return 'well'"));
  REQUIRE(house.outcome(house.rescan(), "one") == Outcome::started);
  REQUIRE(house.say("one") == "\"well\"");
}

TEST_CASE("a folder that takes another's place is watched as that was") {
  ReloadHouse house;
  fakes::TempFolder elsewhere;
  house.context.watch_files = true;
  house.context.settle = std::chrono::milliseconds(30);
  const fs::path place = house.folder.path() / "one";
  house.lua("one", tool_script("one", "return 'new'"));
  fs::rename(place, elsewhere.path() / "new");
  house.lua("one", tool_script("one", "return 'old'"));
  house.start();
  REQUIRE(house.say("one") == "\"old\"");
  fs::rename(place, elsewhere.path() / "old");
  fs::rename(elsewhere.path() / "new", place);
  REQUIRE(fakes::run_until(house.io, [&] { return house.say("one") == "\"new\""; }));
  house.write("one", "main.lua", tool_script("one", "return 'newer'"));
  REQUIRE(fakes::run_until(house.io, [&] { return house.say("one") == "\"newer\""; }));
}

TEST_CASE("the daemon notices changed files by itself, once they have come to rest") {
  ReloadHouse house;
  house.context.watch_files = true;
  house.context.settle = std::chrono::milliseconds(30);
  house.lua("one", tool_script("one", "return 'old'"));
  house.start();
  {
    // A writer that takes its time, in the file itself: the half of it is never loaded.
    std::ofstream out(house.folder.path() / "one" / "main.lua");
    const std::string text = tool_script("one", "return 'new'");
    out << text.substr(0, text.size() / 2) << std::flush;
    for (int i = 0; i < 4; ++i) fakes::run_until(house.io, [until = std::chrono::steady_clock::now() + std::chrono::milliseconds(30)] {
      return std::chrono::steady_clock::now() >= until;
    });
    REQUIRE(house.reason("one") == "ready: ");
    out << text.substr(text.size() / 2);
  }
  REQUIRE(fakes::run_until(house.io, [&] { return house.say("one") == "\"new\""; }));
  house.lua("two", tool_script("two", "return 2"));
  REQUIRE(fakes::run_until(house.io, [&] { return house.registry->find("two") != nullptr; }));
  house.write("two", "main.lua", tool_script("two", "return 22"));
  REQUIRE(fakes::run_until(house.io, [&] { return house.say("two") == "22"; }));
  fs::remove_all(house.folder.path() / "two");
  REQUIRE(fakes::run_until(house.io, [&] { return house.registry->find("two") == nullptr; }));
}

TEST_CASE("reload puts a new instance there although nothing changed") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "count = (count or 0) + 1 return count"));
  house.start();
  REQUIRE(house.say("one") == "1");
  REQUIRE(house.say("one") == "2");
  const auto changes = fakes::run(house.io, house.registry->reload("one"));
  REQUIRE(house.outcome(*changes, "one") == Outcome::reloaded);
  REQUIRE(house.say("one") == "1");
  REQUIRE(fakes::run(house.io, house.registry->reload("onne")).error().message.find("did you mean \"one\"") != std::string::npos);
}

TEST_CASE("a plugin that is switched off stays off over a restart, and comes back") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 1"));
  house.start();
  const auto set = [&](bool enabled) { return fakes::run(house.io, house.registry->set_enabled("one", enabled)); };
  REQUIRE(house.outcome(*set(true), "one") == Outcome::unchanged);
  REQUIRE(house.outcome(*set(false), "one") == Outcome::stopped);
  REQUIRE(house.registry->find("one") == nullptr);
  REQUIRE(house.outcome(*set(false), "one") == Outcome::unchanged);
  fakes::run(house.io, house.registry->stop(std::chrono::milliseconds(500)));
  house.start();
  REQUIRE(house.registry->find("one") == nullptr);
  REQUIRE(house.reason("one") == "stopped: switched off; hobctl plugin enable one brings it back");
  REQUIRE(fakes::run(house.io, house.registry->reload("one")).error().code == Code::unavailable);
  REQUIRE(house.outcome(*set(true), "one") == Outcome::started);
  REQUIRE(house.say("one") == "1");
  REQUIRE(fakes::run(house.io, house.registry->set_enabled("on", false)).error().code == Code::not_found);
}

TEST_CASE("plugins.disabled of the config counts more than plugin.enable") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 1"));
  auto config = std::make_shared<Config>(*house.config);
  config->plugins.disabled = {"one"};
  house.config = config;
  house.start();
  const auto refused = fakes::run(house.io, house.registry->set_enabled("one", true));
  REQUIRE(refused.error().code == Code::denied);
  REQUIRE(refused.error().message.find("plugins.disabled") != std::string::npos);
  REQUIRE(fakes::run(house.io, house.registry->set_enabled("one", false))->at(0).outcome == Outcome::unchanged);
}

TEST_CASE("a changed place to run in moves a plugin there") {
  ReloadHouse house;
  house.lua("one", tool_script("one", "return 'here'"));
  house.start();
  auto config = std::make_shared<Config>(*house.config);
  config->plugins.isolation_bundled = fakes::kIsolation == Isolation::none ? Isolation::process : Isolation::none;
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(config)).empty());
  REQUIRE(house.registry->reports().at(0).isolation == (fakes::kIsolation == Isolation::none ? "process" : "none"));
  REQUIRE(house.say("one") == "\"here\"");
}

TEST_CASE("a changed library is taken by a process of its own; inside hobd it waits for a restart") {
  ReloadHouse house;
  house.install("good", fakes::kGoodTools);
  house.start();
  const fs::path library = house.folder.path() / "good" / "good.so";
  const fs::path part = house.folder.path() / "good" / ".part";
  fs::copy_file(library, part);
  std::ofstream(part, std::ios::app) << "changed";
  fs::rename(part, library);
  const auto changes = house.rescan();
  if (fakes::kIsolation == Isolation::process) {
    REQUIRE(house.outcome(changes, "good") == Outcome::reloaded);
    return;
  }
  REQUIRE(house.outcome(changes, "good") == Outcome::unsupported);
  REQUIRE(house.rescan().empty());
  REQUIRE(house.reason("good").find("plugins.isolation: {good: process}") != std::string::npos);
  REQUIRE(house.outcome(*fakes::run(house.io, house.registry->reload("good")), "good") == Outcome::unsupported);
  REQUIRE(house.call(house.tool("echo", "1")).value() == "1");
  auto config = std::make_shared<Config>(*house.config);
  config->plugins.isolation_bundled = Isolation::process;
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(config)).empty());
  REQUIRE(house.registry->reports().at(0).isolation == "process");
}

namespace {

/// Deliveries with the instance that made them, as the inbox would see them.
class SeenSink final : public ChannelSink {
 public:
  awaitable<Result<json::value>> deliver(std::string, json::object event) override {
    seen.push_back(std::string(event.at("text").as_string()));
    co_return json::value{{"accepted", true}, {"duplicate", false}};
  }
  std::vector<std::string> seen;
};

std::string channel_script(const std::string& generation, const std::string& start) {
  return "local hob = require 'hob'\nreturn hob.plugin { id = 'chan', channel = {\n"
         "  start = function() " + start + " hob.deliver { id = '" + generation + "-start', sender = { id = 's' }, text = '" + generation +
         " starts' } end,\n  stop = function() hob.deliver { id = '" + generation + "-stop', sender = { id = 's' }, text = '" +
         generation + " stops' } end,\n  send = function(message) return '" + generation + "' end } }\n";
}

struct ChannelHouse : ReloadHouse {
  ChannelHouse() {
    context.channels = &sink;
    auto next = std::make_shared<Config>(*config);
    next->channels["c"] = {"c", "chan", {}, {"hob.yaml", 4}};
    config = next;
  }
  ~ChannelHouse() {
    fakes::run(io, registry->stop(std::chrono::milliseconds(500)));  // what it still delivers finds the sink
    registry.reset();
  }
  void channel(const std::string& generation, const std::string& start = "", const std::string& overlap = "false") {
    write("chan", "plugin.json", R"({"id":"chan","version":"1","abi":"1.0","kind":["channel"],"channel":{"overlap":)" + overlap + "}}");
    write("chan", "main.lua", channel_script(generation, start));
  }
  Result<std::string> send() {
    PluginCall call;
    call.extension = HOB_EXT_CHANNEL;
    call.function = "send";
    call.payload = R"({"id":"m","to":{"id":"s"},"text":"hi","kind":"reply"})";
    return run_call(std::move(call));
  }
  Result<std::string> run_call(PluginCall call) { return fakes::run(io, plugin("c").async_call(std::move(call))); }
  SeenSink sink;
};

}  // namespace

TEST_CASE("a channel's old transport is shut before the new one opens") {
  ChannelHouse house;
  house.channel("old");
  house.start();
  REQUIRE(house.send()->find("old") != std::string::npos);
  house.channel("new");
  REQUIRE(house.outcome(house.rescan(), "c") == Outcome::reloaded);
  REQUIRE(house.sink.seen == std::vector<std::string>{"old starts", "old stops", "new starts"});
  REQUIRE(house.send()->find("new") != std::string::npos);
}

TEST_CASE("transports that may overlap leave no gap") {
  ChannelHouse house;
  house.channel("old", "", "true");
  house.start();
  house.channel("new", "", "true");
  REQUIRE(house.outcome(house.rescan(), "c") == Outcome::reloaded);
  REQUIRE(fakes::run_until(house.io, [&] { return house.sink.seen.size() == 3; }));
  REQUIRE(house.sink.seen == std::vector<std::string>{"old starts", "new starts", "old stops"});
}

TEST_CASE("a channel that doesn't open gives the place back to the old one") {
  ChannelHouse house;
  house.channel("old");
  house.start();
  house.channel("new", "hob.error('unavailable', 'no line')");
  REQUIRE(house.outcome(house.rescan(), "c") == Outcome::kept);
  REQUIRE(house.sink.seen.size() >= 3);  // the new one is told to stop when it goes, which may be by now
  house.sink.seen.resize(3);
  REQUIRE(house.sink.seen == std::vector<std::string>{"old starts", "old stops", "old starts"});
  REQUIRE(house.send()->find("old") != std::string::npos);
  REQUIRE(house.reason("c").find("no line") != std::string::npos);
}

TEST_CASE("while a channel is changed its messages are unavailable, so that the outbox holds them") {
  ChannelHouse house;
  house.channel("old");
  house.start();
  house.channel("new", "hob.sleep(60)");
  std::optional<std::vector<PluginChange>> changes;
  asio::co_spawn(house.io, house.registry->rescan(), [&](std::exception_ptr, std::vector<PluginChange> done) { changes = std::move(done); });
  REQUIRE(fakes::run_until(house.io, [&] { return house.sink.seen.size() == 2; }));
  REQUIRE(house.send().error().code == Code::unavailable);
  REQUIRE(fakes::run_until(house.io, [&] { return changes.has_value(); }));
  REQUIRE(house.send()->find("new") != std::string::npos);
}
