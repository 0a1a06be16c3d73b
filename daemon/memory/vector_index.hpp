// The vectors of one user in memory, and the search for the nearest of them. Three ways, by how many there are: an exact scan of
// all; a scan of their sign bits with an exact look at the best; a walk over a graph (hnswlib). The graph is made bit by bit
// while the second way serves, and is worth keeping in a file.
//
// Thread: one at a time; Embeddings has a worker for it.
#pragma once

#include "memory/embeddings.hpp"
#include "memory/vector_math.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace hobd {

class VectorGraph;

/// From how many vectors on a way is taken. Smaller ones are for tests.
struct VectorThresholds {
  std::size_t binary = 20'000;
  std::size_t graph = 100'000;
};

class VectorIndex {
 public:
  explicit VectorIndex(std::uint32_t dimension, VectorThresholds thresholds = {});
  ~VectorIndex();

  /// Adds a row's vector: float16, of length 1. A row that is there already gets it in place of its own; then the graph, which
  /// knows the old one, is made anew. False: `vector` has another size.
  bool add(std::int64_t row, std::string_view vector);
  /// The nearest, best first. `query` is of length 1.
  std::vector<DenseHit> search(std::span<const float> query, std::uint32_t limit) const;

  std::size_t size() const { return rows_.size(); }
  std::size_t bytes() const;
  /// "exact", "binary" or "graph": how the next search goes.
  const char* way() const;

  /// Whether there are vectors for a graph, and it lacks some.
  bool wants_graph() const;
  /// Adds at most `count` vectors to the graph; about a millisecond each.
  void grow_graph(std::size_t count);
  /// Of the first `count` rows and of a sample of their vectors: what a stored graph must be of. 0: there are not so many.
  std::uint64_t fingerprint(std::size_t count) const;
  /// The whole graph as bytes, to be stored; empty: it isn't whole, or the rows aren't in ascending order, so that a later load
  /// couldn't find them again.
  std::string graph_bytes() const;
  /// Takes a stored graph of the first rows, or of all. False: it is broken, or of more; nothing changed.
  bool take_graph(std::string_view bytes);

 private:
  std::vector<DenseHit> search_exact(std::span<const float> query, std::uint32_t limit) const;
  std::vector<DenseHit> search_binary(std::span<const float> query, std::uint32_t limit) const;
  std::vector<DenseHit> search_graph(std::span<const float> query, std::uint32_t limit) const;
  std::vector<DenseHit> rescored(std::span<const float> query, const std::vector<std::uint32_t>& places, std::uint32_t limit) const;
  void make_codes();
  void add_code(std::size_t place);
  const Half* vector_at(std::size_t place) const { return vectors_.data() + place * dimension_; }

  std::uint32_t dimension_;
  VectorThresholds thresholds_;
  std::vector<std::int64_t> rows_;
  std::vector<Half> vectors_;           // rows_.size() x dimension_
  std::vector<std::uint64_t> codes_;    // empty until they are needed
  std::unordered_map<std::int64_t, std::uint32_t> places_;  // filled once rows come out of order
  bool ascending_ = true;
  std::unique_ptr<VectorGraph> graph_;
};

}  // namespace hobd
