#include "models/budget_cost.hpp"

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

constexpr double kMostNano = 1e15;    // a million USD
constexpr double kMostTokens = 1e12;
/// USD per million tokens to nano-USD per token.
constexpr double kNanoPerPrice = 1e3;
/// A count this often above what was reckoned with is a provider's slip, not an overrun, unless the model's window has room for it.
constexpr std::int64_t kAbsurd = 10;
constexpr std::int64_t kAlwaysPossible = 100'000;

bool fits(std::int64_t cap, std::int64_t used, std::int64_t more) { return cap < 0 || more <= cap - used; }

bool has_room(const std::vector<AccountState>& accounts, std::int64_t nano, std::int64_t tokens) {
  return std::all_of(accounts.begin(), accounts.end(), [&](const AccountState& state) {
    return fits(state.account.cap_nano, state.spent_nano + state.reserved_nano, nano) &&
           fits(state.account.cap_tokens, state.spent_tokens + state.reserved_tokens, tokens);
  });
}

}  // namespace

std::int64_t nano_of(double usd) {
  return usd > 0 ? std::llround(std::min(usd * static_cast<double>(kNanoPerUsd), kMostNano)) : 0;  // also for what is no number
}

std::int64_t worst_nano(const ModelCard& card, std::int64_t input_tokens, std::int64_t output_tokens, double factor) {
  const double input = std::max({card.input, card.cached, card.cache_write, 0.0});
  const double nano = (static_cast<double>(input_tokens) * input + static_cast<double>(output_tokens) * std::max(card.output, 0.0)) * kNanoPerPrice;
  return static_cast<std::int64_t>(std::min(std::ceil(nano * factor), kMostNano));
}

std::int64_t worst_tokens(std::int64_t input_tokens, std::int64_t output_tokens, double factor) {
  return static_cast<std::int64_t>(std::min(std::ceil(static_cast<double>(input_tokens + output_tokens) * factor), kMostTokens));
}

std::int64_t longest_that_fits(const std::vector<AccountState>& accounts, const ModelCard& card, std::int64_t input_tokens,
                               std::int64_t least, std::int64_t most, double factor) {
  const auto is_possible = [&](std::int64_t tokens) {
    return has_room(accounts, worst_nano(card, input_tokens, tokens, factor), worst_tokens(input_tokens, tokens, factor));
  };
  if (least > most || !is_possible(least)) return -1;
  while (least < most) {  // `least` fits always
    const std::int64_t middle = least + (most - least + 1) / 2;
    if (is_possible(middle))
      least = middle;
    else
      most = middle - 1;
  }
  return least;
}

bool bound_usage(Usage& usage, const ModelCard& card, const PlannedCall& planned, std::int64_t max_tokens) {
  bool is_absurd = false;
  const auto bound = [&](std::int64_t& count, std::int64_t most, std::int64_t instead) {
    if (count >= 0 && count <= most) return;
    count = instead;
    is_absurd = true;
  };
  const std::int64_t answer = max_tokens > 0 ? max_tokens : planned.max_tokens;
  bound(usage.input_tokens, std::max({kAlwaysPossible, card.context_window, planned.input_tokens * kAbsurd}), planned.input_tokens);
  bound(usage.output_tokens, std::max({kAlwaysPossible, card.context_window, card.max_output, answer * kAbsurd}), answer);
  bound(usage.cached_tokens, usage.input_tokens, 0);
  bound(usage.cache_write_tokens, usage.input_tokens - usage.cached_tokens, 0);
  return is_absurd;
}

}  // namespace hobd
