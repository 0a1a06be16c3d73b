// test.lua: tests of a plugin written in Lua, over the same scripted host as hob/testkit.hpp. The test itself is the author's own
// code and runs with the whole standard library; the plugin under test runs as in the daemon.
//
//   local test = require "hob.test"
//   test.case("one side shows one", function()
//     local host = test.host { config = {}, http = { { status = 200, body = "..." } } }
//     local answer = host:tool("roll_die", { sides = 1 })     -- {status = "ok", result = {value = 1}, chunks = {}, text = "..."}
//     test.equal(answer.result.value, 1)
//   end)
#include "plugin_kit/project.hpp"
#include "plugin_kit/probe.hpp"

#include <fmt/format.h>
#include <lua.hpp>

#include <memory>

namespace hobd::kit {
using hob::test::Answer;

namespace {

void push_text(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

void push_json(lua_State* lua, const json::value& value) {
  luaL_checkstack(lua, 4, "nested too deeply");
  switch (value.kind()) {
    case json::kind::null: lua_pushnil(lua); break;
    case json::kind::bool_: lua_pushboolean(lua, value.get_bool()); break;
    case json::kind::int64: lua_pushinteger(lua, value.get_int64()); break;
    case json::kind::uint64: lua_pushnumber(lua, double(value.get_uint64())); break;
    case json::kind::double_: lua_pushnumber(lua, value.get_double()); break;
    case json::kind::string: push_text(lua, std::string_view(value.get_string())); break;
    case json::kind::array:
      lua_newtable(lua);
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        push_json(lua, value.get_array()[i]);
        lua_rawseti(lua, -2, lua_Integer(i + 1));
      }
      break;
    case json::kind::object:
      lua_newtable(lua);
      for (const auto& [name, member] : value.get_object()) {
        push_text(lua, std::string_view(name));
        push_json(lua, member);
        lua_rawset(lua, -3);
      }
  }
}

/// A table with [1] is an array, every other an object.
json::value read_json(lua_State* lua, int index, int depth = 0) {
  if (depth > 50) luaL_error(lua, "a table is nested too deeply for JSON");
  index = lua_absindex(lua, index);
  switch (lua_type(lua, index)) {
    case LUA_TBOOLEAN: return lua_toboolean(lua, index) != 0;
    case LUA_TNUMBER:
      if (lua_isinteger(lua, index)) return std::int64_t(lua_tointeger(lua, index));
      return lua_tonumber(lua, index);
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(lua, index, &size);
      return json::value(json::string(std::string_view(text, size)));
    }
    case LUA_TTABLE: break;
    default: return nullptr;
  }
  if (const lua_Integer count = luaL_len(lua, index); count > 0) {
    json::array list;
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(lua, index, i);
      list.push_back(read_json(lua, -1, depth + 1));
      lua_pop(lua, 1);
    }
    return list;
  }
  json::object object;
  for (lua_pushnil(lua); lua_next(lua, index) != 0; lua_pop(lua, 1))
    if (lua_type(lua, -2) == LUA_TSTRING) object[std::string_view(lua_tostring(lua, -2))] = read_json(lua, -1, depth + 1);
  return object;
}

/// A text as it is, a table as JSON, nothing as {}.
std::string json_argument(lua_State* lua, int index) {
  if (lua_isnoneornil(lua, index)) return "{}";
  if (lua_type(lua, index) == LUA_TSTRING) return lua_tostring(lua, index);
  return json::serialize(read_json(lua, index));
}

hob::test::HttpReply reply_of(const json::object& entry) {
  hob::test::HttpReply reply;
  reply.status = int(int_or(entry, "status", 200));
  if (const json::object* headers = object_at(entry, "headers")) reply.headers = json::serialize(*headers);
  if (const json::value* body = entry.if_contains("body")) reply.body = body->is_string() ? std::string(std::string_view(body->get_string())) : json::serialize(*body);
  reply.hangs = bool_or(entry, "hangs");
  if (entry.contains("error")) {
    reply.status = 0;
    reply.end = hob_status(code_from_name(string_or(entry, "error")));
    reply.error = "as the test says";
  }
  return reply;
}

Bench& bench_of(lua_State* lua) { return **static_cast<std::unique_ptr<Bench>*>(luaL_checkudata(lua, 1, "hob.test.host")); }

/// {status, result, text, chunks}: result is the parsed JSON of a good answer, text the bytes of any.
int push_answer(lua_State* lua, const Answer& answer) {
  lua_newtable(lua);
  if (answer.done) {
    push_text(lua, status_name(answer.status));
    lua_setfield(lua, -2, "status");
    if (const auto parsed = parse_json(answer.result); answer.status == HOB_OK && parsed) {
      push_json(lua, *parsed);
      lua_setfield(lua, -2, "result");
    }
  }
  push_text(lua, answer.result);
  lua_setfield(lua, -2, "text");
  lua_newtable(lua);
  for (std::size_t i = 0; i < answer.chunks.size(); ++i) {
    const auto parsed = parse_json(answer.chunks[i]);
    if (parsed && parsed->is_object()) push_json(lua, *parsed);
    else push_text(lua, answer.chunks[i]);
    lua_rawseti(lua, -2, lua_Integer(i + 1));
  }
  lua_setfield(lua, -2, "chunks");
  return 1;
}

