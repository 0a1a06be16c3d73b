// The functions that the prelude is written with. Those that start a host operation return its id, or nil, a
// code and a message; await() gives the answers. The prelude makes errors of them.
#include "base/text.hpp"
#include "plugins/lua_json.hpp"
#include "plugins/lua_plugin.hpp"
#include "plugins/lua_sandbox.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace hobd {
namespace {

using Source = LuaMailbox::Source;

LuaPlugin& plugin_of(lua_State* lua) { return *static_cast<LuaPlugin*>(lua_touserdata(lua, lua_upvalueindex(1))); }

hob_id id_argument(lua_State* lua, int index) { return static_cast<hob_id>(luaL_checkinteger(lua, index)); }

int refuse(lua_State* lua, Code code, std::string_view message) {
  lua_pushnil(lua);
  const std::string_view name = code_name(code);
  lua_pushlstring(lua, name.data(), name.size());
  lua_pushlstring(lua, message.data(), message.size());
  return 3;
}

int push_status(lua_State* lua, hob_status status) {
  const std::string_view name = code_name(code_from_number(status));
  lua_pushlstring(lua, name.data(), name.size());
  return 1;
}

/// Raises an error with the position of the script's own code, which called the prelude.
int raise_at_script(lua_State* lua, const char* message) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(lua, level, &frame); ++level) {
    lua_getinfo(lua, "Sl", &frame);
    if (frame.currentline > 0 && std::strcmp(frame.source, "=hob") != 0)
      return luaL_error(lua, "%s:%d: %s", frame.short_src, frame.currentline, message);
  }
  return luaL_error(lua, "%s", message);
}

/// Opens a mailbox and starts the operation with its id.
template <class Table, class Start>
int operate(lua_State* lua, Source source, const Table* table, const char* permission, Start start) {
  if (!table) return refuse(lua, Code::denied, permission);
  const hob_id id = plugin_of(lua).open_mailbox(source);
  if (id == 0) return refuse(lua, Code::overloaded, "too many operations in flight");
  start(plugin_of(lua).host().host, id);
  lua_pushinteger(lua, static_cast<lua_Integer>(id));
  return 1;
}

/// The line of the manifest that a refusal names. A plain buffer: the error is raised over this frame.
struct Line {
  char text[400];
};

/// `request` is JSON whose url holds the host.
Line http_line(hob_str request) {
  const std::string_view text(request.data, request.size);
  const std::size_t scheme = text.find("://");
  std::string_view host = scheme == std::string_view::npos ? std::string_view{} : text.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#:@\"\\$ "));
  if (host.empty() || host.size() > 253) host = "the host";
  Line line;
  std::snprintf(line.text, sizeof line.text, "not granted: add \"permissions\": {\"http\": [\"%.*s\"]} to plugin.json",
                int(host.size()), host.data());
  return line;
}

int core_http(lua_State* lua) {
  const hob_str request = to_hob(text_argument(lua, 1)), body = to_hob(text_argument(lua, 2));
  const auto* http = plugin_of(lua).host().http;
  const Line line = http_line(request);
  return operate(lua, Source::http, http, line.text,
                 [&](const hob_host* host, hob_id id) { http->request(host, id, request, body); });
}

int core_kv(lua_State* lua) {
  const std::string_view verb = text_argument(lua, 1);
  const hob_str first = to_hob(text_argument(lua, 2)), second = to_hob(text_argument(lua, 3));
  const auto* kv = plugin_of(lua).host().kv;
  return operate(lua, Source::operation, kv, "not granted: add \"permissions\": {\"kv\": \"1MiB\"} to plugin.json",
                 [&](const hob_host* host, hob_id id) {
                   if (verb == "get") kv->get(host, id, first);
                   else if (verb == "set") kv->set(host, id, first, second);
                   else if (verb == "remove") kv->remove(host, id, first);
                   else kv->list(host, id, first, second);
                 });
}

int core_method(lua_State* lua) {
  const hob_str name = to_hob(text_argument(lua, 1)), params = to_hob(text_argument(lua, 2));
  const hob_str options = to_hob(text_argument(lua, 3));
  const auto* method = plugin_of(lua).host().method;
  return operate(lua, Source::method, method,
                 "not granted: add \"permissions\": {\"methods\": [\"the scope\"]} to plugin.json",
                 [&](const hob_host* host, hob_id id) { method->invoke(host, id, name, params, options); });
}

