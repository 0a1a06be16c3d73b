#include "store/sqlite_parts.hpp"

#include "base/id.hpp"
#include "base/sent_text.hpp"
#include "store/cursor.hpp"
#include "store/rows.hpp"

#include <limits>

namespace hobd {
namespace {

bool has_ended(TurnState state) { return state >= TurnState::replied; }

Result<TurnRow> turn_row(Connection& db, const std::string& turn_id) {
  auto rows = TRY(db.query(HOB_SELECT_TURN "WHERE t.tid = ?", turn_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no turn " + turn_id};
  return read_turn(rows);
}

/// The message that began a turn.
Result<Message> turn_message(Connection& db, const std::string& message_id) {
  auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS "WHERE m.mid = ?",
                           message_id));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no message " + message_id};
  return read_message(rows);
}

/// The turn that (channel, external_id) began before, if any.
Result<std::optional<Accepted>> find_duplicate(Connection& db, std::int64_t user, const Inbound& inbound) {
  if (inbound.external_id.empty()) return std::optional<Accepted>();
  auto rows = TRY(db.query(HOB_SELECT_TURN "WHERE t.user = ? AND t.channel = ? AND t.external_id = ? "
                                           "AND t.external_id <> ''",
                           user, inbound.channel, inbound.external_id));
  if (!TRY(rows.next())) return std::optional<Accepted>();
  Accepted accepted;
  accepted.turn = TRY(read_turn(rows)).value;
  accepted.duplicate = true;
  auto message = turn_message(db, accepted.turn.message_id);
  if (message.has_value())
    accepted.message = *std::move(message);
  else if (message.error().code == Code::not_found)
    accepted.message.id = accepted.turn.message_id;  // it was forgotten
  else
    return message.error();
  return std::optional<Accepted>(std::move(accepted));
}

/// The session an inbound message names: (rowid, conversation's id).
Result<std::pair<std::int64_t, std::string>> given_session(Connection& db, const Inbound& inbound) {
  auto rows = TRY(db.query("SELECT s.id, c.cid FROM sessions s JOIN conversations c ON c.id = s.conversation "
                           "JOIN users u ON u.id = c.user WHERE s.sid = ? AND u.uid = ?",
                           inbound.session.id, inbound.user_id));
  if (!TRY(rows.next()) || (!inbound.conversation_id.empty() && rows.view(1) != inbound.conversation_id))
    return Error{Code::not_found, "there is no session " + inbound.session.id +
                                      (inbound.conversation_id.empty() ? "" : " in " + inbound.conversation_id)};
  return std::pair(rows.integer(0), rows.text(1));
}

/// Where an inbound message goes: its conversation, with `session` and its id set to the one it joins.
struct Place {
  ConversationRow conversation;
  bool is_new = false;
};

/// Whether nothing was said in a session, nor was it begun, for longer than `ttl`.
Result<bool> is_silent(Connection& db, std::int64_t session, std::chrono::milliseconds ttl, Time now) {
  if (ttl.count() == 0) return false;
  auto rows = TRY(db.query("SELECT max(s.created_at, coalesce((SELECT at FROM messages m WHERE m.session = s.id ORDER BY m.id DESC LIMIT 1), 0)) "
                           "FROM sessions s WHERE s.id = ?",
                           session));
  return TRY(rows.next()) && now - rows.time(0) > ttl;
}

Result<Place> find_place(Connection& db, std::int64_t user, const Inbound& inbound, std::chrono::milliseconds ttl, Time now) {
  if (inbound.session.kind == SessionChoice::Kind::given) {
    auto [session, conversation_id] = TRY(given_session(db, inbound));
    ConversationRow conversation = TRY(conversation_row(db, inbound.user_id, conversation_id));
    conversation.session = session;
    conversation.value.session_id = inbound.session.id;
    return Place{std::move(conversation), false};
  }
  std::optional<ConversationRow> conversation;
  if (!inbound.conversation_id.empty()) {
    conversation = TRY(conversation_row(db, inbound.user_id, inbound.conversation_id));
  } else if (!inbound.thread.empty()) {
    auto rows = TRY(db.query(HOB_SELECT_CONVERSATION "WHERE c.user = ? AND c.channel = ? AND c.thread = ? "
                                                     "AND c.thread <> '' ORDER BY c.id DESC LIMIT 1",
                             user, inbound.channel, inbound.thread));
    if (TRY(rows.next())) conversation = read_conversation(rows);
  }
  if (!conversation)
    return Place{TRY(insert_conversation(db, user, inbound.user_id, "", inbound.channel, inbound.thread, now)), true};
  if (inbound.session.kind == SessionChoice::Kind::fresh || TRY(is_silent(db, conversation->session, ttl, now))) {
    SessionRow session = TRY(insert_session(db, *conversation, now));
    conversation->session = session.id;
    conversation->value.session_id = std::move(session.value.id);
  }
  return Place{std::move(*conversation), false};
}

/// Fills what the store knows better than the caller.
void complete_message(Message& message, const Inbound& inbound, const ConversationRow& conversation, Time now) {
  if (message.id.empty()) message.id = make_id("msg");
  message.user_id = inbound.user_id;
  message.conversation_id = conversation.value.id;
  message.session_id = conversation.value.session_id;
  if (message.role.empty()) message.role = "user";
  if (message.at == Time{}) message.at = now;
  if (message.channel.empty()) message.channel = inbound.channel;
}

Result<Accepted> accept_inbound(WriteBatch& batch, Inbound& inbound, std::chrono::milliseconds ttl, Time now) {
  if (inbound.messages.empty()) return Error{Code::invalid, "a turn needs a message"};
  const std::int64_t user = TRY(user_row(batch.db, inbound.user_id));
  if (auto duplicate = TRY(find_duplicate(batch.db, user, inbound))) return std::move(*duplicate);

  Place place = TRY(find_place(batch.db, user, inbound, ttl, now));
  const ConversationRow& conversation = place.conversation;
  if (!place.is_new) inbound.history.clear();
  std::string title = conversation.value.title;
  for (auto* messages : {&inbound.history, &inbound.messages})
    for (Message& message : *messages) {
      complete_message(message, inbound, conversation, now);
      if (title.empty() && message.role == "user" && !is_command(message.text)) title = title_of(own_words(message.text));
    }
  if (inbound.messages.back().external_id.empty()) inbound.messages.back().external_id = inbound.external_id;

  Accepted accepted;
  accepted.new_conversation = place.is_new;
  Turn& turn = accepted.turn;
  turn.id = make_id("turn");
  turn.user_id = inbound.user_id;
  turn.conversation_id = conversation.value.id;
  turn.session_id = conversation.value.session_id;
  turn.channel = inbound.channel;
  turn.external_id = inbound.external_id;
  turn.message_id = inbound.messages.back().id;
  turn.request = std::move(inbound.request);
  turn.created_at = turn.updated_at = now;
  TRY(batch.db.run("INSERT INTO turns(tid, user, conversation, session, channel, external_id, message_id, state, "
                   "request, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   turn.id, user, conversation.id, conversation.session, turn.channel, turn.external_id,
                   turn.message_id, turn.state, to_column(turn.request), now, now));
  const std::int64_t turn_row = batch.db.last_rowid();
  for (const Message& message : inbound.history)
    TRY(insert_message(batch, message, user, conversation.id, conversation.session, std::nullopt));
  for (Message& message : inbound.messages) {
    message.turn_id = turn.id;
    TRY(insert_message(batch, message, user, conversation.id, conversation.session, turn_row));
  }
  TRY(batch.db.run("UPDATE conversations SET message_count = message_count + ?, updated_at = ?, title = ?, "
                   "fingerprint = CASE WHEN ?4 = '' THEN fingerprint ELSE ?4 END WHERE id = ?5",
                   inbound.history.size() + inbound.messages.size(), now, title, inbound.fingerprint,
                   conversation.id));
  accepted.message = std::move(inbound.messages.back());
  return accepted;
}

Result<void> insert_steps(Connection& db, std::int64_t turn, const std::vector<Step>& steps, Time now) {
  if (steps.empty()) return {};
  std::int64_t seq = 0;
  {
    auto rows = TRY(db.query("SELECT max(seq) FROM steps WHERE turn = ?", turn));
    if (TRY(rows.next())) seq = rows.integer(0);
  }
  for (const Step& step : steps)
    TRY(db.run("INSERT INTO steps(turn, seq, kind, at, took_ms, data) VALUES (?, ?, ?, ?, ?, ?)", turn, ++seq,
               step.kind, step.at == Time{} ? now : step.at, step.took_ms, to_column(step.data)));
  return {};
}

Result<void> append_steps(WriteBatch& batch, const std::string& turn_id, const std::vector<Step>& steps, Time now) {
  std::int64_t turn = 0;
  TurnState state{};
  {
    auto rows = TRY(batch.db.query("SELECT id, state FROM turns WHERE tid = ?", turn_id));
    if (!TRY(rows.next())) return Error{Code::not_found, "there is no turn " + turn_id};
    turn = rows.integer(0);
    state = static_cast<TurnState>(rows.integer(1));
  }
  if (has_ended(state))
    return Error{Code::cancelled, "turn " + turn_id + " has ended: " + std::string(turn_state_name(state))};
  TRY(insert_steps(batch.db, turn, steps, now));
  if (state == TurnState::accepted)
    TRY(batch.db.run("UPDATE turns SET state = ?, updated_at = ? WHERE id = ?", TurnState::running, now, turn));
  return {};
}

Result<void> insert_outbox(Connection& db, const OutboxItem& item, std::int64_t user,
                           std::optional<std::int64_t> conversation, Time now) {
  TRY(db.run("INSERT INTO outbox(oid, user, conversation, turn_id, message_id, channel, order_key, message, state, "
             "attempts, created_at, next_attempt_at, expires_at, receipt, last_error) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             item.id, user, conversation, item.turn_id, item.message_id, item.channel, item.order_key,
             to_column(item.message), item.state, item.attempts, item.created_at == Time{} ? now : item.created_at,
             item.next_attempt_at, item.expires_at, item.receipt, item.last_error));
  return {};
}

Result<Turn> finish_turn(WriteBatch& batch, TurnEnd& end, Time now) {
  if (!has_ended(end.state)) return Error{Code::invalid, "a turn ends as replied, failed or cancelled"};
  TurnRow row = TRY(turn_row(batch.db, end.turn_id));
  Turn& turn = row.value;
  if (has_ended(turn.state))
    return Error{Code::invalid,
                 "turn " + turn.id + " has ended already: " + std::string(turn_state_name(turn.state))};
  TRY(insert_steps(batch.db, row.id, end.steps, now));
  if (end.reply) {
    Message& reply = *end.reply;
    if (reply.id.empty()) reply.id = make_id("msg");
    if (reply.role.empty()) reply.role = "assistant";
    if (reply.at == Time{}) reply.at = now;
    if (reply.channel.empty()) reply.channel = turn.channel;
    TRY(insert_message(batch, reply, row.user, row.conversation, row.session, row.id));
    turn.reply_id = reply.id;
  }
  for (OutboxItem& item : end.outbox) {
    item.turn_id = turn.id;
    TRY(insert_outbox(batch.db, item, row.user, row.conversation, now));
  }
  turn.state = end.state;
  turn.usage = std::move(end.usage);
  turn.error = std::move(end.error);
  turn.updated_at = now;
  TRY(batch.db.run("UPDATE turns SET state = ?, usage = ?, error = ?, reply_id = ?, updated_at = ? WHERE id = ?",
                   turn.state, to_column(to_json(turn.usage)), turn.error, turn.reply_id, now, row.id));
  TRY(batch.db.run("UPDATE conversations SET message_count = message_count + ?, updated_at = ?, "
                   "fingerprint = CASE WHEN ?3 = '' THEN fingerprint ELSE ?3 END WHERE id = ?4",
                   end.reply ? 1 : 0, now, end.fingerprint, row.conversation));
  return std::move(turn);
}

Result<Turn> reopen_turn(WriteBatch& batch, const std::string& user_id, const std::string& turn_id, Time now) {
  TurnRow row = TRY(turn_row(batch.db, turn_id));
  Turn& turn = row.value;
  if (turn.user_id != user_id) return Error{Code::not_found, "there is no turn " + turn_id};
  if (turn.state != TurnState::failed) return std::move(turn);
  Step step;
  step.kind = "retried";
  step.data["error"] = turn.error;
  TRY(insert_steps(batch.db, row.id, {step}, now));
  TRY(batch.db.run("UPDATE turns SET state = ?, error = '', updated_at = ? WHERE id = ?", TurnState::running, now, row.id));
  turn.state = TurnState::running;
  turn.error.clear();
  return std::move(turn);
}

Result<OutboxItem> read_outbox(const Query& row) {
  OutboxItem item;
  item.id = row.text(0);
  item.user_id = row.text(1);
  item.conversation_id = row.text(2);
  item.turn_id = row.text(3);
  item.message_id = row.text(4);
  item.channel = row.text(5);
  item.order_key = row.text(6);
  item.message = TRY(object_column(row, 7));
  item.state = static_cast<OutboxState>(row.integer(8));
  item.attempts = static_cast<std::int32_t>(row.integer(9));
  item.created_at = row.time(10);
  item.next_attempt_at = row.time(11);
  item.expires_at = row.time(12);
  item.receipt = row.text(13);
  item.last_error = row.text(14);
  return item;
}

class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<Accepted>> accept(Inbound inbound, Durability durability) override {
    return parts_.writer.run<Accepted>(
        durability, [inbound = std::move(inbound), ttl = session_ttl_, now = parts_.clock.now()](WriteBatch& batch) mutable {
          return accept_inbound(batch, inbound, ttl, now);
        });
  }

