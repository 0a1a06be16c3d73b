#include "net/http_syntax.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {

namespace {

bool is_alnum(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_token_char(char c) noexcept {
  return is_alnum(c) || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Result<std::string> decode_path(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') continue;
    if (i + 2 >= raw.size() || !is_hex(raw[i + 1]) || !is_hex(raw[i + 2]))
      return Error{Code::invalid, "request target: bad percent escape"};
    if (raw[i + 1] == '0' && raw[i + 2] == '0') return Error{Code::invalid, "request target: encoded NUL"};
  }
  std::string path = percent_decode(raw);
  if (!is_valid_utf8(path)) return Error{Code::invalid, "request target: not UTF-8"};
  for (const auto segment : split(path, '/'))
    if (segment == "." || segment == "..") return Error{Code::invalid, "request target: dot segment"};
  return path;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_field_value(std::string_view text) noexcept {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool list_has_token(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (equals_ignore_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool is_host(std::string_view text) noexcept {
  if (text.empty()) return false;
  if (text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto inner = text.substr(1, end - 1);
    if (inner.empty() || !std::all_of(inner.begin(), inner.end(), [](char c) { return is_hex(c) || c == ':' || c == '.'; }))
      return false;
    text.remove_prefix(end + 1);
  } else {
    const auto end = std::min(text.find(':'), text.size());
    const auto name = text.substr(0, end);
    const auto fits = [](char c) {
      return is_alnum(c) || (c != '\0' && std::string_view("-._~%!$&'()*+,;=").find(c) != std::string_view::npos);
    };
    if (name.empty() || !std::all_of(name.begin(), name.end(), fits)) return false;
    text.remove_prefix(end);
  }
  if (text.empty()) return true;
  return text.front() == ':' && text.size() <= 6 &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool are_chunk_extensions(std::string_view text) noexcept {
  const auto skip_space = [&] {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  };
  const auto skip_token = [&] {
    const auto before = text.size();
    while (!text.empty() && is_token_char(text.front())) text.remove_prefix(1);
    return text.size() < before;
  };
  const auto skip_quoted = [&] {
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
      const auto c = static_cast<unsigned char>(text.front());
      if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
      if (c == '\\') text.remove_prefix(1);
      if (!text.empty()) text.remove_prefix(1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
    return true;
  };
  for (skip_space(); !text.empty(); skip_space()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    skip_space();
    if (!skip_token()) return false;
    skip_space();
    if (text.empty() || text.front() != '=') continue;
    text.remove_prefix(1);
    skip_space();
    if (text.empty() || !(text.front() == '"' ? skip_quoted() : skip_token())) return false;
  }
  return true;
}

bool is_websocket_key(std::string_view text) noexcept {
  if (text.size() != 24 || text.substr(22) != "==") return false;
  const auto digits = text.substr(0, 22);
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return is_alnum(c) || c == '+' || c == '/'; }))
    return false;
  return std::string_view("AQgw").find(digits.back()) != std::string_view::npos;  // 16 bytes leave 4 zero bits
}

bool is_close_code(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

Result<HttpTarget> parse_target(std::string_view target) {
  HttpTarget out;
  if (target == "*") {
    out.path = "*";
    return out;
  }
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '#')
      return Error{Code::invalid, "request target: bad character"};
  if (!target.empty() && target.front() != '/') {
    const auto colon = target.find("://");
    const auto scheme = target.substr(0, std::min(colon, target.size()));
    if (colon == std::string_view::npos ||
        (!equals_ignore_case(scheme, "http") && !equals_ignore_case(scheme, "https")))
      return Error{Code::invalid, "request target: neither a path nor an http URL"};
    target.remove_prefix(colon + 3);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    out.authority = target.substr(0, end);
    if (!is_host(out.authority)) return Error{Code::invalid, "request target: bad authority"};
    target.remove_prefix(end);
  } else if (target.empty()) {
    return Error{Code::invalid, "request target: empty"};
  }
  const auto mark = target.find('?');
  if (mark != std::string_view::npos) out.query = target.substr(mark + 1);
  const auto raw = target.substr(0, mark);
  out.path = TRY(decode_path(raw.empty() ? std::string_view("/") : raw));
  return out;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Unknown";
  }
}

}  // namespace hobd
