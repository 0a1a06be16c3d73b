#include "memory/vector_shelf.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>

namespace hobd {
namespace {

constexpr std::uint32_t kLoadedAtOnce = 4'096;
/// Of a graph: some 15 ms, so that a search behind it needn't wait long.
constexpr std::size_t kGrownAtOnce = 16;
constexpr std::string_view kPrefix = "vectors-", kSuffix = ".graph";

/// Before the graph's own bytes in the file.
struct FileHead {
  char magic[8] = {'H', 'o', 'b', 'I', 'n', 'd', 'x', '1'};
  std::uint64_t count = 0, fingerprint = 0;  // of the rows that the graph is of
};

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Written beside and renamed, so that a crash leaves the old file or the new one.
bool write_file(const std::filesystem::path& file, std::string_view bytes) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  std::filesystem::path beside = file;
  beside += ".new";
  const int fd = ::open(beside.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  bool is_written = true;
  while (is_written && !bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    is_written = count > 0;
    if (is_written) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  is_written = ::fsync(fd) == 0 && is_written;
  ::close(fd);
  if (is_written) std::filesystem::rename(beside, file, error);
  if (!is_written || error) std::filesystem::remove(beside, error);
  return is_written && !error;
}

}  // namespace

struct VectorShelf::Entry {
  Entry(asio::any_io_executor core, std::uint32_t dimension, VectorThresholds thresholds)
      : index(dimension, thresholds), loaded(core, asio::steady_timer::time_point::max()) {}
  VectorIndex index;     // the worker's alone,
  std::size_t kept = 0;  // and this: how many vectors the file's graph has
  asio::steady_timer loaded;  // cancelled once it is
  enum class State { loading, ready, failed } state = State::loading;
  Error error;
  std::vector<StoredVector> late;  // came while it was loading
  std::chrono::steady_clock::time_point used = std::chrono::steady_clock::now();
  bool builds_graph = false;
  std::atomic<bool> dropped = false;  // read by the worker, before it writes the file
  std::size_t bytes = 0, size = 0;  // as the worker last said
  bool has_graph = false;

