// The part of Lua's standard library that is safe to hand to a stranger's script.
//
// Left out: io, package, dofile, loadfile, string.dump, warn, the whole of debug but traceback, and of os all
// but time, clock, date and difftime. Replaced, because the original could hold the strand or escape the hook:
//   string.find match gmatch gsub rep   work that no hook interrupts
//   table.sort insert remove move       the same: default comparisons of long strings, lying __len, huge ranges
//   xpcall                              a message handler runs with hooks off: it does not see a stop
//   setmetatable                        finalizers (__gc) run with hooks off: refused
//   coroutine.create wrap resume close  a stop passes through; a host wait inside passes outwards
//   load                                text only, at most 1 MiB (the compiler can't be interrupted)
//   collectgarbage                      "count", "collect" and "step"
//   print                               goes to the plugin's log
#pragma once

#include "plugins/lua_state.hpp"

namespace hobd {

/// Opens the libraries. `lua` is the main thread, inside LuaState::protect.
void open_safe_libraries(lua_State* lua);

/// Puts create, wrap, resume and close into the table on top of the stack (lua_coroutine.cpp).
void register_coroutines(lua_State* lua);

/// Marks that the thread which yields now waits for the host, not for whoever resumed it. coroutine.resume
/// passes such a yield outwards. See lua_coroutine.cpp.
void mark_host_wait(lua_State* lua);
/// Whether the yield just seen was a host wait; clears the mark.
bool take_host_wait(lua_State* lua);

}  // namespace hobd
