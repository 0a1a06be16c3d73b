#include "store/erasure_set.hpp"

#include "store/memory_rows.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hobd {
namespace {

/// Follows what belongs together until nothing new is found.
class Growth {
 public:
  Growth(Connection& db, std::int64_t user, bool with_messages, ErasureSet& set)
      : db_(db), user_(user), with_messages_(with_messages), set_(set) {}

  Result<void> run() {
    std::vector<std::int64_t> memories(set_.memories.begin(), set_.memories.end());
    std::vector<std::int64_t> messages(set_.messages.begin(), set_.messages.end());
    while (!memories.empty() || !messages.empty()) {
      for (const std::int64_t memory : std::exchange(memories, {})) TRY(follow_memory(memory, memories, messages));
      for (const std::int64_t message : std::exchange(messages, {})) TRY(follow_message(message, messages));
      TRY(weigh_versions(memories));
    }
    return {};
  }

 private:
  void add(std::set<std::int64_t>& rows, std::int64_t row, std::vector<std::int64_t>& fresh) {
    if (rows.insert(row).second) fresh.push_back(row);
  }

  Result<void> follow_memory(std::int64_t memory, std::vector<std::int64_t>& memories, std::vector<std::int64_t>& messages) {
    std::string memory_id;
    std::vector<std::string> taken_over;
    {
      auto rows = TRY(db_.query("SELECT k.mid, v.extra FROM memory_ids k LEFT JOIN memories v ON v.memory = k.id WHERE k.id = ?", memory));
      while (TRY(rows.next())) {
        memory_id = rows.text(0);
        const json::object extra = TRY(object_column(rows, 1));
        if (const json::array* ids = array_at(extra, kMergedFrom))
          for (const json::value& id : *ids)
            if (id.is_string()) taken_over.emplace_back(id.get_string());
      }
    }
    for (const std::string& id : taken_over) {
      auto rows = TRY(db_.query("SELECT id FROM memory_ids WHERE mid = ? AND user = ?", id, user_));
      if (TRY(rows.next())) add(set_.memories, rows.integer(0), memories);
    }
    // What was built on it, or took it over.
    auto rows = TRY(db_.query("SELECT DISTINCT memory FROM memories WHERE user = ? AND extra <> '' AND instr(extra, ?) > 0", user_,
                              "\"" + memory_id + "\""));
    while (TRY(rows.next())) add(set_.memories, rows.integer(0), memories);
    if (!with_messages_) return {};
    auto sources = TRY(db_.query("SELECT DISTINCT m.id FROM memories v JOIN memory_sources s ON s.version = v.id "
                                 "JOIN messages m ON m.mid = s.message_id LEFT JOIN turns t ON t.id = m.turn "
                                 "WHERE v.memory = ? AND m.user = ? AND coalesce(t.state, 2) >= 2",
                                 memory, user_));
    while (TRY(sources.next())) add(set_.messages, sources.integer(0), messages);
    return {};
  }

  /// What was answered to a message was made from it.
  Result<void> follow_message(std::int64_t message, std::vector<std::int64_t>& messages) {
    {
      auto rows = TRY(db_.query("SELECT o.id FROM messages m JOIN messages o ON o.session = m.session AND o.turn = m.turn WHERE m.id = ?",
                                message));
      while (TRY(rows.next())) add(set_.messages, rows.integer(0), messages);
    }
    auto rows = TRY(db_.query("SELECT s.version FROM messages m JOIN memory_sources s ON s.message_id = m.mid "
                              "JOIN memories v ON v.id = s.version WHERE m.id = ? AND v.user = ?",
                              message, user_));
    while (TRY(rows.next())) touched_.insert(rows.integer(0));
    return {};
  }

