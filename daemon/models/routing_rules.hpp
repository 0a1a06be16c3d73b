// What decides without weighing: the caller's word, the configuration, and what is plain from outside.
#pragma once

#include "models/routing.hpp"
#include "models/routing_features.hpp"

#include <optional>

namespace hobd::routing {

/// What needs no look at the words. Nothing when the words decide.
std::optional<RouteDecision> decide_before_words(const RouteQuestion& question, const Config& config);
/// What the words settle by themselves, and what the conversation does; `score` is theirs.
std::optional<RouteDecision> decide_by_words(const RouteQuestion& question, const Features& features, double score);

/// What the fast tier is asked about a message, and what its answer means.
json::object tier_question(const RouteQuestion& question);
/// "fast", "smart", or "" for neither or both.
std::string_view tier_said(std::string_view said);

}  // namespace hobd::routing
