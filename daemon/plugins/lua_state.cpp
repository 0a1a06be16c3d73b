#include "plugins/lua_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>

namespace hobd {
namespace {

constexpr int kInstructionsBetweenLooks = 128;
constexpr std::int64_t kCleanUpMillis = 50;

std::int64_t millis_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

/// Ticks every few milliseconds and costs a few nanoseconds: right for a look at every call. The processor time, which
/// costs a system call, is asked only when so much wall time has passed that it could be used up.
std::int64_t coarse_millis() { return millis_of(CLOCK_MONOTONIC_COARSE); }
std::int64_t processor_millis() { return millis_of(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace

LuaState::LuaState(LuaLimits limits) : limits_(limits) {
  main_ = lua_newstate(&LuaState::allocate, this);
  if (!main_) throw std::bad_alloc();
  *static_cast<LuaState**>(lua_getextraspace(main_)) = this;  // threads copy the main thread's
  arm(main_, kInstructionsBetweenLooks);
}

LuaState::~LuaState() { lua_close(main_); }

LuaState& LuaState::of(lua_State* lua) { return **static_cast<LuaState**>(lua_getextraspace(lua)); }

void* LuaState::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& state = *static_cast<LuaState*>(self);
  const std::size_t had = block ? old_size : 0;  // for a new block old_size is a type tag
  if (new_size == 0) {
    std::free(block);
    state.used_ -= had;
    return nullptr;
  }
  if (new_size > had && new_size - had > state.limits_.memory - std::min(state.used_, state.limits_.memory))
    return nullptr;
  void* made = std::realloc(block, new_size);
  if (made) state.used_ += new_size - had;
  return made;
}

void LuaState::arm(lua_State* lua, int instructions) {
  lua_sethook(lua, &LuaState::hook, LUA_MASKCALL | LUA_MASKCOUNT, instructions);
}

LuaState::Entry::Entry(LuaState& state, lua_State* thread, const std::function<bool()>* cancelled) : state_(state) {
  state.arm(thread, kInstructionsBetweenLooks);
  state.inside_ = true;
  state.cancelled_ = cancelled && *cancelled ? cancelled : nullptr;
  state.cause_ = Stop::slice;
  state.stop_ = Stop::none;
  state.stop_message_.clear();
  state.last_look_ = coarse_millis();
  state.look_again_ = state.last_look_ + state.limits_.slice.count();
  state.started_ = processor_millis();
  state.limit_ = state.limits_.slice.count();
}

LuaState::Entry::~Entry() {
  state_.inside_ = false;
  state_.cancelled_ = nullptr;
}

void LuaState::hook(lua_State* lua, lua_Debug*) { of(lua).check(lua); }

void LuaState::check(lua_State* lua) {
  if (!inside_) return;
  if (stop_ == Stop::none) {
    const std::int64_t now = coarse_millis();
    if (now == last_look_) return;
    last_look_ = now;
    if (cause_ == Stop::slice && cancelled_ && (*cancelled_)()) {
      cause_ = Stop::cancelled;
      limit_ = std::min(limit_, processor_millis() - started_ + kCleanUpMillis);
      look_again_ = now;
    }
    if (now < look_again_) return;
    const std::int64_t left = limit_ - (processor_millis() - started_);
    if (left > 0) {
      look_again_ = now + left;
      return;
    }
    stop_ = cause_;
    luaL_where(lua, 0);
    if (*lua_tostring(lua, -1) == 0) luaL_where(lua, 1);
    stop_message_ = lua_tostring(lua, -1);
    stop_message_ += stop_ == Stop::cancelled
                         ? "the call was cancelled"
                         : "ran for more than " + std::to_string(limits_.slice.count()) + " ms without waiting";
  }
  raise(lua);
}

void LuaState::raise(lua_State* lua) {
  arm(lua, 1);
  lua_pushlstring(lua, stop_message_.data(), stop_message_.size());
  lua_error(lua);
  std::abort();  // lua_error does not return
}

}  // namespace hobd
