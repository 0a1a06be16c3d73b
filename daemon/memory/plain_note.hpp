// Keeping a proposal without judging it: what stands in for Learning where there is none.
#pragma once

#include "memory/learning.hpp"

namespace hobd {

/// One that says what a current memory says, but for case, spaces and the last full stop, becomes one more source of that
/// memory; any other is added. `change_id`: a second call with the same does nothing and tells what the first one did; ""
/// a new one. Errors are Memories::apply()'s. Thread: core.
awaitable<Result<Learning::Noted>> note_plainly(Memories& memories, std::string user_id, Proposal proposal, std::string cause,
                                                std::string change_id);

}  // namespace hobd
