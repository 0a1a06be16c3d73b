// What of a message goes to a model as an image.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

namespace hobd {

/// Whether a part, or an attachment, is an image that models take, inline or by its address. One that only calls itself "image" is
/// none: some providers would read it as whatever it is, at a price that nobody reckoned with.
bool is_image(const json::object& part);

/// invalid: a member of the list calls itself an image and is none. `where` names the list in the error.
Result<void> check_images(const json::array& parts, std::string_view where);

/// invalid: of a message's attachments one is none that models take or could be told of: no object with a "type" or a "name", or
/// an image that is none.
Result<void> check_attachments(const json::array& attachments, std::string_view where);

}  // namespace hobd
