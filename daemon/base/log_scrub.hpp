// What the log's lines don't show beyond hidden secrets: personal data, which a higher floor knows how to find.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace hobd::log {

/// From now on each line's text goes through `scrub`, which must not log; null: it stays as it is. Called on the thread that
/// logs, by several at once. Thread: any.
void set_scrubber(std::function<std::string(std::string_view)> scrub);

}  // namespace hobd::log
