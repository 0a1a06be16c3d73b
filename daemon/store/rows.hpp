// Rows to values and back, shared by the interfaces' files.
#pragma once

#include "store/writer.hpp"

namespace hobd {

/// An object or array as it is stored: JSON, "" when empty, always well-formed UTF-8.
std::string to_column(const json::object& object);
std::string to_column(const json::array& array);
Result<json::object> object_column(const Query& row, int column);
Result<json::array> array_column(const Query& row, int column);

/// A user's rowid. not_found: there is no such user.
Result<std::int64_t> user_row(Connection& db, std::string_view user_id);

/// A conversation of one user, with the rowids that writes need.
struct ConversationRow {
  std::int64_t id = 0, user = 0, session = 0;
  Conversation value;
};
/// SELECT and joins of a conversation `c`; the caller adds WHERE.
#define HOB_SELECT_CONVERSATION                                                                     \
  "SELECT c.id, c.user, c.session, c.cid, u.uid, c.title, c.channel, c.thread, s.sid, "             \
  "c.message_count, c.created_at, c.updated_at "                                                    \
  "FROM conversations c JOIN users u ON u.id = c.user JOIN sessions s ON s.id = c.session "
ConversationRow read_conversation(const Query& row);
/// not_found: it isn't this user's.
Result<ConversationRow> conversation_row(Connection& db, std::string_view user_id, std::string_view conversation_id);

/// Makes a conversation with its first session.
Result<ConversationRow> insert_conversation(Connection& db, std::int64_t user, std::string user_id, std::string title,
                                            std::string channel, std::string thread, Time now);
struct SessionRow {
  std::int64_t id = 0;
  Session value;
};
/// Adds a session and makes it the conversation's latest.
Result<SessionRow> insert_session(Connection& db, const ConversationRow& conversation, Time now);

#define HOB_MESSAGE_COLUMNS                                                                                  \
  "m.id, m.mid, u.uid, c.cid, s.sid, coalesce(t.tid, ''), m.role, m.speaker, m.text, m.at, m.channel, "      \
  "m.external_id, m.attachments, m.extra "
#define HOB_MESSAGE_JOINS                                                                              \
  " JOIN users u ON u.id = m.user JOIN conversations c ON c.id = m.conversation "                      \
  "JOIN sessions s ON s.id = m.session LEFT JOIN turns t ON t.id = m.turn "
Result<Message> read_message(const Query& row);
/// Stores a message whose text ids are set already, and puts it into the index. Its rowid.
Result<std::int64_t> insert_message(WriteBatch& batch, const Message& message, std::int64_t user,
                                    std::int64_t conversation, std::int64_t session, std::optional<std::int64_t> turn);

struct TurnRow {
  std::int64_t id = 0, user = 0, conversation = 0, session = 0;
  Turn value;
};
#define HOB_SELECT_TURN                                                                                        \
  "SELECT t.id, t.user, t.conversation, t.session, t.tid, u.uid, c.cid, s.sid, t.channel, t.external_id, "     \
  "t.message_id, t.state, t.request, t.usage, t.error, t.reply_id, t.created_at, t.updated_at "                \
  "FROM turns t JOIN users u ON u.id = t.user JOIN conversations c ON c.id = t.conversation "                  \
  "JOIN sessions s ON s.id = t.session "
Result<TurnRow> read_turn(const Query& row);

/// The title of a conversation that begins with `text`: its first 60 characters, on one line.
std::string title_of(std::string_view text);

/// Removes a conversation with all that hangs on it, from the search index too.
Result<void> remove_conversation(WriteBatch& batch, std::int64_t conversation);

}  // namespace hobd
