// A message as a sparse vector of its words, pairs of words, beginnings and pieces of words, each hashed into a bucket of a fixed
// table (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009). What a bucket means, nobody chose: its
// weight is learned (tests/models/fit_routing.py).
#pragma once

#include "models/routing_features.hpp"

#include <vector>

namespace hobd::routing {

inline constexpr std::size_t kBuckets = std::size_t{1} << 15;

struct Gram {
  std::uint16_t bucket = 0;
  float value = 0;  // those of one kind have together the length 1, however long the message is
};

/// The same for the same words, in every build. At most some thousand.
std::vector<Gram> grams_of(const NormalText& text);

}  // namespace hobd::routing
