// The error that a plugin's finish() means.
#pragma once

#include "base/result.hpp"

#include "hob/plugin.h"

#include <string_view>

namespace hobd {

/// An unknown status is internal, the message valid UTF-8 of at most 4 KiB, and never empty.
Error plugin_error(hob_status status, std::string_view message);
inline constexpr std::size_t kMaxErrorMessage = 4096;

/// The largest result of a call: more is an answer gone wrong, and memory that nobody asked for.
inline constexpr std::size_t kMaxResult = 32 << 20;
/// What a call that answered more ends with.
Error result_too_large(std::size_t size);

}  // namespace hobd