  void set_session_ttl(std::chrono::milliseconds ttl) override { session_ttl_ = ttl; }

  awaitable<Result<void>> add_steps(std::string turn_id, std::vector<Step> steps, Durability durability) override {
    return parts_.writer.run<void>(durability, [turn_id = std::move(turn_id), steps = std::move(steps),
                                                now = parts_.clock.now()](WriteBatch& batch) {
      return append_steps(batch, turn_id, steps, now);
    });
  }

  awaitable<Result<Turn>> end_turn(TurnEnd end, Durability durability) override {
    return parts_.writer.run<Turn>(durability,
                                   [end = std::move(end), now = parts_.clock.now()](WriteBatch& batch) mutable {
                                     return finish_turn(batch, end, now);
                                   });
  }

  awaitable<Result<std::vector<Turn>>> unfinished_turns() override {
    return parts_.readers.run<std::vector<Turn>>([](Connection& db) -> Result<std::vector<Turn>> {
      auto rows = TRY(db.query(HOB_SELECT_TURN "WHERE t.state < 2 ORDER BY t.id"));
      std::vector<Turn> turns;
      while (TRY(rows.next())) turns.push_back(TRY(read_turn(rows)).value);
      return turns;
    });
  }

  awaitable<Result<Turn>> find_turn(std::string user_id, std::string turn_id) override {
    return parts_.readers.run<Turn>(
        [user_id = std::move(user_id), turn_id = std::move(turn_id)](Connection& db) -> Result<Turn> {
          TurnRow row = TRY(turn_row(db, turn_id));
          if (row.value.user_id != user_id) return Error{Code::not_found, "there is no turn " + turn_id};
          return std::move(row.value);
        });
  }

