// The system calls that a plugin in a process of its own may make, as a seccomp program.
#pragma once

#include "plugins/manifest.hpp"

#include <sys/types.h>

#include <string>

namespace hobd {

/// A struct sock_filter[] for the plugin of `manifest`, to be installed by the process `pid`. What isn't on its list raises
/// SIGSYS, which the process turns into EPERM and a report; clone3 is "not there", so that glibc takes clone, whose flags
/// a filter can see. unavailable: libseccomp can't.
Result<std::string> make_system_filter(const Manifest& manifest, pid_t pid);

/// "socket" of the number on this machine, or the number.
std::string system_call_name(int number);

/// What a plugin was after with the call, in the words of docs/isolation.md: "network", "processes", "files", "system".
std::string_view system_call_rule(std::string_view name);

}  // namespace hobd
