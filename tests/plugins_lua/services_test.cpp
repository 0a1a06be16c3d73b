// Host services that read as if they blocked.
#include "plugins_lua/scripted_host.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

void respond(ScriptedHost& host, hob_id operation, const std::string& head, std::vector<std::string> pieces, const std::string& body = {}) {
  host.event(operation, HOB_EVENT_HEAD, head);
  for (std::string& piece : pieces) host.event(operation, HOB_EVENT_DATA, piece);
  host.result(operation, HOB_OK, body);
}

}  // namespace

TEST_CASE("an HTTP request suspends the call and gives the response") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local r = require("hob").http.post("http://x/y", { json = { a = 1 }, headers = { k = "v" } })
    return { r.status, r.headers.h, r:json().b, r:ok() })")).has_value());
  const hob_id call = host.invoke("t");
  REQUIRE(host.answers[call].finishes == 0);
  REQUIRE(host.requests.at(0).request == R"({"headers":{"content-type":"application/json","k":"v"},"method":"POST","mode":"whole","url":"http://x/y"})");
  REQUIRE(host.requests[0].body == R"({"a":1})");
  respond(host, host.requests[0].operation, R"({"status":201,"headers":{"h":"w"},"url":"http://x/y"})", {}, R"({"b":2})");
  host.run();
  REQUIRE(host.answers[call].result == R"([201,"w",2,true])");
}

TEST_CASE("a failed operation raises its code and words, which a script may catch") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" if args.catch then local ok, e = pcall(hob.http.get, "http://x") return e.code end
    hob.http.get("http://x"))")).has_value());
  host.on_http = [&](ScriptedHost::Request& request) { host.result(request.operation, HOB_UNAVAILABLE, "connect x: refused"); };
  REQUIRE(host.call_tool("t").status == HOB_UNAVAILABLE);
  REQUIRE(host.call_tool("t").result == "connect x: refused");
  REQUIRE(host.call_tool("t", R"({"catch":true})").result == "\"unavailable\"");
}

TEST_CASE("a service that was not granted is denied with the line to add") {
  ScriptedHost host;
  host.withheld = {HOB_HOST_HTTP, HOB_HOST_KV, HOB_HOST_METHOD, HOB_HOST_SECRET, HOB_HOST_CHANNEL};
  REQUIRE(host.load(tool_script("local hob = require 'hob' load('local hob = ... ' .. args.code)(hob)")).has_value());
  for (const char* code : {"hob.http.get('http://x')", "hob.kv.get('k')", "hob.method('a.b')", "hob.secret('key')", "hob.deliver({})"}) {
    const Answer& answer = host.call_tool("t", json::serialize(json::object{{"code", code}}));
    INFO(code << " " << answer.result);
    REQUIRE(answer.status == HOB_DENIED);
  }
}

TEST_CASE("server-sent events and lines come one by one, and leaving the loop ends the request") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local seen = hob.json.array()
    for event in hob.http.sse { url = "http://x" } do seen[#seen + 1] = event.event .. "=" .. event.data if event.data == "stop" then break end end
    return seen)")).has_value());
  const hob_id call = host.invoke("t");
  const hob_id operation = host.requests.at(0).operation;
  host.event(operation, HOB_EVENT_HEAD, R"({"status":200,"headers":{}})");
  host.event(operation, HOB_EVENT_DATA, "message\none\ntwo");
  host.event(operation, HOB_EVENT_DATA, "message\nstop");
  host.run();
  REQUIRE(host.answers[call].result == R"(["message=one\ntwo","message=stop"])");
  REQUIRE(host.requests[0].cancelled);
}

TEST_CASE("plain JSON in answer to a request for server-sent events is one whole event") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local seen = hob.json.array()
    for event in hob.http.sse { url = "http://x" } do seen[#seen + 1] = event.event .. "=" .. event.data end
    return seen)")).has_value());
  const hob_id call = host.invoke("t");
  const hob_id operation = host.requests.at(0).operation;
  host.event(operation, HOB_EVENT_HEAD, R"({"status":200,"headers":{}})");
  host.result(operation, HOB_OK, "{\"a\":1}");
  host.run();
  REQUIRE(host.answers[call].result == R"(["whole={\"a\":1}"])");
}

