// What people read about limits.
#pragma once

#include "store/ledger.hpp"

#include <chrono>

namespace hobd {

/// "0.50 USD"; small amounts with as many digits as they need.
std::string usd_text(std::int64_t nano);
/// "the daily limit of your account"; `is_own`: the reader is the user of a user's limit. `name`: as people know it.
std::string limit_text(const Account& account, std::string_view name, bool is_own);
/// When what has no room now may have some.
struct RoomAgain {
  enum class When {
    with_window,  // when the limit begins anew
    soon,         // calls under way hold the room, and mostly cost less than they may
    never         // the limit is smaller than the call
  } when = When::with_window;
  std::chrono::seconds in{0};  // not of never
  std::string resets_at = {};  // local time
};
/// Why a call isn't made, for who asked for it.
std::string refusal_text(const AccountState& state, std::int64_t nano, std::int64_t tokens, const RoomAgain& again);

/// What programs want to know of a refusal. Errors pass through plugins as a code and a message alone, so it stands in the words.
struct RefusalHint {
  bool is_used_up = true;                          // else calls under way hold the room
  std::optional<std::chrono::seconds> again_in = {};  // unset: trying again is of no use
};
/// Reads what refusal_text() wrote, whatever was put before it; none: the message is another one.
std::optional<RefusalHint> read_refusal(std::string_view message);
/// For the owner: the limit is nearly used, or used.
std::string warning_text(const AccountState& state, std::string_view name, bool is_full, std::string_view resets_at);

/// For the owner: background work can never use `model`. `advice`: what to do; "" to raise the limit.
std::string too_dear_text(const Account& account, std::string_view model, std::int64_t nano, std::int64_t tokens, std::string_view advice);

/// For the owner: a call to `model` had no room.
std::string refused_text(const AccountState& state, std::string_view name, std::string_view model, std::int64_t nano, std::int64_t tokens,
                         std::string_view resets_at);

}  // namespace hobd
