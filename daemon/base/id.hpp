// Identifiers: UUIDv7 (RFC 9562, section 5.7), so that ids made later sort later.
#pragma once

#include <string>
#include <string_view>

namespace hobd {

/// A new id: a prefix that names the kind ("msg", "turn", ...), '_' and the 32 hex digits of a UUIDv7.
/// Within one process ids never repeat and sort in the order they were made, also when the wall clock
/// goes back. Randomness comes from the kernel. Thread: any.
std::string make_id(std::string_view kind);

/// `bytes` random bytes from the kernel, as lower-case hex: for tokens and keys. Thread: any.
std::string random_hex(std::size_t bytes);

}  // namespace hobd
