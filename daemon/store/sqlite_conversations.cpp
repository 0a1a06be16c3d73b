#include "store/sqlite_parts.hpp"

#include "base/id.hpp"
#include "base/text.hpp"
#include "store/cursor.hpp"
#include "store/recent_messages.hpp"
#include "store/rows.hpp"

#include <limits>

namespace hobd {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

Result<Page<Conversation>> list_conversations(Connection& db, const std::string& user_id, const PageRequest& page) {
  const CursorKey before = TRY(read_page('c', page, {kMax, kMax}));
  const std::int64_t user = TRY(user_row(db, user_id));
  auto rows = TRY(db.query(HOB_SELECT_CONVERSATION "WHERE c.user = ? AND (c.updated_at, c.id) < (?, ?) "
                                                   "ORDER BY c.updated_at DESC, c.id DESC LIMIT ?",
                           user, before[0], before[1], page.limit + 1));
  Page<Conversation> found;
  CursorKey last{};
  while (TRY(rows.next())) {
    if (found.items.size() == page.limit) {
      found.next = make_cursor('c', last);
      break;
    }
    ConversationRow row = read_conversation(rows);
    last = {to_micros(row.value.updated_at), row.id};
    found.items.push_back(std::move(row.value));
  }
  return found;
}

Result<Page<Message>> list_messages(Connection& db, const std::string& user_id, const std::string& conversation_id,
                                    const std::string& session_id, const PageRequest& page) {
  const CursorKey after = TRY(read_page('m', page, {0, 0}));
  const std::int64_t conversation = TRY(conversation_row(db, user_id, conversation_id)).id;
  std::int64_t session = 0;
  if (!session_id.empty()) {
    const auto found = TRY(session_row(db, user_id, session_id));
    if (found.second != conversation)
      return Error{Code::not_found, "there is no session " + session_id + " in " + conversation_id};
    session = found.first;
  }
  auto rows = session ? TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                                     "WHERE m.session = ? AND m.id > ? ORDER BY m.id LIMIT ?",
                                     session, after[1], page.limit + 1))
                      : TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                                     "WHERE m.conversation = ? AND m.id > ? ORDER BY m.id LIMIT ?",
                                     conversation, after[1], page.limit + 1));
  Page<Message> found;
  std::int64_t last = 0;
  while (TRY(rows.next())) {
    if (found.items.size() == page.limit) {
      found.next = make_cursor('m', {0, last});
      break;
    }
    last = rows.integer(0);
    found.items.push_back(TRY(read_message(rows)));
  }
  return found;
}

/// Copies the messages of one session up to `last` into a conversation of their own.
Result<Conversation> fork_conversation(WriteBatch& batch, const std::string& user_id,
                                       const std::string& conversation_id, const std::string& message_id, Time now) {
  const ConversationRow original = TRY(conversation_row(batch.db, user_id, conversation_id));
  std::int64_t session = original.session, last = kMax;
  if (!message_id.empty()) {
    auto rows = TRY(batch.db.query("SELECT id, session FROM messages WHERE mid = ? AND conversation = ?", message_id,
                                   original.id));
    if (!TRY(rows.next()))
      return Error{Code::not_found, "there is no message " + message_id + " in " + conversation_id};
    last = rows.integer(0);
    session = rows.integer(1);
  }
  ConversationRow fork = TRY(insert_conversation(batch.db, original.user, user_id, original.value.title,
                                                 original.value.channel, "", now));
  // Copies come after `last` and in another session, so that the walk never meets them.
  auto rows = TRY(batch.db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                                 "WHERE m.session = ? AND m.id <= ? ORDER BY m.id",
                                 session, last));
  while (TRY(rows.next())) {
    Message copy = TRY(read_message(rows));
    copy.id = make_id("msg");
    // No turn: what happened in the original's turn isn't this conversation's history.
    TRY(insert_message(batch, copy, fork.user, fork.id, fork.session, std::nullopt));
    ++fork.value.message_count;
  }
  TRY(batch.db.run("UPDATE conversations SET message_count = ? WHERE id = ?", fork.value.message_count, fork.id));
  return std::move(fork.value);
}

