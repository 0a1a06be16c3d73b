// The interfaces over SQLite, one file each; sqlite_store.cpp ties them together.
#pragma once

#include "store/memories.hpp"
#include "store/consolidations.hpp"
#include "store/erasures.hpp"
#include "store/ledger.hpp"
#include "store/readers.hpp"
#include "store/searches.hpp"
#include "store/writer.hpp"

namespace hobd {

/// What every interface works with. All outlive it.
struct SqliteParts {
  Writer& writer;
  Readers& readers;
  const Clock& clock;
};

std::unique_ptr<Journal> make_sqlite_journal(SqliteParts parts);
std::unique_ptr<Conversations> make_sqlite_conversations(SqliteParts parts);
std::unique_ptr<Users> make_sqlite_users(SqliteParts parts);
std::unique_ptr<Memories> make_sqlite_memories(SqliteParts parts);
std::unique_ptr<Searches> make_sqlite_searches(SqliteParts parts);
std::unique_ptr<Blocks> make_sqlite_blocks(SqliteParts parts);
std::unique_ptr<Vectors> make_sqlite_vectors(SqliteParts parts);
std::unique_ptr<Summaries> make_sqlite_summaries(SqliteParts parts);
std::unique_ptr<Kv> make_sqlite_kv(SqliteParts parts);
std::unique_ptr<Consolidations> make_sqlite_consolidations(SqliteParts parts);
/// `tombstone_file`: beside the database.
std::unique_ptr<Erasures> make_sqlite_erasures(SqliteParts parts, std::filesystem::path tombstone_file);
std::unique_ptr<Imports> make_sqlite_imports(SqliteParts parts);
std::unique_ptr<Ledger> make_sqlite_ledger(SqliteParts parts);

}  // namespace hobd
