#include "base/text.hpp"
#include "store/rows.hpp"
#include "store/sqlite_parts.hpp"
#include "store/summaries.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// A summary with the rows it reaches to.
struct SummaryRow {
  SessionSummary value;
  std::int64_t upto_row = 0, upto_turn = 0, floor_row = 0;
};

Result<std::int64_t> session_of(Connection& db, const std::string& user_id, const std::string& session_id) {
  auto rows = TRY(db.query("SELECT s.id FROM sessions s JOIN conversations c ON c.id = s.conversation JOIN users u ON u.id = c.user "
                           "WHERE s.sid = ? AND u.uid = ?",
                           session_id, user_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no session " + session_id};
  return rows.integer(0);
}

Result<SummaryRow> summary_of(Connection& db, std::int64_t session, const std::string& session_id) {
  SummaryRow row;
  row.value.session_id = session_id;
  auto rows = TRY(db.query("SELECT text, upto_id, upto_row, upto_turn, floor_row, messages, from_at, to_at, made_by, updated_at, version "
                           "FROM session_summaries WHERE session = ?",
                           session));
  if (!TRY(rows.next())) return row;
  row.value.text = rows.text(0);
  row.value.upto_message_id = rows.text(1);
  row.upto_row = rows.integer(2);
  row.upto_turn = rows.integer(3);
  row.floor_row = rows.integer(4);
  row.value.messages = rows.integer(5);
  row.value.from = rows.time(6);
  row.value.to = rows.time(7);
  row.value.by = rows.text(8);
  row.value.updated_at = rows.time(9);
  row.value.version = rows.integer(10);
  return row;
}

/// What the summary does not cover, in the order of the rows.
#define HOB_UNCOVERED " m.session = ?1 AND m.id >= ?2 AND CASE WHEN m.turn IS NULL THEN m.id > ?3 ELSE m.turn > ?4 END "

struct Before {
  std::int64_t message = kMax, turn = kMax;
};

Result<Before> before_row(Connection& db, const BufferQuery& query, std::int64_t session, const SummaryRow& summary) {
  Before before;
  if (!query.before_message.empty()) {
    auto rows = TRY(db.query("SELECT id, coalesce(turn, 0) FROM messages WHERE mid = ? AND session = ?", query.before_message, session));
    if (TRY(rows.next())) before = {rows.integer(0), rows.integer(1) ? rows.integer(1) : kMax};
  }
  if (!query.ended_only) return before;
  auto rows = TRY(db.query("SELECT m.id, m.turn FROM messages m JOIN turns t ON t.id = m.turn WHERE" HOB_UNCOVERED
                           "AND t.state < 2 ORDER BY m.turn LIMIT 1",
                           session, summary.floor_row, summary.upto_row, summary.upto_turn));
  if (TRY(rows.next())) before = {std::min(before.message, rows.integer(0)), std::min(before.turn, rows.integer(1))};
  return before;
}

Result<SessionBuffer> read_buffer(Connection& db, const BufferQuery& query) {
  const std::int64_t session = TRY(session_of(db, query.user_id, query.session_id));
  const SummaryRow summary = TRY(summary_of(db, session, query.session_id));
  const Before before = TRY(before_row(db, query, session, summary));
  struct Item {
    std::int64_t row = 0, turn = 0, place = 0;
    Message message;
  };
  std::vector<Item> items;
  SessionBuffer buffer;
  buffer.summary = summary.value;
  std::size_t bytes = 0;
  {
    // What all messages of a session share is bound, not joined to each.
    auto rows = TRY(db.query("SELECT m.id, m.mid, ?7, c.cid, ?8, coalesce(t.tid, ''), m.role, m.speaker, m.text, m.at, m.channel, "
                             "m.external_id, m.attachments, m.extra, coalesce(m.turn, 0) FROM sessions s JOIN conversations c ON c.id = s.conversation "
                             "CROSS JOIN messages m ON m.session = s.id LEFT JOIN turns t ON t.id = m.turn WHERE s.id = ?1 AND" HOB_UNCOVERED
                             "AND CASE WHEN m.turn IS NULL OR m.turn = ?6 THEN m.id < ?5 ELSE m.turn < ?6 END ORDER BY m.id",
                             session, summary.floor_row, summary.upto_row, summary.upto_turn, before.message, before.turn, query.user_id,
                             query.session_id));
    while (TRY(rows.next())) {
      if (items.size() >= query.limit || (bytes >= query.bytes && !items.empty())) {
        buffer.has_more = true;
        break;
      }
      Item item;
      item.row = rows.integer(0);
      item.turn = rows.integer(14);
      item.message = TRY(read_message(rows));
      bytes += item.message.text.size();
      items.push_back(std::move(item));
    }
  }
  if (buffer.has_more) {
    // What is read must be whole turns: an answer may be stored behind later turns' messages.
    std::int64_t last_turn = 0;
    for (const Item& item : items) last_turn = std::max(last_turn, item.turn);
    auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS ", m.turn FROM messages m" HOB_MESSAGE_JOINS "WHERE" HOB_UNCOVERED
                             "AND m.id > ?5 AND m.turn <= ?6 ORDER BY m.id",
                             session, summary.floor_row, summary.upto_row, summary.upto_turn, items.back().row, last_turn));
    while (TRY(rows.next())) {
      Item item;
      item.row = rows.integer(0);
      item.turn = rows.integer(14);
      item.message = TRY(read_message(rows));
      items.push_back(std::move(item));
    }
  }
  std::unordered_map<std::int64_t, std::int64_t> first_of_turn;
  for (const Item& item : items)
    if (item.turn) first_of_turn.try_emplace(item.turn, item.row);
  for (Item& item : items) item.place = item.turn ? first_of_turn[item.turn] : item.row;
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.place != b.place ? a.place < b.place : a.row < b.row; });
  for (Item& item : items) buffer.messages.push_back(std::move(item.message));
  return buffer;
}

