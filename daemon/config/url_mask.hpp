// Credentials that stand inside URLs.
#pragma once

#include <string>
#include <string_view>

namespace hobd {

/// "scheme://user:secret@host/..." has one.
bool has_userinfo(std::string_view url);

/// `text` as it may be shown: of a URL the user, the password and the values of the query are "***" (references,
/// "${env:X}", stay). Any other text comes back as it is.
std::string masked_url(std::string_view text);

/// Registers what masked_url() would hide with log::hide().
void hide_url_secrets(std::string_view url);

}  // namespace hobd