int core_secret(lua_State* lua) {
  const hob_str name = to_hob(text_argument(lua, 1));
  const auto* secret = plugin_of(lua).host().secret;
  Line line;
  std::snprintf(line.text, sizeof line.text, "not granted: add \"permissions\": {\"secrets.read\": [\"%.*s\"]} to plugin.json",
                int(std::min<std::size_t>(name.size, 200)), name.data);
  return operate(lua, Source::operation, secret, line.text,
                 [&](const hob_host* host, hob_id id) { secret->read(host, id, name); });
}

int core_deliver(lua_State* lua) {
  const hob_str event = to_hob(text_argument(lua, 1));
  const auto* channel = plugin_of(lua).host().channel;
  return operate(lua, Source::operation, channel, "only a plugin of kind \"channel\" can deliver messages",
                 [&](const hob_host* host, hob_id id) { channel->deliver(host, id, event); });
}

int core_sleep(lua_State* lua) {
  const auto delay = static_cast<std::uint64_t>(luaL_checkinteger(lua, 1));
  const auto* timer = plugin_of(lua).host().timer;
  hob_status status = HOB_OK;
  const int results = operate(lua, Source::timer, timer, "this host has no timers", [&](const hob_host* host, hob_id id) {
    status = timer->start(host, id, delay, 0);
    if (status != HOB_OK) plugin_of(lua).erase_mailbox(id);
  });
  return status == HOB_OK ? results : refuse(lua, code_from_number(status), "a timer could not be started");
}

/// A timer that calls back: its id has no mailbox, see LuaPlugin::fire.
int core_timer(lua_State* lua) {
  const auto delay = static_cast<std::uint64_t>(luaL_checkinteger(lua, 1));
  const auto repeat = static_cast<std::uint64_t>(luaL_checkinteger(lua, 2));
  LuaPlugin& plugin = plugin_of(lua);
  if (!plugin.host().timer) return refuse(lua, Code::unsupported, "this host has no timers");
  const hob_id id = plugin.next_id();
  const hob_status status = plugin.host().timer->start(plugin.host().host, id, delay, repeat);
  if (status != HOB_OK) return refuse(lua, code_from_number(status), "a timer could not be started");
  lua_pushinteger(lua, static_cast<lua_Integer>(id));
  return 1;
}

int core_timer_stop(lua_State* lua) {
  const LuaHost& host = plugin_of(lua).host();
  if (host.timer) host.timer->stop(host.host, id_argument(lua, 1));
  return 0;
}

int core_websocket_open(lua_State* lua) {
  const hob_str request = to_hob(text_argument(lua, 1));
  const auto* websocket = plugin_of(lua).host().websocket;
  const Line line = http_line(request);
  return operate(lua, Source::websocket, websocket, line.text,
                 [&](const hob_host* host, hob_id id) { websocket->open(host, id, request); });
}

int core_websocket_send(lua_State* lua) {
  const hob_id id = id_argument(lua, 1);
  const hob_str data = to_hob(text_argument(lua, 2));
  const LuaMailbox* box = plugin_of(lua).mailbox(id);
  if (!box || box->ended) return push_status(lua, HOB_NOT_FOUND);
  const LuaHost& host = plugin_of(lua).host();
  return push_status(lua, host.websocket->send(host.host, id, lua_toboolean(lua, 3), data));
}

int core_websocket_close(lua_State* lua) {
  const hob_id id = id_argument(lua, 1);
  const LuaMailbox* box = plugin_of(lua).mailbox(id);
  if (!box || box->ended) return 0;
  const LuaHost& host = plugin_of(lua).host();
  host.websocket->close(host.host, id, static_cast<std::int32_t>(luaL_checkinteger(lua, 2)), to_hob(text_argument(lua, 3)));
  return 0;
}

/// Ends an operation whose answers nobody wants any more.
int core_abandon(lua_State* lua) {
  const hob_id id = id_argument(lua, 1);
  LuaPlugin& plugin = plugin_of(lua);
  if (const LuaMailbox* box = plugin.mailbox(id)) plugin.stop_operation(id, *box);
  plugin.erase_mailbox(id);
  return 0;
}

int core_await(lua_State* lua);

int core_await_again(lua_State* lua, int, lua_KContext) { return core_await(lua); }

