#include "store/erasure_removal.hpp"

#include "base/sent_text.hpp"
#include "store/erasure_copies.hpp"
#include "store/memory_rows.hpp"
#include "store/tombstones.hpp"

namespace hobd {
namespace {

class Removal {
 public:
  Removal(WriteBatch& batch, std::int64_t user, ErasureReceipt& receipt) : batch_(batch), db_(batch.db), user_(user), receipt_(receipt) {}

  Result<void> remove_message(std::int64_t row) {
    std::string mid, text;
    std::int64_t session = 0, conversation = 0;
    {
      auto rows = TRY(db_.query("SELECT mid, text, session, conversation, coalesce(turn, 0) FROM messages WHERE id = ?", row));
      if (!TRY(rows.next())) return {};
      mid = rows.text(0);
      text = rows.text(1);
      session = rows.integer(2);
      conversation = rows.integer(3);
      if (rows.integer(4)) turns_.insert(rows.integer(4));
    }
    batch_.messages.remove(row, user_, text);
    TRY(count_vectors(0, row));
    TRY(db_.run("DELETE FROM messages WHERE id = ?", row));
    ++receipt_.messages;
    receipt_.summaries += TRY(db_.run("DELETE FROM session_summaries WHERE session = ?", session));
    TRY(db_.run("UPDATE conversations SET message_count = message_count - 1, fingerprint = '', "
                "title = CASE WHEN title = ? THEN '' ELSE title END WHERE id = ?",
                title_of(own_words(text)), conversation));
    TRY(db_.run("DELETE FROM outbox WHERE user = ? AND message_id = ? AND state >= 2", user_, mid));
    TRY(db_.run("DELETE FROM memory_sources WHERE message_id = ?", mid));
    return {};
  }

  /// The turns' rows stay, empty: they are what knows a message again that the platform sends once more.
  Result<void> empty_turns() {
    for (const std::int64_t turn : turns_) {
      TRY(db_.run("DELETE FROM outbox WHERE turn_id = (SELECT tid FROM turns WHERE id = ?) AND state >= 2", turn));
      TRY(db_.run("DELETE FROM steps WHERE turn = ?", turn));
      TRY(db_.run("UPDATE turns SET request = '', error = '', reply_id = '' WHERE id = ?", turn));
    }
    return {};
  }

  Result<void> remove_memory(std::int64_t memory) {
    std::string mid;
    {
      auto rows = TRY(db_.query("SELECT mid FROM memory_ids WHERE id = ?", memory));
      if (!TRY(rows.next())) return {};
      mid = rows.text(0);
    }
    {
      auto rows = TRY(db_.query("SELECT DISTINCT change FROM memory_entries WHERE memory = ?", memory));
      while (TRY(rows.next())) changes_.insert(rows.integer(0));
    }
    {
      auto rows = TRY(db_.query("SELECT id, text FROM memories WHERE memory = ?", memory));
      while (TRY(rows.next())) {
        batch_.memories.remove(rows.integer(0), user_, rows.view(1));
        TRY(count_vectors(1, rows.integer(0)));
        ++receipt_.versions;
      }
    }
    TRY(db_.run("UPDATE memories SET superseded_by = '' WHERE superseded_by = ?1 AND superseded_by <> '' AND user = ?2", mid, user_));
    TRY(db_.run("DELETE FROM memory_ids WHERE id = ?", memory));  // with versions, entries, uses and sources
    ++receipt_.memories;
    return {};
  }

  Result<void> remove_version(std::int64_t version) {
    std::string text;
    {
      auto rows = TRY(db_.query("SELECT text, change FROM memories WHERE id = ?", version));
      if (!TRY(rows.next())) return {};
      text = rows.text(0);
      changes_.insert(rows.integer(1));
    }
    {
      auto rows = TRY(db_.query("SELECT change FROM memory_entries WHERE old_version = ?1 UNION SELECT change FROM memory_entries WHERE new_version = ?1", version));
      while (TRY(rows.next())) changes_.insert(rows.integer(0));
    }
    batch_.memories.remove(version, user_, text);
    TRY(count_vectors(1, version));
    // Undo can no longer lead there.
    TRY(db_.run("DELETE FROM memory_entries WHERE old_version = ?1 OR new_version = ?1", version));
    TRY(db_.run("DELETE FROM memories WHERE id = ?", version));
    ++receipt_.versions;
    return {};
  }

