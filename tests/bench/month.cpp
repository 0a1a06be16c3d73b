// A month at fifty messages a day: `month [month.jsonl]` plays a recorded day (month_record.cpp) thirty times through the real
// prices and the real budget over a database, and prints what it cost by purpose, beside an estimate made before Hob was built.
#include "bench/json_lines.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "models/budget.hpp"

#include <fmt/core.h>

using namespace hobd;
using namespace hobd::fakes;

namespace {

constexpr int kDays = 30;

struct Call {
  std::string purpose, tier;
  Usage usage;
};

struct Pair {
  const char* fast;
  const char* smart;
};
constexpr Pair kPairs[] = {{"anthropic/claude-haiku-4-5", "anthropic/claude-sonnet-4-5"},
                           {"openai/gpt-4.1-nano", "openai/gpt-4.1"},
                           {"openai/gpt-4o-mini", "openai/gpt-4o"},
                           {"gemini/gemini-2.5-flash-lite", "openai/gpt-4.1-mini"},
                           {"gemini/gemini-2.5-flash-lite", "gemini/gemini-2.5-flash"}};

struct Estimate {
  const char* name;
  double usd;
};
constexpr Estimate kEstimate[] = {{"router", 0.01}, {"simple", 0.29}, {"complex", 0.64}, {"tools", 0.29}, {"memory", 0.63}};

/// The estimate's own classes.
std::string class_of(const Call& call) {
  if (call.purpose == "routing") return "router";
  if (call.purpose == "tools") return "tools";
  if (call.purpose == "chat") return call.tier == "smart" ? "complex" : "simple";
  return "memory";
}

Purpose purpose_of(const std::string& name) {
  for (const Purpose one : {Purpose::routing, Purpose::extraction, Purpose::consolidation, Purpose::summary})
    if (purpose_name(one) == name) return one;
  return Purpose::chat;
}

std::vector<Call> read_day(const std::string& path) {
  std::vector<Call> calls;
  for (const json::object& row : bench::read_json_lines(path)) {
    Call call{std::string(string_or(row, "purpose")), std::string(string_or(row, "tier")), {}};
    call.usage.input_tokens = int_or(row, "input_tokens");
    call.usage.cached_tokens = int_or(row, "cached_tokens");
    call.usage.output_tokens = int_or(row, "output_tokens");
    calls.push_back(std::move(call));
  }
  return calls;
}

struct Outcome {
  std::map<std::string, double> usd;  // by class
  double total = 0, always_smart = 0, uncached = 0, dearest_day = 0;
  int refused = 0;
};

/// With limits far above: what is spent is what is asked about. `daily` 0: none.
Outcome play(const std::vector<Call>& day, Pair pair, bool has_cache, double daily, double monthly) {
  const TempFolder folder;
  asio::io_context io;
  FakeClock clock;
  clock.set_now(parse_time("2026-11-01T07:00:00Z").value());
  StoreOptions options;
  options.file = folder.path() / "hob.db";
  options.executor = io.get_executor();
  options.clock = &clock;
  const auto store = open_sqlite_store(std::move(options)).value();
  const auto config = std::make_shared<Config>();
  config->models.budget.daily = daily;
  config->models.budget.monthly = monthly;
  config->models.budget.on_limit = OnLimit::deny;
  const auto budget = make_budget({.core = io.get_executor(), .store = store.get(), .clock = &clock, .config = config});
  run(io, budget->start()).value();
  Outcome outcome;
  for (int i = 0; i < kDays; ++i) {
    double spent = 0;
    for (const Call& call : day) {
      PlannedCall planned;
      planned.call.user_id = "usr_anna";
      planned.call.channel = "http";
      planned.call.purpose = purpose_of(call.purpose);
      planned.call.is_background = class_of(call) == "memory";
      planned.tier = call.tier;
      planned.model = call.tier == "smart" ? pair.smart : pair.fast;
      planned.input_tokens = call.usage.input_tokens * 3 / 2;  // as high as Hob counts English
      planned.max_tokens = planned.call.purpose == Purpose::chat ? 4'096 : 2'000;
      planned.least_tokens = 256;
      planned.baseline = pair.smart;
      Result<Reservation> room = run(io, budget->reserve(std::move(planned)));
      if (room.has_error()) {
        ++outcome.refused;
        continue;
      }
      Usage usage = call.usage;
      if (!has_cache) usage.cached_tokens = 0;
      const PriceTable& prices = budget->prices();
      Usage uncached = usage;
      uncached.cached_tokens = 0;
      outcome.always_smart += prices.cost(prices.find(pair.smart), usage);
      outcome.uncached += prices.cost(prices.find(room->planned.model), uncached);
      budget->settle(std::move(*room), usage, CallOutcome::answered, false);
      outcome.usd[class_of(call)] += usage.cost_usd;
      spent += usage.cost_usd;
    }
    outcome.total += spent;
    outcome.dearest_day = std::max(outcome.dearest_day, spent);
    clock.advance(std::chrono::hours(24));
  }
  run(io, budget->stop(std::chrono::seconds(30)));
  store->close();
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  log::configure(log::Level::error, log::Format::text);
  const std::vector<Call> day = read_day(argc > 1 ? argv[1] : HOB_MONTH);
  std::map<std::string, std::pair<int, Usage>> classes;
  for (const Call& call : day) {
    auto& [count, sum] = classes[class_of(call)];
    ++count;
    sum.input_tokens += call.usage.input_tokens;
    sum.cached_tokens += call.usage.cached_tokens;
    sum.output_tokens += call.usage.output_tokens;
  }
  fmt::print("one day, 50 messages:\n{:<10}{:>8}{:>12}{:>16}{:>12}\n", "", "calls", "tokens in", "of a known prefix", "tokens out");
  for (const auto& [name, counted] : classes)
    fmt::print("{:<10}{:>8}{:>12}{:>16}{:>12}\n", name, counted.first, counted.second.input_tokens, counted.second.cached_tokens, counted.second.output_tokens);
  double estimate = 0;
  for (const Estimate& one : kEstimate) estimate += one.usd;
  for (const Pair& pair : kPairs) {
    const Outcome cached = play(day, pair, true, 0, 0), plain = play(day, pair, false, 0, 0);
    std::fflush(stdout);
    fmt::print("\n{} and {}, {} days, USD:\n{:<10}{:>10}{:>14}{:>14}\n", pair.fast, pair.smart, kDays, "", "estimate", "prefix cached", "not cached");
    for (const Estimate& one : kEstimate) {
      const auto usd = [&](const Outcome& of) {
        const auto at = of.usd.find(one.name);
        return at == of.usd.end() ? 0.0 : at->second;
      };
      fmt::print("{:<10}{:>10.2f}{:>14.2f}{:>14.2f}\n", one.name, one.usd, usd(cached), usd(plain));
    }
    fmt::print("{:<10}{:>10.2f}{:>14.2f}{:>14.2f}\n", "all", estimate, cached.total, plain.total);
    fmt::print("always the smart one: {:.2f}; a day: {:.3f}\n", cached.always_smart, cached.dearest_day);
    const Outcome capped = play(day, pair, true, 0.5, 2);
    fmt::print("with the default limits (0.50 a day, 2.00 a month): {:.2f} spent, {} of {} calls had no room\n", capped.total, capped.refused,
               int(day.size()) * kDays);
  }
}
