// Keeps the search index in step with the messages, inside the writer's transactions.
#pragma once

#include "store/sqlite.hpp"

#include <vector>

namespace hobd {

/// Rows wait here until the end of the batch: FTS5 writes a segment to disk at every SAVEPOINT once it was
/// written to, so that adding each row at once would cost a segment (and its merging) a message.
class MessageIndex {
 public:
  explicit MessageIndex(Connection& db) : db_(db) {}

  void add(std::int64_t message, std::int64_t user, std::string_view text);
  /// How many rows wait; rewind() forgets those that came later, when their writer failed.
  std::size_t mark() const { return waiting_.size(); }
  void rewind(std::size_t mark) { waiting_.resize(mark); }
  /// Writes what waits.
  Result<void> flush();
  /// Takes a conversation's messages out of the index, while they are still in the table.
  Result<void> remove_conversation(std::int64_t conversation);

 private:
  struct Row {
    std::int64_t message = 0, user = 0;
    std::string words;
  };
  Connection& db_;
  std::vector<Row> waiting_;
};

}  // namespace hobd
