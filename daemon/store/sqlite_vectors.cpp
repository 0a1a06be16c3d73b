#include "store/vectors.hpp"

#include "store/sqlite_parts.hpp"

#include <openssl/sha.h>

#include <array>

namespace hobd {
namespace {

/// How many rows one read walks over that want nothing: bounds the time on a reader.
constexpr std::int64_t kMostLookedAt = 2'000;

std::string hash_of(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), 16};
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

VectorSpace read_space(const Query& row) {
  return {row.integer(0), row.text(1), row.text(2), static_cast<std::uint32_t>(row.integer(3)), row.integer(4) != 0};
}

/// What is embedded of each source. Tool results and system messages are not what anybody said.
constexpr const char* kRows[] = {
    "SELECT m.id, m.text, m.role IN ('user', 'assistant'), u.uid, v.id IS NOT NULL FROM messages m JOIN users u ON u.id = m.user "
    "LEFT JOIN vectors v ON v.source = 0 AND v.row = m.id AND v.space = ?1 WHERE m.id > ?2 ORDER BY m.id LIMIT ?3",
    "SELECT m.id, m.text, 1, u.uid, v.id IS NOT NULL FROM memories m JOIN users u ON u.id = m.user "
    "LEFT JOIN vectors v ON v.source = 1 AND v.row = m.id AND v.space = ?1 WHERE m.id > ?2 ORDER BY m.id LIMIT ?3"};
constexpr const char* kTexts[] = {"SELECT text, user FROM messages WHERE id = ?", "SELECT text, user FROM memories WHERE id = ?"};

class SqliteVectors final : public Vectors {
 public:
  explicit SqliteVectors(SqliteParts parts) : parts_(parts) {}

  awaitable<Result<std::vector<VectorSpace>>> spaces() override {
    return parts_.readers.run<std::vector<VectorSpace>>([](Connection& db) -> Result<std::vector<VectorSpace>> {
      auto rows = TRY(db.query("SELECT id, embedder, model, dimension, complete FROM vector_spaces ORDER BY id"));
      std::vector<VectorSpace> found;
      while (TRY(rows.next())) found.push_back(read_space(rows));
      return found;
    });
  }

  awaitable<Result<VectorSpace>> ensure_space(std::string embedder, std::string model, std::uint32_t dimension) override {
    return parts_.writer.run<VectorSpace>(
        Durability::journaled, [embedder = std::move(embedder), model = std::move(model), dimension](WriteBatch& batch) -> Result<VectorSpace> {
          TRY(batch.db.run("INSERT OR IGNORE INTO vector_spaces(embedder, model, dimension) VALUES (?, ?, ?)", embedder, model, dimension));
          auto rows = TRY(batch.db.query("SELECT id, embedder, model, dimension, complete FROM vector_spaces "
                                         "WHERE embedder = ? AND model = ? AND dimension = ?",
                                         embedder, model, dimension));
          if (!TRY(rows.next())) return Error{Code::internal, "a vector space that was made is not there"};
          return read_space(rows);
        });
  }

  awaitable<Result<void>> set_complete(std::int64_t space) override {
    return parts_.writer.run<void>(Durability::journaled, [space](WriteBatch& batch) -> Result<void> {
      TRY(batch.db.run("UPDATE vector_spaces SET complete = 1 WHERE id = ?", space));
      return {};
    });
  }

  awaitable<Result<bool>> remove_space(std::int64_t space, std::uint32_t limit) override {
    return parts_.writer.run<bool>(Durability::journaled, [space, limit](WriteBatch& batch) -> Result<bool> {
      // First it is no longer relied on: a crash may leave a part of it.
      TRY(batch.db.run("UPDATE vector_spaces SET complete = 0 WHERE id = ?", space));
      const auto removed = TRY(batch.db.run("DELETE FROM vectors WHERE id IN (SELECT id FROM vectors WHERE space = ? LIMIT ?)", space, limit));
      if (removed >= static_cast<std::int64_t>(limit)) return false;
      TRY(batch.db.run("DELETE FROM vector_spaces WHERE id = ?", space));
      return true;
    });
  }

