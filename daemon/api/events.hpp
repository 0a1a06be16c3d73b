// What happens in the daemon, for those who watch: `hobctl events`, later the web page.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace hobd {

/// An event is {"event":name,"at":time,"data":{...}}; `user_id` says whose it is ("" the daemon's own: admins
/// only). All on the core thread.
class Events {
 public:
  explicit Events(const Clock& clock) : clock_(clock) {}
  using Listener = std::function<void(const std::string& user_id, const json::object& event)>;
  void publish(std::string_view name, const std::string& user_id, json::object data);
  /// The listener must not block and not (un)listen from inside the call.
  std::uint64_t listen(Listener listener);
  void forget(std::uint64_t listener);

 private:
  const Clock& clock_;
  std::map<std::uint64_t, Listener> listeners_;
  std::uint64_t next_ = 1;
};

}  // namespace hobd
