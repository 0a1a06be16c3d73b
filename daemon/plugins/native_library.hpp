// Shared libraries as plugins.
#pragma once

#include "base/result.hpp"

#include "hob/plugin.h"

#include <filesystem>
#include <string_view>

namespace hobd {

/// Loads the library of the plugin `id` (RTLD_NOW, RTLD_LOCAL, never unloaded), checks its entry and makes a plugin.
/// `host` outlives the plugin. Errors name the file: unavailable (can't be loaded), invalid (no entry, entry or plugin
/// struct too short, another id), unsupported (another abi_major), or create()'s own status. The caller frees the
/// plugin by plugin->destroy(). Blocks. Thread: any.
Result<hob_plugin*> load_native_plugin(const std::filesystem::path& file, std::string_view id, const hob_host* host);

/// Whether a plugin struct, native or not, is whole.
Result<void> check_plugin(const hob_plugin* plugin);

}  // namespace hobd
