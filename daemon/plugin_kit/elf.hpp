// The dynamic symbols of a shared library, read from the file: nothing of it runs.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace hobd::kit {

struct DynamicSymbols {
  std::vector<std::string> exported;  // defined and visible
  std::vector<std::string> unique;    // of these, those of STB_GNU_UNIQUE
  std::vector<std::string> imported;
};

/// invalid: not a 64-bit little-endian ELF library, or cut short.
Result<DynamicSymbols> read_dynamic_symbols(const std::filesystem::path& file);

}  // namespace hobd::kit