/// The answer of a kind of call that the plugin must offer.
template <class Call>
int answered(lua_State* lua, Call call) {
  Bench& bench = bench_of(lua);
  std::string fault;
  try {
    return push_answer(lua, call(bench.host));
  } catch (const std::exception& e) {
    fault = e.what();
  }
  return luaL_error(lua, "%s", fault.c_str());
}

int host_tool(lua_State* lua) {
  const std::string name = luaL_checkstring(lua, 2), arguments = json_argument(lua, 3), context = json_argument(lua, 4);
  return answered(lua, [&](hob::test::Host& host) -> const Answer& { return host.tool(name, arguments, context); });
}
int host_complete(lua_State* lua) {
  const std::string chat = json_argument(lua, 2);
  return answered(lua, [&](hob::test::Host& host) -> const Answer& { return host.complete(chat); });
}
int host_models(lua_State* lua) {
  return answered(lua, [](hob::test::Host& host) -> const Answer& { return host.models(); });
}
int host_embedder(lua_State* lua) {
  return answered(lua, [](hob::test::Host& host) -> const Answer& { return host.embedder(); });
}
int host_embed(lua_State* lua) {
  const std::string request = json_argument(lua, 2);
  return answered(lua, [&](hob::test::Host& host) -> const Answer& { return host.embed(request); });
}
int host_send(lua_State* lua) {
  const std::string message = json_argument(lua, 2);
  return answered(lua, [&](hob::test::Host& host) -> const Answer& { return host.send(message); });
}
int host_start(lua_State* lua) {
  return answered(lua, [](hob::test::Host& host) -> const Answer& { return host.start_channel(); });
}
int host_stop(lua_State* lua) {
  return answered(lua, [](hob::test::Host& host) -> const Answer& { return host.stop_channel(); });
}
/// host:route("POST /hooks/{name}", {path =, params =, query =, headers =, body = text or table})
int host_route(lua_State* lua) {
  const std::string_view pattern = luaL_checkstring(lua, 2);
  json::object more;
  if (lua_istable(lua, 3)) more = read_json(lua, 3).get_object();
  const std::size_t space = pattern.find(' ');
  if (space == std::string_view::npos) return luaL_error(lua, "route: write \"POST /hooks/{name}\"");
  const std::string_view route = pattern.substr(space + 1);
  json::object head{{"id", "r1"}, {"method", pattern.substr(0, space)}, {"path", route}, {"route", route}, {"params", json::object{}}, {"query", json::object{}},
                    {"headers", json::object{}}, {"remote", "127.0.0.1"}, {"websocket", false}};
  for (const char* member : {"path", "params", "query", "headers", "user"})
    if (const json::value* value = more.if_contains(member)) head[member] = *value;
  const json::value* body = more.if_contains("body");
  const std::string bytes = !body ? "" : body->is_string() ? std::string(std::string_view(body->get_string())) : json::serialize(*body);
  return answered(lua, [&](hob::test::Host& host) -> const Answer& { return host.route(json::serialize(head), bytes); });
}
int host_method(lua_State* lua) {
  const std::string name = luaL_checkstring(lua, 2), params = json_argument(lua, 3);
  return answered(lua, [&](hob::test::Host& host) -> const Answer& { return host.method(name, params); });
}
/// host:answer{status =, headers =, body =}: what the next HTTP request gets.
int host_answer(lua_State* lua) {
  luaL_checktype(lua, 2, LUA_TTABLE);
  bench_of(lua).host.http.push_back(reply_of(read_json(lua, 2).get_object()));
  return 0;
}
int host_advance(lua_State* lua) {
  bench_of(lua).host.advance(std::chrono::milliseconds(luaL_checkinteger(lua, 2)));
  return 0;
}
/// host:requests(): {{method, url, body, head}}
int host_requests(lua_State* lua) {
  lua_newtable(lua);
  lua_Integer at = 0;
  for (const hob::test::HttpRequest& one : bench_of(lua).host.requests) {
    lua_newtable(lua);
    push_text(lua, one.method);
    lua_setfield(lua, -2, "method");
    push_text(lua, one.url);
    lua_setfield(lua, -2, "url");
    push_text(lua, one.body);
    lua_setfield(lua, -2, "body");
    if (const auto head = parse_json(one.head)) {
      push_json(lua, *head);
      lua_setfield(lua, -2, "head");
    }
    lua_rawseti(lua, -2, ++at);
  }
  return 1;
}
int host_delivered(lua_State* lua) {
  lua_newtable(lua);
  lua_Integer at = 0;
  for (const std::string& event : bench_of(lua).host.delivered) {
    push_json(lua, parse_json(event).value());
    lua_rawseti(lua, -2, ++at);
  }
  return 1;
}
int host_log(lua_State* lua) {
  lua_newtable(lua);
  lua_Integer at = 0;
  for (const hob::test::LogLine& line : bench_of(lua).host.log) {
    push_text(lua, line.text);
    lua_rawseti(lua, -2, ++at);
  }
  return 1;
}
int host_gc(lua_State* lua) {
  static_cast<std::unique_ptr<Bench>*>(luaL_checkudata(lua, 1, "hob.test.host"))->reset();
  return 0;
}