  awaitable<Result<Turn>> retry_turn(std::string user_id, std::string turn_id) override {
    return parts_.writer.run<Turn>(Durability::synced, [user_id = std::move(user_id), turn_id = std::move(turn_id),
                                                        now = parts_.clock.now()](WriteBatch& batch) {
      return reopen_turn(batch, user_id, turn_id, now);
    });
  }

  awaitable<Result<std::vector<Step>>> steps(std::string user_id, std::string turn_id) override {
    return parts_.readers.run<std::vector<Step>>([user_id = std::move(user_id), turn_id = std::move(turn_id)](
                                                     Connection& db) -> Result<std::vector<Step>> {
      auto rows = TRY(db.query("SELECT p.seq, p.kind, p.at, p.took_ms, p.data FROM turns t "
                               "JOIN users u ON u.id = t.user "
                               "JOIN steps p ON p.turn = t.id WHERE t.tid = ? AND u.uid = ? ORDER BY p.seq",
                               turn_id, user_id));
      std::vector<Step> steps;
      while (TRY(rows.next())) {
        Step step;
        step.seq = rows.integer(0);
        step.kind = rows.text(1);
        step.at = rows.time(2);
        step.took_ms = rows.integer(3);
        step.data = TRY(object_column(rows, 4));
        steps.push_back(std::move(step));
      }
      return steps;
    });
  }

