// The test kit that authors use, over a real plugin: what a test sees of it, and that it is strict where the daemon is.
#include <hob/testkit/host.hpp>

#include <catch2/catch.hpp>

using hob::test::Host;
using hob::test::Options;

namespace {
Options fixture(Options options = {}) {
  options.file = HOB_FIXTURE;
  return options;
}
const std::string kFetch = R"({"url":"https://example.org/"})";
}  // namespace

TEST_CASE("testkit: a call runs to its end, and its record tells all of it") {
  Host host(fixture());
  const auto& answer = host.tool("streams", "{}", R"({"user_id":"ann"})");
  CHECK(answer.status == HOB_OK);
  CHECK(answer.chunks == std::vector<std::string>{"one", "two"});
  CHECK(hob::test::text_member(answer.result, "user") == "ann");
}
TEST_CASE("testkit: HTTP answers come in order, then the function, then unavailable") {
  Host host(fixture());
  host.http.push_back({.status = 404, .body = "gone"});
  CHECK(host.tool("fetch", kFetch).result == R"({"status":404,"body":"gone"})");
  CHECK(host.tool("fetch", kFetch).status == HOB_UNAVAILABLE);
  host.on_http = [](const hob::test::HttpRequest& request) { return hob::test::HttpReply{.body = request.method}; };
  CHECK(host.tool("fetch", kFetch).result == R"({"status":200,"body":"GET"})");
  CHECK(host.requests.size() == 3);
}
TEST_CASE("testkit: nothing is answered inside the function that asked") {
  Host host(fixture());
  host.http.push_back({.body = "x"});
  const hob_id call = host.begin_tool("fetch", kFetch);
  CHECK_FALSE(host.answer(call).done);
  host.run();
  CHECK(host.answer(call).done);
}
TEST_CASE("testkit: a request that hangs ends when the call is cancelled") {
  Host host(fixture());
  host.http.push_back({.status = 0, .hangs = true});
  const hob_id call = host.begin_tool("fetch", kFetch);
  host.run();
  CHECK_FALSE(host.answer(call).done);
  host.cancel(call);
  CHECK(host.finish(call).status == HOB_CANCELLED);
  CHECK(host.requests[0].cancelled);
}
TEST_CASE("testkit: time stands still until it is told to go") {
  Host host(fixture());
  const hob_id call = host.begin_tool("sleeps", "{}");
  host.advance(std::chrono::minutes(59));
  CHECK_FALSE(host.answer(call).done);
  host.advance(std::chrono::minutes(1));
  CHECK(host.answer(call).result == "\"woke\"");
  CHECK(host.now_us() - host.options().now_us == 3'600'000'000);
}
TEST_CASE("testkit: a call that waits for a timer goes on to it") {
  Host host(fixture());
  CHECK(host.tool("fails_later", "{}").status == HOB_NOT_FOUND);
  CHECK(host.timers() == 0);
}
TEST_CASE("testkit: the store, a thread and the quota") {
  Host host(fixture());
  CHECK(host.tool("remember", "{}").result == R"({"seen":"1","never":false,"worked":42,"keys":1})");
  CHECK(host.kv.at("seen") == "1");
  Host full(fixture({.kv_quota = 1}));
  CHECK(full.tool("remember", "{}").status == HOB_OVERLOADED);
}
TEST_CASE("testkit: a service that is withheld is denied with the line to add") {
  Host host(fixture({.withheld = {HOB_HOST_HTTP}}));
  const auto& answer = host.tool("fetch", kFetch);
  CHECK(answer.status == HOB_DENIED);
  CHECK(answer.result.find("\"http\"") != std::string::npos);
}
TEST_CASE("testkit: trouble ends every operation") {
  Host host(fixture());
  host.trouble = std::pair(hob_status(HOB_TIMEOUT), std::string("slow"));
  CHECK(host.tool("fetch", kFetch).status == HOB_TIMEOUT);
  CHECK(host.tool("remember", "{}").result == "slow");
}
TEST_CASE("testkit: methods are answered by the script and recorded") {
  Host host(fixture());
  CHECK(host.tool("ask", "{}").status == HOB_DENIED);
  host.on_method = [](const hob::test::MethodCall& call) { return hob::test::MethodReply{.result = R"({"asked":)" + hob::test::quote(call.method) + "}"}; };
  CHECK(host.tool("ask", "{}").result == R"({"asked":"memory.search"})");
  CHECK(hob::test::text_member(host.methods.back().params, "q") == "x");
}
TEST_CASE("testkit: a plugin that refuses its config throws its own words") {
  CHECK_THROWS_WITH(Host(fixture({.config = R"({"mood":"bad"})"})), Catch::Contains("no bad moods"));
  Options none = fixture();
  none.file = "/nowhere.so";
  CHECK_THROWS(Host(none));
}
TEST_CASE("testkit: the little JSON reads what it is given") {
  using hob::test::member;
  const std::string json = R"({ "a" : [1, {"b":"x\u00e9\n\ud83c\udfb2"}] , "c":{"d":true},"e,}":" ]" })";
  CHECK(member(json, "a.0") == "1");
  CHECK(hob::test::text_member(json, "a.1.b") == "x\xc3\xa9\n\xf0\x9f\x8e\xb2");
  CHECK(member(json, "c.d") == "true");
  CHECK(hob::test::text_member(json, "e,}") == " ]");
  CHECK_FALSE(member(json, "none"));
  CHECK_FALSE(member("17", "a"));
  CHECK(hob::test::unquote(hob::test::quote("a\"\\\n\x01")) == "a\"\\\n\x01");
}
