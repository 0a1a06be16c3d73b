// What a start makes sure of before anything is served: folders and the first user.
#pragma once

#include "config/config.hpp"
#include "store/store.hpp"

namespace hobd {

/// Makes state_dir and runtime_dir where they are missing, for the owner alone. unavailable: says which and why.
Result<void> ensure_directories(const Config& config);

/// The user `default` always exists. Under auth.mode keys, with no user yet, they are the admin who makes
/// the first key (hobctl key create).
awaitable<Result<void>> ensure_default_user(Users& users, AuthMode mode);

}  // namespace hobd
