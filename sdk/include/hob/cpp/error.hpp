// hob::Error: what a plugin throws, and what a failed host operation throws at it.
#pragma once

#include "../plugin.h"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace hob {

/// The status codes of the ABI. Unscoped, so that `throw hob::Error{hob::denied, "..."}` reads well.
enum Code : hob_status {
  ok = HOB_OK,
  internal = HOB_INTERNAL,
  not_found = HOB_NOT_FOUND,
  invalid = HOB_INVALID,
  denied = HOB_DENIED,
  cancelled = HOB_CANCELLED,
  timeout = HOB_TIMEOUT,
  unavailable = HOB_UNAVAILABLE,
  unsupported = HOB_UNSUPPORTED,
  overloaded = HOB_OVERLOADED
};

/// A code that this version does not know reads as internal.
constexpr Code to_code(hob_status status) noexcept {
  return status >= HOB_OK && status <= HOB_OVERLOADED ? static_cast<Code>(status) : internal;
}

struct Error : std::exception {
  Code code = internal;
  std::string message;  // for people: what was tried and what to do

  Error(Code c, std::string m) : code(c), message(std::move(m)) {}
  const char* what() const noexcept override { return message.c_str(); }
};

namespace detail {

inline std::string_view view(hob_str text) noexcept {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}
inline hob_str borrow(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// The exception in flight as an Error. Call it in a catch block.
inline Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {internal, error.what()};
  } catch (...) {
    return {internal, "the plugin threw something that is no exception"};
  }
}

}  // namespace detail
}  // namespace hob
