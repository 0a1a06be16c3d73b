// How hard a message looks, 0 to 1: a logistic sum over its traits.
#pragma once

#include "models/routing_features.hpp"

#include <vector>

namespace hobd::routing {

/// From here on a message goes to the smart tier. Below one half: a hard message on the fast tier is the dearer mistake.
inline constexpr double kSmartFrom = 0.12;
/// Between these the words don't settle it, and a model may be asked.
inline constexpr double kUnsureFrom = 0.05, kUnsureTo = 0.60;
/// Up to here a message is plainly simple.
inline constexpr double kPlainlySimple = 0.12;

double score(const Features& features);
/// What weighed most, for people; the strongest first, at most four.
std::vector<std::string> reasons_of(const Features& features);

}  // namespace hobd::routing
