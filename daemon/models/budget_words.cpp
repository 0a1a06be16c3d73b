#include "models/budget_words.hpp"

#include "models/budget_limits.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace hobd {
namespace {

bool is_over(std::int64_t cap, std::int64_t used, std::int64_t more) { return cap >= 0 && more > cap - used; }

/// Whether the limit speaks in tokens here: it is the tokens that have no room, or there is no limit in money.
bool is_about_tokens(const AccountState& state, std::int64_t nano, std::int64_t tokens) {
  if (is_over(state.account.cap_nano, state.spent_nano + state.reserved_nano, nano)) return false;
  return is_over(state.account.cap_tokens, state.spent_tokens + state.reserved_tokens, tokens) || state.account.cap_nano < 0;
}

std::string tokens_text(std::int64_t tokens) { return fmt::format("{} tokens", tokens); }

/// An account's amounts in the unit that has no room.
struct Amounts {
  std::string cap, spent, need;
  std::string under_way;  // ", 0.02 USD reserved for calls under way"
};

Amounts amounts_of(const AccountState& state, std::int64_t nano, std::int64_t tokens) {
  const bool in_tokens = is_about_tokens(state, nano, tokens);
  const auto text = [&](std::int64_t money, std::int64_t count) { return in_tokens ? tokens_text(count) : usd_text(money); };
  Amounts amounts{.cap = text(state.account.cap_nano, state.account.cap_tokens), .spent = text(state.spent_nano, state.spent_tokens), .need = {}, .under_way = {}};
  if (nano > 0 || tokens > 0) amounts.need = text(nano, tokens);
  if ((in_tokens ? state.reserved_tokens : state.reserved_nano) > 0)
    amounts.under_way = fmt::format(", {} reserved for calls under way", text(state.reserved_nano, state.reserved_tokens));
  return amounts;
}

constexpr std::string_view kNoRoom = " has no room: ", kTryAgain = ". Try again in ", kBeginsAnew = ". It begins anew at ", kIn = ", in ";

/// "9 h 47 min 2 s"
std::string duration_text(std::chrono::seconds time) {
  const std::pair<std::int64_t, const char*> parts[] = {
      {time / std::chrono::hours(1), "h"}, {time / std::chrono::minutes(1) % 60, "min"}, {time.count() % 60, "s"}};
  std::string text;
  for (const auto& [count, unit] : parts)
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, unit);
  return text;
}

/// What duration_text() wrote at the beginning of `text`; none: it begins with no duration.
std::optional<std::chrono::seconds> read_duration(std::string_view text) {
  std::optional<std::chrono::seconds> time;
  for (const auto& [unit, seconds] : {std::pair<std::string_view, std::int64_t>{" h", 3600}, {" min", 60}, {" s", 1}}) {
    std::int64_t count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failure != std::errc{} || count < 0 || count > 100'000) break;
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (!rest.starts_with(unit)) continue;
    time = time.value_or(std::chrono::seconds(0)) + std::chrono::seconds(count * seconds);
    text = rest.substr(unit.size());
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return time;
}

}  // namespace

