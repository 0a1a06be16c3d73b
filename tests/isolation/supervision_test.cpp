// What happens when the process of a plugin ends, and what that process is like.
#include "isolation/every.hpp"

#include "plugins/remote_instance.hpp"

#include <catch2/catch.hpp>

#include <signal.h>

using namespace hobd;
using fakes::EveryHouse;
using fakes::run_until;

namespace {

struct RunningHouse : EveryHouse {
  explicit RunningHouse(std::string_view channel = R"("idempotent_send":false)") : EveryHouse(Isolation::process, channel) {
    start();
    REQUIRE(reason("every") == "ready: ");
  }
  RemoteInstance& remote() { return dynamic_cast<RemoteInstance&>(plugin("every")); }
  void crash() {
    REQUIRE(every(tool("crash")).error().code == Code::unavailable);
  }
};

}  // namespace

TEST_CASE("the process has an empty environment, no core dumps, four descriptors and its wake-up, and sits in the root") {
  RunningHouse house;
  REQUIRE(house.every(house.tool("look")).value() == R"({"environment":0,"core":0,"files":64,"open":5,"cwd":"/"})");
}

TEST_CASE("payloads of many sizes cross whole, in both directions") {
  RunningHouse house;
  for (const std::size_t size : {0u, 1u, 4096u, 262'000u, 262'145u, 5'000'000u, 20'000'000u}) {
    REQUIRE(house.every(house.tool("big", std::to_string(size))).value() == std::string(size, 'b'));
    REQUIRE(house.every(house.tool("size", std::string(size, ' '))).value() == std::to_string(size));
  }
}

TEST_CASE("arguments that no frame holds are refused as overloaded") {
  RunningHouse house;
  REQUIRE(house.every(house.tool("size", std::string(40 << 20, ' '))).error().code == Code::overloaded);
  REQUIRE(house.every(house.tool("size", "1")).value() == "1");
}

TEST_CASE("a plugin streams more than 8 MiB from one entry, as fast as it is read") {
  EveryHouse house(GENERATE(Isolation::none, Isolation::process));
  house.start();
  std::size_t bytes = 0;
  PluginCall call = house.tool("stream");
  call.on_chunk = [&](std::string chunk) {
    bytes += chunk.size();
    return true;
  };
  REQUIRE(house.every(std::move(call)).value() == "512");
  REQUIRE(bytes == 32 << 20);
}

TEST_CASE("a reader that has had enough is told to a plugin that holds its strand") {
  EveryHouse house(GENERATE(Isolation::none, Isolation::process));
  house.start();
  PluginCall call = house.tool("stream");
  call.deadline = std::chrono::milliseconds(200);
  call.on_chunk = [&](std::string) { return false; };
  REQUIRE(house.every(std::move(call)).has_value());
}

TEST_CASE("after the first crash calls wait for the next process") {
  RunningHouse house;
  const pid_t before = house.remote().pid();
  house.crash();
  REQUIRE(house.plugin("every").state() == InstanceState::restarting);
  REQUIRE(house.every(house.tool("size", "1")).value() == "1");
  REQUIRE(house.remote().pid() != before);
}

TEST_CASE("tools stay known while the process is away") {
  RunningHouse house;
  house.crash();
  REQUIRE(house.registry->find_tool("size"));
}

TEST_CASE("an idempotent tool is asked once more, and only once") {
  RunningHouse house;
  const auto answer = house.every(house.tool("crash_again"));
  REQUIRE(answer.error().code == Code::unavailable);
  REQUIRE(house.plugin("every").stats().restarts == 2);
}

TEST_CASE("a tool that is not idempotent is not asked again") {
  RunningHouse house;
  house.crash();
  REQUIRE(run_until(house.io, [&] { return house.is_ready(); }));
  REQUIRE(house.plugin("every").stats().restarts == 1);
}

TEST_CASE("an idempotent call beside a crash is answered by the next process") {
  RunningHouse house;
  std::optional<Result<std::string>> spun;
  house.plugin("every").start_call(house.tool("crash"), [](Result<std::string>) {});
  // Sent into the same process, behind the call that ends it.
  house.plugin("every").start_call(house.ask(HOB_EXT_TOOL, "describe"), [&](Result<std::string> r) { spun = std::move(r); });
  REQUIRE(run_until(house.io, [&] { return spun.has_value(); }));
  REQUIRE(spun->value().starts_with("{\"tools\""));
}