  awaitable<Result<Page<Turn>>> list_turns(std::string user_id, TurnFilter filter, PageRequest page) override {
    return parts_.readers.run<Page<Turn>>([user_id = std::move(user_id), filter = std::move(filter),
                                           page = std::move(page)](Connection& db) -> Result<Page<Turn>> {
      const CursorKey before = TRY(read_page('t', page, {0, std::numeric_limits<std::int64_t>::max()}));
      const std::int64_t user = TRY(user_row(db, user_id));
      std::int64_t conversation = 0;
      if (!filter.conversation_id.empty()) conversation = TRY(conversation_row(db, user_id, filter.conversation_id)).id;
      const std::int64_t state = filter.state ? static_cast<std::int64_t>(*filter.state) : -1;
      auto rows = conversation
                      ? TRY(db.query(HOB_SELECT_TURN "WHERE t.conversation = ?1 AND t.id < ?2 "
                                                     "AND (?3 < 0 OR t.state = ?3) ORDER BY t.id DESC LIMIT ?4",
                                     conversation, before[1], state, page.limit + 1))
                      : TRY(db.query(HOB_SELECT_TURN "WHERE t.user = ?1 AND t.id < ?2 "
                                                     "AND (?3 < 0 OR t.state = ?3) ORDER BY t.id DESC LIMIT ?4",
                                     user, before[1], state, page.limit + 1));
      Page<Turn> found;
      std::int64_t last = 0;
      while (TRY(rows.next())) {
        if (found.items.size() == page.limit) {
          found.next = make_cursor('t', {0, last});
          break;
        }
        TurnRow row = TRY(read_turn(rows));
        last = row.id;
        found.items.push_back(std::move(row.value));
      }
      return found;
    });
  }

