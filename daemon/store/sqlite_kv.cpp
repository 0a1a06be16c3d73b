#include "store/sqlite_parts.hpp"



namespace hobd {
namespace {

/// As hob/ext/kv.h promises.
constexpr std::size_t kMostKeysInList = 1'000;

/// The bytes that `owner` holds under `key`, key and value together; 0 without one.
Result<std::int64_t> bytes_under(Connection& db, const std::string& owner, const std::string& key) {
  auto rows = TRY(db.query("SELECT length(value) FROM kv WHERE owner = ? AND key = ?", owner, key));
  if (!TRY(rows.next())) return 0;
  return rows.integer(0) + static_cast<std::int64_t>(key.size());
}

Result<std::int64_t> bytes_of_owner(Connection& db, const std::string& owner) {
  auto rows = TRY(db.query("SELECT bytes FROM kv_owners WHERE owner = ?", owner));
  if (!TRY(rows.next())) return 0;
  return rows.integer(0);
}

/// Sums are kept beside the values, so that the quota costs no walk over them.
Result<void> set_bytes_of_owner(Connection& db, const std::string& owner, std::int64_t bytes) {
  TRY(db.run("INSERT INTO kv_owners(owner, bytes) VALUES (?1, ?2) ON CONFLICT(owner) DO UPDATE SET bytes = ?2", owner,
             bytes));
  return {};
}

class SqliteKv final : public Kv {
 public:
  explicit SqliteKv(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<std::string>> get(std::string owner, std::string key) override {
    return parts_.readers.run<std::string>(
        [owner = std::move(owner), key = std::move(key)](Connection& db) -> Result<std::string> {
          auto rows = TRY(db.query("SELECT value FROM kv WHERE owner = ? AND key = ?", owner, key));
          if (!TRY(rows.next())) return Error{Code::not_found, owner + " has nothing under \"" + key + "\""};
          return rows.text(0);
        });
  }

  awaitable<Result<void>> set(std::string owner, std::string key, std::string value, std::uint64_t quota) override {
    return parts_.writer.run<void>(
        Durability::synced, [owner = std::move(owner), key = std::move(key), value = std::move(value),
                             quota](WriteBatch& batch) -> Result<void> {
          const std::int64_t before = TRY(bytes_of_owner(batch.db, owner));
          const std::int64_t after = before - TRY(bytes_under(batch.db, owner, key)) +
                                     static_cast<std::int64_t>(key.size() + value.size());
          if (static_cast<std::uint64_t>(after) > quota)
            return Error{Code::overloaded, "keys and values of " + owner + " would pass its quota of " +
                                               std::to_string(quota) + " bytes: remove some, or raise it"};
          TRY(batch.db.run("INSERT INTO kv(owner, key, value) VALUES (?1, ?2, ?3) "
                           "ON CONFLICT(owner, key) DO UPDATE SET value = ?3",
                           owner, key, Blob{value}));
          return set_bytes_of_owner(batch.db, owner, after);
        });
  }

  awaitable<Result<void>> remove(std::string owner, std::string key) override {
    return parts_.writer.run<void>(
        Durability::synced, [owner = std::move(owner), key = std::move(key)](WriteBatch& batch) -> Result<void> {
          const std::int64_t freed = TRY(bytes_under(batch.db, owner, key));
          if (TRY(batch.db.run("DELETE FROM kv WHERE owner = ? AND key = ?", owner, key)) == 0) return {};
          return set_bytes_of_owner(batch.db, owner, TRY(bytes_of_owner(batch.db, owner)) - freed);
        });
  }

  awaitable<Result<std::vector<std::string>>> list(std::string owner, std::string prefix, std::string after) override {
    return parts_.readers.run<std::vector<std::string>>(
        [owner = std::move(owner), prefix = std::move(prefix),
         after = std::move(after)](Connection& db) -> Result<std::vector<std::string>> {
          // Keys sort as bytes, so those with the prefix are one run that begins at it.
          auto rows = TRY(db.query("SELECT key FROM kv WHERE owner = ? AND key >= ? AND key > ? ORDER BY key", owner,
                                   prefix, after));
          std::vector<std::string> keys;
          while (keys.size() < kMostKeysInList && TRY(rows.next())) {
            if (!rows.view(0).starts_with(prefix)) break;
            keys.push_back(rows.text(0));
          }
          return keys;
        });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Kv> make_sqlite_kv(SqliteParts parts) { return std::make_unique<SqliteKv>(parts); }

}  // namespace hobd
