// When a decision of the router is looked at twice: asking a small model which tier a message wants, and asking the smart tier
// after an answer of the fast one that isn't up to it.
#pragma once

#include "models/model_caller.hpp"

namespace hobd {

/// Whether asking the fast tier which tier is wanted costs so little, beside what the answer may save, that it is worth it.
/// `asked`: the request of that question; `context_tokens`: of the request that is to be routed.
bool is_worth_asking(const PriceTable& prices, const std::string& fast, const std::string& smart, const json::object& asked,
                     std::int64_t context_tokens);

/// From now on the start of an answer on this way is held back until it is clear that it may stand, and a whole one is judged.
void doubt_answers(Way& way);

}  // namespace hobd
