// What the owner is told of the budget when they ask: hobctl status, doctor, budget get.
#pragma once

#include "models/budget.hpp"

#include <string>
#include <vector>

namespace hobd {

/// "today 0.41 USD of 0.5 USD, nearly used; this month 0.9 USD of 2 USD": the household's, with what is reserved for calls under
/// way. `warn_at`: the share of a limit from which on it is nearly used; 0: never.
std::string budget_line(const std::vector<Budget::LimitState>& limits, double warn_at);

/// Limits that are used up or nearly so, a sentence each.
std::vector<std::string> limits_near(const std::vector<Budget::LimitState>& limits, double warn_at);

/// What stands in the way of a budget that does what is meant, a sentence each with what to do: no limit at all on models that
/// cost money, models whose price nobody knows.
std::vector<std::string> budget_notes(const Config& config, const PriceTable& prices, const std::vector<Budget::LimitState>& limits);

}  // namespace hobd
