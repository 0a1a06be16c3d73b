// What this process takes away from itself before the plugin's code runs. See docs/isolation.md for the whole list.
#pragma once

#include "plugins/frames.hpp"

#include <sys/types.h>

namespace hobd {

/// At the very start: dies with `parent`, no signal of a terminal or service manager ends it, no descriptors but 0 to 3,
/// working directory "/". False: the parent is gone already.
bool settle(pid_t parent);

/// Limits, no new privileges, Landlock where the kernel has it, seccomp. An error: the plugin must not be loaded.
Result<void> confine(const Setup& setup);

}  // namespace hobd
