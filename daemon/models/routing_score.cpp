#include "models/routing_score.hpp"

#include "models/routing_weights.hpp"

#include <algorithm>
#include <cmath>

namespace hobd::routing {
namespace {

constexpr std::size_t kReasons = 4;
/// What weighs less is not worth a word.
constexpr double kWorthSaying = 0.35;

/// In the order of Trait; "" for what needs no word of its own.
constexpr std::string_view kReasonOf[] = {
    "asks for a proof or a derivation", "is about mathematics", "is about something that fails", "asks for a program", "is about programming", "asks for a plan",
    "sets conditions", "is about the law", "is about money", "is about health", "asks for a comparison", "is about a text to be read",
    "asks for an analysis", "asks for a text of some length", "asks for a letter or careful words", "asks for a design", "asks for judgement",
    "is a negotiation or a role to play", "asks for an explanation", "needs many things that were said", "asks for research", "is a puzzle", "is about business",
    "is about a difficult matter between people", "asks for care",
    "is a greeting", "says thanks", "says yes or no", "is about a reminder or a date", "is about a list or a note", "asks about the weather", "is about a device", "is about units or sums",
    "is a quick question", "asks about a word", "asks to mend a text", "asks for a translation", "tells something to keep", "asks what was said", "is small talk", "is about the household",
    "is a small errand", "is about Hob", "leaves it to chance", "goes on with what was said", "asks for a few words",
    "asks why something of theirs is so", "asks how to do something", "is a short order", "is a sum in words", "tells of a trouble", "asks why", "is a matter between people", "asks what if", "is a short question", "is a short yes-or-no question", "something is not as it should be", "is work on code or data", "asks for several things", "asks to make something", "brings code", "has code in it", "has many numbers", "has some numbers",
    "has many sentences", "asks more than one question", "has many parts", "has many lines", "is very short", "is short", "", "is rather long", "is long", "is very long",
    "only tells something", "brings the text it is about", "", "touches several hard matters", "", "has unfamiliar words"};
static_assert(std::size(kReasonOf) == kTraits);

}  // namespace

Score score(const Features& features, const NormalText& text) {
  Score score;
  for (const Gram& gram : grams_of(text)) score.grams += (kGramWeights[gram.bucket] - kGramMiddle) * double(gram.value);
  score.grams *= kGramStep;
  double sum = kBias + score.grams;
  for (std::size_t i = 0; i < kTraits; ++i) sum += kWeights[i] * double(features.values[i]);
  score.value = 1 / (1 + std::exp(-std::clamp(sum, -30.0, 30.0)));
  return score;
}

std::vector<std::string> reasons_of(const Features& features, const Score& score) {
  std::vector<std::pair<double, std::string_view>> weights;
  for (std::size_t i = 0; i < kTraits; ++i) {
    const double weight = kWeights[i] * double(features.values[i]);
    if (std::abs(weight) >= kWorthSaying && !kReasonOf[i].empty()) weights.emplace_back(weight, kReasonOf[i]);
  }
  if (std::abs(score.grams) >= kWorthSaying)
    weights.emplace_back(score.grams, score.grams > 0 ? "is worded as hard questions are" : "is worded as simple requests are");
  std::sort(weights.begin(), weights.end(), [](const auto& a, const auto& b) { return std::abs(a.first) > std::abs(b.first); });
  if (weights.size() > kReasons) weights.resize(kReasons);
  std::vector<std::string> reasons;
  for (const auto& [weight, reason] : weights) reasons.emplace_back(reason);
  if (reasons.empty()) reasons.emplace_back("nothing in it says much");
  return reasons;
}

}  // namespace hobd::routing
