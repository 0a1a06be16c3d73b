// Finds in the database what its tombstones name: after an older copy of it was put in its place.
#pragma once

#include "store/erasure_set.hpp"

#include <map>

namespace hobd {

/// By users.id: the forgotten memories and messages that are there, with what belongs to them. Reads all ids.
Result<std::map<std::int64_t, ErasureSet>> find_forgotten(Connection& db);

}  // namespace hobd
