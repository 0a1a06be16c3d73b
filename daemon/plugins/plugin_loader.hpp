// From a file to a living plugin: what the daemon does inside itself and hob-plugin-host in its own process, with
// the same checks and the same words.
#pragma once

#include "base/result.hpp"

#include "hob/plugin.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace hobd {

struct PluginCode {
  std::filesystem::path file;
  std::string id;  // the manifest's
  enum class Language { native, lua } language = Language::native;
};

/// Loads a library or a script and makes a plugin whose struct is whole. `host` outlives it. Errors as
/// load_native_plugin() and load_lua_plugin(). The caller frees it by plugin->destroy(). Blocks.
Result<hob_plugin*> load_plugin(const PluginCode& code, const hob_host* host);

/// Calls activate(). Another status than ok, or an exception: that error; the plugin is not freed. On the strand.
Result<void> activate_plugin(hob_plugin* plugin, std::string_view config);

}  // namespace hobd
