#include "plugins/lua_sandbox.hpp"

#include "plugins/lua_pattern.hpp"

#include <cstring>

namespace hobd {
namespace {

constexpr lua_Integer kMostElements = 1 << 24;  // more than any table can hold in the memory of a state
constexpr std::size_t kMostSource = 1 << 20;

// ---- base ----

/// The script's handler, unless this is a stop: hooks are off in here, so a handler could run for ever.
int handle_error(lua_State* lua) {
  if (LuaState::of(lua).stop() != LuaState::Stop::none) return 1;
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, 1, 1);
  return 1;
}

int finish_xpcall(lua_State* lua, int status, lua_KContext) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(lua) - 1;  // all but the handler: true, results
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

int protected_call(lua_State* lua) {
  luaL_checktype(lua, 2, LUA_TFUNCTION);
  const int arguments = lua_gettop(lua) - 2;
  lua_pushvalue(lua, 2);
  lua_pushcclosure(lua, handle_error, 1);
  lua_pushboolean(lua, 1);
  lua_pushvalue(lua, 1);
  // function, handler, arguments, message handler, true, function -> message handler, true, function, arguments
  lua_rotate(lua, 3, 3);
  lua_remove(lua, 2);
  lua_remove(lua, 1);
  return finish_xpcall(lua, lua_pcallk(lua, arguments, LUA_MULTRET, 1, 0, finish_xpcall), 0);
}

int set_metatable(lua_State* lua) {
  const int type = lua_type(lua, 2);
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_argexpected(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL) return luaL_error(lua, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    lua_pushliteral(lua, "__gc");
    if (lua_rawget(lua, 2) != LUA_TNIL) return luaL_error(lua, "finalizers (__gc) are not available to plugins");
  }
  lua_settop(lua, 2);
  lua_setmetatable(lua, 1);
  return 1;
}

/// load(chunk [, name [, mode [, env]]]): text only.
int load_text(lua_State* lua) {
  std::string source;
  if (lua_isstring(lua, 1)) {
    source = text_argument(lua, 1);
  } else {
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    while (true) {
      lua_pushvalue(lua, 1);
      lua_call(lua, 0, 1);
      if (lua_isnil(lua, -1)) break;
      if (!lua_isstring(lua, -1)) throw LuaRaise{"reader function must return a string"};
      const std::string_view piece = text_argument(lua, -1);
      if (piece.empty()) break;
      source += piece;
      if (source.size() > kMostSource) break;
      lua_pop(lua, 1);
    }
  }
  if (source.size() > kMostSource) throw LuaRaise{"load: more than 1 MiB of source"};
  const char* name = luaL_optstring(lua, 2, lua_isstring(lua, 1) ? lua_tostring(lua, 1) : "=(load)");
  const bool has_environment = !lua_isnone(lua, 4);
  if (luaL_loadbufferx(lua, source.data(), source.size(), name, "t") != LUA_OK) {
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
  }
  if (has_environment) {
    lua_pushvalue(lua, 4);
    if (!lua_setupvalue(lua, -2, 1)) lua_pop(lua, 1);
  }
  return 1;
}

int collect_garbage(lua_State* lua) {
  static const char* const kOptions[] = {"collect", "count", "step", nullptr};
  const int option = luaL_checkoption(lua, 1, "collect", kOptions);
  if (option == 1) {
    lua_pushnumber(lua, lua_gc(lua, LUA_GCCOUNT) + lua_gc(lua, LUA_GCCOUNTB) / 1024.0);
  } else {
    lua_pushinteger(lua, option == 0 ? lua_gc(lua, LUA_GCCOLLECT) : lua_gc(lua, LUA_GCSTEP, 0));
  }
  return 1;
}

// ---- string, table ----

/// string.rep: an empty result is empty at once, a too long one an error at once.
int repeat(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  const lua_Integer count = luaL_checkinteger(lua, 2);
  const std::string_view separator = lua_isnoneornil(lua, 3) ? std::string_view() : text_argument(lua, 3);
  const std::size_t unit = text.size() + separator.size();
  if (count <= 0 || unit == 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  const std::size_t memory = LuaState::of(lua).limits().memory;
  if (unit > memory || std::size_t(count) > memory / unit) return luaL_error(lua, "not enough memory");
  const std::size_t total = unit * std::size_t(count) - separator.size();
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(lua, &buffer, total);
  for (lua_Integer i = 0; i < count; ++i) {
    out = std::copy(text.begin(), text.end(), out);
    if (i + 1 < count) out = std::copy(separator.begin(), separator.end(), out);
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

void refuse_length_metamethod(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (luaL_getmetafield(lua, 1, "__len") != LUA_TNIL) luaL_error(lua, "a table with __len can't be used here");
}

/// Calls the library's own function (upvalue 1) with the same arguments.
int call_original(lua_State* lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
  return lua_gettop(lua);
}

int insert_or_remove(lua_State* lua) {
  refuse_length_metamethod(lua);
  return call_original(lua);
}

int move_elements(lua_State* lua) {
  const lua_Integer first = luaL_checkinteger(lua, 2), last = luaL_checkinteger(lua, 3);
  if (last >= first && lua_Unsigned(last) - lua_Unsigned(first) >= lua_Unsigned(kMostElements))
    return luaL_error(lua, "too many elements to move");
  return call_original(lua);
}

/// The default order of table.sort, as a call: each call passes the hook, which the bare comparison does not.
int less(lua_State* lua) {
  lua_pushboolean(lua, lua_compare(lua, 1, 2, LUA_OPLT));
  return 1;
}

int sort(lua_State* lua) {
  refuse_length_metamethod(lua);
  lua_settop(lua, 2);
  if (lua_isnil(lua, 2)) {
    lua_pushcfunction(lua, less);
    lua_replace(lua, 2);
  }
  return call_original(lua);
}

/// Replaces member `name` of the table on top by `function`, with the original as its upvalue.
void wrap_original(lua_State* lua, const char* name, lua_CFunction function) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, function, 1);
  lua_setfield(lua, -2, name);
}

void remove_fields(lua_State* lua, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    lua_pushnil(lua);
    lua_setfield(lua, -2, name);
  }
}

/// Leaves of the table on top only the members named.
void keep_fields(lua_State* lua, std::initializer_list<const char*> names) {
  lua_newtable(lua);
  for (const char* name : names) {
    lua_getfield(lua, -2, name);
    lua_setfield(lua, -2, name);
  }
}

}  // namespace

