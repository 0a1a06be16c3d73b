// Embeddings: the dense side of recall. An embedder plugin turns texts into vectors; this part embeds what is said and
// learned in the background, keeps the vectors in the database and searches them in memory: exact per user with SIMD, binary
// with an exact rescore when there are many, hnswlib beyond. Indexes are caches: missing or broken ones are built again.
#pragma once

#include "base/json.hpp"
#include "base/task_group.hpp"
#include "config/config.hpp"
#include "models/background.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace hobd {

class Registry;
class Vectors;

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
  /// The budget may have room again: what waits is tried at once.
  virtual void room_again() {}
  /// The embedder, its model, dimension, how many rows are embedded and how many wait: for status and memory.stats.
  virtual json::object status() const = 0;
  /// Rows of this user were erased: his indexes go, from memory and from disk, and are loaded anew when they are wanted. (Their
  /// vectors went with the rows.)
  virtual void drop(const std::string& user_id) { (void)user_id; }
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

/// Everything Embeddings works with. Borrowed; outlives it.
struct EmbeddingsContext {
  asio::any_io_executor core;
  Registry* registry = nullptr;
  Vectors* store = nullptr;
  std::shared_ptr<const Config> config;
  /// Pays for what an embedder costs: a query's user, documents in the background. Refused, recall goes on by words, and documents wait.
  SpareCalls spare = {};
  /// For tests; the standard is what the README and docs/memory.md say.
  std::size_t binary_from = 20'000, graph_from = 100'000;
  std::size_t max_index_bytes = std::size_t(1) << 30;
  std::chrono::milliseconds search_deadline{300};
  std::chrono::milliseconds first_retry{2'000};
};

/// Does nothing, and costs nothing, until wake() finds an embedder in the config.
std::unique_ptr<Embeddings> make_embeddings(EmbeddingsContext context);

}  // namespace hobd
