// What is asked of models and what that costs, as people read it: usage.summary, usage.list, budget.get, model.list, model.routes.
#pragma once

#include "base/json.hpp"

#include <optional>
#include <string>

namespace hobd::ctl {

/// None: the answer is of no such method. Times are the terminal's own.
std::optional<std::string> render_spending(const json::object& answer, std::size_t width);

}  // namespace hobd::ctl