TEST_CASE("lines are put together from any pieces") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local seen = hob.json.array()
    for line in hob.http.lines { url = "http://x" } do seen[#seen + 1] = line end return seen)")).has_value());
  host.on_http = [&](ScriptedHost::Request& request) {
    respond(host, request.operation, R"({"status":200,"headers":{}})", {"a", "b\r\n\nc", "\nde", "f"});
  };
  REQUIRE(host.call_tool("t").result == R"(["ab","c","def"])");
}

TEST_CASE("kv reads, writes, removes and lists") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local kv = require("hob").kv
    local none = kv.get("a") kv.set("a", "\0\xff") kv.set("b", "2") local keys = kv.list() kv.remove("b")
    return { none == nil, #kv.get("a"), keys, kv.get("b") == nil })")).has_value());
  REQUIRE(host.call_tool("t").result == R"([true,2,["a","b"],true])");
}

TEST_CASE("methods, secrets, deliver, time and log reach the host") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local events = 0
    local r = hob.method("memory.search", { q = "x" }, { as = call, on_event = function() events = events + 1 end })
    local d = hob.deliver { id = "1", sender = { id = "s" }, text = "hi" }
    hob.log.warn("careful", 5) print("plain")
    local ok, e = pcall(hob.secret, "other")
    return { r.found, events, d.accepted, hob.secret "key", e.code, hob.now(), hob.equal("a", "a"), hob.equal("a", "b") })")).has_value());
  host.on_method = [&](ScriptedHost::Request& request) {
    host.event(request.operation, HOB_EVENT_DATA, "{}");
    host.result(request.operation, HOB_OK, R"({"found":7})");
  };
  REQUIRE(host.call_tool("t").result == R"([7,1,true,"s3cret","denied",1.8000000005E9,true,false])");
  REQUIRE(host.methods[0].request == R"(memory.search {"q":"x"})");
  REQUIRE(host.methods[0].body == R"({"as_call":101})");
  REQUIRE(host.logs == std::vector<std::string>{"3 careful 5", "2 plain"});
}

TEST_CASE("a sleep waits for its timer") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("require('hob').sleep(250) return 'woke'")).has_value());
  const hob_id call = host.invoke("t");
  host.run();
  REQUIRE(host.answers[call].finishes == 0);
  REQUIRE(host.timers.begin()->second == std::pair<std::uint64_t, std::uint64_t>(250, 0));
  host.fire(host.timers.begin()->first);
  host.run();
  REQUIRE(host.answers[call].result == "\"woke\"");
}

TEST_CASE("timers call back, repeat, stop, may wait and report their errors") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
local count, timer = 0
return hob.plugin { id = "test", activate = function()
    timer = hob.every(1000, function() count = count + 1 hob.kv.set("count", tostring(count)) if count == 2 then timer:stop() end end)
    hob.after(5, function() error("late trouble") end)
  end })").has_value());
  REQUIRE(host.timers.size() == 2);
  const hob_id every = host.timers.begin()->first, once = host.timers.rbegin()->first;
  host.fire(every);
  host.fire(once);
  host.run();
  REQUIRE(host.store["count"] == "1");
  REQUIRE(host.logs == std::vector<std::string>{"4 main.lua:5: late trouble"});
  host.fire(every);
  host.run();
  REQUIRE(host.store["count"] == "2");
  REQUIRE_FALSE(host.timers.contains(every));
  host.fire(every);
  host.run();
  REQUIRE(host.store["count"] == "2");
}

