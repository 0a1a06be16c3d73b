// hob-plugin-kit: the author's verbs of `hobctl plugin`: new, build, test, check, dev. They work with no daemon.
//
// A program of its own, which hobctl runs: it loads strangers' libraries and a Lua interpreter, and hobctl must stay small,
// quick to start and alive. Nobody needs to call it by hand.
#include "plugin_kit/check.hpp"
#include "plugin_kit/project.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace hobd::kit {
namespace {

int run(int argc, char** argv) {
  CLI::App app("Writing plugins for Hob.", "hobctl plugin");
  app.require_subcommand(1);
  int code = 0;

  NewOptions made;
  CLI::App* create = app.add_subcommand("new", "Write a project that builds and passes its own test");
  create->add_option("KIND", made.kind, "tool, channel, provider or embedder")->required();
  create->add_option("NAME", made.name, "letters a-z, digits and _")->required();
  create->add_option("--lang", made.language, "cpp, lua or c")->capture_default_str();
  create->add_option("--dir", made.folder, "where to; ./NAME if left out");
  create->callback([&] { code = new_command(made); });

  std::filesystem::path project = ".";
  bool only_check = false;
  CLI::App* build = app.add_subcommand("build", "Build, and write the tools of plugin.json from the code");
  build->add_option("DIR", project, "the project")->capture_default_str();
  build->add_flag("--check", only_check, "write nothing: fail and show the difference if plugin.json is not what the code has");
  build->callback([&] { code = build_command(project, only_check ? Drift::refuse : Drift::write); });

  CLI::App* test = app.add_subcommand("test", "Run the project's own tests: test.lua, or ctest");
  test->add_option("DIR", project, "the project")->capture_default_str();
  test->callback([&] { code = test_command(project); });

  CheckOptions options;
  bool bundled = false, list = false;
  CLI::App* check = app.add_subcommand("check", "Hold a plugin to the rules of the ABI, each test in a process of its own");
  check->add_option("PATH", project, "FILE.so, FILE.lua, or a folder")->capture_default_str();
  check->add_flag("--json", options.as_json, "the report as JSON");
  check->add_flag("--fuzz", options.fuzz, "also calls with random arguments");
  check->add_option("--seed", options.seed, "of the random arguments; drawn and printed if left out");
  check->add_option("--rounds", options.rounds, "of 20 calls each")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  check->add_option("--only", options.only, "checks whose name begins so, as \"tool.\"");
  check->add_option("--samples", options.samples, "another check.json");
  check->add_flag("--bundled", bundled, "by the rules of plugins that ship with Hob");
  check->add_flag("--list", list, "the checks and what each holds a plugin to");
  check->callback([&] {
    if (list) {
      code = list_checks_command();
      return;
    }
    options.origin = bundled ? Origin::bundled : Origin::stranger;
    code = check_plugin_command(project, options);
  });

  CLI::App* dev = app.add_subcommand("dev", "Rebuild and respawn on change, show the log, take tool calls: NAME {json}");
  dev->add_option("DIR", project, "the project")->capture_default_str();
  dev->callback([&] { code = dev_command(project); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int parsed = app.exit(e);
    return parsed == 0 ? 0 : 2;
  }
  return code;
}

}  // namespace
}  // namespace hobd::kit

int main(int argc, char** argv) {
  try {
    return hobd::kit::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "hob-plugin-kit: {}\n", e.what());
    return 1;
  }
}
