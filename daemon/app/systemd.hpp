// What systemd and hobd tell each other: sockets, readiness, the watchdog. All of it does nothing without systemd.
#pragma once

#include "base/task_group.hpp"

#include <string>

namespace hobd {

/// Sockets that systemd holds for us (sd_listen_fds(3)); -1: none.
struct InheritedSockets {
  int control = -1;  // a Unix socket
  int http = -1;     // a TCP socket
};
InheritedSockets take_inherited_sockets();

/// sd_notify(3): "READY=1", "STOPPING=1", "RELOADING=1", "STATUS=...".
void notify_systemd(const std::string& state);

/// Tells the watchdog twice in each period that the core thread still turns, until cancelled.
awaitable<void> feed_watchdog(asio::any_io_executor core);

/// Milliseconds since this process was executed, by the kernel's account.
std::int64_t milliseconds_since_exec();

}  // namespace hobd
