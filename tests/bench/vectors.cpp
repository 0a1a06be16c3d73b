// Milliseconds a query and recall@10 of each way to search vectors, at several sizes:
//   build/tests/bench/vectors [--dimension 384] [--graph] [SIZE...]
// Vectors are made of clusters with noise. The graph takes a millisecond a vector to make, so it is left out unless asked for.
#include "memory/vector_index.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

using namespace hobd;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kQueries = 100, kNever = std::size_t(1) << 60;

std::vector<float> near_a_centre(std::mt19937& random, const std::vector<std::vector<float>>& centres) {
  std::normal_distribution<float> normal;
  std::vector<float> row = centres[random() % centres.size()];
  for (float& value : row) value += 0.8f * normal(random);
  normalize(row);
  return row;
}

std::string stored(const std::vector<float>& row) {
  std::string out;
  for (const float value : row) {
    const Half half = to_half(value);
    out.append(reinterpret_cast<const char*>(&half), sizeof half);
  }
  return out;
}

double milliseconds_since(Steady::time_point begun) { return std::chrono::duration<double, std::milli>(Steady::now() - begun).count(); }

struct Figures {
  double p50, p95, recall;
};

Figures measure(const VectorIndex& index, const std::vector<std::vector<float>>& queries, std::vector<std::vector<DenseHit>>& exact) {
  std::vector<double> times;
  double found = 0;
  const bool is_exact = exact.empty();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto begun = Steady::now();
    auto hits = index.search(queries[i], 10);
    times.push_back(milliseconds_since(begun));
    if (is_exact) exact.push_back(hits);
    for (const DenseHit& wanted : exact[i])
      found += std::any_of(hits.begin(), hits.end(), [&](const DenseHit& hit) { return hit.row == wanted.row; });
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 95 / 100], found / (10.0 * double(queries.size()))};
}

void bench(std::size_t size, std::uint32_t dimension, bool with_graph) {
  std::mt19937 random(42);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> centres(1000, std::vector<float>(dimension)), queries;
  for (auto& centre : centres)
    for (float& value : centre) value = normal(random);
  VectorIndex exact(dimension, {kNever, kNever}), other(dimension, {0, with_graph ? 0 : kNever});
  for (std::size_t i = 0; i < size; ++i) {
    const std::string vector = stored(near_a_centre(random, centres));
    exact.add(std::int64_t(i) + 1, vector);
    other.add(std::int64_t(i) + 1, vector);
  }
  for (std::size_t i = 0; i < kQueries; ++i) queries.push_back(near_a_centre(random, centres));
  std::vector<std::vector<DenseHit>> best;
  const auto print = [&](const char* way, const Figures& f, std::size_t bytes) {
    std::printf("%9zu  %-7s p50 %7.3f ms  p95 %7.3f ms  recall@10 %.3f  %6.1f MiB\n", size, way, f.p50, f.p95, f.recall, double(bytes) / (1 << 20));
    std::fflush(stdout);
  };
  print("exact", measure(exact, queries, best), exact.bytes());
  print("binary", measure(other, queries, best), other.bytes());
  if (!with_graph) return;
  const auto begun = Steady::now();
  while (other.wants_graph()) other.grow_graph(1000);
  const double took = milliseconds_since(begun);
  print("graph", measure(other, queries, best), other.bytes());
  std::printf("%9zu  graph made in %.1f s\n", size, took / 1000);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t dimension = 384;
  bool with_graph = false;
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--graph") with_graph = true;
    else if (argument == "--dimension" && i + 1 < argc) dimension = static_cast<std::uint32_t>(std::atoi(argv[++i]));
    else sizes.push_back(static_cast<std::size_t>(std::atoll(argument.c_str())));
  }
  if (sizes.empty()) sizes = {10'000, 100'000};
  for (const std::size_t size : sizes) bench(size, dimension, with_graph);
}
