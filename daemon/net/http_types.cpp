#include "net/http_types.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {

namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Escapes that are not two hex digits stay as they are.
std::string decode(std::string_view text, char plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += c == '+' ? plus : c;
    }
  }
  return out;
}

}  // namespace

std::string_view HttpHeaders::get(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (equals_ignore_case(key, name)) return value;
  return {};
}

bool HttpHeaders::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const Field& field) { return equals_ignore_case(field.first, name); });
}

void HttpHeaders::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](const Field& field) { return equals_ignore_case(field.first, name); });
  fields_.emplace_back(std::string(name), std::move(value));
}

int http_status(Code code) noexcept {
  switch (code) {
    case Code::ok: return 200;
    case Code::internal: return 500;
    case Code::not_found: return 404;
    case Code::invalid: return 400;
    case Code::denied: return 403;
    case Code::cancelled: return 499;
    case Code::timeout: return 408;
    case Code::unavailable: return 503;
    case Code::unsupported: return 501;
    case Code::overloaded: return 429;
  }
  return 500;
}

Code code_from_http_status(int status) noexcept {
  if (status < 400) return Code::ok;
  switch (status) {
    case 401:
    case 403: return Code::denied;
    case 404: return Code::not_found;
    case 408: return Code::timeout;
    case 429: return Code::overloaded;
    case 501: return Code::unsupported;
    default: return status < 500 ? Code::invalid : Code::unavailable;
  }
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto part : split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
    pairs.emplace_back(decode(part.substr(0, equals), ' '), decode(value, ' '));
  }
  return pairs;
}

std::string percent_decode(std::string_view text) { return decode(text, '+'); }

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace hobd
