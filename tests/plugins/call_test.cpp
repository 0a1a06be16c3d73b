// Calls through the real ABI into real libraries.
#include "plugins/house.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace hobd;
using fakes::House;

namespace {

struct GoodHouse : House {
  explicit GoodHouse(const std::string& more = "") {
    install("good", fakes::kGoodTools, more);
    start();
  }
};

struct BadHouse : House {
  BadHouse() {
    install("misbehaves", R"("twice":{},"never":{},"block":{},"throw":{})");
    start();
  }
};

}  // namespace

TEST_CASE("a tool answers with its own bytes") {
  GoodHouse house;
  REQUIRE(house.call(house.tool("echo", R"({"a":1})")).value() == R"({"a":1})");
  REQUIRE(house.call(house.tool("context", "{}", R"({"user_id":"u"})")).value() == R"({"user_id":"u"})");
  REQUIRE(house.plugin().stats().calls == 3);  // with describe
}

TEST_CASE("chunks arrive in order and before the end") {
  GoodHouse house;
  std::vector<std::string> chunks;
  PluginCall call = house.tool("stream");
  call.on_chunk = [&](std::string chunk) {
    chunks.push_back(std::move(chunk));
    return true;
  };
  REQUIRE(house.call(std::move(call)).value() == "done");
  REQUIRE(chunks == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("a reader that has enough gets no more chunks") {
  GoodHouse house;
  int chunks = 0;
  PluginCall call = house.tool("stream");
  call.on_chunk = [&](std::string) { return ++chunks < 2; };
  REQUIRE(house.call(std::move(call)).value() == "done");
  REQUIRE(chunks == 2);
}

TEST_CASE("emit is refused as overloaded when 8 MiB wait") {
  GoodHouse house;
  std::optional<Result<std::string>> answer;
  PluginCall call = house.tool("flood");
  call.on_chunk = [](std::string) { return true; };
  house.plugin().start_call(std::move(call), [&](Result<std::string> result) { answer = std::move(result); });
  // The core takes nothing meanwhile, so the bound is met exactly.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  REQUIRE(fakes::run_until(house.io, [&] { return answer.has_value(); }));
  REQUIRE(answer->value().ends_with(" 9"));
}

TEST_CASE("at the deadline the plugin is asked to cancel and the call is a timeout") {
  GoodHouse house;
  PluginCall call = house.tool("wait");
  call.deadline = std::chrono::milliseconds(20);
  const auto answer = house.call(std::move(call));
  REQUIRE(answer.error().code == Code::timeout);
  REQUIRE(house.plugin().state() == InstanceState::ready);
}

TEST_CASE("a plugin that holds the strand sees is_cancelled") {
  GoodHouse house;
  house.context.cancel_grace = std::chrono::seconds(10);
  PluginCall call = house.tool("hold");
  call.deadline = std::chrono::milliseconds(20);
  const auto answer = house.call(std::move(call));
  REQUIRE(answer.error().code == Code::timeout);
}

TEST_CASE("cancel_call ends a waiting call with the plugin's own words") {
  GoodHouse house;
  std::optional<Result<std::string>> answer;
  const auto id = house.plugin().start_call(house.tool("wait"), [&](Result<std::string> r) { answer = std::move(r); });
  REQUIRE(house.call(house.tool("echo")).has_value());  // so "wait" has begun
  house.plugin().cancel_call(id);
  REQUIRE(fakes::run_until(house.io, [&] { return answer.has_value(); }));
  REQUIRE(answer->error() == Error(Code::cancelled, "as asked"));
}

TEST_CASE("an error's message is cut to 4 KiB of valid UTF-8") {
  GoodHouse house;
  const auto answer = house.call(house.tool("fail"));
  REQUIRE(answer.error().code == Code::denied);
  REQUIRE(answer.error().message.size() <= 4096);
  REQUIRE(answer.error().message.starts_with("e\xef\xbf\xbd"));
}

TEST_CASE("an extension that is not offered is unsupported") {
  GoodHouse house;
  PluginCall call;
  call.extension = "hob.provider/1";
  call.function = "complete";
  REQUIRE(house.call(std::move(call)).error().code == Code::unsupported);
}

TEST_CASE("a second finish finds no call") {
  BadHouse house;  // the fixture aborts if it is told otherwise
  REQUIRE(house.call(house.tool("twice"), "misbehaves").value() == "first");
}

TEST_CASE("a call that never ends is ended after the grace, and the plugin stays") {
  BadHouse house;
  PluginCall call = house.tool("never");
  call.deadline = std::chrono::milliseconds(20);
  REQUIRE(house.call(std::move(call), "misbehaves").error().code == Code::timeout);
  REQUIRE(house.plugin("misbehaves").state() == InstanceState::ready);
}

TEST_CASE("an exception of a plugin becomes an internal error") {
  BadHouse house;
  const auto answer = house.call(house.tool("throw"), "misbehaves");
  REQUIRE(answer.error().code == Code::internal);
  REQUIRE(answer.error().message.find("thrown by the plugin") != std::string::npos);
}

#ifndef HOB_TEST_ISOLATED  // in a process of its own it is killed: tests/isolation
TEST_CASE("a plugin that blocks its strand is stuck, and others go on") {
  House house;
  house.install("misbehaves", R"("twice":{},"never":{},"block":{},"throw":{})");
  house.install("good", fakes::kGoodTools);
  house.context.pool_threads = 1;
  house.start();
  const auto release = house.folder.path() / "release";
  PluginCall call = house.tool("block", release.string());
  call.deadline = std::chrono::milliseconds(20);
  REQUIRE(house.call(std::move(call), "misbehaves").error().code == Code::timeout);
  REQUIRE(house.plugin("misbehaves").state() == InstanceState::stuck);
  REQUIRE(house.reason("misbehaves").find("hob.tool/1 invoke") != std::string::npos);
  REQUIRE(house.call(house.tool("twice"), "misbehaves").error().code == Code::unavailable);
  REQUIRE(house.call(house.tool("echo")).has_value());
  REQUIRE(house.registry->find_tool("never") == std::nullopt);
  std::ofstream(release) << "go";
}
#endif

TEST_CASE("WebSocket messages go into a call, and its chunks come back") {
  GoodHouse house(R"(,"routes":[{"path":"/ws","methods":["GET"],"websocket":true}])");
  std::vector<std::string> out;
  std::optional<Result<std::string>> answer;
  PluginCall call;
  call.extension = "hob.routes/1";
  call.function = "request";
  call.deadline = std::chrono::milliseconds(0);
  call.on_chunk = [&](std::string chunk) {
    out.push_back(std::move(chunk));
    return true;
  };
  const auto id = house.plugin().start_call(std::move(call), [&](Result<std::string> r) { answer = std::move(r); });
  house.plugin().send_message(id, "hello", true);
  REQUIRE(fakes::run_until(house.io, [&] { return out.size() == 2; }));
  REQUIRE(out[1] == "hello");
  house.plugin().cancel_call(id);
  REQUIRE(fakes::run_until(house.io, [&] { return answer.has_value(); }));
}
