#include "models/image_part.hpp"

#include "base/text.hpp"

#include <hob/cpp/data_url.hpp>

#include <fmt/core.h>

namespace hobd {

bool is_image(const json::object& part) {
  if (string_or(part, "type") != "image") return false;
  // Without a type it is sent as PNG.
  if (const json::value* mime = part.if_contains("mime"); mime && !mime->is_null() && (!mime->is_string() || !hob::is_image_mime(mime->get_string()))) return false;
  const std::string_view url = string_or(part, "url");
  if (!equals_ignore_case(url.substr(0, 5), "data:")) return part.contains("data") || !url.empty();
  return hob::is_image_mime(hob::read_data_url(url).mime);
}

Result<void> check_images(const json::array& parts, std::string_view where) {
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (const json::object* part = parts[i].if_object(); part && string_or(*part, "type") == "image" && !is_image(*part))
      return Error{Code::invalid, fmt::format("{}[{}]: it is no image that models take: PNG, JPEG, WebP, GIF, HEIC or HEIF, as base64 or by its address", where, i)};
  return {};
}

Result<void> check_attachments(const json::array& attachments, std::string_view where) {
  for (std::size_t i = 0; i < attachments.size(); ++i) {
    const json::object* one = attachments[i].if_object();
    if (!one || (string_or(*one, "type").empty() && string_or(*one, "name").empty()))
      return Error{Code::invalid, fmt::format("{}[{}]: not an attachment: write an object such as {{\"type\":\"image\",\"url\":\"https://...\"}}", where, i)};
  }
  return check_images(attachments, where);
}

}  // namespace hobd