  /// Of the versions that rest on a message that goes: which go with it, and with which the whole memory.
  Result<void> weigh_versions(std::vector<std::int64_t>& memories) {
    for (const std::int64_t version : touched_) {
      const MemoryRow row = TRY(memory_version(db_, version));
      if (set_.memories.contains(row.memory)) continue;
      bool stays = false;
      for (const MemorySource& source : row.value.sources) stays = stays || !TRY(goes(source));
      if (stays) {
        set_.unquoted.insert(version);
        continue;
      }
      set_.unquoted.erase(version);
      set_.versions.insert(version);
      if (!row.value.version_to || TRY(is_all_gone(row.memory))) add(set_.memories, row.memory, memories);
    }
    return {};
  }

  Result<bool> goes(const MemorySource& source) {
    if (source.message_id.empty()) return false;
    auto rows = TRY(db_.query("SELECT id FROM messages WHERE mid = ?", source.message_id));
    // A message that is gone already, with its conversation, supports nothing.
    return !TRY(rows.next()) || set_.messages.contains(rows.integer(0));
  }

  Result<bool> is_all_gone(std::int64_t memory) {
    auto rows = TRY(db_.query("SELECT id FROM memories WHERE memory = ?", memory));
    while (TRY(rows.next()))
      if (!set_.versions.contains(rows.integer(0))) return false;
    return true;
  }

  Connection& db_;
  std::int64_t user_;
  bool with_messages_;
  ErasureSet& set_;
  std::set<std::int64_t> touched_;
};

constexpr std::array<std::set<std::int64_t> ErasureSet::*, 4> kKinds = {&ErasureSet::memories, &ErasureSet::messages,
                                                                         &ErasureSet::versions, &ErasureSet::unquoted};

}  // namespace

Result<ErasureSet> erasure_set(Connection& db, std::int64_t user, const ErasureQuery& query) {
  ErasureSet set;
  for (const std::string& id : query.ids) {
    {
      auto rows = TRY(db.query("SELECT id FROM memory_ids WHERE mid = ? AND user = ?", id, user));
      if (TRY(rows.next())) {
        set.memories.insert(rows.integer(0));
        continue;
      }
    }
    auto rows = TRY(db.query("SELECT m.id, coalesce(t.state, 2) FROM messages m LEFT JOIN turns t ON t.id = m.turn WHERE m.mid = ? AND m.user = ?",
                             id, user));
    if (!TRY(rows.next())) return Error{Code::not_found, "there is no memory or message " + id};
    if (rows.integer(1) < 2) return Error{Code::overloaded, "the message " + id + " is being answered: wait for its reply"};
    set.messages.insert(rows.integer(0));
  }
  TRY(grow_erasure_set(db, user, query.with_messages, set));
  return set;
}

Result<void> grow_erasure_set(Connection& db, std::int64_t user, bool with_messages, ErasureSet& set) {
  TRY(Growth(db, user, with_messages, set).run());
  // Versions of a memory that goes whole need no naming of their own.
  for (auto* rows : {&set.versions, &set.unquoted})
    for (auto row = rows->begin(); row != rows->end();) {
      auto found = TRY(db.query("SELECT memory FROM memories WHERE id = ?", *row));
      const bool is_named = TRY(found.next()) && set.memories.contains(found.integer(0));
      row = is_named ? rows->erase(row) : std::next(row);
    }
  return {};
}

Result<void> write_erasure_set(Connection& db, std::int64_t erasure, const ErasureSet& set) {
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind)
    for (const std::int64_t row : set.*kKinds[kind])
      TRY(db.run("INSERT INTO erasure_rows(erasure, kind, row) VALUES (?, ?, ?)", erasure, kind, row));
  return {};
}

Result<ErasureSet> read_erasure_set(Connection& db, std::int64_t erasure) {
  ErasureSet set;
  auto rows = TRY(db.query("SELECT kind, row FROM erasure_rows WHERE erasure = ?", erasure));
  while (TRY(rows.next())) {
    const auto kind = static_cast<std::size_t>(rows.integer(0));
    if (kind < kKinds.size()) (set.*kKinds[kind]).insert(rows.integer(1));
  }
  return set;
}

}  // namespace hobd
