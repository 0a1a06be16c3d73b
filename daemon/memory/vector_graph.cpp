// The only file that includes hnswlib. What it lacks is made up for here: it checks little of what it loads, so the bytes carry a
// sum of their own; it reads and writes files by name alone, which are files in memory here; its errors are exceptions.
#include "memory/vector_graph.hpp"

// Distances are our own; and what this leaves out beside SIMD, its prefetching, reads one link behind a full list.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace hobd {
namespace {

constexpr std::size_t kLinks = 16, kBuildEffort = 120, kSearchEffort = 160;
constexpr std::size_t kFirstRoom = 4096;
constexpr std::uint32_t kQuery = std::numeric_limits<std::uint32_t>::max();
constexpr char kMagic[8] = {'H', 'o', 'b', 'G', 'r', 'a', 'p', '1'};

struct Header {
  char magic[8];
  std::uint64_t dimension, size, bytes, sum;
};

std::uint64_t sum_of(std::string_view bytes) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

/// What hnswlib takes for vectors are their places; this leads from a place to the numbers.
struct Places {
  const std::vector<Half>* vectors;
  std::size_t dimension;
  const Half* query = nullptr;

  const Half* at(const void* place) const {
    std::uint32_t number = 0;
    std::memcpy(&number, place, sizeof number);
    return number == kQuery ? query : vectors->data() + number * dimension;
  }
};

float distance(const void* a, const void* b, const void* parameter) {
  const auto& places = *static_cast<const Places*>(parameter);
  return 1.0f - dot_halves(places.at(a), places.at(b), places.dimension);
}

class PlaceSpace final : public hnswlib::SpaceInterface<float> {
 public:
  explicit PlaceSpace(Places& places) : places_(places) {}
  std::size_t get_data_size() override { return sizeof(std::uint32_t); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return &places_; }

 private:
  Places& places_;
};

/// A file in memory that has a name.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("hob-graph", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  bool is_open() const { return fd_ >= 0; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  /// Appends all of it.
  bool read(std::string& out) const {
    const off_t size = ::lseek(fd_, 0, SEEK_END);
    if (size <= 0) return false;
    const std::size_t before = out.size();
    out.resize(before + static_cast<std::size_t>(size));
    return ::pread(fd_, out.data() + before, static_cast<std::size_t>(size), 0) == size;
  }

 private:
  int fd_;
};

}  // namespace

struct VectorGraph::Body {
  Body(const std::vector<Half>& vectors, std::uint32_t dimension) : places{&vectors, dimension}, space(places) {}
  Places places;
  PlaceSpace space;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
};

VectorGraph::VectorGraph(const std::vector<Half>& vectors, std::uint32_t dimension) : body_(std::make_unique<Body>(vectors, dimension)) {}
VectorGraph::~VectorGraph() = default;

std::size_t VectorGraph::size() const { return body_->graph ? body_->graph->cur_element_count : 0; }

bool VectorGraph::add_next() {
  try {
    auto& graph = body_->graph;
    if (!graph) {
      graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(&body_->space, kFirstRoom, kLinks, kBuildEffort);
      graph->setEf(kSearchEffort);
    }
    const auto place = static_cast<std::uint32_t>(size());
    if (place == graph->max_elements_) graph->resizeIndex(graph->max_elements_ * 3 / 2);
    graph->addPoint(&place, place);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::vector<std::uint32_t> VectorGraph::search(const Half* query, std::size_t count) const {
  std::vector<std::uint32_t> found;
  if (size() == 0) return found;
  try {
    body_->places.query = query;
    body_->graph->setEf(std::max(kSearchEffort, 2 * count));
    auto nearest = body_->graph->searchKnn(&kQuery, std::min(count, size()));
    for (; !nearest.empty(); nearest.pop()) found.push_back(static_cast<std::uint32_t>(nearest.top().second));
  } catch (const std::exception&) {
    found.clear();
  }
  return found;
}

std::size_t VectorGraph::bytes() const {
  return body_->graph ? body_->graph->max_elements_ * (body_->graph->size_data_per_element_ + 48) : 0;
}

std::string VectorGraph::save() const {
  const MemoryFile file;
  if (!body_->graph || !file.is_open()) return {};
  try {
    body_->graph->saveIndex(file.path());
  } catch (const std::exception&) {
    return {};
  }
  std::string out(sizeof(Header), '\0');
  if (!file.read(out)) return {};
  const std::string_view payload = std::string_view(out).substr(sizeof(Header));
  Header header{{}, body_->places.dimension, size(), payload.size(), sum_of(payload)};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

std::unique_ptr<VectorGraph> VectorGraph::load(std::string_view bytes, const std::vector<Half>& vectors, std::uint32_t dimension, std::size_t most) {
  Header header{};
  if (bytes.size() < sizeof header) return nullptr;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::string_view payload = bytes.substr(sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.dimension != dimension || header.size == 0 ||
      header.size > most ||
      header.bytes != payload.size() || header.sum != sum_of(payload))
    return nullptr;
  const MemoryFile file;
  if (!file.is_open() || !file.write(payload)) return nullptr;
  try {
    auto made = std::make_unique<VectorGraph>(vectors, dimension);
    made->body_->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(&made->body_->space, file.path(), false, most + most / 4);
    if (made->size() != header.size) return nullptr;
    return made;
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace hobd
