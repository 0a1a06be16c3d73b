// hobctl plugin new|build|test|check|dev: the author's verbs, which need no daemon. They live in hob-plugin-kit, a program beside
// hobctl, because they load strangers' code and a Lua interpreter.
#pragma once

#include "hobctl/client.hpp"
#include "hobctl/command.hpp"

namespace hobd::ctl {

inline constexpr std::string_view kPluginVerbs = "new build test check dev";

/// Whether the line is one of them.
bool is_plugin_verb(const Line& line);
/// Becomes hob-plugin-kit with the same words. Returns only when that program can't be run, with the reason and what to do.
Error run_plugin_verb(const Line& line);

}  // namespace hobd::ctl
