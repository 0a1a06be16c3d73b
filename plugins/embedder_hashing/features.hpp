// Signed feature hashing (Weinberger et al., 2009) of words, their character n-grams and word pairs.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace embedder_hashing {

inline constexpr std::size_t kDimension = 384;
/// Stored vectors are compared as long as this stays the same, so it changes whenever a number of theirs would.
inline constexpr char kModel[] = "hashing-384-v1";

/// Writes the vector of `text`: length 1, or all zero when there is nothing in it but spaces and punctuation. Any bytes are
/// taken. Cost: some 10 µs a sentence; texts are read up to 32 KiB.
void write_features(std::string_view text, std::span<float, kDimension> out);

}  // namespace embedder_hashing
