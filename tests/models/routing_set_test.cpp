// Routing over the set of tests/models/routing_set, whose held parts nothing was fitted to, at the prices of claude-haiku-4-5 and
// claude-sonnet-4-5. The figures are printed.
#include "models/routing.hpp"
#include "models/routing_rules.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <fstream>

using namespace hobd;

namespace {

struct Line {
  std::string text, tier;
  double in = 0, out = 0;  // tokens
};

std::vector<Line> read(const std::string& name) {
  std::vector<Line> lines;
  std::ifstream file(std::string(HOB_ROUTING_SET "/") + name + ".jsonl");
  for (std::string row; std::getline(file, row);) {
    const json::object object = parse_json_object(row).value();
    lines.push_back({std::string(string_or(object, "text")), std::string(string_or(object, "tier")), double(int_or(object, "tokens_in")), double(int_or(object, "tokens_out"))});
  }
  return lines;
}

/// USD of answering it on a tier: haiku 1 and 5, sonnet 3 and 15 per million tokens.
double cost(const Line& line, std::string_view tier) {
  return tier == "fast" ? line.in * 1e-6 + line.out * 5e-6 : line.in * 3e-6 + line.out * 15e-6;
}

struct Figures {
  std::size_t count = 0, hard = 0, to_fast = 0, wrong_fast = 0, wrong_smart = 0, asked = 0;
  double always_smart = 0, perfect = 0, actual = 0, wrongly_saved = 0;
  double share_wrong_fast() const { return double(wrong_fast) / double(hard); }
  /// What a hard message on the fast tier saves is no saving.
  double share_of_saving() const { return (always_smart - actual - wrongly_saved) / (always_smart - perfect); }
};

/// What a model says to the tiny question: nothing is asked, it is always right, or one word in seven is wrong.
enum class Asked { nobody, perfect, noisy };

Figures route(const std::vector<Line>& lines, Asked asked) {
  auto config = std::make_shared<Config>();
  config->models.tiers["fast"] = {"anthropic/claude-haiku-4-5"};
  config->models.tiers["smart"] = {"anthropic/claude-sonnet-4-5"};
  const auto routing = make_routing(config);
  Figures figures;
  for (const Line& line : lines) {
    RouteQuestion question;
    question.text = line.text;
    RouteDecision decision = routing->decide(question);
    if (decision.is_unsure && asked != Asked::nobody) {
      const bool lies = asked == Asked::noisy && ++figures.asked % 7 == 0;
      if (asked == Asked::perfect) ++figures.asked;
      decision = routing->take_answer(question, decision, (line.tier == "fast") != lies ? "SIMPLE" : "HARD");
      // Four bytes make a token, about.
      figures.actual += double(json::serialize(routing->tier_question(question)).size()) / 4 * 1e-6 + 2 * 5e-6;
    }
    ++figures.count;
    figures.hard += line.tier == "smart";
    figures.to_fast += decision.tier == "fast";
    figures.wrong_smart += decision.tier == "smart" && line.tier == "fast";
    if (decision.tier == "fast" && line.tier == "smart") {
      ++figures.wrong_fast;
      figures.wrongly_saved += cost(line, "smart") - cost(line, "fast");
    }
    figures.always_smart += cost(line, "smart");
    figures.perfect += cost(line, line.tier);
    figures.actual += cost(line, decision.tier);
  }
  return figures;
}

void print(std::string_view name, const Figures& f) {
  fmt::print("{:<24} {} messages, {} hard: {:.1f}% to fast; wrongly fast {} ({:.1f}% of hard), wrongly smart {} ({:.1f}% of simple), asked {}; "
             "USD {:.4f}, always smart {:.4f}, perfect {:.4f}: {:.1f}% of the perfect saving\n",
             name, f.count, f.hard, 100.0 * double(f.to_fast) / double(f.count), f.wrong_fast, 100 * f.share_wrong_fast(), f.wrong_smart,
             100.0 * double(f.wrong_smart) / double(f.count - f.hard), f.asked, f.actual, f.always_smart, f.perfect, 100 * f.share_of_saving());
}

}  // namespace

TEST_CASE("the routing set is large and has hard and simple messages in both halves") {
  const std::vector<Line> dev = read("dev"), held = read("held");
  CHECK(dev.size() + held.size() >= 400);
  CHECK(held.size() * 2 >= dev.size());
  for (const auto& half : {dev, held})
    for (const Line& line : half) CHECK((!line.text.empty() && (line.tier == "fast" || line.tier == "smart") && line.in > 0 && line.out > 0));
}

TEST_CASE("held messages are routed within the bounds by the score alone, also those of a hand that saw no word list") {
  print("development half", route(read("dev"), Asked::nobody));
  for (const std::string name : {"held", "held_people"}) {
    const std::vector<Line> held = read(name);
    const Figures figures = route(held, Asked::nobody);
    print(name, figures);
    print(name + ", asked well", route(held, Asked::perfect));
    print(name + ", asked noisily", route(held, Asked::noisy));
    CHECK(figures.share_wrong_fast() < 0.03);
    CHECK(figures.share_of_saving() >= 0.90);
  }
}
