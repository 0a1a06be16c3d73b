#include "store/tombstones.hpp"

#include "store/terms.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace hobd {
namespace {

constexpr std::size_t kDigestBytes = 16;

}  // namespace

std::string line_name(std::string_view conversation, std::string_view external_id) {
  // The length keeps ("a", "bc") and ("ab", "c") apart.
  return std::to_string(conversation.size()) + ":" + std::string(conversation) + std::string(external_id);
}

std::string text_name(std::string_view text, std::size_t least) {
  std::string name;
  const std::vector<std::string> all = terms(text);
  if (all.size() < least) return name;
  for (const std::string& term : all) {
    if (!name.empty()) name += ' ';
    name += term;
  }
  return name;
}

Result<Tombstones> Tombstones::open(Connection& db, std::string_view user_name) {
  Tombstones tombstones(db, user_name);
  bool is_any = false;
  {
    auto rows = TRY(db.query("SELECT EXISTS (SELECT 1 FROM tombstones)"));
    if (TRY(rows.next())) is_any = rows.integer(0) != 0;
  }
  auto rows = TRY(db.query("SELECT id, key FROM tombstone_keys ORDER BY id"));
  while (TRY(rows.next())) {
    tombstones.newest_ = {rows.integer(0), rows.text(1)};
    if (is_any) tombstones.keys_.push_back(tombstones.newest_);
  }
  return tombstones;
}

std::string Tombstones::digest(const Key& key, Forgotten kind, std::string_view name) const {
  std::string message = user_name_;
  message += '\0';
  message += static_cast<char>('0' + static_cast<int>(kind));
  message += '\0';
  message += name;
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), bytes.data(), &size);
  return std::string(reinterpret_cast<const char*>(bytes.data()), kDigestBytes);
}

Result<bool> Tombstones::knows(Forgotten kind, std::string_view name) const { return knows(kind, name, Time::min()); }

Result<bool> Tombstones::knows(Forgotten kind, std::string_view name, Time said_at) const {
  if (name.empty()) return false;
  for (const Key& key : keys_) {
    auto rows = TRY(db_->query("SELECT 1 FROM tombstones WHERE digest = ? AND key = ? AND at >= ?", Blob{digest(key, kind, name)}, key.id,
                               said_at));
    if (TRY(rows.next())) return true;
  }
  return false;
}

Result<void> Tombstones::add(Forgotten kind, std::string_view name, Time at) {
  if (name.empty()) return {};
  TRY(db_->run("INSERT INTO tombstones(digest, key, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
               Blob{digest(newest_, kind, name)}, newest_.id, at));
  return {};
}

Result<Tombstones> tombstones_of(Connection& db, std::int64_t user) {
  auto rows = TRY(db.query("SELECT name FROM users WHERE id = ?", user));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no such user"};
  return Tombstones::open(db, rows.view(0));
}

Result<std::vector<Tombstone>> all_tombstones(Connection& db) {
  auto rows = TRY(db.query("SELECT t.digest, k.key, t.at FROM tombstones t JOIN tombstone_keys k ON k.id = t.key"));
  std::vector<Tombstone> all;
  while (TRY(rows.next())) all.push_back({.digest = rows.text(0), .key = rows.text(1), .at = rows.time(2)});
  return all;
}

Result<std::int64_t> add_tombstones(Connection& db, const std::vector<Tombstone>& tombstones) {
  std::int64_t added = 0;
  for (const Tombstone& one : tombstones) {
    TRY(db.run("INSERT INTO tombstone_keys(key) VALUES (?) ON CONFLICT DO NOTHING", one.key));
    added += TRY(db.run("INSERT INTO tombstones(digest, key, at) SELECT ?, id, ? FROM tombstone_keys WHERE key = ? ON CONFLICT DO NOTHING",
                        Blob{one.digest}, one.at, one.key));
  }
  return added;
}

}  // namespace hobd
