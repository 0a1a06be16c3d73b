#include "base/result.hpp"

#include <boost/throw_exception.hpp>

#include <array>
#include <stdexcept>

namespace hobd {
namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "ok",        "internal", "not_found",   "invalid",     "denied",
    "cancelled", "timeout",  "unavailable", "unsupported", "overloaded",
};

}  // namespace

std::string_view code_name(Code code) noexcept {
  return kNames[static_cast<std::size_t>(code)];
}

Code code_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Code>(i);
  return Code::internal;
}

Code code_from_number(std::int32_t number) noexcept {
  return number >= 0 && number < static_cast<std::int32_t>(kNames.size()) ? static_cast<Code>(number)
                                                                           : Code::internal;
}

Error Error::with_context(std::string_view clause) const {
  return {code, std::string(clause) + ": " + message};
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  boost::throw_exception(
      std::runtime_error(std::string(code_name(error.code)) + ": " + error.message), where);
}

}  // namespace hobd
