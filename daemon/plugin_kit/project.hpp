// The verbs that write, build and try a plugin's project. Each prints for people and returns the program's exit code.
#pragma once

#include "plugin_kit/subject.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace hobd::kit {

/// Where this program was installed: the folder above its bin/.
std::filesystem::path prefix();

struct NewOptions {
  std::string kind, name, language = "cpp";
  std::filesystem::path folder;  // empty: ./NAME
};
/// Writes a project from share/hob/templates.
int new_command(const NewOptions& options);

enum class Drift { write, refuse };
/// Compiles (a project with CMakeLists.txt), then writes the "tools" block of plugin.json from the code, or, with Drift::refuse,
/// fails and shows the difference.
int build_command(const std::filesystem::path& project, Drift drift);

/// Runs a project's own tests: test.lua for a script, ctest for what CMake built.
int test_command(const std::filesystem::path& project);

/// Rebuilds and respawns on each change, prints the plugin's log, takes tool calls from standard input: NAME {json}.
int dev_command(const std::filesystem::path& project);

/// Runs test.lua against the plugin of a folder. 0: all passed.
int run_lua_tests(const Subject& subject, const std::filesystem::path& script);

/// Runs a program with inherited output; its exit code, 127 when it can't be run, 128 + n when a signal ended it.
int run_program(const std::vector<std::string>& arguments);
/// cmake for a project that has a CMakeLists.txt: configure where needed, build. Its exit code.
int compile(const std::filesystem::path& project);

}  // namespace hobd::kit