  void add_all(const std::vector<StoredVector>& vectors) {
    for (const StoredVector& one : vectors) index.add(one.row, one.vector);
  }
};

namespace {
struct Measure {
  std::size_t bytes = 0, size = 0;
  bool has_graph = false, wants_graph = false;
};
Measure measure(const VectorIndex& index) {
  return {index.bytes(), index.size(), std::string_view(index.way()) == "graph", index.wants_graph()};
}
}  // namespace

VectorShelf::VectorShelf(asio::any_io_executor core, Vectors& store, VectorShelfOptions options)
    : core_(core), store_(store), options_(std::move(options)), worker_(core), tasks_(core) {}
VectorShelf::~VectorShelf() = default;

std::filesystem::path VectorShelf::file_of(const Key& key) const {
  const auto& [space, user, source] = key;
  return options_.folder / fmt::format("{}{}-{}-{}{}", kPrefix, space, user, static_cast<int>(source), kSuffix);
}

awaitable<Result<std::vector<DenseHit>>> VectorShelf::search(VectorSpace space, std::string user_id, VectorSource source,
                                                             std::vector<float> query, std::uint32_t limit) {
  const Key key{space.id, user_id, source};
  Shared entry;
  if (const auto found = entries_.find(key); found != entries_.end()) {
    entry = found->second;
  } else {
    entry = std::make_shared<Entry>(core_, space.dimension, options_.thresholds);
    entries_.emplace(key, entry);
    tasks_.spawn("load vectors", load(key, entry));
    if (!std::exchange(watching_, true)) tasks_.spawn("idle vectors", watch_idle());
  }
  entry->used = std::chrono::steady_clock::now();
  if (entry->state == Entry::State::loading) {
    boost::system::error_code ignored;
    co_await entry->loaded.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (entry->state == Entry::State::failed) co_return entry->error;
  if (entry->state == Entry::State::loading) co_return Error{Code::cancelled, "the search was cancelled"};
  std::function<std::vector<DenseHit>()> look = [entry, query = std::move(query), limit] { return entry->index.search(query, limit); };
  auto hits = co_await worker_.run<std::vector<DenseHit>>(std::move(look));
  co_return hits;
}

awaitable<void> VectorShelf::load(Key key, Shared entry) {
  const auto loaded = co_await load_rows(key, entry);
  if (loaded.has_error()) {
    entry->state = Entry::State::failed;
    entry->error = loaded.error();
    if (const auto found = entries_.find(key); found != entries_.end() && found->second == entry) entries_.erase(found);
  } else {
    entry->state = Entry::State::ready;
    make_room(key);
    start_graph(key, entry);
  }
  entry->loaded.cancel();
}

awaitable<Result<void>> VectorShelf::load_rows(Key key, Shared entry) {
  const auto [space, user, source] = key;
  std::int64_t after = 0;
  for (bool more = true; more && !entry->dropped;) {
    CO_TRY(auto rows, co_await store_.load(space, user, source, after, kLoadedAtOnce));
    more = rows.size() == kLoadedAtOnce;
    if (!rows.empty()) after = rows.back().row;
    // What came meanwhile is behind the rows, or among those that were passed.
    if (!more) rows.insert(rows.end(), entry->late.begin(), entry->late.end()), entry->late.clear();
    std::function<Measure()> take = [entry, rows = std::move(rows)] {
      entry->add_all(rows);
      return measure(entry->index);
    };
    const Measure now = co_await worker_.run<Measure>(std::move(take));
    entry->bytes = now.bytes;
    entry->size = now.size;
    if (now.bytes > options_.max_bytes)
      co_return Error{Code::overloaded, fmt::format("the vectors of {} take more than {} MiB", user, options_.max_bytes >> 20)};
    if (!more && !entry->late.empty()) more = true;
  }
  if (entry->dropped) co_return Error{Code::cancelled, "the index was dropped while it was loaded"};
  co_return Result<void>{};
}

void VectorShelf::start_graph(const Key& key, const Shared& entry) {
  if (entry->builds_graph || entry->size < options_.thresholds.graph) return;
  entry->builds_graph = true;
  tasks_.spawn("build graph", build_graph(key, entry));
}

awaitable<void> VectorShelf::build_graph(Key key, Shared entry) {
  const std::filesystem::path file = file_of(key);
  std::function<Measure()> take = [entry, file] {
    const std::string bytes = entry->index.wants_graph() ? read_file(file) : std::string();
    FileHead head;
    if (bytes.size() > sizeof head) {
      std::memcpy(&head, bytes.data(), sizeof head);
      const FileHead wanted{.count = head.count, .fingerprint = entry->index.fingerprint(head.count)};
      if (std::memcmp(&head, &wanted, sizeof head) == 0 && entry->index.take_graph(std::string_view(bytes).substr(sizeof head)))
        entry->kept = head.count;
    }
    return measure(entry->index);
  };
  Measure now = co_await worker_.run<Measure>(std::move(take));
  while (now.wants_graph && !entry->dropped) {
    std::function<Measure()> grow = [entry] {
      entry->index.grow_graph(kGrownAtOnce);
      return measure(entry->index);
    };
    now = co_await worker_.run<Measure>(std::move(grow));
  }
  entry->bytes = now.bytes;
  entry->has_graph = now.has_graph;
  entry->builds_graph = false;
  worker_.post([entry, file] {
    // The file is whole again with each start; a few that it lacks are added then.
    const std::size_t size = entry->index.size();
    if (entry->dropped || size - std::min(size, entry->kept) <= size / 50) return;
    const std::string graph = entry->index.graph_bytes();
    if (graph.empty()) return;
    const FileHead head{.count = size, .fingerprint = entry->index.fingerprint(size)};
    if (write_file(file, std::string(reinterpret_cast<const char*>(&head), sizeof head) + graph)) entry->kept = size;
  });
}

void VectorShelf::add(std::int64_t space, const std::string& user_id, VectorSource source, std::vector<StoredVector> vectors) {
  const Key key{space, user_id, source};
  const auto found = entries_.find(key);
  if (found == entries_.end() || vectors.empty()) return;
  const Shared entry = found->second;
  if (entry->state == Entry::State::loading) {
    std::move(vectors.begin(), vectors.end(), std::back_inserter(entry->late));
    return;
  }
  entry->size += vectors.size();
  worker_.post([entry, vectors = std::move(vectors)] { entry->add_all(vectors); });
  start_graph(key, entry);
}

void VectorShelf::drop(const std::string& user_id) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (std::get<1>(it->first) != user_id) {
      ++it;
      continue;
    }
    it->second->dropped = true;
    it = entries_.erase(it);
  }
  remove_files([part = "-" + user_id + "-"](std::string_view name) { return name.find(part) != std::string_view::npos; });
}

void VectorShelf::keep_spaces(const std::vector<VectorSpace>& spaces) {
  const auto is_kept = [&](std::int64_t space) {
    return std::any_of(spaces.begin(), spaces.end(), [&](const VectorSpace& one) { return one.id == space; });
  };
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (is_kept(std::get<0>(it->first))) {
      ++it;
      continue;
    }
    it->second->dropped = true;
    it = entries_.erase(it);
  }
  std::vector<std::string> kept;
  for (const VectorSpace& space : spaces) kept.push_back(fmt::format("{}{}-", kPrefix, space.id));
  remove_files([kept = std::move(kept)](std::string_view name) {
    return std::none_of(kept.begin(), kept.end(), [&](const std::string& prefix) { return name.starts_with(prefix); });
  });
}

