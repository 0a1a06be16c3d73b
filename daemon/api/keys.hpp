// API keys and what a caller may do. A key is "hob_" and 48 hex digits; the database holds its SHA-256 only.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>

namespace hobd {

/// What a user who is not an admin may do. A key gets these unless it was made with fewer.
inline constexpr std::array<std::string_view, 7> kUserScopes = {"chat",  "conversations", "memory", "models",
                                                                "tools", "workspace",     "usage"};
std::set<std::string, std::less<>> user_scopes();

/// A fresh key, to be shown once.
std::string make_api_key();
/// Lower-case hex SHA-256.
std::string sha256_hex(std::string_view text);

}  // namespace hobd
