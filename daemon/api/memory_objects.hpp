// What the memory methods share: memories and changes as the API shows them, and readers of their parameters.
#pragma once

#include "api/methods.hpp"
#include "memory/learning.hpp"
#include "store/memories.hpp"

namespace hobd {

json::object api_json(const Memory& memory);
json::object api_json(const MemoryVersion& version);
/// Without the memories' bodies: what was done to which, and why.
json::object api_json(const MemoryChange& change);

/// The filter of `kind`, `topic`, `person`, `valid_at`, `as_of` and `include`. invalid: names the time that can't be read.
Result<MemoryFilter> memory_filter(const json::object& params);
/// A member that holds a time; none: it is absent or null. invalid: names it.
Result<std::optional<Time>> time_param(const json::object& params, std::string_view name);
std::vector<std::string> texts_param(const json::object& params, std::string_view name);

/// The classes of personal data in a memory's text and quotes; empty where the config doesn't look for them.
std::vector<std::string> pii_of(const MemoryContext& context, const Memory& memory);

/// The beginning of a text, for one line of a summary.
std::string shortened(std::string_view text);

}  // namespace hobd
