// What people read about limits.
#pragma once

#include "store/ledger.hpp"

namespace hobd {

/// "0.50 USD"; small amounts with as many digits as they need.
std::string usd_text(std::int64_t nano);
/// "the daily limit of your account"; `is_own`: the reader is the user of a user's limit. `name`: as people know it.
std::string limit_text(const Account& account, std::string_view name, bool is_own);
/// Why a call isn't made, for who asked for it.
std::string refusal_text(const AccountState& state, std::int64_t nano, std::int64_t tokens, std::string_view resets_at);
/// For the owner: the limit is nearly used, or used.
std::string warning_text(const AccountState& state, std::string_view name, bool is_full, std::string_view resets_at);

/// For the owner: a call to `model` had no room.
std::string refused_text(const AccountState& state, std::string_view name, std::string_view model, std::int64_t nano, std::int64_t tokens,
                         std::string_view resets_at);

}  // namespace hobd
