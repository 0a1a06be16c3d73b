// Answers as people read them: tables for lists, "name: value" lines for the rest. Pure.
#pragma once

#include "base/json.hpp"

#include <string>

namespace hobd::ctl {

/// `width`: columns of the terminal; cells are cut to fit.
std::string render(const json::value& value, std::size_t width = 100);
/// One log line or event on one line.
std::string render_event(const json::value& event);
/// "2026-11-21 09:30" where the terminal is (TZ); what is no time stays.
std::string local_time(std::string_view text);
/// What a terminal must not obey (control characters) made visible; line ends and tabs stay.
std::string printable(std::string_view text);

}  // namespace hobd::ctl
