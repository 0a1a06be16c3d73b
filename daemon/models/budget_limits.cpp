#include "models/budget_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hobd {
namespace {

constexpr std::array<std::string_view, 5> kScopes = {"all", "user", "channel", "job", "background"};
constexpr std::int64_t kMostNano = 1'000'000 * kNanoPerUsd, kMostTokens = 1'000'000'000'000;

std::int64_t cap_of_usd(double usd) { return usd > 0 ? std::llround(usd * static_cast<double>(kNanoPerUsd)) : -1; }
std::int64_t cap_of_tokens(std::uint32_t tokens) { return tokens > 0 ? static_cast<std::int64_t>(tokens) : -1; }

/// Whether accounts of this scope have names.
bool is_named(std::string_view scope) { return scope != "all" && scope != "background"; }

}  // namespace

std::int64_t share_of(std::int64_t cap, double share) {
  return cap < 0 ? -1 : static_cast<std::int64_t>(std::floor(static_cast<double>(cap) * share));
}

std::string_view window_kind(std::string_view label) { return label.substr(0, label.find(' ')); }

Result<void> check_limit(const BudgetLimit& limit) {
  if (std::find(kScopes.begin(), kScopes.end(), limit.scope) == kScopes.end())
    return Error{Code::invalid, fmt::format("there is no scope \"{}\": write all, user, channel, job or background", limit.scope)};
  if (limit.window != "day" && limit.window != "month")
    return Error{Code::invalid, fmt::format("there is no window \"{}\": write day or month", limit.window)};
  if (is_named(limit.scope) && limit.name.empty())
    return Error{Code::invalid, fmt::format("whose limit? Name the {}, or \"*\" for each that has none of its own", limit.scope)};
  if (!is_named(limit.scope) && !limit.name.empty())
    return Error{Code::invalid, fmt::format("the scope {} has no names: leave \"{}\" out", limit.scope, limit.name)};
  const auto fits = [](const std::optional<std::int64_t>& cap, std::int64_t most) { return !cap || (*cap >= -1 && *cap <= most); };
  if (!fits(limit.cap_nano, kMostNano)) return Error{Code::invalid, "a limit in money is from 0 to 1000000 USD, or -1 for none"};
  if (!fits(limit.cap_tokens, kMostTokens)) return Error{Code::invalid, fmt::format("a limit in tokens is from 0 to {}, or -1 for none", kMostTokens)};
  return {};
}

void BudgetLimits::put(const BudgetLimit& limit) {
  std::erase_if(rows_, [&](const BudgetLimit& row) { return row.scope == limit.scope && row.name == limit.name && row.window == limit.window; });
  if (limit.cap_nano || limit.cap_tokens) rows_.push_back(limit);
}

const BudgetLimit* BudgetLimits::row(std::string_view scope, std::string_view name, std::string_view window) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const BudgetLimit& limit) {
    return limit.scope == scope && limit.name == name && limit.window == window;
  });
  return found == rows_.end() ? nullptr : &*found;
}

BudgetCaps BudgetLimits::configured(std::string_view scope, std::string_view window) const {
  const Config::Budget& budget = config_->models.budget;
  const bool is_day = window == "day";
  if (scope == "all")
    return is_day ? BudgetCaps{cap_of_usd(budget.daily), cap_of_tokens(budget.daily_tokens)}
                  : BudgetCaps{cap_of_usd(budget.monthly), cap_of_tokens(budget.monthly_tokens)};
  if (scope == "user")
    return is_day ? BudgetCaps{cap_of_usd(budget.per_user_daily), cap_of_tokens(budget.per_user_daily_tokens)}
                  : BudgetCaps{cap_of_usd(budget.per_user_monthly), -1};
  if (scope == "channel" && is_day) return {cap_of_usd(budget.per_channel_daily), cap_of_tokens(budget.per_channel_daily_tokens)};
  if (scope == "job" && is_day) return {cap_of_usd(budget.per_job_daily), cap_of_tokens(budget.per_job_daily_tokens)};
  if (scope == "background") {
    const BudgetCaps all = caps("all", "", window);
    return {share_of(all.nano, config_->models.background.share), share_of(all.tokens, config_->models.background.share)};
  }
  return {};
}

BudgetCaps BudgetLimits::caps(std::string_view scope, std::string_view name, std::string_view window) const {
  BudgetCaps result = configured(scope, window);
  const auto take = [&](const BudgetLimit* limit) {
    if (!limit) return;
    if (limit->cap_nano) result.nano = *limit->cap_nano;
    if (limit->cap_tokens) result.tokens = *limit->cap_tokens;
    result.is_set = true;
  };
  if (is_named(scope)) take(row(scope, "*", window));
  if (name != "*") take(row(scope, name, window));
  return result;
}

std::vector<Account> BudgetLimits::accounts(const CallFor& call, const std::vector<std::string>& windows) const {
  std::vector<Account> accounts;
  const auto add = [&](const char* scope, const std::string& name) {
    for (const std::string& label : windows) {
      const BudgetCaps limit = caps(scope, name, window_kind(label));
      accounts.push_back({.scope = scope, .name = name, .window = label, .cap_nano = limit.nano, .cap_tokens = limit.tokens});
    }
  };
  add("all", "");
  if (!call.user_id.empty()) add("user", call.user_id);
  if (!call.channel.empty()) add("channel", call.channel);
  if (!call.job.empty()) add("job", call.job);
  if (call.is_background) add("background", "");
  return accounts;
}

}  // namespace hobd
