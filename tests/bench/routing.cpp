// How long a routing decision takes, and what the scorer sees: `routing SET.jsonl...` prints microseconds of decide(), uncached
// and cached, over the messages and over long ones; `routing --features SET.jsonl` prints the traits and grams of each message as CSV
// (tests/models/fit_routing.py reads it); `routing --decide SET.jsonl` prints tier, score, label and text of each.
#include "bench/json_lines.hpp"
#include "models/routing.hpp"
#include "models/routing_features.hpp"
#include "models/routing_grams.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

using namespace hobd;

namespace {

struct Line {
  std::string id, text, tier;
};

std::vector<Line> read(const std::string& path) {
  std::vector<Line> lines;
  for (const json::object& row : bench::read_json_lines(path))
    lines.push_back({std::string(string_or(row, "id")), std::string(string_or(row, "text")), std::string(string_or(row, "tier"))});
  return lines;
}

void print_features(const std::vector<Line>& lines) {
  fmt::print("id,tier");
  for (std::size_t i = 0; i < routing::kTraits; ++i) fmt::print(",{}", routing::trait_name(static_cast<routing::Trait>(i)));
  fmt::print(",grams\n");
  const routing::Lexicon lexicon;
  for (const Line& line : lines) {
    fmt::print("{},{}", line.id, line.tier);
    const routing::NormalText text = routing::normalise(line.text);
    for (const float value : lexicon.features(text).values) fmt::print(",{}", value);
    char before = ',';
    for (const routing::Gram& gram : routing::grams_of(text)) fmt::print("{}{}:{:.4f}", std::exchange(before, ' '), gram.bucket, gram.value);
    fmt::print("\n");
  }
}

void print_decisions(const std::vector<Line>& lines) {
  const auto routing = make_routing(std::make_shared<Config>());
  for (const Line& line : lines) {
    RouteQuestion question;
    question.text = line.text;
    const RouteDecision decision = routing->explain(question);
    std::string reasons;
    for (const std::string& reason : decision.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
    fmt::print("{}\t{}\t{}\t{:.3f}\t{}\t{}\n", decision.tier == line.tier ? "ok" : "WRONG", line.tier, decision.by, decision.score, json::serialize(json::value(line.text.substr(0, 160))), reasons);
  }
}

void measure(std::string_view name, const std::vector<std::string>& texts, std::size_t rounds, bool is_cached) {
  std::vector<double> took;
  const auto config = std::make_shared<const Config>();
  const auto routing = make_routing(config);
  std::vector<RouteQuestion> questions(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) questions[i].text = texts[i];
  for (std::size_t round = 0; round < rounds; ++round) {
    if (!is_cached) routing->set_config(config);  // empties the cache
    for (const RouteQuestion& question : questions) {
      const auto start = std::chrono::steady_clock::now();
      const RouteDecision decision = routing->decide(question);
      const auto end = std::chrono::steady_clock::now();
      if (decision.tier.empty()) std::abort();
      if (!is_cached || round > 0) took.push_back(std::chrono::duration<double, std::micro>(end - start).count());
    }
  }
  std::sort(took.begin(), took.end());
  const auto at = [&](double share) { return took[std::min(took.size() - 1, static_cast<std::size_t>(share * double(took.size())))]; };
  fmt::print("{:<28} p50 {:6.1f} us  p95 {:6.1f} us  p99 {:6.1f} us  ({} decisions)\n", name, at(.5), at(.95), at(.99), took.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  const bool features = !args.empty() && args.front() == "--features", decisions = !args.empty() && args.front() == "--decide";
  if (features || decisions) args.erase(args.begin());
  if (args.empty()) args = {HOB_ROUTING_SET "/dev.jsonl", HOB_ROUTING_SET "/held.jsonl"};
  std::vector<Line> lines;
  for (const std::string& arg : args)
    for (Line& line : read(arg)) lines.push_back(std::move(line));
  if (lines.empty()) return 1;
  if (features) return print_features(lines), 0;
  if (decisions) return print_decisions(lines), 0;
  std::vector<std::string> texts, middles, longs;
  for (const Line& line : lines) texts.push_back(line.text);
  for (std::size_t i = 0; i < 20; ++i) {
    std::string text;
    for (std::size_t j = i * 7; text.size() < 100 * 1024; ++j) text += texts[j % texts.size()] + "\n";
    middles.push_back(text.substr(0, 6 * 1024));
    longs.push_back(std::move(text));
  }
  measure("messages, uncached", texts, 50, false);
  measure("messages, cached", texts, 50, true);
  measure("6 KiB, uncached", middles, 200, false);
  measure("100 KiB, uncached", longs, 200, false);
  measure("100 KiB, cached", longs, 200, true);
  return 0;
}
