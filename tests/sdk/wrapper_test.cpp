// The C++ wrapper, seen from the host's side of the ABI.
#include <catch2/catch.hpp>

#include "fakes/scripted_host.hpp"

using fakes::ScriptedHost;
namespace json = boost::json;

namespace {
const std::string kFile = HOB_FIXTURE;
json::object request(const char* route, const char* method = "GET") {
  return {{"id", "r1"}, {"method", method}, {"path", route}, {"route", route}, {"params", json::object{{"name", "Ann"}}}};
}
}  // namespace

TEST_CASE("arguments are read with their types and defaults") {
  ScriptedHost host(kFile);
  CHECK(host.finish(host.tool("typed", R"({"name":"x"})")).result == R"({"count":6,"name":"x"})");
  CHECK(host.finish(host.tool("typed", R"({"name":"x","count":2.0})")).result == R"({"count":2,"name":"x"})");
  CHECK(host.finish(host.tool("typed", R"({"name":"x","count":null})")).result == R"({"count":6,"name":"x"})");
  const auto& wrong = host.finish(host.tool("typed", R"({"name":"x","count":"2"})"));
  CHECK(wrong.status == HOB_INVALID);
  CHECK(wrong.result == "\"count\" must be an integer");
}
TEST_CASE("whatever a handler throws becomes one status") {
  ScriptedHost host(kFile);
  const auto& denied = host.finish(host.tool("throws", R"({"how":"denied"})"));
  CHECK(denied.status == HOB_DENIED);
  CHECK(denied.result == "not allowed");
  CHECK(host.finish(host.tool("throws", R"({"how":"standard"})")).result == "broke");
  CHECK(host.finish(host.tool("throws", R"({"how":"int"})")).status == HOB_INTERNAL);
}
TEST_CASE("a call is answered once, whatever the handler does") {
  ScriptedHost host(kFile);
  const auto& end = host.finish(host.tool("twice", "{}"));
  CHECK(end.finishes == 1);
  CHECK(end.result == "\"first\"");
}
TEST_CASE("a tool streams and knows who asks") {
  ScriptedHost host(kFile);
  const auto& end = host.finish(host.tool("streams", "{}", R"({"user_id":"ann"})"));
  CHECK(end.chunks == std::vector<std::string>{"one", "two"});
  CHECK(end.result == R"({"user":"ann"})");
}
TEST_CASE("a task waits for HTTP on the strand") {
  ScriptedHost host(kFile);
  host.http.push_back({.status = 404, .headers = {}, .body = "gone", .events = {}, .end = HOB_OK, .error = {}, .hangs = false});
  const auto id = host.tool("fetch", R"({"url":"http://x/"})");
  CHECK_FALSE(host.end(id).is_done);
  CHECK(host.finish(id).result == R"({"status":404,"body":"gone"})");
}
TEST_CASE("a failed operation throws its status at the co_await") {
  ScriptedHost host(kFile);
  const auto& end = host.finish(host.tool("fetch", R"({"url":"http://x/"})"));
  CHECK(end.status == HOB_UNAVAILABLE);
  CHECK(end.result == "the script has no more answers");
}
TEST_CASE("a service that is not granted names the line of the manifest") {
  ScriptedHost host(kFile, "{}", {"hob.host.http/1", "hob.host.kv/1"});
  const auto& http = host.finish(host.tool("fetch", R"({"url":"http://x/"})"));
  CHECK(http.status == HOB_DENIED);
  CHECK_THAT(http.result, Catch::Contains("\"http\""));
  CHECK_THAT(host.finish(host.tool("remember", "{}")).result, Catch::Contains("\"kv\": \"1MiB\""));
}
TEST_CASE("store, timer and pool are awaited in turn") {
  ScriptedHost host(kFile);
  CHECK(host.finish(host.tool("remember", "{}")).result == R"({"seen":"1","never":false,"worked":42,"keys":1})");
}
TEST_CASE("a method is called as the user of the call") {
  ScriptedHost host(kFile);
  json::value options;
  host.method = [&](std::string, json::value, json::value o) {
    options = std::move(o);
    return std::pair<hob_status, std::string>{HOB_OK, R"({"items":[]})"};
  };
  const auto id = host.tool("ask", "{}");
  CHECK(host.finish(id).result == R"({"items":[]})");
  CHECK(options.at("as_call").to_number<std::uint64_t>() == id);
}
TEST_CASE("a task that throws after a wait fails its call") {
  ScriptedHost host(kFile);
  CHECK(host.finish(host.tool("fails_later", "{}")).status == HOB_NOT_FOUND);
}
TEST_CASE("cancelling a task ends what it waits for") {
  ScriptedHost host(kFile);
  host.fires_timers = false;
  const auto sleeping = host.tool("sleeps", "{}");
  host.cancel(sleeping);
  CHECK(host.end(sleeping).status == HOB_CANCELLED);
  host.http.push_back({.status = 200, .headers = {}, .body = {}, .events = {}, .end = HOB_OK, .error = {}, .hangs = true});
  const auto fetching = host.tool("fetch", R"({"url":"http://x/"})");
  host.run();
  host.cancel(fetching);
  CHECK(host.finish(fetching).status == HOB_CANCELLED);
}
TEST_CASE("a plugin that is destroyed while a task sleeps frees it") {
  ScriptedHost host(kFile);
  host.fires_timers = false;
  CHECK_FALSE(host.finish(host.tool("sleeps", "{}")).is_done);
}
TEST_CASE("a new config applies, and a bad one leaves the old") {
  ScriptedHost host(kFile, R"({"mood":"glad"})");
  const auto configure = [&](const std::string& text) {
    return host.finish(host.call([&](hob_plugin* p, hob_id id) {
      host.offers<hob_ext_config>(HOB_EXT_CONFIG)->configure(p, id, ScriptedHost::str(text));
    })).status;
  };
  CHECK(configure(R"({"mood":"bad"})") == HOB_INVALID);
  CHECK(host.finish(host.tool("config", "{}")).result == R"({"mood":"glad"})");
  CHECK(configure("{}") == HOB_OK);
  CHECK(host.finish(host.tool("config", "{}")).result == R"({"mood":"calm"})");
}
TEST_CASE("a plugin that refuses its config says why") {
  ScriptedHost host(kFile, R"({"mood":"bad"})");
  CHECK(host.activated == HOB_INVALID);
  REQUIRE(host.log.size() == 1);
  CHECK(host.log[0] == "activate: no bad moods");
}
TEST_CASE("a route answers whole, by method and parameter") {
  ScriptedHost host(kFile);
  CHECK(host.finish(host.route(request("/hello/{name}"))).result ==
        R"({"status":200,"headers":{"x-test":"1"},"body":{"hello":"Ann"}})");
  CHECK(host.finish(host.route(request("/hello/{name}", "POST"))).status == HOB_UNSUPPORTED);
  CHECK(host.finish(host.route(request("/none"))).status == HOB_NOT_FOUND);
}
TEST_CASE("a route streams, later or at once") {
  ScriptedHost host(kFile);
  const auto& end = host.finish(host.route(request("/stream")));
  REQUIRE(end.chunks.size() == 2);
  CHECK(end.chunks[0] == R"({"status":200,"headers":{"content-type":"text/event-stream"}})");
  CHECK(end.chunks[1] == "event: tick\ndata: 1\n\n");
  CHECK(host.finish(host.route(request("/later"))).status == HOB_OK);
}
TEST_CASE("a handler that throws past its Responder answers with its words, one that forgets answers internal") {
  ScriptedHost host(kFile);
  const auto& bad = host.finish(host.route(request("/stream"), "bad"));
  CHECK(bad.status == HOB_INVALID);
  CHECK(bad.result == "bad body");
  CHECK(host.finish(host.route(request("/stream"), "forget")).status == HOB_INTERNAL);
}
TEST_CASE("a WebSocket is accepted, echoes and closes") {
  ScriptedHost host(kFile);
  const auto id = host.route(request("/ws"));
  host.message(id, "hi");
  CHECK(host.end(id).chunks == std::vector<std::string>{R"({"status":101})", "echo hi"});
  host.message(id, "bye");
  CHECK(host.end(id).result == R"({"code":1000,"reason":"bye"})");
  const auto gone = host.route(request("/ws"));
  host.cancel(gone);
  CHECK(host.end(gone).finishes == 1);
}
TEST_CASE("extensions that were not offered are null") {
  ScriptedHost host(kFile);
  CHECK(host.offers<void>(HOB_EXT_PROVIDER) == nullptr);
  CHECK(host.offers<void>("hob.nothing/9") == nullptr);
}
