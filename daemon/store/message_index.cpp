#include "store/message_index.hpp"

#include "store/search_text.hpp"

namespace hobd {

void MessageIndex::add(std::int64_t message, std::int64_t user, std::string_view text) {
  waiting_.push_back({message, user, search_text(text)});
}

Result<void> MessageIndex::flush() {
  for (const Row& row : waiting_)
    TRY(db_.run("INSERT INTO message_fts(rowid, owner, words) VALUES (?, ?, ?)", row.message,
                "u" + std::to_string(row.user), row.words));
  waiting_.clear();
  return {};
}

Result<void> MessageIndex::remove_conversation(std::int64_t conversation) {
  TRY(flush());
  // FTS5's 'delete' wants the very text that was indexed: the view gives it.
  TRY(db_.run("INSERT INTO message_fts(message_fts, rowid, owner, words) "
              "SELECT 'delete', w.id, w.owner, w.words FROM messages m JOIN message_words w ON w.id = m.id "
              "WHERE m.conversation = ?",
              conversation));
  return {};
}

}  // namespace hobd
