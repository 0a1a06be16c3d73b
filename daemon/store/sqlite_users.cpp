#include "store/sqlite_parts.hpp"

#include "base/id.hpp"
#include "store/ledger_rows.hpp"
#include "store/rows.hpp"

namespace hobd {
namespace {

#define HOB_SELECT_USER "SELECT uid, name, admin, created_at FROM users "
#define HOB_SELECT_IDENTITY                                                                          \
  "SELECT i.channel, i.external_id, i.display_name, coalesce(u.uid, ''), i.pairing_code, i.created_at " \
  "FROM identities i LEFT JOIN users u ON u.id = i.user "
#define HOB_SELECT_KEY                                                                                    \
  "SELECT k.kid, u.uid, k.name, k.hash, k.scopes, k.created_at, k.expires_at, k.last_used_at FROM api_keys k " \
  "JOIN users u ON u.id = k.user "

User read_user(const Query& row) {
  return {.id = row.text(0), .name = row.text(1), .admin = row.integer(2) != 0, .created_at = row.time(3)};
}

Identity read_identity(const Query& row) {
  Identity identity;
  identity.channel = row.text(0);
  identity.external_id = row.text(1);
  identity.display_name = row.text(2);
  identity.user_id = row.text(3);
  identity.pairing_code = row.text(4);
  identity.created_at = row.time(5);
  return identity;
}

Result<ApiKey> read_key(const Query& row) {
  ApiKey key;
  key.id = row.text(0);
  key.user_id = row.text(1);
  key.name = row.text(2);
  key.hash = row.text(3);
  for (const json::value& scope : TRY(array_column(row, 4)))
    if (scope.is_string()) key.scopes.emplace_back(scope.get_string());
  key.created_at = row.time(5);
  if (!row.is_null(6)) key.expires_at = row.time(6);
  if (!row.is_null(7)) key.last_used_at = row.time(7);
  return key;
}

Result<std::optional<User>> user_named(Connection& db, const std::string& name) {
  auto rows = TRY(db.query(HOB_SELECT_USER "WHERE name = ?", name));
  if (!TRY(rows.next())) return std::optional<User>();
  return std::optional<User>(read_user(rows));
}

Result<std::optional<Identity>> identity_of(Connection& db, const std::string& channel,
                                            const std::string& external_id) {
  auto rows = TRY(db.query(HOB_SELECT_IDENTITY "WHERE i.channel = ? AND i.external_id = ?", channel, external_id));
  if (!TRY(rows.next())) return std::optional<Identity>();
  return std::optional<Identity>(read_identity(rows));
}

Result<User> ensure_user(Connection& db, const std::string& name, bool admin, Time now) {
  if (name.empty()) return Error{Code::invalid, "a user needs a name"};
  if (auto known = TRY(user_named(db, name))) return std::move(*known);
  User user{.id = make_id("usr"), .name = name, .admin = admin, .created_at = now};
  TRY(db.run("INSERT INTO users(uid, name, admin, created_at) VALUES (?, ?, ?, ?)", user.id, name, admin, now));
  return user;
}

Result<void> remove_user(WriteBatch& batch, const std::string& user_id) {
  const std::int64_t user = TRY(user_row(batch.db, user_id));
  std::vector<std::int64_t> conversations;
  {
    auto rows = TRY(batch.db.query("SELECT id FROM conversations WHERE user = ?", user));
    while (TRY(rows.next())) conversations.push_back(rows.integer(0));
  }
  for (const std::int64_t conversation : conversations) TRY(remove_conversation(batch, conversation));
  TRY(batch.db.run("DELETE FROM outbox WHERE user = ?", user));  // notices that belong to no conversation
  {
    auto rows = TRY(batch.db.query("SELECT v.id, v.text FROM memory_ids k JOIN memories v ON v.memory = k.id WHERE k.user = ?", user));
    while (TRY(rows.next())) batch.memories.remove(rows.integer(0), user, rows.view(1));
  }
  TRY(remove_user_from_ledger(batch.db, user_id));
  TRY(batch.db.run("DELETE FROM users WHERE id = ?", user));  // with identities, keys and memories
  return {};
}

Result<Identity> ensure_identity_row(Connection& db, Identity identity) {
  if (auto known = TRY(identity_of(db, identity.channel, identity.external_id))) {
    if (!identity.display_name.empty() && identity.display_name != known->display_name) {
      known->display_name = identity.display_name;
      TRY(db.run("UPDATE identities SET display_name = ? WHERE channel = ? AND external_id = ?", known->display_name,
                 known->channel, known->external_id));
    }
    return std::move(*known);
  }
  TRY(db.run("INSERT INTO identities(channel, external_id, display_name, user, pairing_code, created_at) "
             "VALUES (?, ?, ?, NULL, ?, ?)",
             identity.channel, identity.external_id, identity.display_name, identity.pairing_code,
             identity.created_at));
  return identity;
}

Result<Identity> approve_waiting(Connection& db, const std::string& pairing_code, const std::string& user_id) {
  std::optional<Identity> identity;
  {
    auto rows = TRY(db.query(HOB_SELECT_IDENTITY "WHERE i.pairing_code = ? AND i.pairing_code <> ''", pairing_code));
    if (TRY(rows.next())) identity = read_identity(rows);
  }
  if (!identity) return Error{Code::not_found, "nobody waits under the pairing code \"" + pairing_code + "\""};
  TRY(db.run("UPDATE identities SET user = ?, pairing_code = '' WHERE channel = ? AND external_id = ?",
             TRY(user_row(db, user_id)), identity->channel, identity->external_id));
  identity->user_id = user_id;
  identity->pairing_code.clear();
  return std::move(*identity);
}

Result<void> insert_key(Connection& db, const ApiKey& key, Time now) {
  const std::int64_t user = TRY(user_row(db, key.user_id));
  json::array scopes;
  for (const std::string& scope : key.scopes) scopes.emplace_back(scope);
  TRY(db.run("INSERT INTO api_keys(kid, user, name, hash, scopes, created_at, expires_at, last_used_at) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
             key.id, user, key.name, key.hash, to_column(scopes), key.created_at == Time{} ? now : key.created_at,
             key.expires_at, key.last_used_at));
  return {};
}

class SqliteUsers final : public Users {
 public:
  explicit SqliteUsers(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<std::vector<User>>> list() override {
    return parts_.readers.run<std::vector<User>>([](Connection& db) -> Result<std::vector<User>> {
      auto rows = TRY(db.query(HOB_SELECT_USER "ORDER BY id"));
      std::vector<User> users;
      while (TRY(rows.next())) users.push_back(read_user(rows));
      return users;
    });
  }

  awaitable<Result<User>> find(std::string user_id) override {
    return parts_.readers.run<User>([user_id = std::move(user_id)](Connection& db) -> Result<User> {
      auto rows = TRY(db.query(HOB_SELECT_USER "WHERE uid = ?", user_id));
      if (!TRY(rows.next())) return Error{Code::not_found, "there is no user " + user_id};
      return read_user(rows);
    });
  }

  awaitable<Result<User>> find_by_name(std::string name) override {
    return parts_.readers.run<User>([name = std::move(name)](Connection& db) -> Result<User> {
      auto user = TRY(user_named(db, name));
      if (!user) return Error{Code::not_found, "there is no user \"" + name + "\""};
      return std::move(*user);
    });
  }

  awaitable<Result<User>> ensure(std::string name, bool admin) override {
    return parts_.writer.run<User>(Durability::synced, [name = std::move(name), admin, now = parts_.clock.now()](
                                                           WriteBatch& batch) {
      return ensure_user(batch.db, name, admin, now);
    });
  }

  awaitable<Result<void>> remove(std::string user_id) override {
    return parts_.writer.run<void>(Durability::synced, [user_id = std::move(user_id)](WriteBatch& batch) {
      return remove_user(batch, user_id);
    });
  }

  awaitable<Result<Identity>> ensure_identity(std::string channel, std::string external_id, std::string display_name,
                                              std::string pairing_code) override {
    Identity identity;
    identity.channel = std::move(channel);
    identity.external_id = std::move(external_id);
    identity.display_name = std::move(display_name);
    identity.pairing_code = std::move(pairing_code);
    identity.created_at = parts_.clock.now();
    return parts_.writer.run<Identity>(Durability::synced, [identity = std::move(identity)](WriteBatch& batch) {
      return ensure_identity_row(batch.db, identity);
    });
  }

  awaitable<Result<std::vector<Identity>>> list_identities() override {
    return parts_.readers.run<std::vector<Identity>>([](Connection& db) -> Result<std::vector<Identity>> {
      auto rows = TRY(db.query(HOB_SELECT_IDENTITY "ORDER BY i.created_at, i.channel, i.external_id"));
      std::vector<Identity> identities;
      while (TRY(rows.next())) identities.push_back(read_identity(rows));
      return identities;
    });
  }

  awaitable<Result<Identity>> approve_identity(std::string pairing_code, std::string user_id) override {
    return parts_.writer.run<Identity>(Durability::synced, [pairing_code = std::move(pairing_code),
                                                            user_id = std::move(user_id)](WriteBatch& batch) {
      return approve_waiting(batch.db, pairing_code, user_id);
    });
  }

  awaitable<Result<void>> remove_identity(std::string channel, std::string external_id) override {
    return parts_.writer.run<void>(Durability::synced, [channel = std::move(channel),
                                                        external_id = std::move(external_id)](
                                                           WriteBatch& batch) -> Result<void> {
      const auto removed = TRY(
          batch.db.run("DELETE FROM identities WHERE channel = ? AND external_id = ?", channel, external_id));
      if (removed == 0) return Error{Code::not_found, "there is no identity " + external_id + " on " + channel};
      return {};
    });
  }

  awaitable<Result<Identity>> find_identity(std::string channel, std::string external_id) override {
    return parts_.readers.run<Identity>([channel = std::move(channel), external_id = std::move(external_id)](
                                            Connection& db) -> Result<Identity> {
      auto identity = TRY(identity_of(db, channel, external_id));
      if (!identity) return Error{Code::not_found, "there is no identity " + external_id + " on " + channel};
      return std::move(*identity);
    });
  }

  awaitable<Result<void>> add_key(ApiKey key) override {
    return parts_.writer.run<void>(Durability::synced, [key = std::move(key), now = parts_.clock.now()](
                                                           WriteBatch& batch) { return insert_key(batch.db, key, now); });
  }

  awaitable<Result<std::vector<ApiKey>>> list_keys(std::string user_id) override {
    return parts_.readers.run<std::vector<ApiKey>>([user_id = std::move(user_id)](
                                                       Connection& db) -> Result<std::vector<ApiKey>> {
      auto rows = TRY(db.query(HOB_SELECT_KEY "WHERE ?1 = '' OR u.uid = ?1 ORDER BY k.created_at, k.kid", user_id));
      std::vector<ApiKey> keys;
      while (TRY(rows.next())) keys.push_back(TRY(read_key(rows)));
      return keys;
    });
  }

  awaitable<Result<ApiKey>> find_key(std::string hash) override {
    return parts_.readers.run<ApiKey>([hash = std::move(hash)](Connection& db) -> Result<ApiKey> {
      auto rows = TRY(db.query(HOB_SELECT_KEY "WHERE k.hash = ?", hash));
      if (!TRY(rows.next())) return Error{Code::not_found, "there is no such key"};
      return read_key(rows);
    });
  }

  awaitable<Result<void>> remove_key(std::string key_id) override {
    return parts_.writer.run<void>(Durability::synced, [key_id = std::move(key_id)](WriteBatch& batch) -> Result<void> {
      if (TRY(batch.db.run("DELETE FROM api_keys WHERE kid = ?", key_id)) == 0)
        return Error{Code::not_found, "there is no key " + key_id};
      return {};
    });
  }

  awaitable<Result<void>> touch_key(std::string key_id, Time used_at) override {
    return parts_.writer.run<void>(Durability::journaled,
                                   [key_id = std::move(key_id), used_at](WriteBatch& batch) -> Result<void> {
                                     TRY(batch.db.run("UPDATE api_keys SET last_used_at = ? WHERE kid = ?", used_at, key_id));
                                     return {};
                                   });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Users> make_sqlite_users(SqliteParts parts) { return std::make_unique<SqliteUsers>(parts); }

}  // namespace hobd
