// What a plugin's describe() says of its tools, joined with the manifest.
#pragma once

#include "plugins/manifest.hpp"

#include <string_view>

namespace hobd {

/// The manifest's tools that `answer` ({"tools":[...]}) describes too, their gaps filled in. The manifest was read by
/// the owner, so it wins; a tool that it doesn't list is refused with a line in the log. invalid: no such answer.
Result<std::vector<ToolManifest>> describe_tools(const Manifest& manifest, const std::string& instance,
                                                 std::string_view answer);

}  // namespace hobd
