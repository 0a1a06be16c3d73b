// hnswlib's graph over vectors that somebody else keeps: it holds the places of vectors and the links between them, no numbers,
// so that it weighs some 150 bytes a vector, in memory as in its file.
#pragma once

#include "memory/vector_math.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

class VectorGraph {
 public:
  /// `vectors`: where they are kept, places x dimension; it may grow and move between calls.
  VectorGraph(const std::vector<Half>& vectors, std::uint32_t dimension);
  ~VectorGraph();

  /// How many places it holds: 0 .. size()-1.
  std::size_t size() const;
  /// Adds the next place. False: there is no memory for it.
  bool add_next();
  /// The places nearest to a vector, at most `count`, in no order.
  std::vector<std::uint32_t> search(const Half* query, std::size_t count) const;
  std::size_t bytes() const;

  /// All of it, checked by a sum; "" when it can't be written.
  std::string save() const;
  /// Null: these bytes are no whole graph, or one of more places than `most`.
  static std::unique_ptr<VectorGraph> load(std::string_view bytes, const std::vector<Half>& vectors, std::uint32_t dimension, std::size_t most);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace hobd
