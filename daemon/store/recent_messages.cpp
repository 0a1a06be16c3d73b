#include "store/recent_messages.hpp"

#include "store/rows.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// The newest ?4 messages m before the message ?2 of the turn ?3.
#define HOB_BEFORE " AND CASE WHEN m.turn IS NULL OR m.turn = ?3 THEN m.id < ?2 ELSE m.turn < ?3 END ORDER BY m.id DESC LIMIT ?4"

/// Where a walk back from a message begins: its rowid and its turn's, which grow in the order of arrival.
struct Before {
  std::int64_t message = kMax, turn = kMax;
};

Result<Before> before_row(Connection& db, const std::string& message_id) {
  if (message_id.empty()) return Before{};
  auto rows = TRY(db.query("SELECT id, coalesce(turn, 0) FROM messages WHERE mid = ?", message_id));
  if (!TRY(rows.next())) return Before{};
  return Before{rows.integer(0), rows.integer(1) ? rows.integer(1) : kMax};
}

}  // namespace

Result<std::pair<std::int64_t, std::int64_t>> session_row(Connection& db, const std::string& user_id,
                                                          const std::string& session_id) {
  auto rows = TRY(db.query("SELECT s.id, c.id FROM sessions s JOIN conversations c ON c.id = s.conversation "
                           "JOIN users u ON u.id = c.user WHERE s.sid = ? AND u.uid = ?",
                           session_id, user_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no session " + session_id};
  return std::pair(rows.integer(0), rows.integer(1));
}

/// A message that arrived while an earlier one was being answered was stored before that answer: what counts is the
/// order of the turns, so an answer stands behind the message that it answers.
Result<std::vector<Message>> recent_messages(Connection& db, const std::string& user_id, const std::string& session_id,
                                             const std::string& before_message, std::uint32_t count) {
  struct Item {
    std::int64_t row = 0, turn = 0, place = 0;
    Message message;
  };
  std::vector<Item> items;
  const Before before = TRY(before_row(db, before_message));
  {
    // One walk down the session's index; what all of its messages share is bound, not joined to each.
    auto rows = TRY(db.query("SELECT m.id, m.mid, ?5, c.cid, ?1, coalesce(t.tid, ''), m.role, m.speaker, m.text, m.at, "
                             "m.channel, m.external_id, m.attachments, m.extra, coalesce(m.turn, 0) FROM sessions s "
                             "JOIN conversations c ON c.id = s.conversation JOIN users u ON u.id = c.user "
                             "CROSS JOIN messages m ON m.session = s.id LEFT JOIN turns t ON t.id = m.turn "
                             "WHERE s.sid = ?1 AND u.uid = ?5" HOB_BEFORE,
                             session_id, before.message, before.turn, count, user_id));
    while (TRY(rows.next())) {
      Item item;
      item.row = rows.integer(0);
      item.turn = rows.integer(14);
      item.message = TRY(read_message(rows));
      items.push_back(std::move(item));
    }
  }
  if (items.empty()) TRY(session_row(db, user_id, session_id));
  std::unordered_map<std::int64_t, std::int64_t> first_of_turn;
  for (Item& item : items)  // newest first, so that the oldest row of a turn is written last
    if (item.turn) first_of_turn[item.turn] = item.row;
  for (Item& item : items) item.place = item.turn ? first_of_turn[item.turn] : item.row;
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.place != b.place ? a.place < b.place : a.row < b.row;
  });
  std::vector<Message> recent;
  for (Item& item : items) recent.push_back(std::move(item.message));
  return recent;
}

Result<std::vector<std::int64_t>> recent_rows(Connection& db, const std::string& user_id, const std::string& session_id,
                                              const std::string& before_message, std::uint32_t count) {
  const Before before = TRY(before_row(db, before_message));
  const std::int64_t session = TRY(session_row(db, user_id, session_id)).first;
  auto found = TRY(db.query("SELECT m.id FROM messages m WHERE m.session = ?1" HOB_BEFORE, session, before.message, before.turn, count));
  std::vector<std::int64_t> rows;
  while (TRY(found.next())) rows.push_back(found.integer(0));
  return rows;
}

}  // namespace hobd
