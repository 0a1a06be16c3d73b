// The indexes that are in memory: one a user and source, loaded when a search wants it and dropped when it is idle or when all of
// them grow too large. Large ones get a graph, kept in a file (indexes/vectors-<space>-<user>-<source>.graph) so that a restart
// needn't make it again. The file is a cache: broken, of another space or of other rows, it is made anew while searches go by
// sign bits. It holds places and links, no vectors and no text.
#pragma once

#include "memory/vector_index.hpp"
#include "memory/vector_worker.hpp"
#include "store/vectors.hpp"

#include <filesystem>
#include <map>
#include <tuple>

namespace hobd {

struct VectorShelfOptions {
  std::filesystem::path folder;             // of the graphs; made when there is one to keep
  VectorThresholds thresholds = {};
  std::size_t max_bytes = std::size_t(1) << 30;     // of all indexes together
  std::chrono::milliseconds idle{10 * 60'000};
};

/// Thread: core; the work is done on one of its own.
class VectorShelf {
 public:
  VectorShelf(asio::any_io_executor core, Vectors& store, VectorShelfOptions options);
  ~VectorShelf();

  /// The nearest rows of a user; loads the index when it isn't there. overloaded: it alone would be larger than all may be.
  awaitable<Result<std::vector<DenseHit>>> search(VectorSpace space, std::string user_id, VectorSource source, std::vector<float> query,
                                                  std::uint32_t limit);
  /// New vectors, which the store holds already; for indexes that aren't loaded nothing is to be done.
  void add(std::int64_t space, const std::string& user_id, VectorSource source, std::vector<StoredVector> vectors);
  /// A user's indexes go, from memory and from disk.
  void drop(const std::string& user_id);
  /// All but these spaces' indexes go, from memory and from disk.
  void keep_spaces(const std::vector<VectorSpace>& spaces);
  /// {"loaded","vectors","bytes","graphs"}.
  json::object status() const;
  awaitable<void> stop(std::chrono::milliseconds limit);

 private:
  using Key = std::tuple<std::int64_t, std::string, VectorSource>;
  struct Entry;
  using Shared = std::shared_ptr<Entry>;  // with the work in progress on it, which a drop doesn't wait for

  awaitable<void> load(Key key, Shared entry);
  awaitable<Result<void>> load_rows(Key key, Shared entry);
  awaitable<void> build_graph(Key key, Shared entry);
  void start_graph(const Key& key, const Shared& entry);
  awaitable<void> watch_idle();
  void make_room(const Key& wanted);
  void remove_files(std::function<bool(std::string_view name)> is_unwanted);
  std::filesystem::path file_of(const Key& key) const;

  asio::any_io_executor core_;
  Vectors& store_;
  VectorShelfOptions options_;
  std::map<Key, Shared> entries_;
  bool watching_ = false;
  VectorWorker worker_;
  TaskGroup tasks_;
};

}  // namespace hobd
