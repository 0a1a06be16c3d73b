// The store of embeddings: spaces, and the vectors of messages and of memories' versions in them. Vectors go with their rows
// (schema_vectors.hpp), whoever removes those. Thread: core.
#pragma once

#include "base/task_group.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace hobd {

/// Whose text a vector is of. `messages`: what users and Hob said; `memories`: a row a version.
enum class VectorSource { messages = 0, memories = 1 };

/// What one model of one embedder makes.
struct VectorSpace {
  std::int64_t id = 0;
  std::string embedder, model;  // embedder: as the config's tier names it
  std::uint32_t dimension = 0;
  bool complete = false;        // everything was embedded once: searches may rely on it
};

/// A text that has no vector in a space yet.
struct PendingText {
  std::int64_t row = 0;
  std::string user_id;
  std::string text;
  std::string hash;    // of the text: 16 bytes
  bool is_known = false;  // another row of the space has the same text:
  std::string vector;     // then this is its vector
};
struct PendingTexts {
  std::vector<PendingText> texts;
  std::int64_t upto = 0;  // rows up to here were looked at: where to go on
  bool done = false;      // there are no rows behind it
  std::int64_t epoch = 0; // when this grows, rows that were passed may be new ones: begin at 0
};

/// `vector`: float16, of length 1; empty: the text has none, and isn't asked for again.
struct StoredVector {
  std::int64_t row = 0;
  std::string hash, vector;
};

struct VectorCounts {
  std::int64_t embedded = 0, texts = 0;
};

class Vectors {
 public:
  virtual ~Vectors() = default;
  virtual awaitable<Result<std::vector<VectorSpace>>> spaces() = 0;
  /// Finds the space or makes it.
  virtual awaitable<Result<VectorSpace>> ensure_space(std::string embedder, std::string model, std::uint32_t dimension) = 0;
  virtual awaitable<Result<void>> set_complete(std::int64_t space) = 0;
  /// Removes at most `limit` vectors of a space, and with the last ones the space; true once it is gone.
  virtual awaitable<Result<bool>> remove_space(std::int64_t space, std::uint32_t limit) = 0;

  /// Texts behind `after` that want a vector, oldest first, at most `limit`.
  virtual awaitable<Result<PendingTexts>> pending(std::int64_t space, VectorSource source, std::int64_t after, std::uint32_t limit) = 0;
  /// Stores vectors of rows that still hold the text they were made of; others are left out. Gives the rows stored.
  virtual awaitable<Result<std::vector<std::int64_t>>> put(std::int64_t space, VectorSource source, std::vector<StoredVector> vectors) = 0;

  /// A user's vectors behind `after`, by row, at most `limit`; empty ones are left out. `hash` stays empty.
  virtual awaitable<Result<std::vector<StoredVector>>> load(std::int64_t space, std::string user_id, VectorSource source, std::int64_t after,
                                                            std::uint32_t limit) = 0;
  /// Of all users. Cost: a walk over an index.
  virtual awaitable<Result<VectorCounts>> counts(std::int64_t space) = 0;
};

}  // namespace hobd