/// test.host{config =, http = {...}, kv = {...}, secrets = {...}}: the plugin of this folder, activated.
int make_host(lua_State* lua) {
  const auto* subject = static_cast<const Subject*>(lua_touserdata(lua, lua_upvalueindex(1)));
  json::object options;
  if (lua_istable(lua, 1)) options = read_json(lua, 1).get_object();
  hob::test::Options made = Bench::options_for(*subject);
  if (const json::value* config = options.if_contains("config")) made.config = json::serialize(*config);
  if (const json::object* secrets = object_at(options, "secrets"))
    for (const auto& [name, value] : *secrets) made.secrets[std::string(name)] = std::string(string_or(*secrets, name));
  std::string fault;
  {
    auto bench = std::make_unique<Bench>(*subject, std::move(made));
    if (const json::array* replies = array_at(options, "http"))
      for (const json::value& one : *replies)
        if (one.is_object()) bench->host.http.push_back(reply_of(one.get_object()));
    if (const json::object* kv = object_at(options, "kv"))
      for (const auto& [name, value] : *kv) bench->host.kv[std::string(name)] = std::string(string_or(*kv, name));
    const auto started = bench->start();
    if (started.has_error()) fault = started.error().message;
    else new (lua_newuserdatauv(lua, sizeof(std::unique_ptr<Bench>), 0)) std::unique_ptr<Bench>(std::move(bench));
  }
  if (!fault.empty()) return luaL_error(lua, "%s", fault.c_str());
  luaL_setmetatable(lua, "hob.test.host");
  return 1;
}

constexpr luaL_Reg kHost[] = {{"tool", host_tool}, {"complete", host_complete}, {"models", host_models}, {"embedder", host_embedder}, {"embed", host_embed},
                              {"send", host_send}, {"start", host_start}, {"stop", host_stop}, {"route", host_route}, {"method", host_method},
                              {"answer", host_answer}, {"advance", host_advance}, {"requests", host_requests}, {"delivered", host_delivered},
                              {"log", host_log}, {nullptr, nullptr}};

constexpr const char* kModule = R"lua(
local make_host = ...
local test = { host = make_host, cases = {} }

function test.case(name, body) test.cases[#test.cases + 1] = { name = name, body = body } end

local function shown(value, depth)
  if type(value) ~= "table" then return type(value) == "string" and string.format("%q", value) or tostring(value) end
  if (depth or 0) > 4 then return "{...}" end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do parts[#parts + 1] = tostring(key) .. " = " .. shown(value[key], (depth or 0) + 1) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

function test.equal(got, wanted) if not same(got, wanted) then error(shown(got) .. " is not " .. shown(wanted), 2) end end
function test.check(holds, words) if not holds then error(words or "does not hold", 2) end end

function test.run()
  local failed = 0
  for _, case in ipairs(test.cases) do
    local ok, reason = xpcall(case.body, function(e) return type(e) == "string" and e or shown(e) end)
    if not ok then failed = failed + 1 end
    print((ok and "pass  " or "FAIL  ") .. case.name .. (ok and "" or "\n" .. reason))
  end
  print(#test.cases - failed .. " passed, " .. failed .. " failed")
  return failed == 0 and #test.cases > 0
end
return test
)lua";

}  // namespace

int run_lua_tests(const Subject& subject, const std::filesystem::path& script) {
  const std::unique_ptr<lua_State, decltype(&lua_close)> state(luaL_newstate(), &lua_close);
  lua_State* lua = state.get();
  luaL_openlibs(lua);
  luaL_newmetatable(lua, "hob.test.host");
  luaL_newlib(lua, kHost);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, host_gc);
  lua_setfield(lua, -2, "__gc");
  lua_pop(lua, 1);
  luaL_loadstring(lua, kModule);
  lua_pushlightuserdata(lua, const_cast<Subject*>(&subject));
  lua_pushcclosure(lua, make_host, 1);
  lua_call(lua, 1, 1);
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(lua, -2);
  lua_setfield(lua, -2, "hob.test");
  lua_pop(lua, 1);
  const int module = lua_gettop(lua);
  if (luaL_dofile(lua, script.c_str()) != LUA_OK) {
    fmt::print(stderr, "{}\n", lua_tostring(lua, -1));
    return 1;
  }
  lua_getfield(lua, module, "run");
  if (lua_pcall(lua, 0, 1, 0) != LUA_OK) {
    fmt::print(stderr, "{}\n", lua_tostring(lua, -1));
    return 1;
  }
  std::fflush(nullptr);
  return lua_toboolean(lua, -1) != 0 ? 0 : 1;
}

}  // namespace hobd::kit
