// What a plugin in a process of its own may use, and how long things may take it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hobd {

/// Descriptors that it may have open: it takes this limit upon itself.
inline constexpr std::size_t kMaxDescriptors = 64;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;  // a sanitizer maps terabytes and asks for what no plugin may
#else
inline constexpr bool kIsSanitized = false;
#endif

struct RemoteLimits {
  std::uint64_t memory = 256 << 20;         // resident; it may map twice as much
  std::size_t threads = 32;                 // more are said in the log, four times as many end it
  std::chrono::milliseconds start{8'000};   // from the start to `started`
  std::chrono::milliseconds stop{5'000};    // from stop to its end
  std::chrono::milliseconds watch{1'000};   // how often memory is looked at
  std::chrono::milliseconds ping{10'000};   // how often it is asked whether it still listens
  std::chrono::milliseconds hang{30'000};   // without a pong, when no call's deadline watches
  std::chrono::milliseconds first_wait{1'000};  // before the second restart; doubled each time
};

}  // namespace hobd
