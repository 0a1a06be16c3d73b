// One Lua interpreter that can be trusted with a stranger's script: what it may hold and how long it may run
// are bounded, and the script can't talk its way out of either.
//
// Time. Every entry into Lua (LuaState::Entry) opens a slice. A hook looks at the clock every 128 instructions
// and at every call. A slice is processor time of the thread, so a busy machine stops nobody. When it is over, the hook raises an error and keeps raising: it sets itself to
// every single instruction, so a pcall that catches the error gets the next one before it can do anything.
// New threads inherit the hook. Where the interpreter switches hooks off (message handlers, finalizers) no
// code of the script runs: see lua_sandbox.cpp. C functions that may work for long ask check() themselves.
//
// Memory. All of Lua's memory comes from one counting allocator. At the limit Lua collects garbage, then
// raises "not enough memory", which a script may catch like any other error.
//
// Thread: one at a time, any OS thread.
#pragma once

#include "plugins/lua_runtime.hpp"

#include <lua.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

namespace hobd {

class LuaState {
 public:
  enum class Stop { none, slice, cancelled };

  /// Makes an interpreter without libraries. Throws std::bad_alloc when even that does not fit.
  explicit LuaState(LuaLimits limits);
  ~LuaState();
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  /// The owner of a lua_State or of any of its threads.
  static LuaState& of(lua_State* lua);

  lua_State* main() const { return main_; }
  const LuaLimits& limits() const { return limits_; }
  std::size_t memory_used() const { return used_; }

  /// A slice, for as long as it lives. `cancelled` (may be empty) is polled; once it says yes, 50 ms are left
  /// for the script to clean up.
  class Entry {
   public:
    Entry(LuaState& state, lua_State* thread, const std::function<bool()>* cancelled);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    LuaState& state_;
  };

  /// Why the running (or the last) entry was stopped, and with which words.
  Stop stop() const { return stop_; }
  const std::string& stop_message() const { return stop_message_; }

  /// Raises the stop error in `lua` when the slice is over or was. For C functions that work for long.
  void check(lua_State* lua);

  /// Calls `function(lua_State*)` protected on the main thread, with the topmost `arguments` values as its
  /// arguments and its results left there; the return value is Lua's status, the error then on top.
  /// Everything that may raise goes through here.
  template <class Function>
  int protect(Function&& function, int arguments = 0);

 private:
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void hook(lua_State* lua, lua_Debug* event);
  void arm(lua_State* lua, int instructions);
  [[noreturn]] void raise(lua_State* lua);

  LuaLimits limits_;
  std::size_t used_ = 0;
  lua_State* main_ = nullptr;
  bool inside_ = false;
  std::int64_t last_look_ = 0, look_again_ = 0;  // milliseconds of the coarse monotonic clock
  std::int64_t started_ = 0, limit_ = 0;         // milliseconds of the thread's processor time
  const std::function<bool()>* cancelled_ = nullptr;
  Stop cause_ = Stop::slice;
  Stop stop_ = Stop::none;
  std::string stop_message_;
};

template <class Function>
int LuaState::protect(Function&& function, int arguments) {
  using Plain = std::remove_reference_t<Function>;
  if (!lua_checkstack(main_, 8)) return LUA_ERRMEM;
  lua_pushcfunction(main_, [](lua_State* lua) -> int {
    auto* f = static_cast<Plain*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return (*f)(lua);
  });
  lua_rotate(main_, -1 - arguments, 1);
  lua_pushlightuserdata(main_, const_cast<void*>(static_cast<const void*>(&function)));
  return lua_pcall(main_, arguments + 1, LUA_MULTRET, 0);
}

/// An error for the script, thrown inside a Guarded binding. Never crosses a Lua frame.
struct LuaRaise {
  std::string message;
};

/// Makes a lua_CFunction of a binding that uses C++ objects. They live in the inner frame, which is gone when
/// the error is raised from the outer one, a frame with nothing to destroy. (Should Lua itself raise in the
/// inner frame, for want of memory say, the C++ build of Lua unwinds it with its destructors.)
template <int (*binding)(lua_State*)>
int guarded(lua_State* lua) {
  char message[512];
  int results = -1;
  try {
    results = binding(lua);
  } catch (const LuaRaise& error) {
    message[error.message.copy(message, sizeof message - 1)] = 0;
  } catch (const std::exception& error) {
    message[std::string_view(error.what()).copy(message, sizeof message - 1)] = 0;
  }
  if (results < 0) return luaL_error(lua, "%s", message);
  return results;
}

/// The bytes of a string (or number) argument. They live as long as the value stays on the stack.
inline std::string_view text_argument(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* data = luaL_checklstring(lua, index, &size);
  return {data, size};
}

}  // namespace hobd
