#include "app/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace hobd {

const char* const kVersion = HOB_VERSION;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// $STATE_DIRECTORY may hold several, separated by colons (systemd.exec(5)): the first is ours.
std::string first_directory(const char* name) {
  const std::string value = environment(name);
  return value.substr(0, value.find(':'));
}

/// <prefix>/etc/hob/hob.yaml of a program in <prefix>/bin, where there is one; else /etc/hob/hob.yaml.
std::filesystem::path installed_config() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = program.parent_path().parent_path() / "etc/hob/hob.yaml";
  if (!error && std::filesystem::is_regular_file(beside, error)) return beside;
  return "/etc/hob/hob.yaml";
}

}  // namespace

std::variant<Options, Exit> parse_options(int argc, char** argv) {
  CLI::App app("hobd: the Hob daemon", "hobd");
  app.set_version_flag("--version", std::string("hobd ") + kVersion);
  std::string config, state_dir, runtime_dir, level;
  Options options;
  app.add_option("--config,config", config, "the configuration (else $HOB_CONFIG, else etc/hob/hob.yaml of the place it is installed in, else /etc/hob/hob.yaml)");
  app.add_flag("--check", options.check, "check the configuration and exit");
  app.add_flag("--print-config", options.print_config, "print the configuration with its defaults and exit");
  app.add_option("--log-level", level, "trace, debug, info, warn or error");
  app.add_option("--state-dir", state_dir, "over the file's state_dir");
  app.add_option("--runtime-dir", runtime_dir, "over the file's runtime_dir");
  try {
    app.parse(argc, argv);
    if (!level.empty()) {
      const auto parsed = log::parse_level(level);
      if (parsed.has_error()) throw CLI::ValidationError("--log-level", parsed.error().message);
      options.log_level = *parsed;
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? Exit::ok : Exit::usage;
  }
  if (config.empty()) config = environment("HOB_CONFIG");
  options.config = config.empty() ? installed_config() : std::filesystem::path(config);
  options.state_dir = state_dir.empty() ? first_directory("STATE_DIRECTORY") : state_dir;
  options.runtime_dir = runtime_dir.empty() ? first_directory("RUNTIME_DIRECTORY") : runtime_dir;
  return options;
}

}  // namespace hobd
