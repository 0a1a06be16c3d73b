#include "memory/vector_index.hpp"

#include "memory/vector_graph.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace hobd {
namespace {

/// The best that sign bits find, to be looked at exactly; a little more of very many.
std::size_t candidates_of(std::size_t size, std::uint32_t limit) {
  return std::min<std::size_t>(size, std::max<std::size_t>(400 + size / 500, std::size_t(limit) * 4));
}

void keep_best(std::vector<DenseHit>& hits, std::uint32_t limit) {
  const auto better = [](const DenseHit& a, const DenseHit& b) { return a.cosine != b.cosine ? a.cosine > b.cosine : a.row > b.row; };
  if (hits.size() > limit) {
    std::nth_element(hits.begin(), hits.begin() + limit, hits.end(), better);
    hits.resize(limit);
  }
  std::sort(hits.begin(), hits.end(), better);
}

}  // namespace

VectorIndex::VectorIndex(std::uint32_t dimension, VectorThresholds thresholds) : dimension_(dimension), thresholds_(thresholds) {}
VectorIndex::~VectorIndex() = default;

bool VectorIndex::add(std::int64_t row, std::string_view vector) {
  if (vector.size() != std::size_t(dimension_) * sizeof(Half)) return false;
  if (!rows_.empty() && row <= rows_.back() && places_.empty())
    for (std::size_t i = 0; i < rows_.size(); ++i) places_[rows_[i]] = static_cast<std::uint32_t>(i);
  if (!places_.empty()) {
    const auto [known, is_new] = places_.try_emplace(row, static_cast<std::uint32_t>(rows_.size()));
    if (!is_new) {
      std::memcpy(vectors_.data() + std::size_t(known->second) * dimension_, vector.data(), vector.size());
      if (!codes_.empty()) add_code(known->second);
      graph_.reset();
      return true;
    }
  }
  ascending_ = ascending_ && (rows_.empty() || row > rows_.back());
  rows_.push_back(row);
  const std::size_t before = vectors_.size();
  vectors_.resize(before + dimension_);
  std::memcpy(vectors_.data() + before, vector.data(), vector.size());
  if (!codes_.empty()) {
    codes_.resize(rows_.size() * code_words(dimension_));
    add_code(rows_.size() - 1);
  } else if (rows_.size() >= thresholds_.binary) {
    make_codes();
  }
  return true;
}

void VectorIndex::make_codes() {
  codes_.resize(rows_.size() * code_words(dimension_));
  for (std::size_t place = 0; place < rows_.size(); ++place) add_code(place);
}

void VectorIndex::add_code(std::size_t place) {
  std::vector<float> wide(dimension_);
  std::transform(vector_at(place), vector_at(place) + dimension_, wide.begin(), from_half);
  write_code(wide, codes_.data() + place * code_words(dimension_));
}

const char* VectorIndex::way() const {
  if (rows_.size() < thresholds_.binary) return "exact";
  return graph_ && graph_->size() == rows_.size() ? "graph" : "binary";
}

std::vector<DenseHit> VectorIndex::search(std::span<const float> query, std::uint32_t limit) const {
  if (rows_.empty() || limit == 0 || query.size() != dimension_) return {};
  if (rows_.size() < thresholds_.binary) return search_exact(query, limit);
  // A graph that lacks the latest few would hide them.
  if (graph_ && graph_->size() == rows_.size()) return search_graph(query, limit);
  return search_binary(query, limit);
}

std::vector<DenseHit> VectorIndex::search_exact(std::span<const float> query, std::uint32_t limit) const {
  std::vector<float> cosines(rows_.size());
  dot_rows(query, vectors_.data(), cosines);
  std::vector<DenseHit> hits(rows_.size());
  for (std::size_t i = 0; i < hits.size(); ++i) hits[i] = {rows_[i], cosines[i]};
  keep_best(hits, limit);
  return hits;
}

std::vector<DenseHit> VectorIndex::search_binary(std::span<const float> query, std::uint32_t limit) const {
  std::vector<std::uint64_t> code(code_words(dimension_));
  write_code(query, code.data());
  std::vector<std::uint16_t> differing(rows_.size());
  count_differing_bits(code, codes_.data(), differing);
  // How many bits may differ for enough of them to be left.
  std::vector<std::uint32_t> histogram(code.size() * 64 + 1, 0);
  for (const std::uint16_t bits : differing) ++histogram[bits];
  const std::size_t wanted = candidates_of(rows_.size(), limit);
  std::size_t most = 0, counted = 0;
  while (counted + histogram[most] < wanted) counted += histogram[most++];
  std::vector<std::uint32_t> places;
  places.reserve(wanted);
  std::size_t room_at_most = wanted - counted;
  for (std::size_t i = 0; i < differing.size(); ++i) {
    if (differing[i] > most || (differing[i] == most && room_at_most == 0)) continue;
    if (differing[i] == most) --room_at_most;
    places.push_back(static_cast<std::uint32_t>(i));
  }
  return rescored(query, places, limit);
}

std::vector<DenseHit> VectorIndex::search_graph(std::span<const float> query, std::uint32_t limit) const {
  std::vector<Half> halves(query.size());
  std::transform(query.begin(), query.end(), halves.begin(), to_half);
  const std::vector<std::uint32_t> places = graph_->search(halves.data(), std::size_t(limit) + limit / 2);
  if (places.empty()) return search_binary(query, limit);
  return rescored(query, places, limit);
}

std::vector<DenseHit> VectorIndex::rescored(std::span<const float> query, const std::vector<std::uint32_t>& places, std::uint32_t limit) const {
  std::vector<DenseHit> hits;
  hits.reserve(places.size());
  for (const std::uint32_t place : places) {
    float cosine = 0;
    dot_rows(query, vector_at(place), {&cosine, 1});
    hits.push_back({rows_[place], cosine});
  }
  keep_best(hits, limit);
  return hits;
}

std::size_t VectorIndex::bytes() const {
  return rows_.capacity() * sizeof(std::int64_t) + vectors_.capacity() * sizeof(Half) + codes_.capacity() * sizeof(std::uint64_t) +
         places_.size() * 32 + (graph_ ? graph_->bytes() : 0);
}

bool VectorIndex::wants_graph() const {
  return rows_.size() >= thresholds_.graph && (!graph_ || graph_->size() < rows_.size());
}

void VectorIndex::grow_graph(std::size_t count) {
  if (!graph_) graph_ = std::make_unique<VectorGraph>(vectors_, dimension_);
  for (; count > 0 && graph_->size() < rows_.size(); --count)
    if (!graph_->add_next()) return;
}

std::uint64_t VectorIndex::fingerprint(std::size_t count) const {
  if (count > rows_.size()) return 0;
  std::uint64_t h = 0xcbf29ce484222325 ^ count;
  for (std::size_t place = 0; place < count; ++place) h = (h ^ static_cast<std::uint64_t>(rows_[place])) * 0x100000001b3;
  const std::size_t step = std::max<std::size_t>(1, count / 1024);
  for (std::size_t place = 0; place < count; place += step)
    for (std::size_t i = 0; i < dimension_; ++i) h = (h ^ vector_at(place)[i]) * 0x100000001b3;
  return h;
}

std::string VectorIndex::graph_bytes() const {
  return ascending_ && graph_ && graph_->size() == rows_.size() ? graph_->save() : std::string();
}

bool VectorIndex::take_graph(std::string_view bytes) {
  auto loaded = VectorGraph::load(bytes, vectors_, dimension_, rows_.size());
  if (!loaded || !ascending_) return false;
  graph_ = std::move(loaded);
  return true;
}

}  // namespace hobd
