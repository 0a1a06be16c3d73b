// Which hosts and origins may speak to the listener. Pure.
#pragma once

#include <string_view>

namespace hobd {

/// Whether a Host header ("localhost:8787", "127.0.0.1", "[::1]:80") names this machine: what keeps a web page
/// whose name was rebound to 127.0.0.1 out.
bool is_loopback_host(std::string_view host);
/// Whether an Origin header ("http://localhost:8787") is the listener's own, as Host names it.
bool is_own_origin(std::string_view origin, std::string_view host);

}  // namespace hobd
