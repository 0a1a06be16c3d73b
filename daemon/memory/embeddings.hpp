// Embeddings: the dense side of recall. An embedder plugin turns texts into vectors; this part embeds what is said and
// learned in the background, keeps the vectors in the database and searches them in memory: exact per user with SIMD, binary
// with an exact rescore when there are many, hnswlib beyond. Indexes are caches: missing or broken ones are built again.
#pragma once

#include "base/json.hpp"
#include "base/task_group.hpp"
#include "config/config.hpp"

#include <memory>

namespace hobd {

/// A row that is near the query. `row`: the rowid of the message, or of the memory's version.
struct DenseHit {
  std::int64_t row = 0;
  float cosine = 0;  // -1..1
};

enum class EmbeddedSource { messages, memories };

/// Thread: core; the work is done on a pool.
class Embeddings {
 public:
  virtual ~Embeddings() = default;
  /// The nearest rows of one user, best first. Empty without an embedder or while nothing is embedded yet; an embedder that
  /// fails or is slow (some 300 ms) gives its error, and the search goes on without.
  virtual awaitable<Result<std::vector<DenseHit>>> nearest(std::string user_id, std::string text, EmbeddedSource source,
                                                           std::uint32_t limit) = 0;
  /// How much weight the embedder's cosines deserve beside the lexical score, 0..1: small for hashing, more for a model.
  virtual double weight() const = 0;
  /// There are new rows to embed. Returns at once.
  virtual void wake() = 0;
  /// The embedder, its model, dimension, how many rows are embedded and how many wait: for status and memory.stats.
  virtual json::object status() const = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace hobd
