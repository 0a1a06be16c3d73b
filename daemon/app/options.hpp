// The command line of hobd.
#pragma once

#include "base/log.hpp"

#include <filesystem>
#include <optional>
#include <variant>

namespace hobd {

/// How hobd ends: 0 stopped as asked, 64 usage, 78 bad config, 1 anything else (sysexits.h).
enum class Exit { ok = 0, failed = 1, usage = 64, config = 78 };

extern const char* const kVersion;

struct Options {
  std::filesystem::path config;  // --config or the argument, else $HOB_CONFIG, else the installation's hob.yaml
  std::filesystem::path state_dir, runtime_dir;  // from the line or from systemd; empty: the file's
  std::optional<log::Level> log_level;
  bool check = false, print_config = false;
};

/// The options, or how to exit: after --help and --version ok, after a mistake usage (said on standard error).
std::variant<Options, Exit> parse_options(int argc, char** argv);

}  // namespace hobd