  awaitable<Result<PendingTexts>> pending(std::int64_t space, VectorSource source, std::int64_t after, std::uint32_t limit) override {
    return parts_.readers.run<PendingTexts>([space, source, after, limit](Connection& db) -> Result<PendingTexts> {
      PendingTexts found;
      found.epoch = TRY(db.number("SELECT epoch FROM vector_epoch"));
      found.upto = after;
      std::int64_t looked_at = 0;
      {
        auto rows = TRY(db.query(kRows[static_cast<int>(source)], space, after, kMostLookedAt));
        while (found.texts.size() < limit && TRY(rows.next())) {
          ++looked_at;
          found.upto = rows.integer(0);
          if (rows.integer(2) == 0 || rows.integer(4) != 0 || is_blank(rows.view(1))) continue;
          found.texts.push_back({found.upto, rows.text(3), rows.text(1), {}, false, {}});
        }
      }
      found.done = found.texts.size() < limit && looked_at < kMostLookedAt;
      for (PendingText& one : found.texts) {
        one.hash = hash_of(one.text);
        auto known = TRY(db.query("SELECT vector FROM vectors WHERE space = ? AND hash = ? LIMIT 1", space, Blob{one.hash}));
        one.is_known = TRY(known.next());
        if (one.is_known) one.vector = known.text(0);
      }
      return found;
    });
  }

  awaitable<Result<std::vector<std::int64_t>>> put(std::int64_t space, VectorSource source, std::vector<StoredVector> vectors) override {
    return parts_.writer.run<std::vector<std::int64_t>>(
        Durability::journaled, [space, source, vectors = std::move(vectors)](WriteBatch& batch) -> Result<std::vector<std::int64_t>> {
          std::vector<std::int64_t> stored;
          for (const StoredVector& one : vectors) {
            std::int64_t user = 0;
            {
              // The row may be gone, or be another one, since its text was read.
              auto rows = TRY(batch.db.query(kTexts[static_cast<int>(source)], one.row));
              if (!TRY(rows.next()) || hash_of(rows.view(0)) != one.hash) continue;
              user = rows.integer(1);
            }
            TRY(batch.db.run("INSERT OR REPLACE INTO vectors(space, source, row, user, hash, vector) VALUES (?, ?, ?, ?, ?, ?)", space,
                             source, one.row, user, Blob{one.hash}, Blob{one.vector}));
            stored.push_back(one.row);
          }
          return stored;
        });
  }

  awaitable<Result<std::vector<StoredVector>>> load(std::int64_t space, std::string user_id, VectorSource source, std::int64_t after,
                                                    std::uint32_t limit) override {
    return parts_.readers.run<std::vector<StoredVector>>(
        [space, user_id = std::move(user_id), source, after, limit](Connection& db) -> Result<std::vector<StoredVector>> {
          auto rows = TRY(db.query("SELECT row, vector FROM vectors WHERE space = ? AND user = (SELECT id FROM users WHERE uid = ?) "
                                   "AND source = ? AND row > ? AND length(vector) > 0 ORDER BY row LIMIT ?",
                                   space, user_id, source, after, limit));
          std::vector<StoredVector> found;
          while (TRY(rows.next())) found.push_back({rows.integer(0), {}, rows.text(1)});
          return found;
        });
  }

  awaitable<Result<VectorCounts>> counts(std::int64_t space) override {
    return parts_.readers.run<VectorCounts>([space](Connection& db) -> Result<VectorCounts> {
      VectorCounts counts;
      auto rows = TRY(db.query("SELECT (SELECT count(*) FROM vectors WHERE space = ?), (SELECT count(*) FROM memories), "
                               "(SELECT count(*) FROM messages)",
                               space));
      if (!TRY(rows.next())) return counts;
      counts.embedded = rows.integer(0);
      counts.texts = rows.integer(1) + rows.integer(2);
      return counts;
    });
  }

 private:
  SqliteParts parts_;
};

}  // namespace

std::unique_ptr<Vectors> make_sqlite_vectors(SqliteParts parts) { return std::make_unique<SqliteVectors>(parts); }

}  // namespace hobd
