// The little JSON that a test needs, with the standard library alone: so that a test of a plugin in C or Lua needs no
// Boost. Reads and quotes; for more take a JSON library.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace hob::test {

/// `text` as a JSON string.
inline std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

namespace detail {

inline std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) ++at;
  return at;
}
inline std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at < text.size() ? at + 1 : text.size();
}
/// Where the value that begins at `at` ends.
inline std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return at;
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    while (at < text.size() && std::string_view(",]} \t\r\n").find(text[at]) == std::string_view::npos) ++at;
    return at;
  }
  for (int depth = 0; at < text.size();) {
    if (text[at] == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (text[at] == '{' || text[at] == '[') ++depth;
    if (text[at] == '}' || text[at] == ']') --depth;
    ++at;
    if (depth == 0) break;
  }
  return at;
}
inline void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}
inline std::uint32_t read_hex(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4 && i < text.size(); ++i) {
    const char c = text[i];
    value = value * 16 + static_cast<std::uint32_t>(c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0');
  }
  return value;
}

}  // namespace detail

/// What a JSON string says; empty when `json` is no string.
inline std::string unquote(std::string_view json) {
  std::string out;
  if (json.size() < 2 || json.front() != '"') return out;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] != '\\') {
      out += json[i];
      continue;
    }
    switch (json[++i]) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        std::uint32_t c = detail::read_hex(json, i + 1);
        i += 4;
        if (c >= 0xD800 && c < 0xDC00 && json.substr(i + 1, 2) == "\\u") {
          c = 0x10000 + ((c - 0xD800) << 10) + (detail::read_hex(json, i + 3) - 0xDC00);
          i += 6;
        }
        detail::append_utf8(out, c);
        break;
      }
      default: out += json[i];
    }
  }
  return out;
}

/// The JSON text of member `name` of the object `json`, "total" or "rolls.0" for one further in; none when it is
/// not there. `json` must be well-formed.
inline std::optional<std::string> member(std::string_view json, std::string_view path) {
  using namespace detail;
  const std::size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  std::size_t at = skip_space(json, 0);
  if (at >= json.size() || (json[at] != '{' && json[at] != '[')) return std::nullopt;
  const bool is_object = json[at] == '{';
  std::size_t index = 0;
  for (at = skip_space(json, at + 1); at < json.size() && json[at] != '}' && json[at] != ']'; ++index) {
    std::string key = std::to_string(index);
    if (is_object) {
      const std::size_t end = skip_string(json, at);
      key = unquote(json.substr(at, end - at));
      at = skip_space(json, skip_space(json, end) + 1);
    }
    const std::size_t end = skip_value(json, at);
    if (key == name) {
      const std::string_view value = json.substr(at, end - at);
      return rest.empty() ? std::optional(std::string(value)) : member(value, rest);
    }
    at = skip_space(json, end);
    if (at < json.size() && json[at] == ',') at = skip_space(json, at + 1);
  }
  return std::nullopt;
}
/// The same for a text; `fallback` when it is not there or no text.
inline std::string text_member(std::string_view json, std::string_view path, std::string_view fallback = {}) {
  const auto found = member(json, path);
  return found && !found->empty() && found->front() == '"' ? unquote(*found) : std::string(fallback);
}

}  // namespace hob::test
