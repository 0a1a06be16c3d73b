#include "plugin_kit/check.hpp"

#include <fmt/format.h>

#include <map>
#include <random>
#include <vector>

namespace hobd::kit {
namespace {

constexpr std::chrono::seconds kLimit{60};

struct Line {
  std::string name, rule;
  Verdict verdict;
};

class Report {
 public:
  explicit Report(bool as_json) : as_json_(as_json) {}

  void add(std::string name, std::string rule, Verdict verdict) {
    ++counts_[verdict.outcome];
    if (!as_json_) {
      fmt::print("{:<5}  {:<20}  {}\n", outcome_name(verdict.outcome), name, verdict.reason);
      std::fflush(stdout);
    }
    lines_.push_back({std::move(name), std::move(rule), std::move(verdict)});
  }
  int end(const Subject* subject, const CheckOptions& options, std::uint64_t seed) {
    const bool good = counts_[Outcome::fail] + counts_[Outcome::crash] == 0;
    if (as_json_) {
      json::array checks;
      for (const Line& line : lines_)
        checks.push_back({{"check", line.name}, {"rule", line.rule}, {"outcome", outcome_name(line.verdict.outcome)}, {"reason", line.verdict.reason}});
      json::object out{{"plugin", subject ? json::value(json::string(subject->manifest.id)) : json::value()}, {"ok", good}, {"checks", std::move(checks)}};
      for (const Outcome outcome : {Outcome::pass, Outcome::warn, Outcome::skip, Outcome::fail, Outcome::crash}) out[outcome_name(outcome)] = counts_[outcome];
      if (options.fuzz) out["seed"] = seed;
      fmt::print("{}\n", json::serialize(out));
    } else {
      fmt::print("{} passed, {} warned, {} skipped, {} failed, {} crashed\n", counts_[Outcome::pass], counts_[Outcome::warn], counts_[Outcome::skip], counts_[Outcome::fail], counts_[Outcome::crash]);
    }
    return good ? 0 : 1;
  }

 private:
  const bool as_json_;
  std::map<Outcome, int> counts_;
  std::vector<Line> lines_;
};

void fuzz(const Subject& subject, const CheckOptions& options, std::uint64_t seed, Report& report) {
  for (int round = 0; round < options.rounds; ++round) {
    Verdict verdict = run_alone([&] { return fuzz_round(subject, seed, round); }, kLimit);
    if (verdict.outcome == Outcome::pass) continue;
    if (verdict.outcome != Outcome::skip) verdict.reason += fmt::format(" (round {}; again: --fuzz --seed {} --rounds {})", round, seed, round + 1);
    return report.add("fuzz", "calls with random arguments are answered in form", std::move(verdict));
  }
  report.add("fuzz", "calls with random arguments are answered in form", pass(fmt::format("{} rounds of 20 calls, seed {}", options.rounds, seed)));
}

}  // namespace

int list_checks_command() {
  for (const auto& group : {load_checks(), kind_checks(), call_checks(), process_checks()})
    for (const Check& check : group) fmt::print("{:<20}  {}\n", check.name, check.rule);
  return 0;
}

int check_plugin_command(const std::filesystem::path& path, const CheckOptions& options) {
  Report report(options.as_json);
  const std::uint64_t seed = options.seed != 0 ? options.seed : std::random_device{}();
  const auto subject = read_subject(path, options.origin, options.samples);
  if (subject.has_error()) {
    if (subject.error().code == Code::not_found) {
      fmt::print(stderr, "hobctl plugin check: {}\n", subject.error().message);
      return 2;
    }
    report.add("manifest.whole", "plugin.json says what the plugin is", fail(subject.error().message));
    return report.end(nullptr, options, seed);
  }
  for (const auto& group : {load_checks(), kind_checks(), call_checks(), process_checks()})
    for (const Check& check : group)
      if (std::string_view(check.name).starts_with(options.only))
        report.add(check.name, check.rule, run_alone([&] { return check.run(*subject); }, kLimit));
  if (options.fuzz) fuzz(*subject, options, seed, report);
  return report.end(&*subject, options, seed);
}

}  // namespace hobd::kit
