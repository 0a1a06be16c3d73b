// What "/usage" says of money beyond the conversation at hand.
#pragma once

#include "models/budget.hpp"

namespace hobd {

/// Today and this month of this user, a line each, and what is left of the limit that ends first. `budget` null: no limits.
awaitable<Result<std::string>> usage_text(Store& store, Budget* budget, std::shared_ptr<const Config> config, Time now, std::string user_id);

}  // namespace hobd