TEST_CASE("a repeating timer skips a turn while it runs, and goes on after one that was stopped") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob" local turns = 0
return hob.plugin { id = "test", activate = function() hob.every(10, function()
    turns = turns + 1
    if turns == 1 then while true do end end
    if turns == 2 then hob.sleep(5) end
    hob.log.info("turn", turns)
  end) end })", "{}", {.memory = 8u << 20, .slice = std::chrono::milliseconds(40)}).has_value());
  const hob_id every = host.timers.begin()->first;
  host.fire(every);
  host.fire(every);
  host.fire(every);
  host.run();
  REQUIRE(host.logs == std::vector<std::string>{"4 main.lua:4: ran for more than 40 ms without waiting"});
  host.fire(host.timers.rbegin()->first);
  host.fire(every);
  host.run();
  REQUIRE(host.logs.size() == 3);
  REQUIRE(host.logs.back() == "2 turn 3");
}

TEST_CASE("cancel() makes a pending wait raise cancelled and ends the operation") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local ok, e = pcall(hob.http.get, "http://x") cleaned = e.code error(e))")).has_value());
  const hob_id call = host.invoke("t");
  host.plugin->cancel(host.plugin, call);
  host.run();
  REQUIRE(host.answers[call].status == HOB_CANCELLED);
  REQUIRE(host.answers[call].finishes == 1);
  REQUIRE(host.requests[0].cancelled);
  host.plugin->cancel(host.plugin, call);
  host.plugin->cancel(host.plugin, 99999);
  REQUIRE(host.answers[call].finishes == 1);
}

TEST_CASE("a wait inside the script's own coroutines suspends the whole call") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob"
    local function numbers() return coroutine.wrap(function() for i = 1, 3 do hob.sleep(1) coroutine.yield(i) end end) end
    local seen = hob.json.array()
    for n in numbers() do
      local co = coroutine.create(function() return pcall(function() hob.sleep(1) return n * 10 end) end)
      local ok, inner, value = coroutine.resume(co) seen[#seen + 1] = ok and inner and value
    end
    return seen)")).has_value());
  const hob_id call = host.invoke("t");
  for (int i = 0; i < 20 && !host.timers.empty() && host.answers[call].finishes == 0; ++i) {
    const hob_id timer = host.timers.begin()->first;
    host.timers.erase(timer);
    host.fire(timer);
    host.run();
  }
  REQUIRE(host.answers[call].result == "[10,20,30]");
}

TEST_CASE("a thousand calls wait at once and each gets its own answer") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("local r = require('hob').http.get('http://x/' .. args.n) return r.body")).has_value());
  std::vector<hob_id> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(host.invoke("t", "{\"n\":" + std::to_string(i) + "}"));
  REQUIRE(host.requests.size() == 1000);
  for (int i = 999; i >= 0; --i) respond(host, host.requests[std::size_t(i)].operation, R"({"status":200,"headers":{}})", {}, std::to_string(i));
  host.run();
  for (int i = 0; i < 1000; ++i) REQUIRE(host.answers[calls[std::size_t(i)]].result == "\"" + std::to_string(i) + "\"");
}

TEST_CASE("a spawned task runs beside its call; yielding to nobody is an error") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("local hob = require 'hob' hob.spawn(function() hob.kv.set('done', '1') end) if args.bad then coroutine.yield() end return 1")).has_value());
  REQUIRE(host.call_tool("t").result == "1");
  REQUIRE(host.store["done"] == "1");
  REQUIRE(host.call_tool("t", R"({"bad":true})").status == HOB_INTERNAL);
}

TEST_CASE("a WebSocket client sends, receives and closes") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local ws = hob.websocket.connect { url = "wss://x" }
    ws:send("hello") local text, kind = ws:receive() local bin, kind2 = ws:receive() ws:close(1000, "bye") local none, why = ws:receive()
    return { text, kind, bin, kind2, none == nil, why, (pcall(ws.send, ws, "x")) })")).has_value());
  host.on_socket = [&](ScriptedHost::Request& request) {
    host.event(request.operation, HOB_EVENT_HEAD, R"({"status":101,"headers":{}})");
    host.event(request.operation, HOB_EVENT_DATA, "one");
    host.event(request.operation, HOB_EVENT_BINARY, "two");
  };
  REQUIRE(host.call_tool("t").result == R"(["one","text","two","binary",true,"closed",false])");
  REQUIRE(host.sent == std::vector<std::string>{"hello"});
}

