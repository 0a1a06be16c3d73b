// What a script offers and how its calls run.
#include "plugins_lua/scripted_host.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace hobd;

TEST_CASE("a tool of ten lines describes itself and answers") {
  ScriptedHost host;
  REQUIRE(host.load(R"(
local hob = require "hob"
return hob.plugin { id = "test",
  tools = { hob.tool { name = "roll_die", doc = "Roll one die.", args = { sides = "integer?" },
    run = function(args) return { value = math.random(args.sides or 6) } end } } }
)").has_value());
  host.tools()->describe(host.plugin, 1);
  REQUIRE(host.answers[1].status == HOB_OK);
  REQUIRE(host.answers[1].result ==
          R"({"tools":[{"description":"Roll one die.","name":"roll_die","parameters":{"additionalProperties":false,"properties":{"sides":{"type":"integer"}},"required":[],"type":"object"}}]})");
  REQUIRE(host.call_tool("roll_die", R"({"sides":1})").result == R"({"value":1})");
}

TEST_CASE("each call is finished once, whatever the script does") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("saved = saved or call; if args.again then saved:emit('late') end return 1")).has_value());
  const Answer& first = host.call_tool("t");
  const Answer& second = host.call_tool("t", R"({"again":true})");
  REQUIRE(first.finishes == 1);
  REQUIRE(first.chunks.empty());
  REQUIRE(second.finishes == 1);
  REQUIRE(second.status == HOB_NOT_FOUND);
}

TEST_CASE("a runtime error becomes internal with its line, and the plugin goes on") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("if args.bad then return nil + 1 end return 'fine'")).has_value());
  const Answer& bad = host.call_tool("t", R"({"bad":true})");
  REQUIRE(bad.status == HOB_INTERNAL);
  REQUIRE(bad.result.starts_with("main.lua:3: attempt to perform arithmetic on a nil value"));
  REQUIRE(host.call_tool("t").result == "\"fine\"");
}

TEST_CASE("hob.error answers with its code, an error object of another kind with its type") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("if args.code then require('hob').error(args.code, 'no') end error(function() end)")).has_value());
  for (const char* code : {"not_found", "denied", "overloaded", "timeout"}) {
    const Answer& answer = host.call_tool("t", std::string(R"({"code":")") + code + "\"}");
    REQUIRE(code_name(code_from_number(answer.status)) == code);
    REQUIRE(answer.result == "no");
  }
  REQUIRE(host.call_tool("t").result == "the error is a function without a message");
  REQUIRE(host.call_tool("t", R"({"code":"nonsense"})").status == HOB_INTERNAL);
}

TEST_CASE("progress is streamed as UTF-8 and nothing else") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("call:emit('grüße'); call:emit('\\xff')")).has_value());
  const Answer& answer = host.call_tool("t");
  REQUIRE(answer.chunks == std::vector<std::string>{"grüße"});
  REQUIRE(answer.status == HOB_INVALID);
}

TEST_CASE("a full reader is an error that the script may handle") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("local ok, e = pcall(call.emit, call, 'x') return e.code")).has_value());
  host.emit_status = HOB_OVERLOADED;
  REQUIRE(host.call_tool("t").result == "\"overloaded\"");
}

TEST_CASE("results that are no JSON are invalid") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("return load('return ' .. args.code)()")).has_value());
  for (const char* code : {"'\\\\xff'", "0/0", "{[1]=1, a=2}", "print", "{[{}]=1}",
                           "(function() local t = {} t.t = t return t end)()",
                           "(function() local t = {} for i = 1, 60 do t = {t, t} end return t end)()"}) {
    const Answer& answer = host.call_tool("t", std::string(R"({"code":")") + code + "\"}");
    INFO(code << " " << answer.result);
    REQUIRE(answer.status == HOB_INVALID);
  }
  REQUIRE(host.call_tool("t", R"({"code":"nil"})").result == "null");
  REQUIRE(host.call_tool("t", R"({"code":"{4/2, 0.5, {}}"})").result == "[2,5E-1,{}]");
}

TEST_CASE("JSON keeps null and empty arrays, and refuses depth") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(
    local hob = require "hob"
    local v = hob.json.decode '{"a":[],"n":null,"b":{"c":[1,2.5,"x",true]},"big":9007199254740993}'
    assert(hob.json.is_array(v.a) and not hob.json.is_array(v.b) and v.n == hob.json.null and v.big == 9007199254740993)
    assert(not pcall(hob.json.decode, ('['):rep(100) .. (']'):rep(100)))
    assert(not pcall(hob.json.decode, '{} x'))
    return v.a)")).has_value());
  const Answer& answer = host.call_tool("t");
  INFO(answer.result);
  REQUIRE(answer.result == "[]");
}

TEST_CASE("an unknown tool, method or route is not found") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", tools = {}, methods = {}, routes = {} })").has_value());
  REQUIRE(host.call_tool("nope").status == HOB_NOT_FOUND);
  host.table<hob_ext_method>(HOB_EXT_METHOD)->invoke(host.plugin, 1, ScriptedHost::str("a.b"), ScriptedHost::str("{}"), ScriptedHost::str("{}"));
  REQUIRE(host.answers[1].status == HOB_NOT_FOUND);
  const std::string head = R"({"method":"GET","path":"/hooks/x","route":"/hooks/x","websocket":false})";
  host.table<hob_ext_routes>(HOB_EXT_ROUTES)->request(host.plugin, 2, ScriptedHost::str(head), {});
  REQUIRE(host.answers[2].status == HOB_NOT_FOUND);
}

