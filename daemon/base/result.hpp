// Result: the one way an expected failure travels in Hob.
//
// A function that can fail for a reason outside the program (network, disk, a plugin, a person's
// input) returns Result<T>. Its Error holds one of ten codes, the same ten that the plugin ABI, the
// control socket and HTTP use, and a message that names the object, the attempt and, where known,
// what to do. Each level adds at most one clause; a failure is logged or returned, never both.
// Exceptions are left for broken invariants and for start-up.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hobd {

/// The ten outcomes. Values equal hob_status in sdk/include/hob/plugin.h; the list only grows.
enum class Code : std::int32_t {
  ok = 0,
  internal = 1,
  not_found = 2,
  invalid = 3,
  denied = 4,
  cancelled = 5,
  timeout = 6,
  unavailable = 7,
  unsupported = 8,
  overloaded = 9,
};

/// "ok", "internal", "not_found", ...: the names used on every wire.
std::string_view code_name(Code code) noexcept;

/// The code of a name; Code::internal for a name that is not one of the ten.
Code code_from_name(std::string_view name) noexcept;

/// An unknown number reads as Code::internal, as the plugin ABI promises.
Code code_from_number(std::int32_t number) noexcept;

struct [[nodiscard]] Error {
  Code code = Code::internal;
  std::string message;

  Error() = default;
  Error(Code c, std::string m) : code(c), message(std::move(m)) {}

  /// The same error with one clause in front: "load plugin x" + ": " + message.
  Error with_context(std::string_view clause) const;

  bool operator==(const Error&) const = default;
};

/// Called by Result::value() on an error; throws std::runtime_error. For start-up and tests.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace hobd

#define HOB_CONCAT_INNER(a, b) a##b
#define HOB_CONCAT(a, b) HOB_CONCAT_INNER(a, b)

/// `auto row = TRY(store.find(id));` in a plain function: the value, or return the error.
#define TRY(expression)                               \
  (__extension__({                                    \
    auto&& try_result_ = (expression);                \
    if (try_result_.has_error()) [[unlikely]]         \
      return std::move(try_result_).error();          \
    *std::move(try_result_);                          \
  }))

/// `CO_TRY(auto row, co_await store.find(id));` in a coroutine: declares the value, or co_returns the
/// error. A declaration, because g++ 12 can't compile co_await inside a statement expression.
#define CO_TRY(declaration, expression) \
  HOB_CO_TRY_IMPL(HOB_CONCAT(co_try_, __COUNTER__), declaration, expression)
#define HOB_CO_TRY_IMPL(name, declaration, expression)               \
  auto name = (expression);                                          \
  if (name.has_error()) [[unlikely]] co_return std::move(name).error(); \
  declaration = *std::move(name)

/// `CO_CHECK(co_await store.remove(id));` for a Result whose value isn't wanted.
#define CO_CHECK(expression) HOB_CO_CHECK_IMPL(HOB_CONCAT(co_check_, __COUNTER__), expression)
#define HOB_CO_CHECK_IMPL(name, expression)            \
  do {                                                 \
    auto name = (expression);                          \
    if (name.has_error()) [[unlikely]]                 \
      co_return std::move(name).error();               \
  } while (false)