  awaitable<Result<void>> add_outbox(std::vector<OutboxItem> items, Durability durability) override {
    return parts_.writer.run<void>(durability, [items = std::move(items),
                                                now = parts_.clock.now()](WriteBatch& batch) -> Result<void> {
      for (const OutboxItem& item : items) {
        std::optional<std::int64_t> conversation;
        if (!item.conversation_id.empty())
          conversation = TRY(conversation_row(batch.db, item.user_id, item.conversation_id)).id;
        TRY(insert_outbox(batch.db, item, TRY(user_row(batch.db, item.user_id)), conversation, now));
      }
      return {};
    });
  }

  awaitable<Result<std::vector<OutboxItem>>> open_outbox() override {
    return parts_.readers.run<std::vector<OutboxItem>>([](Connection& db) -> Result<std::vector<OutboxItem>> {
      auto rows = TRY(db.query("SELECT o.oid, u.uid, coalesce(c.cid, ''), o.turn_id, o.message_id, o.channel, "
                               "o.order_key, o.message, o.state, o.attempts, o.created_at, o.next_attempt_at, "
                               "o.expires_at, o.receipt, o.last_error FROM outbox o JOIN users u ON u.id = o.user "
                               "LEFT JOIN conversations c ON c.id = o.conversation WHERE o.state < 2 ORDER BY o.id"));
      std::vector<OutboxItem> items;
      while (TRY(rows.next())) items.push_back(TRY(read_outbox(rows)));
      return items;
    });
  }

  awaitable<Result<void>> update_outbox(OutboxItem item, Durability durability) override {
    return parts_.writer.run<void>(durability, [item = std::move(item)](WriteBatch& batch) -> Result<void> {
      const auto changed = TRY(batch.db.run(
          "UPDATE outbox SET state = ?, attempts = ?, next_attempt_at = ?, receipt = ?, last_error = ? WHERE oid = ?",
          item.state, item.attempts, item.next_attempt_at, item.receipt, item.last_error, item.id));
      if (changed == 0) return Error{Code::not_found, "there is no outbox item " + item.id};
      return {};
    });
  }

  awaitable<Result<std::int64_t>> prune_outbox(Time before, std::int64_t limit) override {
    return parts_.writer.run<std::int64_t>(Durability::journaled, [before, limit](WriteBatch& batch) -> Result<std::int64_t> {
      return static_cast<std::int64_t>(
          TRY(batch.db.run("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state >= 2 AND created_at < ? LIMIT ?)",
                           before, limit)));
    });
  }

 private:
  SqliteParts parts_;
  std::chrono::milliseconds session_ttl_{0};
};

}  // namespace

std::unique_ptr<Journal> make_sqlite_journal(SqliteParts parts) { return std::make_unique<SqliteJournal>(parts); }

}  // namespace hobd
