// How hard a message looks, 0 to 1: a logistic sum over its traits and grams.
#pragma once

#include "models/routing_features.hpp"

#include <vector>

namespace hobd::routing {

/// From here on a message goes to the smart tier. Below one half: a hard message on the fast tier is the dearer mistake.
inline constexpr double kSmartFrom = 0.30;
/// Between these the words don't settle it, and a model may be asked.
inline constexpr double kUnsureFrom = 0.08, kUnsureTo = 0.85;
/// Up to here a message is plainly simple.
inline constexpr double kPlainlySimple = 0.12;

struct Score {
  double value = 0;
  double grams = 0;  // what the words themselves weigh in it, above 0 for hard
};
Score score(const Features& features, const NormalText& text);
/// What weighed most, for people; the strongest first, at most four. It quotes nothing: decisions are kept longer than messages.
std::vector<std::string> reasons_of(const Features& features, const Score& score);

}  // namespace hobd::routing
