// Secrets by reference: ${env:NAME}, ${file:/path}, ${credential:name}, alone or inside a longer text.
// "$${" writes a plain "${". Any other "${" is left as it is, unless it looks like a reference of an unknown kind.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"

#include <string>
#include <string_view>

namespace hobd {

bool has_secret_reference(std::string_view text);

/// `text` with its references replaced; each secret is registered with log::hide(). invalid or not_found: the
/// message says how to set what is missing and never holds a secret. Thread: any; reads small files.
Result<std::string> resolve_secrets(std::string_view text, const SecretSources& sources);

/// The content of a regular file of at most `limit` bytes. Thread: any; blocks for a local read only (a FIFO or
/// a device is refused, not waited for).
Result<std::string> read_bounded_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace hobd
