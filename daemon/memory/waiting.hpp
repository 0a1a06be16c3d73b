// When a background call that was refused is made later rather than never.
#pragma once

#include "models/background.hpp"

namespace hobd {

/// Whether a call that came back with `error` found no room, and that is awaited (on_limit: queue). A limit has room for some calls
/// while it has none for this one, so Leave::ask before the call doesn't say so.
inline bool waits_for_room(const SpareCalls& spare, const Error& error) {
  return error.code == Code::overloaded && spare.budget && spare.budget->on_limit() == OnLimit::queue;
}

}  // namespace hobd
