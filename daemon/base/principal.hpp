// Who is asking: known at the door (socket credentials, API key, channel identity), carried to every
// method.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace hobd {

struct Principal {
  std::string user_id;
  std::string user_name;
  /// "chat", "memory:read", "memory:write", "tools", ..., or "admin", which holds them all.
  std::set<std::string, std::less<>> scopes;
  /// The way in: "socket", "http", "ws" (a WebSocket), "channel:<instance>", "plugin:<instance>".
  std::string via;

  bool is_admin() const { return scopes.contains("admin"); }
  /// Holds `scope`, or a broader one ("memory" holds "memory:read"; "admin" holds all). "" is open to all.
  bool may(std::string_view scope) const;
};

}  // namespace hobd
