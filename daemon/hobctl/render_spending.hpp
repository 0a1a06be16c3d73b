// usage.summary and budget.get as people read them. Pure.
#pragma once

#include "base/json.hpp"

#include <optional>
#include <string>

namespace hobd::ctl {

/// None: the answer is neither of the two.
std::optional<std::string> render_spending(const json::object& answer, std::size_t width);

}  // namespace hobd::ctl
