// The newest messages of a session, as a model sees them.
#pragma once

#include "store/sqlite.hpp"
#include "store/records.hpp"

namespace hobd {

/// Oldest first, with their rowids.
struct RecentMessages {
  std::vector<Message> messages;
  std::vector<std::int64_t> rows;
};

/// Conversations::recent() on one connection.
Result<RecentMessages> recent_messages(Connection& db, const std::string& user_id, const std::string& session_id,
                                       const std::string& before_message, std::uint32_t count);

/// A session of one of the user's conversations: (its rowid, the conversation's). not_found: it isn't.
Result<std::pair<std::int64_t, std::int64_t>> session_row(Connection& db, const std::string& user_id, const std::string& session_id);

}  // namespace hobd
