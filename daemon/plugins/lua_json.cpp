#include "plugins/lua_json.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hobd {
namespace {

const char kArrayMetatable = 0;  // its address is the registry key

bool is_array_marked(lua_State* lua, int index) {
  if (!lua_getmetatable(lua, index)) return false;
  push_array_metatable(lua);
  const bool same = lua_rawequal(lua, -1, -2);
  lua_pop(lua, 2);
  return same;
}

/// Builds a json::value from Lua values. A table may hold itself, or the same large one a million times over: depth
/// and size of what is built are counted.
class Encoder {
 public:
  explicit Encoder(lua_State* lua) : lua_(lua) {}

  json::value value(int index, int depth) {
    count(16);
    switch (lua_type(lua_, index)) {
      case LUA_TNIL: return nullptr;
      case LUA_TBOOLEAN: return bool(lua_toboolean(lua_, index));
      case LUA_TNUMBER: return number(index);
      case LUA_TSTRING: return json::string(text(index));
      case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(lua_, index)) return nullptr;
        break;
      case LUA_TTABLE:
        if (depth >= kLuaJsonDepth) throw LuaRaise{"nested deeper than " + std::to_string(kLuaJsonDepth) + " levels"};
        luaL_checkstack(lua_, 4, "JSON");
        LuaState::of(lua_).check(lua_);
        return table(lua_absindex(lua_, index), depth);
      default: break;
    }
    throw LuaRaise{std::string("a ") + luaL_typename(lua_, index) + " has no JSON form"};
  }

 private:
  void count(std::size_t bytes) {
    size_ += bytes;
    if (size_ > kLuaJsonBytes) throw LuaRaise{"too large for JSON"};
  }

  std::string_view text(int index) {
    const std::string_view bytes = text_argument(lua_, index);
    count(bytes.size());
    if (!is_valid_utf8(bytes)) throw LuaRaise{"a string is not UTF-8"};
    return bytes;
  }

  json::value number(int index) {
    if (lua_isinteger(lua_, index)) return std::int64_t(lua_tointeger(lua_, index));
    const double number = lua_tonumber(lua_, index);
    if (!std::isfinite(number)) throw LuaRaise{"a number is not finite"};
    // Lua's 3 / 1 is 3.0: written as 3, which is what readers of integers take.
    if (number == std::floor(number) && std::abs(number) < 9007199254740992.0) return std::int64_t(number);
    return number;
  }

  json::value table(int index, int depth) {
    const auto length = lua_rawlen(lua_, index);
    if (length > 0 || is_array_marked(lua_, index)) return array(index, length, depth);
    // Sorted: the order of a Lua table differs from run to run, and prompts are cached by their bytes.
    std::vector<std::pair<std::string, json::value>> members;
    lua_pushnil(lua_);
    while (lua_next(lua_, index)) {
      if (lua_type(lua_, -2) != LUA_TSTRING)
        throw LuaRaise{std::string("an object key is a ") + luaL_typename(lua_, -2) + ", not a string"};
      std::string key(text(-2));
      members.emplace_back(std::move(key), value(-1, depth + 1));
      lua_pop(lua_, 1);
    }
    std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    json::object object;
    object.reserve(members.size());
    for (auto& [key, member] : members) object.emplace(key, std::move(member));
    return object;
  }

  json::value array(int index, std::size_t length, int depth) {
    lua_pushnil(lua_);
    while (lua_next(lua_, index)) {
      lua_pop(lua_, 1);
      if (!lua_isinteger(lua_, -1) || lua_tointeger(lua_, -1) < 1 || std::size_t(lua_tointeger(lua_, -1)) > length)
        throw LuaRaise{"a table has both list elements and other keys"};
    }
    json::array array;
    for (std::size_t i = 1; i <= length; ++i) {
      lua_rawgeti(lua_, index, lua_Integer(i));
      array.push_back(value(-1, depth + 1));
      lua_pop(lua_, 1);
    }
    return array;
  }

  lua_State* lua_;
  std::size_t size_ = 0;
};

void push_value(lua_State* lua, const json::value& value) {
  luaL_checkstack(lua, 4, "JSON");
  switch (value.kind()) {
    case json::kind::null: lua_pushlightuserdata(lua, nullptr); break;
    case json::kind::bool_: lua_pushboolean(lua, value.get_bool()); break;
    case json::kind::int64: lua_pushinteger(lua, value.get_int64()); break;
    case json::kind::uint64: lua_pushnumber(lua, double(value.get_uint64())); break;
    case json::kind::double_: lua_pushnumber(lua, value.get_double()); break;
    case json::kind::string: lua_pushlstring(lua, value.get_string().data(), value.get_string().size()); break;
    case json::kind::array: {
      const json::array& array = value.get_array();
      lua_createtable(lua, int(array.size()), 0);
      for (std::size_t i = 0; i < array.size(); ++i) {
        push_value(lua, array[i]);
        lua_rawseti(lua, -2, lua_Integer(i) + 1);
      }
      push_array_metatable(lua);
      lua_setmetatable(lua, -2);
      break;
    }
    case json::kind::object: {
      const json::object& object = value.get_object();
      lua_createtable(lua, 0, int(object.size()));
      for (const auto& member : object) {
        lua_pushlstring(lua, member.key().data(), member.key().size());
        push_value(lua, member.value());
        lua_rawset(lua, -3);
      }
      break;
    }
  }
}

int failed(lua_State* lua, const std::string& reason) {
  lua_settop(lua, 0);
  lua_pushnil(lua);
  lua_pushlstring(lua, reason.data(), reason.size());
  return 2;
}

}  // namespace

int lua_json_encode(lua_State* lua) {
  try {
    luaL_checkany(lua, 1);
    const std::string text = json::serialize(Encoder(lua).value(1, 0));
    if (text.size() > kLuaJsonBytes) return failed(lua, "too large for JSON");
    lua_settop(lua, 0);
    lua_pushlstring(lua, text.data(), text.size());
    return 1;
  } catch (const LuaRaise& error) {
    return failed(lua, error.message);
  }
}

int lua_json_decode(lua_State* lua) {
  const std::string_view text = text_argument(lua, 1);
  if (text.size() > kLuaJsonBytes) return failed(lua, "JSON text of more than 8 MiB");
  const Result<json::value> value = parse_json(text, kLuaJsonDepth);
  if (value.has_error()) return failed(lua, value.error().message);
  push_value(lua, *value);
  return 1;
}

void push_array_metatable(lua_State* lua) {
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &kArrayMetatable) == LUA_TTABLE) return;
  lua_pop(lua, 1);
  lua_newtable(lua);
  lua_pushliteral(lua, "array");
  lua_setfield(lua, -2, "__name");
  lua_pushvalue(lua, -1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kArrayMetatable);
}

}  // namespace hobd