TEST_CASE("the fifth end within ten minutes is the last, and the owner is told once") {
  RunningHouse house;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(run_until(house.io, [&] { return house.is_ready(); }));
    house.crash();
  }
  REQUIRE(house.plugin("every").state() == InstanceState::failed);
  REQUIRE(house.reason("every").find("quarantined after 5 ends") != std::string::npos);
  REQUIRE(house.owner.notices.size() == 1);
  REQUIRE(house.owner.notices[0].starts_with("every: The plugin every was switched off"));
  REQUIRE(house.every(house.tool("size")).error().code == Code::unavailable);
}

TEST_CASE("ends that lie more than ten minutes apart don't add up") {
  RunningHouse house;
  for (int i = 0; i < 7; ++i) {
    REQUIRE(run_until(house.io, [&] { return house.is_ready(); }));
    house.crash();
    house.clock.advance(std::chrono::minutes(11));
  }
  REQUIRE(run_until(house.io, [&] { return house.is_ready(); }));
}

TEST_CASE("a process killed from outside is followed by another") {
  RunningHouse house;
  ::kill(house.remote().pid(), SIGKILL);
  REQUIRE(run_until(house.io, [&] { return house.plugin("every").stats().restarts == 1 && house.is_ready(); }));
}

TEST_CASE("a plugin that hangs where no deadline watches is found by the ping") {
  EveryHouse house;
  house.context.remote.watch = std::chrono::milliseconds(5);
  house.context.remote.ping = std::chrono::milliseconds(5);
  house.context.remote.hang = std::chrono::milliseconds(1000);
  house.start();
  REQUIRE(house.every(house.tool("spin")).value() == "\"spinning\"");
  REQUIRE(run_until(house.io, [&] { return house.plugin("every").stats().restarts > 0 && house.is_ready(); }));
}

TEST_CASE("a channel is started again with its process, and delivers what it missed under the same id") {
  RunningHouse house;
  REQUIRE(run_until(house.io, [&] { return house.delivered.events.size() == 1; }));
  house.crash();
  REQUIRE(run_until(house.io, [&] { return house.delivered.events.size() == 2; }));
  REQUIRE(house.delivered.events[0] == house.delivered.events[1]);
}

TEST_CASE("a message that was with a crashed channel has an unknown outcome") {
  RunningHouse house;
  REQUIRE(house.every(house.ask(HOB_EXT_CHANNEL, "send", R"({"text":"crash"})")).error().code == Code::timeout);
}

TEST_CASE("a message that was with a crashed channel which knows repeats is unavailable, so it is sent again") {
  RunningHouse house(R"("idempotent_send":true)");
  REQUIRE(house.every(house.ask(HOB_EXT_CHANNEL, "send", R"({"text":"crash"})")).error().code == Code::unavailable);
  REQUIRE(house.every(house.ask(HOB_EXT_CHANNEL, "send", R"({"text":"hello"})")).value() == R"({"message_id":"m"})");
}

TEST_CASE("a stopped registry leaves no process behind") {
  RunningHouse house;
  const pid_t pid = house.remote().pid();
  fakes::run(house.io, house.registry->stop(std::chrono::milliseconds(500)));
  REQUIRE(::kill(pid, 0) != 0);
}

TEST_CASE("a registry that goes without a stop leaves no process behind") {
  RunningHouse house;
  const pid_t pid = house.remote().pid();
  house.registry.reset();
  REQUIRE(run_until(house.io, [&] { return ::kill(pid, 0) != 0; }));
}

TEST_CASE("others' plugins run in processes unless the config says otherwise, Hob's own inside unless it does") {
  EveryHouse house(Isolation::none);
  auto config = std::make_shared<Config>(*house.config);
  SECTION("bundled") {
    house.config = config;
    house.start();
    REQUIRE(dynamic_cast<RemoteInstance*>(&house.plugin("every")) == nullptr);
  }
  SECTION("bundled, by its id") {
    config->plugins.isolation_of["every"] = Isolation::process;
    house.config = config;
    house.start();
    REQUIRE(dynamic_cast<RemoteInstance*>(&house.plugin("every")) != nullptr);
  }
  SECTION("another's") {
    house.context.bundled_paths.clear();
    config->plugins.paths = {house.folder.path()};
    house.config = config;
    house.start();
    REQUIRE(dynamic_cast<RemoteInstance*>(&house.plugin("every")) != nullptr);
  }
}

TEST_CASE("without hob-plugin-host the plugin fails and says what to do") {
  EveryHouse house;
  house.context.plugin_host = "/nowhere/hob-plugin-host";
  house.start();
  REQUIRE(house.reason("every").find("/nowhere/hob-plugin-host: No such file") != std::string::npos);
}
