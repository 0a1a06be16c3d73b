// Lua scripts as plugins: makes a hob_plugin from a script, so that everything above treats it as a
// library. One lua_State a plugin instance; the script sees `require "hob"` and a safe part of the
// standard library. See sdk/lua/hob.meta.lua for its API.
#pragma once

#include "base/result.hpp"

#include "hob/plugin.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hobd {

struct LuaLimits {
  std::size_t memory = 64 << 20;  // bytes a state may hold
  /// Processor time that one entry into the script (a call, a callback, a resume) may use before it is stopped
  /// with an error that pcall can't catch.
  std::chrono::milliseconds slice{2'000};
  std::size_t max_subject = 1 << 20;  // bytes of a string that patterns may search
  std::size_t max_pattern = 256;
};

/// Compiles and runs the script's top level and takes the plugin it returns. `host` outlives the plugin. The
/// plugin's functions follow hob/plugin.h ([plugin] on one strand). invalid: syntax error, wrong id, no
/// plugin returned ("main.lua:3: ..."); timeout: the top level ran over its slice; overloaded: out of memory.
/// The caller frees it by plugin->destroy().
Result<hob_plugin*> load_lua_plugin(const std::string& file, const std::string& expected_id,
                                    const hob_host* host, LuaLimits limits = {});

}  // namespace hobd
