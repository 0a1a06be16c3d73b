#include "api/http_origin.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// Without the port; an IPv6 address keeps its brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    return close == std::string_view::npos ? std::string_view{} : host.substr(0, close + 1);
  }
  return host.substr(0, host.find(':'));
}

bool is_loopback_v4(std::string_view name) {
  const auto parts = split(name, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == std::string_view::npos;
  });
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const std::string name = to_lower_ascii(host_name(host));
  return name == "localhost" || name.ends_with(".localhost") || name == "[::1]" || is_loopback_v4(name);
}

bool is_own_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return !host.empty() && equals_ignore_case(origin.substr(scheme.size()), host);
  return false;
}

}  // namespace hobd
