// Filling a space: every text that has no vector in it yet is embedded, batch by batch, and stored. Where it got to is in the
// database alone, so that a restart goes on there.
#pragma once

#include "memory/embedder_client.hpp"
#include "memory/vector_shelf.hpp"
#include "store/vectors.hpp"

#include <functional>

namespace hobd {

struct FillProgress {
  std::int64_t embedded = 0;  // vectors in the space
  std::int64_t texts = 0;     // messages and versions of memories that there were when filling began
  std::int64_t asked = 0;     // texts that were sent to the embedder since the start
  std::int64_t skipped = 0;   // texts that it can't embed
  std::int64_t reused = 0;    // texts that were not sent, since the space has a vector of the same text
};

/// Thread: core.
class EmbeddingWork {
 public:
  EmbeddingWork(asio::any_io_executor core, const Registry& registry, Vectors& store, VectorShelf& shelf, SpareCalls spare = {})
      : core_(std::move(core)), registry_(registry), store_(store), shelf_(shelf), spare_(spare) {}

  /// Embeds what waits in `space`; returns when nothing does. An error of the embedder or the store ends it; what was embedded
  /// so far is stored. A text that the embedder refuses, while it takes others, is stored as one without a vector.
  awaitable<Result<void>> fill(EmbedderCard card, VectorSpace space);
  const FillProgress& progress() const { return progress_; }

 private:
  awaitable<Result<void>> count(std::int64_t space);
  awaitable<Result<void>> fill_source(const EmbedderCard& card, const VectorSpace& space, VectorSource source);
  awaitable<Result<void>> embed_batch(const EmbedderCard& card, const VectorSpace& space, VectorSource source, std::vector<PendingText> texts);
  awaitable<Result<std::vector<std::string>>> vectors_of(const EmbedderCard& card, std::vector<std::string> texts, EmbedPayer payer);
  awaitable<Result<std::vector<std::string>>> one_by_one(const EmbedderCard& card, std::vector<std::string> texts, EmbedPayer payer, Error why);

  asio::any_io_executor core_;
  const Registry& registry_;
  Vectors& store_;
  VectorShelf& shelf_;
  const SpareCalls spare_;
  std::int64_t space_ = 0, epoch_ = 0;  // what the cursors are of
  std::int64_t after_[2] = {0, 0};      // by source: rows up to here are done
  FillProgress progress_;
};

}  // namespace hobd