/// await(id) -> "head"|"data"|"binary", bytes  or, once and last, "result", code, bytes. Yields until there is
/// something. In a cancelled call: "result", "cancelled" at once.
int core_await(lua_State* lua) {
  lua_settop(lua, 1);
  const hob_id id = id_argument(lua, 1);
  LuaPlugin& plugin = plugin_of(lua);
  const auto result = [&](Code code, std::string_view text) {
    lua_pushliteral(lua, "result");
    const std::string_view name = code_name(code);
    lua_pushlstring(lua, name.data(), name.size());
    lua_pushlstring(lua, text.data(), text.size());
    return 3;
  };
  LuaMailbox* box = plugin.mailbox(id);
  if (!box) return result(Code::not_found, "this operation has ended");
  if (plugin.current() && plugin.current()->cancelled) {
    plugin.stop_operation(id, *box);
    plugin.erase_mailbox(id);
    return result(Code::cancelled, "the call was cancelled");
  }
  if (!box->letters.empty()) {
    const LuaLetter& letter = box->letters.front();
    lua_pushstring(lua, letter.kind == HOB_EVENT_HEAD ? "head" : letter.kind == HOB_EVENT_BINARY ? "binary" : "data");
    lua_pushlstring(lua, letter.data.data(), letter.data.size());
    box->bytes -= letter.data.size() + sizeof(LuaLetter);
    box->letters.pop_front();
    return 2;
  }
  if (box->ended) {
    const int results = result(box->status, box->result);
    plugin.erase_mailbox(id);
    return results;
  }
  if (!plugin.current() || !lua_isyieldable(lua))
    return raise_at_script(lua, "waiting is not possible here: use hob.spawn or hob.after");
  if (box->waiter != 0 && box->waiter != plugin.current_id())
    return raise_at_script(lua, "another task waits for this already");
  mark_host_wait(lua);
  box->waiter = plugin.current_id();
  return lua_yieldk(lua, 0, 0, core_await_again);
}

/// The mailbox of an accepted WebSocket call; nil when `call` is not in flight.
int core_inbox(lua_State* lua) {
  LuaPlugin& plugin = plugin_of(lua);
  LuaTask* task = plugin.task_of_call(id_argument(lua, 1));
  if (!task) return refuse(lua, Code::not_found, "this call has ended");
  if (task->inbox == 0) task->inbox = plugin.open_mailbox(Source::inbox);
  if (task->inbox == 0) return refuse(lua, Code::overloaded, "too many operations in flight");
  lua_pushinteger(lua, static_cast<lua_Integer>(task->inbox));
  return 1;
}

int core_emit(lua_State* lua) {
  const hob_id call = id_argument(lua, 1);
  const hob_str chunk = to_hob(text_argument(lua, 2));
  LuaPlugin& plugin = plugin_of(lua);
  if (!plugin.task_of_call(call)) return push_status(lua, HOB_NOT_FOUND);
  return push_status(lua, plugin.host().call->emit(plugin.host().host, call, chunk));
}

int core_is_cancelled(lua_State* lua) {
  const hob_id call = id_argument(lua, 1);
  LuaPlugin& plugin = plugin_of(lua);
  const LuaTask* task = plugin.task_of_call(call);
  lua_pushboolean(lua, !task || task->cancelled || plugin.host().call->is_cancelled(plugin.host().host, call) != 0);
  return 1;
}

int core_spawn(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  lua_settop(lua, 1);
  lua_pushboolean(lua, plugin_of(lua).spawn(lua));
  return 1;
}

int core_task(lua_State* lua) {
  lua_pushinteger(lua, static_cast<lua_Integer>(plugin_of(lua).current_id()));
  return 1;
}

int core_is_running(lua_State* lua) {
  lua_pushboolean(lua, plugin_of(lua).is_running(static_cast<std::uint64_t>(luaL_checkinteger(lua, 1))));
  return 1;
}

int core_log(lua_State* lua) {
  plugin_of(lua).write_log(static_cast<std::int32_t>(luaL_checkinteger(lua, 1)), to_valid_utf8(text_argument(lua, 2)));
  return 0;
}

int core_now(lua_State* lua) {
  const LuaHost& host = plugin_of(lua).host();
  using namespace std::chrono;
  const std::int64_t micros = host.clock ? host.clock->now_us(host.host)
                                         : duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  lua_pushnumber(lua, double(micros) / 1e6);
  return 1;
}

int core_monotonic(lua_State* lua) {
  const LuaHost& host = plugin_of(lua).host();
  using namespace std::chrono;
  const std::int64_t micros = host.clock ? host.clock->monotonic_us(host.host)
                                         : duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
  lua_pushnumber(lua, double(micros) / 1e6);
  return 1;
}

int core_equal(lua_State* lua) {
  lua_pushboolean(lua, equals_constant_time(text_argument(lua, 1), text_argument(lua, 2)));
  return 1;
}