Result<SessionSummary> put_summary(Connection& db, const std::string& user_id, SessionSummary summary, Time now) {
  const std::int64_t session = TRY(session_of(db, user_id, summary.session_id));
  const SummaryRow before = TRY(summary_of(db, session, summary.session_id));
  if (before.value.version != summary.version) return Error{Code::overloaded, "the summary of " + summary.session_id + " was changed meanwhile"};
  std::int64_t upto_row = before.upto_row, upto_turn = before.upto_turn, floor_row = before.floor_row;
  if (summary.upto_message_id != before.value.upto_message_id) {
    {
      auto rows = TRY(db.query("SELECT id, coalesce(turn, 0) FROM messages WHERE mid = ? AND session = ?", summary.upto_message_id, session));
      if (!TRY(rows.next())) return Error{Code::not_found, "there is no message " + summary.upto_message_id + " in " + summary.session_id};
      upto_row = floor_row = rows.integer(0);
      if (rows.integer(1)) upto_turn = rows.integer(1);
    }
    // Later turns' messages are stored behind the first one of this turn, never before it.
    auto rows = TRY(db.query("SELECT min(m.id), max(m.id) FROM messages m WHERE m.session = ?1 AND m.id >= ?2 AND m.turn = ?3", session, before.floor_row, upto_turn));
    if (upto_turn != before.upto_turn && TRY(rows.next()) && !rows.is_null(0)) {
      floor_row = rows.integer(0);
      upto_row = std::max(upto_row, rows.integer(1));
    }
  }
  summary.version = before.value.version + 1;
  summary.updated_at = now;
  summary.text = to_valid_utf8(summary.text);
  TRY(db.run("INSERT OR REPLACE INTO session_summaries(session, text, upto_id, upto_row, upto_turn, floor_row, messages, from_at, to_at, "
             "made_by, updated_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             session, summary.text, summary.upto_message_id, upto_row, upto_turn, floor_row, summary.messages, summary.from, summary.to,
             summary.by, summary.updated_at, summary.version));
  return summary;
}

class SqliteSummaries final : public Summaries {
 public:
  explicit SqliteSummaries(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<SessionBuffer>> buffer(BufferQuery query) override {
    return parts_.readers.run<SessionBuffer>([query = std::move(query)](Connection& db) { return read_buffer(db, query); });
  }

  awaitable<Result<SessionSummary>> put(std::string user_id, SessionSummary summary) override {
    return parts_.writer.run<SessionSummary>(Durability::journaled, [user_id = std::move(user_id), summary = std::move(summary),
                                                                     now = parts_.clock.now()](WriteBatch& batch) {
      return put_summary(batch.db, user_id, summary, now);
    });
  }

  awaitable<Result<SessionSummary>> find(std::string user_id, std::string session_id) override {
    return parts_.readers.run<SessionSummary>(
        [user_id = std::move(user_id), session_id = std::move(session_id)](Connection& db) -> Result<SessionSummary> {
          return TRY(summary_of(db, TRY(session_of(db, user_id, session_id)), session_id)).value;
        });
  }

  awaitable<Result<void>> remove(std::string user_id, std::string session_id) override {
    return parts_.writer.run<void>(Durability::synced,
                                   [user_id = std::move(user_id), session_id = std::move(session_id)](WriteBatch& batch) -> Result<void> {
                                     const std::int64_t session = TRY(session_of(batch.db, user_id, session_id));
                                     TRY(batch.db.run("DELETE FROM session_summaries WHERE session = ?", session));
                                     return {};
                                   });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Summaries> make_sqlite_summaries(SqliteParts parts) { return std::make_unique<SqliteSummaries>(parts); }

}  // namespace hobd
