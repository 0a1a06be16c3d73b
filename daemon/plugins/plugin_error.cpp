#include "plugins/plugin_error.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace hobd {

Error plugin_error(hob_status status, std::string_view message) {
  Code code = code_from_number(status);
  if (code == Code::ok) code = Code::internal;
  std::string text(utf8_prefix(to_valid_utf8(message.substr(0, kMaxErrorMessage)), kMaxErrorMessage));
  if (text.empty()) text = "the plugin gave no reason";
  return Error{code, std::move(text)};
}

Error result_too_large(std::size_t size) {
  return Error{Code::overloaded, fmt::format("the plugin answered {} bytes; {} are the most", size, kMaxResult)};
}

}  // namespace hobd
