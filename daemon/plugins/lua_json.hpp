// JSON and Lua values. Objects become tables, arrays tables marked with a metatable (so that an empty one
// stays an array), null the value hob.json.null, whole numbers integers.
//
// The other way: a marked table or one with the keys 1..n is an array, any other table an object of string
// keys, an empty unmarked one {}. Strings must be UTF-8.
#pragma once

#include "plugins/lua_state.hpp"

#include <string>

namespace hobd {

inline constexpr int kLuaJsonDepth = 64;                 // nested levels, both ways
inline constexpr std::size_t kLuaJsonBytes = 8u << 20;   // of one text, both ways

/// json_encode(value) -> text, or nil and the reason. Called guarded.
int lua_json_encode(lua_State* lua);
/// json_decode(text) -> value, or nil and the reason. Called guarded.
int lua_json_decode(lua_State* lua);
/// Pushes the metatable that marks arrays.
void push_array_metatable(lua_State* lua);

}  // namespace hobd