/// On the worker, so that a file that is being written goes too.
void VectorShelf::remove_files(std::function<bool(std::string_view)> is_unwanted) {
  std::error_code error;
  if (!std::filesystem::exists(options_.folder, error)) return;
  worker_.post([folder = options_.folder, is_unwanted = std::move(is_unwanted)] {
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
      const std::string name = file.path().filename().string();
      if (name.starts_with(kPrefix) && is_unwanted(name)) std::filesystem::remove(file.path(), ignored);
    }
  });
}

void VectorShelf::make_room(const Key& wanted) {
  for (;;) {
    std::size_t total = 0;
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      total += it->second->bytes;
      if (it->first == wanted || it->second->state == Entry::State::loading) continue;
      if (oldest == entries_.end() || it->second->used < oldest->second->used) oldest = it;
    }
    if (total <= options_.max_bytes || oldest == entries_.end()) return;
    oldest->second->dropped = true;
    entries_.erase(oldest);
  }
}

awaitable<void> VectorShelf::watch_idle() {
  asio::steady_timer timer(core_);
  while (!entries_.empty()) {
    timer.expires_after(options_.idle / 4 + std::chrono::milliseconds(1));
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled) co_return;
    const auto oldest = std::chrono::steady_clock::now() - options_.idle;
    std::erase_if(entries_, [&](const auto& one) {
      const Entry& entry = *one.second;
      return entry.state == Entry::State::ready && !entry.builds_graph && entry.used < oldest;
    });
  }
  watching_ = false;
}

json::object VectorShelf::status() const {
  std::size_t vectors = 0, bytes = 0, graphs = 0;
  for (const auto& [key, entry] : entries_) {
    vectors += entry->size;
    bytes += entry->bytes;
    graphs += entry->has_graph;
  }
  return {{"loaded", entries_.size()}, {"vectors", vectors}, {"bytes", bytes}, {"graphs", graphs}};
}

awaitable<void> VectorShelf::stop(std::chrono::milliseconds limit) {
  for (const auto& [key, entry] : entries_) entry->dropped = true;
  entries_.clear();
  tasks_.cancel();
  co_await tasks_.async_wait(limit);
  worker_.close();
}

}  // namespace hobd
