// Named places where a crash test kills the daemon: between every two steps that must survive it.
//
// Inert unless the environment variable HOB_FAULT_POINT is "NAME", or "NAME:N" for the Nth time the place
// is reached, when the process first asks.
#pragma once

#include <span>
#include <string_view>

namespace hobd {

/// Raises SIGKILL on this process if HOB_FAULT_POINT names this place and its turn has come. Thread: any.
void fault_point(std::string_view name) noexcept;

/// Every name that fault_point() is called with, in the order a turn reaches them.
std::span<const std::string_view> fault_points() noexcept;

}  // namespace hobd
