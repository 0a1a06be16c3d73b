// The words by which a message is recognised, by what they hint at: English first, German, French and Spanish besides.
#pragma once

#include "models/routing_features.hpp"

namespace hobd::routing {

/// One list for each trait up to Trait::small_request, in their order. Entries are parted by blanks; "a_b" is a phrase, "stem*"
/// stands for every word that begins so. Words are in lower case, without apostrophes. A word may be in several lists.
extern const std::array<std::string_view, kWordTraits> kWordLists;

/// Words that say nothing by themselves: what is left is unknown.
extern const std::string_view kPlainWords;

}  // namespace hobd::routing
