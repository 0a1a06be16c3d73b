// What the HTTP server and client speak of. No Beast here: those headers stay in two .cpp files.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hobd {

/// Header fields in order; names compare without case (RFC 9110).
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}
  /// The first value of `name`, or "" when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// The usual status of an outcome: 200, 500, 404, 400, 403, 499, 408, 503, 501, 429.
int http_status(Code code) noexcept;
/// The outcome that a response status means: 401 and 403 denied, 404 not_found, 408 timeout, 413 invalid,
/// 429 overloaded, other 4xx invalid, 501 unsupported, 5xx unavailable.
Code code_from_http_status(int status) noexcept;

/// Splits "a=1&b=%20" into decoded pairs, in order.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);
std::string percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);

}  // namespace hobd
