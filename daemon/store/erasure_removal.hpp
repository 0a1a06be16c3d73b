// The rows of an erasure go, in one transaction, with all that hangs on them.
#pragma once

#include "store/erasure_set.hpp"
#include "store/writer.hpp"

namespace hobd {

/// Lays the tombstones of what the set takes.
Result<void> lay_tombstones(Connection& db, std::string_view user_name, const ErasureSet& set, Time at);

/// Takes the rows away; what was taken is added to `receipt`.
Result<void> remove_erased_rows(WriteBatch& batch, std::int64_t user, const ErasureSet& set, ErasureReceipt& receipt);

}  // namespace hobd
