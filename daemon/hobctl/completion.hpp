// Shell completion, made from the method table.
#pragma once

#include "base/json.hpp"

#include <string>

namespace hobd::ctl {

/// The commands that stand above the method table.
inline constexpr std::string_view kOwnCommands = "chat send status doctor logs events call completion help";

/// A completion script for "bash", "zsh" or "fish"; invalid: another shell.
Result<std::string> completion_script(std::string_view shell, const json::array& methods);

}  // namespace hobd::ctl
