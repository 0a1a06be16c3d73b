#include "store/sqlite_parts.hpp"

#include "base/id.hpp"
#include "base/text.hpp"
#include "store/rows.hpp"
#include "store/tombstones.hpp"

#include <algorithm>
#include <unordered_map>

namespace hobd {
namespace {

constexpr const char* kChannel = "import";

struct OpenSession {
  std::int64_t id = 0;
  std::optional<Time> last_at;
};

struct OpenConversation {
  ConversationRow row;
  bool has_blank_session = false;  // its first session is nobody's yet
  std::unordered_map<std::string, OpenSession> sessions;
  std::int64_t added = 0;
  std::size_t place = 0;  // in the outcome's list
  Time first, last;
};

/// One chunk's rows, looked up once each.
class Import {
 public:
  Import(WriteBatch& batch, std::string user_id, std::int64_t user, Tombstones tombstones, Time now)
      : batch_(batch), user_id_(std::move(user_id)), user_(user), tombstones_(std::move(tombstones)), now_(now) {}

  Result<void> add(ImportedMessage& item) {
    if (TRY(is_forgotten(item))) {
      ++outcome_.forgotten;
      return {};
    }
    OpenConversation& conversation = *TRY(find_conversation(item));
    if (TRY(is_known(conversation.row.id, item.message.external_id))) {
      ++outcome_.duplicates;
      return {};
    }
    OpenSession& session = *TRY(find_session(conversation, item));
    Message& message = item.message;
    message.id = make_id("msg");
    message.at = item.at ? *item.at : session.last_at.value_or(now_);
    message.channel = kChannel;
    session.last_at = message.at;
    TRY(insert_message(batch_, message, user_, conversation.row.id, session.id, std::nullopt));
    if (conversation.added++ == 0 && conversation.row.value.message_count == 0)
      conversation.first = conversation.last = message.at;
    conversation.first = std::min(conversation.first, message.at);
    conversation.last = std::max(conversation.last, message.at);
    ++outcome_.imported;
    ++outcome_.conversations[conversation.place].imported;
    return {};
  }

  Result<ImportOutcome> finish() {
    for (const auto& [name, conversation] : conversations_) {
      if (conversation.added == 0) continue;
      TRY(batch_.db.run("UPDATE conversations SET message_count = message_count + ?, created_at = ?, updated_at = ? WHERE id = ?",
                        conversation.added, conversation.first, conversation.last, conversation.row.id));
    }
    return std::move(outcome_);
  }

 private:
  Result<OpenConversation*> find_conversation(const ImportedMessage& item) {
    if (const auto known = conversations_.find(item.conversation); known != conversations_.end()) return &known->second;
    OpenConversation open;
    bool is_new = false;
    {
      auto rows = TRY(batch_.db.query(HOB_SELECT_CONVERSATION "WHERE c.user = ? AND c.channel = ? AND c.thread = ? "
                                                              "AND c.thread <> '' ORDER BY c.id DESC LIMIT 1",
                                      user_, kChannel, item.conversation));
      is_new = !TRY(rows.next());
      if (!is_new) open.row = read_conversation(rows);
    }
    if (is_new)
      open.row = TRY(insert_conversation(batch_.db, user_, user_id_, title_of(item.title), kChannel, item.conversation, now_));
    open.has_blank_session = is_new;
    open.first = open.row.value.created_at;
    open.last = open.row.value.updated_at;
    open.place = outcome_.conversations.size();
    outcome_.conversations.push_back({.id = open.row.value.id, .title = open.row.value.title});
    return &conversations_.emplace(item.conversation, std::move(open)).first->second;
  }

  Result<OpenSession*> find_session(OpenConversation& conversation, const ImportedMessage& item) {
    if (const auto known = conversation.sessions.find(item.session); known != conversation.sessions.end())
      return &known->second;
    OpenSession open;
    const Time begun = item.at.value_or(now_);
    if (conversation.has_blank_session) {
      conversation.has_blank_session = false;
      open.id = conversation.row.session;
      TRY(batch_.db.run("UPDATE sessions SET label = ?, created_at = ? WHERE id = ?", item.session, begun, open.id));
    } else {
      bool is_new = false;
      {
        auto rows = TRY(batch_.db.query("SELECT s.id, (SELECT m.at FROM messages m WHERE m.session = s.id ORDER BY m.id DESC LIMIT 1) "
                                        "FROM sessions s WHERE s.conversation = ? AND s.label = ? ORDER BY s.id LIMIT 1",
                                        conversation.row.id, item.session));
        is_new = !TRY(rows.next());
        if (!is_new) {
          open.id = rows.integer(0);
          if (!rows.is_null(1)) open.last_at = rows.time(1);
        }
      }
      if (is_new) {
        open.id = TRY(insert_session(batch_.db, conversation.row, begun)).id;
        TRY(batch_.db.run("UPDATE sessions SET label = ? WHERE id = ?", item.session, open.id));
      }
    }
    return &conversation.sessions.emplace(item.session, open).first->second;
  }

  Result<bool> is_forgotten(const ImportedMessage& item) {
    if (tombstones_.empty()) return false;
    const Message& message = item.message;
    if (TRY(tombstones_.knows(Forgotten::line, line_name(item.conversation, message.external_id)))) return true;
    if (TRY(tombstones_.knows(Forgotten::message, message.external_id))) return true;
    const std::string text = text_name(message.text, kLeastMessageTerms);
    return item.at ? tombstones_.knows(Forgotten::message_text, text, *item.at) : tombstones_.knows(Forgotten::message_text, text);
  }

  Result<bool> is_known(std::int64_t conversation, const std::string& external_id) {
    auto rows = TRY(batch_.db.query("SELECT 1 FROM messages WHERE conversation = ? AND external_id = ? AND channel = 'import'",
                                    conversation, external_id));
    return rows.next();
  }

  WriteBatch& batch_;
  std::string user_id_;
  std::int64_t user_;
  Tombstones tombstones_;
  Time now_;
  std::unordered_map<std::string, OpenConversation> conversations_;
  ImportOutcome outcome_;
};

class SqliteImports final : public Imports {
 public:
  explicit SqliteImports(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<ImportOutcome>> add(std::string user_id, std::vector<ImportedMessage> messages) override {
    return parts_.writer.run<ImportOutcome>(
        Durability::synced, [user_id = std::move(user_id), messages = std::move(messages),
                             now = parts_.clock.now()](WriteBatch& batch) mutable -> Result<ImportOutcome> {
          const std::int64_t user = TRY(user_row(batch.db, user_id));
          Import import(batch, user_id, user, TRY(tombstones_of(batch.db, user)), now);
          for (ImportedMessage& item : messages) TRY(import.add(item));
          return import.finish();
        });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Imports> make_sqlite_imports(SqliteParts parts) { return std::make_unique<SqliteImports>(parts); }

}  // namespace hobd