TEST_CASE("only what the script defines is offered") {
  ScriptedHost host;
  REQUIRE(host.load("local hob = require 'hob' return hob.plugin { id = 'test' }").has_value());
  for (const char* id : {HOB_EXT_TOOL, HOB_EXT_PROVIDER, HOB_EXT_EMBEDDER, HOB_EXT_CHANNEL, HOB_EXT_ROUTES, HOB_EXT_METHOD, HOB_EXT_CONFIG, "hob.unknown/1"})
    REQUIRE(host.plugin->get_extension(host.plugin, id) == nullptr);
  REQUIRE(host.plugin->get_extension(host.plugin, HOB_EXT_OPERATION) != nullptr);
}

TEST_CASE("methods know who asks and stream events") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", methods = { ["weather.now"] = function(params, user, call)
  call:event { step = 1 }
  return { place = params.place, user = user.id }
end } })").has_value());
  host.table<hob_ext_method>(HOB_EXT_METHOD)->invoke(host.plugin, 1, ScriptedHost::str("weather.now"), ScriptedHost::str(R"({"place":"Rome"})"),
                                                     ScriptedHost::str(R"({"id":"u1"})"));
  REQUIRE(host.answers[1].chunks == std::vector<std::string>{R"({"step":1})"});
  REQUIRE(json::value(parse_json(host.answers[1].result).value()) == parse_json(R"({"place":"Rome","user":"u1"})").value());
}

TEST_CASE("vectors travel as little-endian float32, row by row") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", embedder = {
  describe = function() return { model = "m", dimension = 2, max_batch = 8 } end,
  embed = function(request) local rows = {} for i, text in ipairs(request.input) do rows[i] = { #text, 0.5 } end return rows end } })").has_value());
  host.table<hob_ext_embedder>(HOB_EXT_EMBEDDER)->embed(host.plugin, 1, ScriptedHost::str(R"({"input":["a","abc"],"purpose":"query"})"));
  REQUIRE(host.answers[1].result.size() == 16);
  float numbers[4];
  std::memcpy(numbers, host.answers[1].result.data(), 16);
  REQUIRE(std::vector<float>(numbers, numbers + 4) == std::vector<float>{1, 0.5, 3, 0.5});
}

TEST_CASE("a config is handed to activate and replaced only when configure takes it") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", configure = function(new) if new.bad then hob.error("invalid", "bad config") end end,
  tools = { hob.tool { name = "t", run = function() return hob.config.v end } } })", R"({"v":1})").has_value());
  const auto* config = host.table<hob_ext_config>(HOB_EXT_CONFIG);
  REQUIRE(host.call_tool("t").result == "1");
  config->configure(host.plugin, 1, ScriptedHost::str(R"({"v":2,"bad":true})"));
  REQUIRE(host.answers[1].status == HOB_INVALID);
  REQUIRE(host.call_tool("t").result == "1");
  config->configure(host.plugin, 2, ScriptedHost::str(R"({"v":3})"));
  REQUIRE(host.call_tool("t").result == "3");
}

TEST_CASE("an activate that fails says why in the log and gives its code") {
  ScriptedHost host;
  const auto failed = host.load("local hob = require 'hob' return hob.plugin { id = 'test', activate = function() hob.error('denied', 'no token') end }");
  REQUIRE(failed.error().code == Code::denied);
  REQUIRE(failed.error().message == "4 activate: no token");
}

TEST_CASE("waiting in activate is refused with the way out") {
  ScriptedHost host;
  const auto failed = host.load("local hob = require 'hob' return hob.plugin { id = 'test', activate = function() hob.sleep(1) end }");
  REQUIRE(failed.error().message.find("use hob.spawn or hob.after") != std::string::npos);
}

TEST_CASE("modules beside the script are required by name, once") {
  ScriptedHost host;
  host.write("helper.lua", "count = (count or 0) + 1 return { n = count }");
  REQUIRE(host.load("local hob = require 'hob' require 'helper' local h = require 'helper'\nreturn hob.plugin { id = 'test', tools = { hob.tool { name = 't', run = function() return h.n end } } }").has_value());
  REQUIRE(host.call_tool("t").result == "1");
}

TEST_CASE("a script that is no plugin is refused with a reason") {
  const std::pair<const char*, const char*> cases[] = {
      {"return hob.plugin {", "main.lua:1: "},
      {"local x = = 1", "main.lua:1: unexpected symbol near '='"},
      {"error 'early'", "main.lua:1: early"},
      {"return 5", "the script returned no plugin"},
      {"", "the script returned no plugin"},
      {"return require('hob').plugin { id = 'other' }", "the script's id is \"other\", plugin.json says \"test\""},
      {"return require('hob').plugin { id = 'test', tool = {} }", "hob.plugin: unknown member \"tool\""},
      {"return require('hob').plugin { id = 'test', tools = { {} } }", "hob.plugin: tools[1] is not made by hob.tool"},
      {"require('hob').tool { name = 't', args = { a = 'number', b = 'int' }, run = print }", "main.lua:1: hob.tool: t.args.b: \"int\""},
      {"require('hob').http.get('http://x')", "main.lua:1: waiting is not possible here"},
      {"\x1bLua", "attempt to load a binary chunk"}};
  for (const auto& [script, message] : cases) {
    ScriptedHost host;
    const auto loaded = host.load(script);
    REQUIRE(loaded.has_error());
    INFO(script << " -> " << loaded.error().message);
    REQUIRE(loaded.error().code == Code::invalid);
    REQUIRE(loaded.error().message.find(message) != std::string::npos);
    REQUIRE(host.plugin == nullptr);
  }
}
