// The coroutine library, as a plugin needs it. Two things differ from Lua's own:
//
// - A host wait (hob.http.get, hob.sleep) inside a script's own coroutine must suspend the whole call, not
//   return to the script's resume. The wait marks itself; each resume that sees the mark yields in its turn,
//   and when it is resumed, resumes the inner coroutine again. So a wait works at any depth.
// - A coroutine that was stopped by the slice dies with its hooks off, and its pending __close handlers would
//   then run unbounded. It is never closed, and the stop goes on in whoever resumed it.
#include "plugins/lua_sandbox.hpp"

namespace hobd {
namespace {

const char kHostWait = 0;  // its address is the registry key of the mark

int resume_again(lua_State* lua, int status, lua_KContext context);

lua_State* thread_argument(lua_State* lua) {
  lua_State* thread = lua_tothread(lua, 1);
  if (!thread) luaL_typeerror(lua, 1, "coroutine");
  return thread;
}

/// Resumes `thread` (at index 1 of `lua`) with `count` values that are on its stack. Leaves "true, values..."
/// or "false, error" on `lua` and gives their number.
int resume_thread(lua_State* lua, lua_State* thread, int count) {
  int results = 0;
  const int status = lua_resume(thread, lua, count, &results);
  if (status == LUA_YIELD && take_host_wait(lua)) {
    lua_pop(thread, results);
    if (!lua_isyieldable(lua)) return luaL_error(lua, "the host can't be waited for here");
    mark_host_wait(lua);
    return lua_yieldk(lua, 0, 0, resume_again);
  }
  if (status == LUA_OK || status == LUA_YIELD) {
    if (!lua_checkstack(lua, results + 1)) {
      lua_pop(thread, results);
      return luaL_error(lua, "too many results to resume");
    }
    lua_pushboolean(lua, 1);
    lua_xmove(thread, lua, results);
    return results + 1;
  }
  LuaState::of(lua).check(lua);  // a stop goes on here, past any pcall
  lua_pushboolean(lua, 0);
  lua_xmove(thread, lua, 1);
  const int now = lua_status(thread);
  if (now != LUA_OK && now != LUA_YIELD) {  // it died: lua_resetthread takes the error from its stack
    lua_pushvalue(lua, -1);
    lua_xmove(lua, thread, 1);
  }
  return 2;
}

int start_resume(lua_State* lua, lua_State* thread, int count) {
  if (!lua_checkstack(thread, count)) return luaL_error(lua, "too many arguments to resume");
  if (thread == lua) {
    lua_pushboolean(lua, 0);
    lua_pushliteral(lua, "cannot resume non-suspended coroutine");
    return 2;
  }
  lua_xmove(lua, thread, count);
  return resume_thread(lua, thread, count);
}

int resume_again(lua_State* lua, int, lua_KContext) {
  lua_settop(lua, 1);
  return resume_thread(lua, lua_tothread(lua, 1), 0);
}

int resume(lua_State* lua) { return start_resume(lua, thread_argument(lua), lua_gettop(lua) - 1); }

int close_thread(lua_State* lua) {
  lua_State* thread = thread_argument(lua);
  lua_Debug activation;
  const int status = lua_status(thread);
  if (thread == lua || (status == LUA_OK && lua_getstack(thread, 0, &activation)))
    return luaL_error(lua, "cannot close a running coroutine");
  if (lua_gethookcount(thread) == 1) {  // stopped: its handlers must not run
    lua_pushboolean(lua, 0);
    lua_pushliteral(lua, "the coroutine was stopped");
    return 2;
  }
  if (lua_resetthread(thread) == LUA_OK) {
    lua_pushboolean(lua, 1);
    return 1;
  }
  lua_pushboolean(lua, 0);
  lua_xmove(thread, lua, 1);
  return 2;
}

int create(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  lua_State* thread = lua_newthread(lua);
  lua_pushvalue(lua, 1);
  lua_xmove(lua, thread, 1);
  return 1;
}

int wrapped_result(lua_State* lua, int count) {
  if (lua_toboolean(lua, -count)) return count - 1;
  lua_State* thread = lua_tothread(lua, 1);
  const int status = lua_status(thread);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_resetthread(thread);  // an error: run its pending __close
    lua_xmove(thread, lua, 1);
  }
  if (lua_type(lua, -1) == LUA_TSTRING) {
    luaL_where(lua, 1);
    lua_insert(lua, -2);
    lua_concat(lua, 2);
  }
  return lua_error(lua);
}

int call_wrapped_again(lua_State* lua, int, lua_KContext) {
  return wrapped_result(lua, lua_gettop(lua) - 1);
}

/// resume() is called through lua_callk, so that a host wait inside finds its way back here.
int call_wrapped(lua_State* lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  const int arguments = lua_gettop(lua);
  luaL_checkstack(lua, arguments + 2, "too many arguments");
  lua_pushcfunction(lua, resume);
  lua_pushvalue(lua, 1);
  lua_rotate(lua, 2, 2);
  lua_callk(lua, arguments, LUA_MULTRET, 0, call_wrapped_again);
  return call_wrapped_again(lua, LUA_OK, 0);
}

int wrap(lua_State* lua) {
  create(lua);
  lua_pushcclosure(lua, call_wrapped, 1);
  return 1;
}

}  // namespace

void mark_host_wait(lua_State* lua) {
  lua_pushboolean(lua, 1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kHostWait);
}

bool take_host_wait(lua_State* lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kHostWait);
  const bool marked = lua_toboolean(lua, -1);
  lua_pop(lua, 1);
  if (!marked) return false;
  lua_pushboolean(lua, 0);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kHostWait);
  return true;
}

void register_coroutines(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"create", create},
                                        {"wrap", wrap},
                                        {"resume", resume},
                                        {"close", close_thread},
                                        {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace hobd