class SqliteConversations final : public Conversations {
 public:
  explicit SqliteConversations(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<Page<Conversation>>> list(std::string user_id, PageRequest page) override {
    return parts_.readers.run<Page<Conversation>>([user_id = std::move(user_id), page = std::move(page)](
                                                      Connection& db) { return list_conversations(db, user_id, page); });
  }

  awaitable<Result<Conversation>> find(std::string user_id, std::string conversation_id) override {
    return parts_.readers.run<Conversation>([user_id = std::move(user_id), conversation_id = std::move(conversation_id)](
                                                Connection& db) -> Result<Conversation> {
      return TRY(conversation_row(db, user_id, conversation_id)).value;
    });
  }

  awaitable<Result<Conversation>> find_by_thread(std::string user_id, std::string channel,
                                                 std::string thread) override {
    return parts_.readers.run<Conversation>([user_id = std::move(user_id), channel = std::move(channel),
                                             thread = std::move(thread)](Connection& db) -> Result<Conversation> {
      auto rows = TRY(db.query(HOB_SELECT_CONVERSATION "WHERE u.uid = ? AND c.channel = ? AND c.thread = ? "
                                                       "AND c.thread <> '' ORDER BY c.id DESC LIMIT 1",
                               user_id, channel, thread));
      if (!TRY(rows.next()))
        return Error{Code::not_found, "there is no conversation of " + channel + " in \"" + thread + "\""};
      return read_conversation(rows).value;
    });
  }

  awaitable<Result<Conversation>> find_by_fingerprint(std::string user_id, std::string fingerprint) override {
    return parts_.readers.run<Conversation>([user_id = std::move(user_id), fingerprint = std::move(fingerprint)](
                                                Connection& db) -> Result<Conversation> {
      auto rows = TRY(db.query(HOB_SELECT_CONVERSATION "WHERE u.uid = ? AND c.fingerprint = ? AND c.fingerprint <> '' "
                                                       "ORDER BY c.updated_at DESC, c.id DESC LIMIT 1",
                               user_id, fingerprint));
      if (!TRY(rows.next())) return Error{Code::not_found, "no conversation has this history"};
      return read_conversation(rows).value;
    });
  }

  awaitable<Result<Conversation>> create(std::string user_id, std::string title, std::string channel,
                                         std::string thread) override {
    return parts_.writer.run<Conversation>(
        Durability::synced, [user_id = std::move(user_id), title = std::move(title), channel = std::move(channel),
                             thread = std::move(thread), now = parts_.clock.now()](WriteBatch& batch) -> Result<Conversation> {
          const std::int64_t user = TRY(user_row(batch.db, user_id));
          return TRY(insert_conversation(batch.db, user, user_id, to_valid_utf8(title), channel, thread, now)).value;
        });
  }

  awaitable<Result<void>> remove(std::string user_id, std::string conversation_id) override {
    return parts_.writer.run<void>(Durability::synced,
                                   [user_id = std::move(user_id), conversation_id = std::move(conversation_id)](
                                       WriteBatch& batch) -> Result<void> {
                                     return remove_conversation(
                                         batch, TRY(conversation_row(batch.db, user_id, conversation_id)).id);
                                   });
  }

  awaitable<Result<Session>> reset(std::string user_id, std::string conversation_id) override {
    return parts_.writer.run<Session>(
        Durability::synced, [user_id = std::move(user_id), conversation_id = std::move(conversation_id),
                             now = parts_.clock.now()](WriteBatch& batch) -> Result<Session> {
          const ConversationRow conversation = TRY(conversation_row(batch.db, user_id, conversation_id));
          return TRY(insert_session(batch.db, conversation, now)).value;
        });
  }

  awaitable<Result<Conversation>> fork(std::string user_id, std::string conversation_id,
                                       std::string message_id) override {
    return parts_.writer.run<Conversation>(
        Durability::synced, [user_id = std::move(user_id), conversation_id = std::move(conversation_id),
                             message_id = std::move(message_id), now = parts_.clock.now()](WriteBatch& batch) {
          return fork_conversation(batch, user_id, conversation_id, message_id, now);
        });
  }

  awaitable<Result<void>> set_title(std::string user_id, std::string conversation_id, std::string title) override {
    return parts_.writer.run<void>(
        Durability::journaled, [user_id = std::move(user_id), conversation_id = std::move(conversation_id),
                                title = std::move(title)](WriteBatch& batch) -> Result<void> {
          const std::int64_t id = TRY(conversation_row(batch.db, user_id, conversation_id)).id;
          TRY(batch.db.run("UPDATE conversations SET title = ? WHERE id = ?", to_valid_utf8(title), id));
          return {};
        });
  }

  awaitable<Result<std::vector<Session>>> sessions(std::string user_id, std::string conversation_id) override {
    return parts_.readers.run<std::vector<Session>>([user_id = std::move(user_id),
                                                     conversation_id = std::move(conversation_id)](
                                                        Connection& db) -> Result<std::vector<Session>> {
      const std::int64_t conversation = TRY(conversation_row(db, user_id, conversation_id)).id;
      auto rows = TRY(db.query("SELECT sid, created_at, label FROM sessions WHERE conversation = ? ORDER BY id", conversation));
      std::vector<Session> sessions;
      while (TRY(rows.next()))
        sessions.push_back({.id = rows.text(0), .conversation_id = conversation_id, .created_at = rows.time(1), .label = rows.text(2)});
      return sessions;
    });
  }

  awaitable<Result<Page<Message>>> messages(std::string user_id, std::string conversation_id, std::string session_id,
                                            PageRequest page) override {
    return parts_.readers.run<Page<Message>>(
        [user_id = std::move(user_id), conversation_id = std::move(conversation_id),
         session_id = std::move(session_id), page = std::move(page)](Connection& db) {
          return list_messages(db, user_id, conversation_id, session_id, page);
        });
  }

  awaitable<Result<std::vector<Message>>> recent(std::string user_id, std::string session_id,
                                                 std::string before_message, std::uint32_t count) override {
    return parts_.readers.run<std::vector<Message>>(
        [user_id = std::move(user_id), session_id = std::move(session_id), before_message = std::move(before_message),
         count](Connection& db) -> Result<std::vector<Message>> {
          return recent_messages(db, user_id, session_id, before_message, count);
        });
  }

  awaitable<Result<Message>> find_message(std::string user_id, std::string message_id) override {
    return parts_.readers.run<Message>(
        [user_id = std::move(user_id), message_id = std::move(message_id)](Connection& db) -> Result<Message> {
          auto rows = TRY(db.query("SELECT " HOB_MESSAGE_COLUMNS "FROM messages m" HOB_MESSAGE_JOINS
                                   "WHERE m.mid = ? AND u.uid = ?",
                                   message_id, user_id));
          if (!TRY(rows.next())) return Error{Code::not_found, "there is no message " + message_id};
          return read_message(rows);
        });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Conversations> make_sqlite_conversations(SqliteParts parts) {
  return std::make_unique<SqliteConversations>(parts);
}

}  // namespace hobd
