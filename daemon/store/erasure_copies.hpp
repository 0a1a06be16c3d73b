// The copies of what is forgotten: journals of turns, other messages, the outbox, blocks. They are cleaned while the
// forgotten rows are still there to say what to look for.
#pragma once

#include "store/erasure_set.hpp"
#include "store/redactor.hpp"
#include "store/writer.hpp"

namespace hobd {

/// Whether a message is a reply that Hob gives to other things too ("Noted."): its words then tell nothing of this one, and
/// other replies keep them.
Result<bool> is_stock_reply(Connection& db, std::int64_t message);
/// What to look for: the texts of the set's rows and their ids.
Result<Redactor> redactor_of(Connection& db, const ErasureSet& set);

/// Cleans the journals of some turns behind `progress`, and moves it on; true: that was all.
Result<bool> clean_turns(WriteBatch& batch, std::int64_t user, const Redactor& redactor, std::int64_t& progress);
/// The same for messages that stay. Without forgotten messages only what Hob said in answer to commands is looked at: it
/// lists memories, and a person's own words stay as they are.
Result<bool> clean_messages(WriteBatch& batch, std::int64_t user, const ErasureSet& set, const Redactor& redactor, std::int64_t& progress);
/// The outbox and the blocks, all at once: both are small.
Result<void> clean_outbox(Connection& db, std::int64_t user, const Redactor& redactor);
/// Summaries of changes and reasons of their entries, which quote.
Result<void> clean_reasons(Connection& db, std::int64_t user, const Redactor& redactor);
Result<void> clean_blocks(Connection& db, std::int64_t user, const Redactor& redactor);

}  // namespace hobd
