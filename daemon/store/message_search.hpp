// The lexical search over one user's messages.
//
// Each word of the query is looked up by itself, newest rows first and at most kMostRows of them, and the rows are
// scored here by BM25's weights (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
// 2009) with a term counted once a message. FTS5's own bm25() reads the size of every matching row and counts every
// match of every word before the first hit comes back: with a word that stands in each message, the price of a
// search grows with all that was ever said.
#pragma once

#include "store/sqlite.hpp"
#include "store/store.hpp"

#include <string>
#include <vector>

namespace hobd {

/// Conversations::search() on one connection.
Result<std::vector<MessageHit>> search_messages(Connection& db, const std::string& user_id, const std::string& query,
                                                std::uint32_t limit, const std::string& role,
                                                const std::string& not_turn);

}  // namespace hobd
