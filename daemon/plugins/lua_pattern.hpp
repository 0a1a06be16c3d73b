// Lua's string patterns, with a matcher that can be stopped.
//
// The interpreter's own matcher backtracks for hours on a short text ("(.-)x3"), and no hook runs meanwhile.
// This one speaks the same language (Lua 5.4 reference manual, 6.4.1), counts its steps and looks at the
// slice of the running entry every few thousand of them. So any pattern may be tried on any subject: the bound
// on its work is time, as for all other code. On top of that a pattern has at most LuaLimits::max_pattern
// bytes and its subject at most LuaLimits::max_subject.
#pragma once

#include "plugins/lua_state.hpp"

namespace hobd {

/// Puts find, match, gmatch and gsub into the table on top of the stack.
void register_patterns(lua_State* lua);

}  // namespace hobd
