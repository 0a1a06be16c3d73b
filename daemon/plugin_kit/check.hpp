// hobctl plugin check: conformance tests, each in a process of its own.
//
// A check is a function from a subject to a verdict. The runner forks before each, so that a plugin that crashes, exits, hangs or
// leaves a mess behind spoils one verdict and nothing else. The parent has one thread and never loads a plugin itself.
#pragma once

#include "plugin_kit/subject.hpp"

#include <chrono>
#include <functional>
#include <span>
#include <string>

namespace hobd::kit {

enum class Outcome { pass, warn, skip, fail, crash };
std::string_view outcome_name(Outcome outcome) noexcept;

struct Verdict {
  Outcome outcome = Outcome::pass;
  std::string reason;  // one sentence
};
inline Verdict pass(std::string reason) { return {Outcome::pass, std::move(reason)}; }
inline Verdict warn(std::string reason) { return {Outcome::warn, std::move(reason)}; }
inline Verdict skip(std::string reason) { return {Outcome::skip, std::move(reason)}; }
inline Verdict fail(std::string reason) { return {Outcome::fail, std::move(reason)}; }

struct Check {
  const char* name;  // "life.twice"
  const char* rule;  // what it holds the plugin to, one line
  /// Runs in its own process. An Error is a failure with its words.
  Result<Verdict> (*run)(const Subject& subject);
};

std::span<const Check> load_checks();     // the library, its entry, its life
std::span<const Check> call_checks();     // any call: answers, cancel, trouble
std::span<const Check> kind_checks();     // what each extension promises
std::span<const Check> process_checks();  // what a guest does not do to the house

/// Runs `work` in a child process with captured output. `what` names it in the verdict; a child that ends without one is a crash,
/// one that takes longer than `limit` a failure, with the function of the plugin that ran last.
Verdict run_alone(const std::function<Result<Verdict>()>& work, std::chrono::seconds limit);
/// Tells the runner which function of the plugin runs: kept in memory shared with the parent.
void note_phase(const char* function) noexcept;
/// Bytes written to standard output and error so far, by this child.
struct Noise {
  std::size_t out = 0, err = 0;
  std::string sample;
};
Noise noise_so_far();

struct CheckOptions {
  Origin origin = Origin::stranger;
  std::filesystem::path samples;
  std::string only;  // checks whose name begins so
  bool as_json = false, fuzz = false;
  std::uint64_t seed = 0;  // 0: one is drawn and printed
  int rounds = 200;
};
/// Checks and prints. 0: nothing failed or crashed; 1: something did; 2: there is nothing to check.
int check_plugin_command(const std::filesystem::path& path, const CheckOptions& options);

/// Prints every check with its rule.
int list_checks_command();

/// One fuzzed round: the input is a function of the seed and the round alone.
Result<Verdict> fuzz_round(const Subject& subject, std::uint64_t seed, int round);

}  // namespace hobd::kit