std::string usd_text(std::int64_t nano) {
  const double usd = static_cast<double>(nano) / static_cast<double>(kNanoPerUsd);
  if (nano <= 0) return "0 USD";
  if (nano < 1'000) return "under 0.000001 USD";
  std::string text = fmt::format("{:.{}f}", usd, usd >= 0.01 ? 4 : 6);
  const std::size_t point = text.find('.');
  while (text.size() > point + 3 && text.back() == '0') text.pop_back();
  return text + " USD";
}

std::string limit_text(const Account& account, std::string_view name, bool is_own) {
  const std::string limit = window_kind(account.window) == "month" ? "monthly limit" : "daily limit";
  if (account.scope == "user") return is_own ? "your " + limit : fmt::format("the {} of {}", limit, name);
  if (account.scope == "channel") return fmt::format("the {} of the channel {}", limit, name);
  if (account.scope == "job") return fmt::format("the {} of the job {}", limit, name);
  if (account.scope == "background") return fmt::format("the {} of background work", limit);
  return "the " + limit;
}

std::string refusal_text(const AccountState& state, std::int64_t nano, std::int64_t tokens, const RoomAgain& again) {
  const Amounts amount = amounts_of(state, nano, tokens);
  const std::string need = amount.need.empty() ? std::string() : ", and this may take up to " + amount.need;
  std::string when;
  switch (again.when) {
    case RoomAgain::When::with_window: when = fmt::format("{}{}{}{}", kBeginsAnew, again.resets_at, kIn, duration_text(again.in)); break;
    case RoomAgain::When::soon: when = fmt::format("{}{}, when they have ended", kTryAgain, duration_text(again.in)); break;
    case RoomAgain::When::never: when = ". It is too small for this at any time"; break;
  }
  return fmt::format("{} of {}{}{} spent{}{}{}; the owner raises it with `hobctl budget set`. Commands and recall still work",
                     limit_text(state.account, state.account.name, true), amount.cap, kNoRoom, amount.spent, amount.under_way, need, when);
}

std::optional<RefusalHint> read_refusal(std::string_view message) {
  const std::size_t begin = message.find(kNoRoom);
  if (begin == std::string_view::npos || message.find("`hobctl budget set`", begin) == std::string_view::npos) return {};
  const auto duration_after = [&](std::string_view words, std::size_t from) {
    const std::size_t at = message.find(words, from);
    return at == std::string_view::npos ? std::optional<std::chrono::seconds>() : read_duration(message.substr(at + words.size()));
  };
  if (const auto soon = duration_after(kTryAgain, begin)) return RefusalHint{.is_used_up = false, .again_in = soon};
  const std::size_t anew = message.find(kBeginsAnew, begin);
  return RefusalHint{.is_used_up = true, .again_in = anew == std::string_view::npos ? std::nullopt : duration_after(kIn, anew)};
}

std::string too_dear_text(const Account& account, std::string_view model, std::int64_t nano, std::int64_t tokens, std::string_view advice) {
  const Amounts amount = amounts_of({.account = account}, nano, tokens);
  return fmt::format("Budget: background work never has room for {}: its shortest call may take {}, and {} is {}. {}", model, amount.need,
                     limit_text(account, account.name, false), amount.cap,
                     advice.empty() ? "Raise the limit with `hobctl budget set`, or models.background.share." : fmt::format("Of that model {}.", advice));
}

std::string refused_text(const AccountState& state, std::string_view name, std::string_view model, std::int64_t nano, std::int64_t tokens,
                         std::string_view resets_at) {
  const Amounts amount = amounts_of(state, nano, tokens);
  return fmt::format("Budget: {} of {} had no room for a call to {} that may take up to {}: {} spent{}. It begins anew at {}; "
                     "`hobctl budget set` raises it.",
                     limit_text(state.account, name, false), amount.cap, model, amount.need, amount.spent, amount.under_way, resets_at);
}

std::string warning_text(const AccountState& state, std::string_view name, bool is_full, std::string_view resets_at) {
  const auto share = [](std::int64_t cap, std::int64_t used) {
    return cap < 0 ? 0.0 : cap == 0 ? 1.0 : static_cast<double>(used) / static_cast<double>(cap);
  };
  const double money = share(state.account.cap_nano, state.spent_nano), tokens = share(state.account.cap_tokens, state.spent_tokens);
  const bool in_tokens = state.account.cap_nano < 0 || tokens > money;
  const std::string spent = in_tokens ? tokens_text(state.spent_tokens) : usd_text(state.spent_nano);
  const std::string cap = in_tokens ? tokens_text(state.account.cap_tokens) : usd_text(state.account.cap_nano);
  if (is_full)
    return fmt::format("Budget: {} is used up: {} of {} spent. It begins anew at {}; `hobctl budget set` raises it.",
                       limit_text(state.account, name, false), spent, cap, resets_at);
  return fmt::format("Budget: {} is {:.0f} per cent used: {} of {} spent. It begins anew at {}.", limit_text(state.account, name, false),
                     std::floor(100 * std::max(money, tokens)), spent, cap, resets_at);
}

}  // namespace hobd
