#include "base/text.hpp"
#include "store/blocks.hpp"
#include "store/rows.hpp"
#include "store/sqlite_parts.hpp"

namespace hobd {
namespace {

#define HOB_BLOCK_COLUMNS \
  "label, text, description, most_characters, read_only, position, previous, from_outside, changed_by, updated_at, version "

StoredBlock read_block(const Query& row) {
  StoredBlock block;
  block.label = row.text(0);
  block.text = row.text(1);
  block.description = row.text(2);
  block.limit = static_cast<std::uint32_t>(row.integer(3));
  block.read_only = row.integer(4) != 0;
  block.position = row.integer(5);
  if (!row.is_null(6)) block.previous = row.text(6);
  block.from_outside = row.integer(7) != 0;
  block.changed_by = row.text(8);
  block.updated_at = row.time(9);
  block.version = row.integer(10);
  return block;
}

Result<StoredBlock> put_block(Connection& db, const std::string& user_id, StoredBlock block, std::int64_t most, Time now) {
  const std::int64_t user = TRY(user_row(db, user_id));
  std::int64_t version = 0, count = 0, last = 0;
  {
    auto rows = TRY(db.query("SELECT count(*), coalesce(max(position), 0), coalesce(max(CASE WHEN label = ?2 THEN version END), 0) "
                             "FROM blocks WHERE user = ?1",
                             user, block.label));
    if (TRY(rows.next())) {
      count = rows.integer(0);
      last = rows.integer(1);
      version = rows.integer(2);
    }
  }
  if (version != block.version) return Error{Code::overloaded, "the block \"" + block.label + "\" was changed meanwhile: read it again"};
  if (version == 0 && count >= most)
    return Error{Code::overloaded, "there are " + std::to_string(count) + " blocks already, which is the most: delete one first"};
  if (version == 0 && block.position == 0) block.position = last + 1;
  block.version = version + 1;
  block.updated_at = now;
  block.text = to_valid_utf8(block.text);
  block.description = to_valid_utf8(block.description);
  TRY(db.run("INSERT INTO blocks(user, " HOB_BLOCK_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(user, label) "
             "DO UPDATE SET text = excluded.text, description = excluded.description, most_characters = excluded.most_characters, "
             "read_only = excluded.read_only, position = excluded.position, previous = excluded.previous, "
             "from_outside = excluded.from_outside, changed_by = excluded.changed_by, updated_at = excluded.updated_at, version = excluded.version",
             user, block.label, block.text, block.description, block.limit, block.read_only, block.position, block.previous, block.from_outside,
             block.changed_by, block.updated_at, block.version));
  return block;
}

class SqliteBlocks final : public Blocks {
 public:
  explicit SqliteBlocks(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<std::vector<StoredBlock>>> list(std::string user_id) override {
    return parts_.readers.run<std::vector<StoredBlock>>([user_id = std::move(user_id)](Connection& db) -> Result<std::vector<StoredBlock>> {
      auto rows = TRY(db.query("SELECT " HOB_BLOCK_COLUMNS "FROM blocks WHERE user = (SELECT id FROM users WHERE uid = ?) ORDER BY position, label", user_id));
      std::vector<StoredBlock> blocks;
      while (TRY(rows.next())) blocks.push_back(read_block(rows));
      return blocks;
    });
  }

  awaitable<Result<StoredBlock>> put(std::string user_id, StoredBlock block, std::int64_t most) override {
    return parts_.writer.run<StoredBlock>(Durability::synced, [user_id = std::move(user_id), block = std::move(block), most,
                                                               now = parts_.clock.now()](WriteBatch& batch) {
      return put_block(batch.db, user_id, block, most, now);
    });
  }

  awaitable<Result<void>> remove(std::string user_id, std::string label) override {
    return parts_.writer.run<void>(
        Durability::synced, [user_id = std::move(user_id), label = std::move(label)](WriteBatch& batch) -> Result<void> {
          const std::int64_t user = TRY(user_row(batch.db, user_id));
          if (TRY(batch.db.run("DELETE FROM blocks WHERE user = ? AND label = ?", user, label)) == 0)
            return Error{Code::not_found, "there is no block \"" + label + "\""};
          return {};
        });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Blocks> make_sqlite_blocks(SqliteParts parts) { return std::make_unique<SqliteBlocks>(parts); }

}  // namespace hobd
