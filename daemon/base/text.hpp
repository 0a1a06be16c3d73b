// Text helpers: UTF-8, similarity, sizes and durations as people write them. All pure; thread: any.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

bool is_valid_utf8(std::string_view text) noexcept;
/// `text` with each ill-formed byte replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);
/// The longest prefix of at most `bytes` bytes that cuts no code point in half.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes) noexcept;

/// The candidate nearest to `word` by edit distance, or "" when none is near enough to suggest.
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

/// "30s", "5m", "2h", "7d", "250ms" -> milliseconds. Whole numbers only, never negative.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "64KiB", "1MiB", "2GiB", "512" (bytes) -> bytes.
Result<std::uint64_t> parse_size(std::string_view text);

std::string to_lower_ascii(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;
std::string_view trim(std::string_view text) noexcept;
std::vector<std::string_view> split(std::string_view text, char separator);

/// Compares in time that depends on the lengths alone: for keys and signatures.
bool equals_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace hobd
