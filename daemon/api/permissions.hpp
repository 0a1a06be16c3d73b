// What a plugin may do, and whether a wall holds it or its word alone.
#pragma once

#include "plugins/manifest.hpp"

namespace hobd {

/// One object a permission: {"permission", "granted", "standing": "enforced" | "promised", "by"}. `isolation` is the
/// instance's: none or process.
json::array permissions_json(const Manifest& manifest, std::string_view isolation);

}  // namespace hobd