int core_valid_utf8(lua_State* lua) {
  lua_pushboolean(lua, is_valid_utf8(text_argument(lua, 1)));
  return 1;
}

/// Little-endian float32 of a list of lists of numbers, all of one length.
int core_pack_vectors(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  std::string out;
  std::size_t width = 0;
  const std::size_t rows = lua_rawlen(lua, 1);
  for (std::size_t row = 1; row <= rows; ++row) {
    if (lua_rawgeti(lua, 1, lua_Integer(row)) != LUA_TTABLE) throw LuaRaise{"a vector is not a list"};
    const std::size_t size = lua_rawlen(lua, -1);
    if (row == 1) width = size;
    if (size != width) throw LuaRaise{"vectors differ in length"};
    if (out.size() + size * 4 > LuaState::of(lua).limits().memory) throw LuaRaise{"not enough memory"};
    for (std::size_t i = 1; i <= size; ++i) {
      lua_rawgeti(lua, -1, lua_Integer(i));
      if (!lua_isnumber(lua, -1)) throw LuaRaise{"a vector holds something else than numbers"};
      const float number = static_cast<float>(lua_tonumber(lua, -1));
      std::uint32_t bits = 0;
      std::memcpy(&bits, &number, sizeof bits);
      for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(bits >> shift & 0xff);
      lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
  }
  lua_pushlstring(lua, out.data(), out.size());
  return 1;
}

/// module(name) -> the compiled NAME.lua beside the script, or nil and the reason.
int core_module(lua_State* lua) {
  const std::string name(text_argument(lua, 1));
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), allowed))
    throw LuaRaise{"module name \"" + name + "\": letters, digits and _ only"};
  const Result<std::string> source = read_lua_source(plugin_of(lua).folder() / (name + ".lua"));
  if (source.has_error()) throw LuaRaise{source.error().message};
  const std::string chunk = "@" + name + ".lua";
  if (luaL_loadbufferx(lua, source->data(), source->size(), chunk.c_str(), "t") != LUA_OK) return lua_error(lua);
  return 1;
}

}  // namespace

Result<std::string> read_lua_source(const std::filesystem::path& file) {
  constexpr std::uintmax_t kMostBytes = 1 << 20;  // the compiler can't be interrupted
  const std::string name = file.filename().string();
  std::error_code error;
  const auto status = std::filesystem::symlink_status(file, error);
  if (!std::filesystem::exists(status)) return Error{Code::invalid, name + ": no such file"};
  if (!std::filesystem::is_regular_file(status)) return Error{Code::invalid, name + ": not a plain file"};
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error || size > kMostBytes) return Error{Code::invalid, name + ": more than 1 MiB of source"};
  std::ifstream in(file, std::ios::binary);
  std::string source(static_cast<std::size_t>(size), 0);
  if (!in.read(source.data(), static_cast<std::streamsize>(size))) return Error{Code::invalid, name + ": can't be read"};
  return source;
}

void push_core(lua_State* lua, LuaPlugin& plugin) {
  static const luaL_Reg kFunctions[] = {
      {"http", guarded<core_http>},           {"kv", guarded<core_kv>},
      {"method", guarded<core_method>},       {"secret", guarded<core_secret>},
      {"deliver", guarded<core_deliver>},     {"sleep", guarded<core_sleep>},
      {"timer", guarded<core_timer>},         {"timer_stop", guarded<core_timer_stop>},
      {"ws_open", guarded<core_websocket_open>}, {"ws_send", guarded<core_websocket_send>},
      {"ws_close", guarded<core_websocket_close>}, {"abandon", guarded<core_abandon>},
      {"await", core_await},                  {"inbox", guarded<core_inbox>},
      {"emit", guarded<core_emit>},           {"is_cancelled", guarded<core_is_cancelled>},
      {"task", core_task},                    {"is_running", core_is_running},
      {"spawn", guarded<core_spawn>},         {"log", guarded<core_log>},
      {"now", core_now},                      {"monotonic", core_monotonic},
      {"equal", guarded<core_equal>},         {"valid_utf8", guarded<core_valid_utf8>},
      {"pack_vectors", guarded<core_pack_vectors>}, {"module", guarded<core_module>},
      {"json_encode", guarded<lua_json_encode>}, {"json_decode", guarded<lua_json_decode>},
      {nullptr, nullptr}};
  lua_newtable(lua);
  lua_pushlightuserdata(lua, &plugin);
  luaL_setfuncs(lua, kFunctions, 1);
  push_array_metatable(lua);
  lua_setfield(lua, -2, "array");
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
}

}  // namespace hobd