TEST_CASE("routes answer JSON, text, bytes and streams") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", routes = {
  ["POST /hooks/{name}"] = function(req) return { status = 201, headers = { a = "b" }, body = { name = req.params.name, got = req:json().x } } end,
  ["GET /hooks/text"] = function() return "plain" end,
  ["GET /hooks/bytes"] = function() return { body = "\xff\0" } end,
  ["GET /hooks/stream"] = function(req, out) out:start { status = 202 } out:write("a") out:write("b") end,
  ["GET /hooks/none"] = function() end } })").has_value());
  const auto request = [&](hob_id id, const std::string& method, const std::string& route, const std::string& body = {}) -> Answer& {
    const std::string head = json::serialize(json::object{{"method", method}, {"path", route}, {"route", route}, {"params", {{"name", "n"}}}, {"websocket", false}});
    host.table<hob_ext_routes>(HOB_EXT_ROUTES)->request(host.plugin, id, ScriptedHost::str(head), ScriptedHost::str(body));
    return host.answers[id];
  };
  REQUIRE(request(1, "POST", "/hooks/{name}", R"({"x":1})").result == R"({"body":{"got":1,"name":"n"},"headers":{"a":"b"},"status":201})");
  REQUIRE(request(2, "POST", "/hooks/{name}", "no json").status == HOB_INVALID);
  REQUIRE(request(3, "GET", "/hooks/text").result == R"({"body":"plain","headers":{},"status":200})");
  REQUIRE(request(4, "GET", "/hooks/bytes").chunks == std::vector<std::string>{R"({"headers":{},"status":200})", std::string("\xff\0", 2)});
  REQUIRE(request(5, "GET", "/hooks/stream").chunks == std::vector<std::string>{R"({"headers":{},"status":202})", "a", "b"});
  REQUIRE(request(6, "GET", "/hooks/none").result == R"({"body":"","headers":{},"status":204})");
}

TEST_CASE("a WebSocket route echoes until the client goes") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", websockets = { ["/hooks/echo"] = function(peer)
  while true do local text = peer:receive() if not text then return end peer:send("echo " .. text) end end } })").has_value());
  const auto* routes = host.table<hob_ext_routes>(HOB_EXT_ROUTES);
  routes->request(host.plugin, 1, ScriptedHost::str(R"({"method":"GET","path":"/hooks/echo","route":"/hooks/echo","websocket":true})"), {});
  routes->message(host.plugin, 1, 1, ScriptedHost::str("a"));
  routes->message(host.plugin, 1, 1, ScriptedHost::str("b"));
  REQUIRE(host.answers[1].finishes == 0);
  host.plugin->cancel(host.plugin, 1);
  routes->message(host.plugin, 1, 1, ScriptedHost::str("late"));
  REQUIRE(host.answers[1].chunks == std::vector<std::string>{R"({"status":101})", "echo a", "echo b"});
  REQUIRE(host.answers[1].finishes == 1);
}

TEST_CASE("an answer that nobody reads is bounded") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob"
    local next_piece = hob.http.stream { url = "http://x" } hob.sleep(1000) local n = 0
    local ok, e = pcall(function() for piece in next_piece do n = n + 1 end end) return { n, e.code })")).has_value());
  const hob_id call = host.invoke("t");
  const hob_id operation = host.requests.at(0).operation;
  host.event(operation, HOB_EVENT_HEAD, R"({"status":200,"headers":{}})");
  for (int i = 0; i < 20; ++i) host.event(operation, HOB_EVENT_DATA, std::string(1 << 20, 'x'));
  host.run();
  REQUIRE(host.requests[0].cancelled);
  host.fire(host.timers.begin()->first);
  host.run();
  REQUIRE(host.answers[call].result == R"([7,"overloaded"])");
}
