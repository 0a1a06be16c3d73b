#include "store/rows.hpp"

#include "base/id.hpp"
#include "base/text.hpp"
#include "store/kv_owners.hpp"

namespace hobd {
namespace {

constexpr std::size_t kTitleCharacters = 60;
/// Deeper than what parse_json takes from outside, because stored values wrap outside ones.
constexpr std::size_t kStoredDepth = 512;

std::string well_formed(std::string text) { return is_valid_utf8(text) ? std::move(text) : to_valid_utf8(text); }

Error damaged(const Error& error) { return Error{Code::internal, "a stored value is damaged: " + error.message}; }

}  // namespace

std::string to_column(const json::object& object) {
  return object.empty() ? std::string() : well_formed(json::serialize(object));
}
std::string to_column(const json::array& array) {
  return array.empty() ? std::string() : well_formed(json::serialize(array));
}

Result<json::object> object_column(const Query& row, int column) {
  const std::string_view text = row.view(column);
  if (text.empty()) return json::object{};
  auto value = parse_json(text, kStoredDepth);
  if (value.has_error()) return damaged(value.error());
  if (!value->is_object()) return damaged({Code::internal, "not an object"});
  return std::move(value->get_object());
}

Result<json::array> array_column(const Query& row, int column) {
  const std::string_view text = row.view(column);
  if (text.empty()) return json::array{};
  auto value = parse_json(text, kStoredDepth);
  if (value.has_error()) return damaged(value.error());
  if (!value->is_array()) return damaged({Code::internal, "not an array"});
  return std::move(value->get_array());
}

Result<std::int64_t> user_row(Connection& db, std::string_view user_id) {
  auto rows = TRY(db.query("SELECT id FROM users WHERE uid = ?", user_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no user " + std::string(user_id)};
  return rows.integer(0);
}

ConversationRow read_conversation(const Query& row) {
  ConversationRow c;
  c.id = row.integer(0);
  c.user = row.integer(1);
  c.session = row.integer(2);
  c.value.id = row.text(3);
  c.value.user_id = row.text(4);
  c.value.title = row.text(5);
  c.value.channel = row.text(6);
  c.value.thread = row.text(7);
  c.value.session_id = row.text(8);
  c.value.message_count = row.integer(9);
  c.value.created_at = row.time(10);
  c.value.updated_at = row.time(11);
  return c;
}

Result<ConversationRow> conversation_row(Connection& db, std::string_view user_id, std::string_view conversation_id) {
  auto rows = TRY(db.query(HOB_SELECT_CONVERSATION "WHERE c.cid = ? AND u.uid = ?", conversation_id, user_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no conversation " + std::string(conversation_id)};
  return read_conversation(rows);
}

Result<ConversationRow> insert_conversation(Connection& db, std::int64_t user, std::string user_id, std::string title,
                                            std::string channel, std::string thread, Time now) {
  ConversationRow c;
  c.user = user;
  c.value.id = make_id("conv");
  c.value.user_id = std::move(user_id);
  c.value.title = std::move(title);
  c.value.channel = std::move(channel);
  c.value.thread = std::move(thread);
  c.value.created_at = c.value.updated_at = now;
  TRY(db.run("INSERT INTO conversations(cid, user, title, channel, thread, session, created_at, updated_at) "
             "VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
             c.value.id, user, c.value.title, c.value.channel, c.value.thread, now, now));
  c.id = db.last_rowid();
  SessionRow session = TRY(insert_session(db, c, now));
  c.session = session.id;
  c.value.session_id = std::move(session.value.id);
  return c;
}

Result<SessionRow> insert_session(Connection& db, const ConversationRow& conversation, Time now) {
  SessionRow s;
  s.value = {.id = make_id("ses"), .conversation_id = conversation.value.id, .created_at = now};
  TRY(db.run("INSERT INTO sessions(sid, conversation, created_at) VALUES (?, ?, ?)", s.value.id, conversation.id, now));
  s.id = db.last_rowid();
  TRY(db.run("UPDATE conversations SET session = ? WHERE id = ?", s.id, conversation.id));
  return s;
}

Result<Message> read_message(const Query& row) {
  Message m;
  m.id = row.text(1);
  m.user_id = row.text(2);
  m.conversation_id = row.text(3);
  m.session_id = row.text(4);
  m.turn_id = row.text(5);
  m.role = row.text(6);
  m.speaker = row.text(7);
  m.text = row.text(8);
  m.at = row.time(9);
  m.channel = row.text(10);
  m.external_id = row.text(11);
  m.attachments = TRY(array_column(row, 12));
  m.extra = TRY(object_column(row, 13));
  return m;
}

Result<std::int64_t> insert_message(WriteBatch& batch, const Message& m, std::int64_t user, std::int64_t conversation,
                                    std::int64_t session, std::optional<std::int64_t> turn) {
  // Text from a channel may be ill-formed; every reader may rely on it being UTF-8.
  std::string repaired;
  std::string_view text = m.text;
  if (!is_valid_utf8(text)) text = repaired = to_valid_utf8(text);
  TRY(batch.db.run("INSERT INTO messages(mid, user, conversation, session, turn, role, speaker, text, at, channel, "
                   "external_id, attachments, extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   m.id, user, conversation, session, turn, m.role, m.speaker, text, m.at, m.channel, m.external_id,
                   to_column(m.attachments), to_column(m.extra)));
  const std::int64_t row = batch.db.last_rowid();
  batch.messages.add(row, user, text);
  return row;
}

Result<TurnRow> read_turn(const Query& row) {
  TurnRow t;
  t.id = row.integer(0);
  t.user = row.integer(1);
  t.conversation = row.integer(2);
  t.session = row.integer(3);
  t.value.id = row.text(4);
  t.value.user_id = row.text(5);
  t.value.conversation_id = row.text(6);
  t.value.session_id = row.text(7);
  t.value.channel = row.text(8);
  t.value.external_id = row.text(9);
  t.value.message_id = row.text(10);
  t.value.state = static_cast<TurnState>(row.integer(11));
  t.value.request = TRY(object_column(row, 12));
  t.value.usage = usage_from_json(TRY(object_column(row, 13)));
  t.value.error = row.text(14);
  t.value.reply_id = row.text(15);
  t.value.created_at = row.time(16);
  t.value.updated_at = row.time(17);
  return t;
}

std::string title_of(std::string_view text) {
  // A character has at most four bytes, so that the rest of a long text needn't be looked at.
  const std::string valid = to_valid_utf8(utf8_prefix(trim(text), 4 * kTitleCharacters));
  std::string title;
  std::size_t characters = 0;
  for (const char c : valid) {
    const bool starts_character = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (starts_character && ++characters > kTitleCharacters) break;
    title += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return std::string(trim(title));
}

namespace {

/// The owner's sum of bytes is kept beside its values (sqlite_kv.cpp).
Result<void> remove_kept_tier(Connection& db, std::int64_t conversation) {
  std::int64_t bytes = 0;
  {
    auto rows = TRY(db.query("SELECT length(k.key) + length(k.value) FROM kv k JOIN conversations c ON c.cid = k.key WHERE k.owner = ? AND c.id = ?",
                             kConversationTierOwner, conversation));
    if (!TRY(rows.next())) return {};
    bytes = rows.integer(0);
  }
  TRY(db.run("DELETE FROM kv WHERE owner = ? AND key = (SELECT cid FROM conversations WHERE id = ?)", kConversationTierOwner, conversation));
  TRY(db.run("UPDATE kv_owners SET bytes = bytes - ? WHERE owner = ?", bytes, kConversationTierOwner));
  return {};
}

}  // namespace

Result<void> remove_conversation(WriteBatch& batch, std::int64_t conversation) {
  auto rows = TRY(batch.db.query("SELECT id, user, text FROM messages WHERE conversation = ?", conversation));
  while (TRY(rows.next())) batch.messages.remove(rows.integer(0), rows.integer(1), rows.view(2));
  TRY(remove_kept_tier(batch.db, conversation));
  TRY(batch.db.run("DELETE FROM conversations WHERE id = ?", conversation));
  return {};
}

}  // namespace hobd
