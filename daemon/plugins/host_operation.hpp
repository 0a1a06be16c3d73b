// One operation in flight. Internal to the host services.
#pragma once

#include "plugins/host_service_set.hpp"

#include <optional>
#include <set>

namespace hobd {

struct HostServiceSet::Operation {
  explicit Operation(hob_id i) : id(i) {}
  const hob_id id;
  std::optional<TaskGroup> tasks;                  // core thread
  std::shared_ptr<WebSocketClient> websocket;      // core thread; shared with its run
  std::atomic<bool> open{false};                   // a WebSocket that takes messages
  std::atomic<std::size_t> outgoing{0};            // bytes on the way to the core thread
  /// Bytes of events that the plugin hasn't taken; shared with the events on their way.
  std::shared_ptr<std::atomic<std::size_t>> waiting = std::make_shared<std::atomic<std::size_t>>(0);
  bool overflowed = false;                         // core thread
};

/// A request after permissions and secrets.
struct HostServiceSet::Outgoing {
  UrlPolicy::Target target;
  HttpHeaders headers;
  std::set<std::string> secrets;
};

/// Bytes that may wait, in each direction of one operation.
inline constexpr std::size_t kMaxWaitingBytes = 8 << 20;

}  // namespace hobd
