// The "tools" block of plugin.json, written from the code without touching the rest of the file.
#pragma once

#include "plugin_kit/probe.hpp"

#include <string>
#include <vector>

namespace hobd::kit {

/// Where manifest and code say different things: a sentence each. Empty: they agree. A manifest that leaves a tool's
/// description and parameters out leaves them to the code.
std::vector<std::string> drift_of(const Manifest& manifest, const std::vector<DescribedTool>& tools);

/// `text` (a plugin.json) with the block "tools" as the code has it: tools that are gone leave, new ones come with the cautious
/// effect "external", what the author decided (effect, idempotent, deadline_s) stays. All other bytes stay as they are.
Result<std::string> with_tools(const std::string& text, const std::vector<DescribedTool>& tools);

/// What differs between two texts, line by line: "-old", "+new", two lines of context.
std::string difference(const std::string& before, const std::string& after);

}  // namespace hobd::kit
