#include "models/budget_notes.hpp"

#include "models/budget_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace hobd {
namespace {

enum class Used { little, nearly, up };

/// A side of a limit, money or tokens.
Used how_used(std::int64_t cap, std::int64_t used, double warn_at) {
  if (cap < 0) return Used::little;
  if (used >= cap) return Used::up;
  return warn_at > 0 && static_cast<double>(used) >= warn_at * static_cast<double>(cap) ? Used::nearly : Used::little;
}

Used how_used(const AccountState& state, double warn_at) {
  return std::max(how_used(state.account.cap_nano, state.spent_nano + state.reserved_nano, warn_at),
                  how_used(state.account.cap_tokens, state.spent_tokens + state.reserved_tokens, warn_at));
}

bool has_cap(const AccountState& state) { return state.account.cap_nano >= 0 || state.account.cap_tokens >= 0; }

/// "0.41 USD of 0.5 USD", "900 of 1000 tokens", both, or "0.41 USD" where there is no limit.
std::string amounts_text(const AccountState& state) {
  std::string text;
  if (state.account.cap_nano >= 0 || state.account.cap_tokens < 0) text = usd_text(state.spent_nano + state.reserved_nano);
  if (state.account.cap_nano >= 0) text += " of " + usd_text(state.account.cap_nano);
  if (state.account.cap_tokens >= 0)
    text += fmt::format("{}{} of {} tokens", text.empty() ? "" : " and ", state.spent_tokens + state.reserved_tokens, state.account.cap_tokens);
  return text;
}

std::string_view used_text(Used used) {
  switch (used) {
    case Used::little: break;
    case Used::nearly: return ", nearly used";
    case Used::up: return ", used up";
  }
  return "";
}

/// Models that calls of the household go to.
std::set<std::string> models_in_use(const Config& config) {
  std::set<std::string> names;
  for (const auto& [tier, models] : config.models.tiers) names.insert(models.begin(), models.end());
  if (config.models.background.tier.find('/') != std::string::npos) names.insert(config.models.background.tier);
  return names;
}

}  // namespace

std::string budget_line(const std::vector<Budget::LimitState>& limits, double warn_at) {
  std::string text;
  for (const Budget::LimitState& limit : limits) {
    if (limit.scope != "all") continue;
    text += fmt::format("{}{} {}{}", text.empty() ? "" : "; ", limit.window == "day" ? "today" : "this month", amounts_text(limit.state),
                        has_cap(limit.state) ? used_text(how_used(limit.state, warn_at)) : ", no limit");
  }
  return text;
}

std::vector<std::string> limits_near(const std::vector<Budget::LimitState>& limits, double warn_at) {
  std::vector<std::string> near;
  for (const Budget::LimitState& limit : limits) {
    const AccountState& state = limit.state;
    const bool is_ban = limit.scope != "all" && state.account.cap_nano <= 0 && state.account.cap_tokens <= 0;  // as the owner wants it
    const Used used = how_used(state, warn_at);
    if (!has_cap(state) || is_ban || limit.name == "*" || used == Used::little) continue;
    near.push_back(fmt::format("{} is {}: {}. It begins anew at {}; `hobctl budget set` raises it", limit_text(state.account, limit.shown_name, false),
                               used == Used::up ? "used up" : "nearly used", amounts_text(state), format_time(limit.resets_at)));
  }
  return near;
}

std::vector<std::string> budget_notes(const Config& config, const PriceTable& prices, const std::vector<Budget::LimitState>& limits) {
  std::vector<std::string> notes;
  const std::set<std::string> models = models_in_use(config);
  const bool costs = std::any_of(models.begin(), models.end(), [&](const std::string& name) { return !prices.find(name).is_free(); });
  const bool is_limited = std::any_of(limits.begin(), limits.end(), [](const Budget::LimitState& limit) { return limit.scope == "all" && has_cap(limit.state); });
  if (costs && !is_limited)
    notes.emplace_back("the household has no limit on what models cost: `hobctl budget set --monthly 5` sets one");
  for (const std::string& name : models)
    if (const ModelCard& card = prices.find(name); card.known == ModelCard::Known::unknown)
      notes.push_back(fmt::format("{}: {}. Until then little of it fits the limits, and least of all in background work", name, price_advice(name, card)));
  return notes;
}

}  // namespace hobd
