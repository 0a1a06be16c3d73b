// The hob_host of one plugin: C functions over the call table, the services, timers and the executor.
#pragma once

#include "plugins/call_table.hpp"
#include "plugins/host_service_set.hpp"
#include "plugins/timer_service.hpp"

#include "hob/plugin.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

/// Whether a plugin may have the host's extension `id`; unknown ids are not granted. The one place that says so.
bool is_granted(const Manifest& manifest, std::string_view id);
/// All that it may have.
std::vector<std::string_view> granted_extensions(const Manifest& manifest);

/// What stands behind the tables. `post` and `run_blocking` may be called on any thread.
struct HostParts {
  std::string instance;
  std::shared_ptr<CallTable> calls;          // shared with posts to the core
  std::shared_ptr<HostServiceSet> services;  // shared with running operations
  std::shared_ptr<TimerService> timers;      // shared with waits
  std::function<void(hob_id task)> post, run_blocking;
};

/// Owns the hob_host; must outlive every use of the pointer by the plugin and its threads.
class PluginHost {
 public:
  explicit PluginHost(HostParts parts);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;
  const hob_host* host() const { return &host_; }
  const HostParts& parts() const { return parts_; }

 private:
  HostParts parts_;
  hob_host host_;
};

}  // namespace hobd