void open_safe_libraries(lua_State* lua) {
  static const luaL_Reg kBase[] = {{"xpcall", protected_call},
                                   {"setmetatable", set_metatable},
                                   {"load", guarded<load_text>},
                                   {"collectgarbage", collect_garbage},
                                   {nullptr, nullptr}};
  luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
  luaL_setfuncs(lua, kBase, 0);
  remove_fields(lua, {"dofile", "loadfile", "print", "warn"});

  luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
  remove_fields(lua, {"dump"});
  lua_pushcfunction(lua, repeat);
  lua_setfield(lua, -2, "rep");
  register_patterns(lua);

  luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
  wrap_original(lua, "insert", insert_or_remove);
  wrap_original(lua, "remove", insert_or_remove);
  wrap_original(lua, "move", move_elements);
  wrap_original(lua, "sort", sort);

  luaL_requiref(lua, LUA_COLIBNAME, luaopen_coroutine, 1);
  register_coroutines(lua);

  luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
  luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 1);

  luaL_requiref(lua, LUA_OSLIBNAME, luaopen_os, 0);
  keep_fields(lua, {"time", "clock", "date", "difftime"});
  lua_setglobal(lua, LUA_OSLIBNAME);

  luaL_requiref(lua, LUA_DBLIBNAME, luaopen_debug, 0);
  keep_fields(lua, {"traceback"});
  lua_setglobal(lua, LUA_DBLIBNAME);

  // luaL_requiref keeps what it opened in the registry, whole. No script reaches the registry; clear it still.
  lua_pushnil(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_settop(lua, 0);
}

}  // namespace hobd
