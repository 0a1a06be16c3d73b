// Which plugin instances a config asks for.
#pragma once

#include "config/config.hpp"
#include "plugins/manifest.hpp"

#include <set>

namespace hobd {

struct WantedInstance {
  std::string name;    // the instance's
  const Manifest* manifest = nullptr;
  std::vector<RouteManifest> routes;  // the manifest's, with {config:KEY} filled in
  json::object settings;              // with the schema's defaults where the config says nothing
  SourceMark mark;     // of the settings; file "" when the config says nothing
  std::string key;     // "channels.discord", for messages
};

struct Wanted {
  std::vector<WantedInstance> instances;  // sorted by name
  std::vector<ConfigFault> faults;        // of the config's plugin settings
  std::vector<std::pair<std::string, Error>> missing;  // instance or plugin that can't run, and why
};

/// Pure. `found` outlives the result. `switched_off`: instances and plugin ids that plugin.disable was told.
Wanted wanted_instances(const Config& config, const Discovery& found, const std::set<std::string>& switched_off = {});

}  // namespace hobd
