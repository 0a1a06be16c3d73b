// The newest messages of a session, as a model sees them.
#pragma once

#include "store/sqlite.hpp"
#include "store/records.hpp"

namespace hobd {

/// Conversations::recent() on one connection.
Result<std::vector<Message>> recent_messages(Connection& db, const std::string& user_id, const std::string& session_id,
                                             const std::string& before_message, std::uint32_t count);

/// The rowids of the same messages, newest first.
Result<std::vector<std::int64_t>> recent_rows(Connection& db, const std::string& user_id, const std::string& session_id,
                                              const std::string& before_message, std::uint32_t count);

/// A session of one of the user's conversations: (its rowid, the conversation's). not_found: it isn't.
Result<std::pair<std::int64_t, std::int64_t>> session_row(Connection& db, const std::string& user_id, const std::string& session_id);

}  // namespace hobd
