// What a call can cost and did cost, in whole nano-USD.
#pragma once

#include "models/budget.hpp"

namespace hobd {

/// USD as nano-USD, rounded, within what the ledger holds.
std::int64_t nano_of(double usd);

/// The most that a call can cost: its input at the dearest price that input can have, its answer in full; times `factor`.
std::int64_t worst_nano(const ModelCard& card, std::int64_t input_tokens, std::int64_t output_tokens, double factor);
std::int64_t worst_tokens(std::int64_t input_tokens, std::int64_t output_tokens, double factor);

/// The longest answer from `least` to `most` tokens whose worst case has room on all accounts; -1: not even the shortest has.
std::int64_t longest_that_fits(const std::vector<AccountState>& accounts, const ModelCard& card, std::int64_t input_tokens,
                               std::int64_t least, std::int64_t most, double factor);

/// Takes counts that no such call can have (negative, far above the model's window and what was sent, more cached than read) for
/// the worst case. False when there were none.
bool bound_usage(Usage& usage, const ModelCard& card, const PlannedCall& planned, std::int64_t max_tokens);

}  // namespace hobd
