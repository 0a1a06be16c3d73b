// The small grammars of HTTP that both the server and the client check. Pure; thread: any.
#pragma once

#include "net/http_types.hpp"

#include <string>
#include <string_view>

namespace hobd {

/// RFC 9110, 5.6.2: a method or a field name.
bool is_token(std::string_view text) noexcept;
/// A field value that can't break out of its line: no CR, LF or NUL.
bool is_field_value(std::string_view text) noexcept;
/// Whether the comma-separated `list` has `token`, without case.
bool list_has_token(std::string_view list, std::string_view token) noexcept;
/// A Host field or URL authority without userinfo: a name, an address or [v6], and perhaps a port.
bool is_host(std::string_view text) noexcept;
/// RFC 9112, 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ).
bool are_chunk_extensions(std::string_view text) noexcept;
/// RFC 6455, 4.1: base64 of 16 bytes.
bool is_websocket_key(std::string_view text) noexcept;
/// RFC 6455, 7.4: a code that may stand in a close frame.
bool is_close_code(std::uint16_t code) noexcept;

/// A request target taken apart (RFC 9112, 3.2).
struct HttpTarget {
  std::string path;       // percent-decoded
  std::string query;      // as sent
  std::string authority;  // of an absolute-form target, else ""
};

/// Reads origin-form, absolute-form (http, https) and "*". invalid: anything else, a bad percent escape, an
/// encoded NUL, a dot segment, a path that is not UTF-8.
Result<HttpTarget> parse_target(std::string_view target);

/// The standard reason phrase, or "Unknown".
std::string_view reason_phrase(int status) noexcept;

}  // namespace hobd
