// The HTTP routes of all plugins: "/a/{name}/b", "/a/{rest*}". A literal segment beats a parameter, a parameter
// beats the rest.
#pragma once

#include "plugins/registry.hpp"

namespace hobd {

class RouteTable {
 public:
  /// invalid: a route of another instance answers the same method and path; names both.
  Result<void> add(const RouteManifest& route, Instance& instance);
  /// As Registry::match_route.
  Result<RouteEntry> match(std::string_view method, std::string_view path) const;
  /// As Registry::route_methods.
  std::vector<std::string> methods(std::string_view path) const;
  std::vector<RouteEntry> all() const;

 private:
  struct Entry {
    const RouteManifest* route;
    Instance* instance;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;  // best match first
};

}  // namespace hobd
