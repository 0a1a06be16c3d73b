// What a plugin in a process of its own may use, and how long things may take it.
#pragma once

#include <chrono>
#include <cstdint>

namespace hobd {

struct RemoteLimits {
  std::uint64_t memory = 256 << 20;         // resident; it may map twice as much
  std::chrono::milliseconds start{8'000};   // from the start to `started`
  std::chrono::milliseconds stop{5'000};    // from stop to its end
  std::chrono::milliseconds watch{1'000};   // how often memory is looked at
  std::chrono::milliseconds hang{30'000};   // without a pong, when no call's deadline watches
  std::chrono::milliseconds first_wait{1'000};  // before the second restart; doubled each time
};

}  // namespace hobd