  /// Takes the quotes of messages that are gone out of a version that stays.
  Result<void> unquote(std::int64_t version) {
    json::array kept;
    {
      auto rows = TRY(db_.query("SELECT sources, change FROM memories WHERE id = ?", version));
      if (!TRY(rows.next())) return {};
      changes_.insert(rows.integer(1));
      for (json::value& value : TRY(array_column(rows, 0))) {
        const json::object* source = value.if_object();
        if (!source) continue;
        const std::string_view mid = string_or(*source, "message");
        auto message = TRY(db_.query("SELECT 1 FROM messages WHERE mid = ?", mid));
        if (mid.empty() || TRY(message.next())) kept.push_back(std::move(value));
      }
    }
    TRY(db_.run("UPDATE memories SET sources = ? WHERE id = ?", to_column(kept), version));
    return {};
  }

  /// A change that touched nothing else goes; another one keeps what it did, without the words of why.
  Result<void> empty_changes() {
    for (const std::int64_t change : changes_) {
      const auto gone = TRY(db_.run("DELETE FROM memory_changes WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM memory_entries WHERE change = ?1)", change));
      receipt_.changes += gone;
      if (gone > 0) continue;
      TRY(db_.run("UPDATE memory_changes SET summary = '' WHERE id = ?", change));
      TRY(db_.run("UPDATE memory_entries SET reason = '' WHERE change = ?", change));
    }
    return {};
  }

 private:
  /// They go with their row (schema_vectors.hpp).
  Result<void> count_vectors(int source, std::int64_t row) {
    auto rows = TRY(db_.query("SELECT count(*) FROM vectors WHERE source = ? AND row = ?", source, row));
    if (TRY(rows.next())) receipt_.vectors += rows.integer(0);
    return {};
  }

  WriteBatch& batch_;
  Connection& db_;
  std::int64_t user_;
  ErasureReceipt& receipt_;
  std::set<std::int64_t> turns_, changes_;
};

Result<void> lay_for_text(Connection& db, Tombstones& tombstones, std::int64_t version, Time at) {
  auto rows = TRY(db.query("SELECT text FROM memories WHERE id = ?", version));
  if (TRY(rows.next())) TRY(tombstones.add(Forgotten::memory_text, text_name(rows.view(0), kLeastMemoryTerms), at));
  return {};
}

}  // namespace

Result<void> lay_tombstones(Connection& db, std::string_view user_name, const ErasureSet& set, Time at) {
  Tombstones tombstones = TRY(Tombstones::open(db, user_name));
  for (const std::int64_t memory : set.memories) {
    auto rows = TRY(db.query("SELECT k.mid, coalesce(v.id, 0) FROM memory_ids k LEFT JOIN memories v ON v.memory = k.id WHERE k.id = ?", memory));
    while (TRY(rows.next())) {
      TRY(tombstones.add(Forgotten::memory, rows.view(0), at));
      TRY(lay_for_text(db, tombstones, rows.integer(1), at));
    }
  }
  for (const std::int64_t version : set.versions) TRY(lay_for_text(db, tombstones, version, at));
  for (const std::int64_t message : set.messages) {
    auto rows = TRY(db.query("SELECT m.mid, m.external_id, m.text, c.cid, c.thread, c.channel FROM messages m "
                             "JOIN conversations c ON c.id = m.conversation WHERE m.id = ?",
                             message));
    if (!TRY(rows.next())) continue;
    const std::string mid = rows.text(0), external = rows.text(1);
    TRY(tombstones.add(Forgotten::message, mid, at));
    const std::string text = rows.text(2);
    if (!TRY(is_stock_reply(db, message))) TRY(tombstones.add(Forgotten::message_text, text_name(text, kLeastMessageTerms), at));
    // As an export of this conversation names its lines, and as the file did that it came from.
    TRY(tombstones.add(Forgotten::line, line_name(rows.view(3), external.empty() ? mid : external), at));
    if (rows.view(5) == "import") TRY(tombstones.add(Forgotten::line, line_name(rows.view(4), external), at));
  }
  return {};
}

Result<void> remove_erased_rows(WriteBatch& batch, std::int64_t user, const ErasureSet& set, ErasureReceipt& receipt) {
  Removal removal(batch, user, receipt);
  for (const std::int64_t message : set.messages) TRY(removal.remove_message(message));
  TRY(removal.empty_turns());
  for (const std::int64_t memory : set.memories) TRY(removal.remove_memory(memory));
  for (const std::int64_t version : set.versions) TRY(removal.remove_version(version));
  for (const std::int64_t version : set.unquoted) TRY(removal.unquote(version));
  return removal.empty_changes();
}

}  // namespace hobd
