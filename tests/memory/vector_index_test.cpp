#include "memory/vector_graph.hpp"
#include "memory/vector_index.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

using namespace hobd;

namespace {

using Row = std::vector<float>;

/// Vectors around a few centres, as real ones are.
std::vector<Row> clustered(std::size_t count, std::size_t dimension, unsigned seed = 7) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<Row> centres(50, Row(dimension)), rows(count, Row(dimension));
  for (Row& centre : centres)
    for (float& value : centre) value = normal(random);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t d = 0; d < dimension; ++d) rows[i][d] = centres[i % centres.size()][d] + 0.7f * normal(random);
    normalize(rows[i]);
  }
  return rows;
}
std::string stored(const Row& row) {
  std::string out;
  for (const float value : row) {
    const Half half = to_half(value);
    out.append(reinterpret_cast<const char*>(&half), sizeof half);
  }
  return out;
}
void fill(VectorIndex& index, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) REQUIRE(index.add(std::int64_t(i) + 1, stored(rows[i])));
}
std::set<std::int64_t> rows_of(const std::vector<DenseHit>& hits) {
  std::set<std::int64_t> rows;
  for (const DenseHit& hit : hits) rows.insert(hit.row);
  return rows;
}
/// How many of the exact ten best the other way finds, over some queries.
double recall_at_10(const VectorIndex& exact, const VectorIndex& other, const std::vector<Row>& queries) {
  double found = 0;
  for (const Row& query : queries) {
    const auto wanted = rows_of(exact.search(query, 10)), got = rows_of(other.search(query, 10));
    for (const std::int64_t row : wanted) found += double(got.count(row)) / double(wanted.size());
  }
  return found / double(queries.size());
}
constexpr VectorThresholds kExact{1'000'000, 1'000'000};

}  // namespace

TEST_CASE("float16 keeps three digits and goes there and back") {
  for (const float value : {0.0f, 1.0f, -1.0f, 0.5f, 0.123456f, -0.001f, 65504.0f, 0.99999f}) CHECK(from_half(to_half(value)) == Approx(value).epsilon(0.0006));
  CHECK(to_half(1.0f) == 0x3c00);
  CHECK(from_half(to_half(1e-6f)) == 0);
  CHECK(from_half(to_half(1e9f)) == 65504.0f);
}
TEST_CASE("SIMD and plain dot products agree") {
  for (const std::size_t dimension : {1u, 3u, 16u, 100u, 384u, 1537u}) {
    const auto rows = clustered(20, dimension);
    std::vector<Half> halves;
    for (const Row& row : rows)
      for (const float value : row) halves.push_back(to_half(value));
    std::vector<float> fast(rows.size()), plain(rows.size());
    dot_rows(rows[0], halves.data(), fast);
    dot_rows_plain(rows[0], halves.data(), plain);
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(fast[i] == Approx(plain[i]).margin(1e-4));
  }
}
TEST_CASE("bits are counted right") {
  const std::uint64_t code[] = {0b1011, 0}, codes[] = {0b1011, 0, 0, ~std::uint64_t(0)};
  std::vector<std::uint16_t> out(2);
  count_differing_bits(code, codes, out);
  CHECK(out == std::vector<std::uint16_t>{0, 67});
}
TEST_CASE("what can't be scaled is left alone") {
  Row zero(4, 0.0f), broken{1, std::nanf(""), 0, 0};
  CHECK_FALSE(normalize(zero));
  CHECK_FALSE(normalize(broken));
}
TEST_CASE("an empty index finds nothing") {
  VectorIndex index(4);
  CHECK(index.search(Row{1, 0, 0, 0}, 10).empty());
}
TEST_CASE("the exact way finds the nearest, best first") {
  VectorIndex index(2);
  index.add(5, stored({1, 0}));
  index.add(6, stored({0, 1}));
  index.add(7, stored({0.8f, 0.6f}));
  const auto hits = index.search(Row{1, 0}, 2);
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].row == 5);
  CHECK(hits[0].cosine == Approx(1.0));
  CHECK(hits[1].row == 7);
  CHECK(hits[1].cosine == Approx(0.8).epsilon(0.001));
}
TEST_CASE("a vector of another size is refused") {
  VectorIndex index(2);
  CHECK_FALSE(index.add(1, stored({1, 0, 0})));
  index.add(1, stored({1, 0}));
  CHECK(index.search(Row{1, 0, 0}, 10).empty());
}
TEST_CASE("a row that comes again takes its new vector") {
  VectorIndex index(2, {2, 2});
  index.add(1, stored({1, 0}));
  index.add(2, stored({0.6f, 0.8f}));
  index.grow_graph(10);
  index.add(1, stored({0, 1}));
  CHECK(index.size() == 2);
  CHECK(index.search(Row{0, 1}, 1).at(0).row == 1);
}
TEST_CASE("25,000 vectors are searched by their signs and found") {
  auto rows = clustered(25'050, 128);
  const std::vector<Row> queries(rows.end() - 50, rows.end());
  rows.resize(25'000);
  VectorIndex index(128), exact(128, kExact);
  fill(index, rows);
  fill(exact, rows);
  CHECK(index.way() == std::string("binary"));
  CHECK(recall_at_10(exact, index, queries) > 0.95);
}
TEST_CASE("the signs of sparse vectors tell them apart too") {
  std::mt19937 random(3);
  std::vector<Row> rows(5'000, Row(384, 0.0f));
  for (Row& row : rows) {
    for (int i = 0; i < 30; ++i) row[random() % 384] += (random() & 1) ? 1.0f : -1.0f;
    normalize(row);
  }
  VectorIndex index(384, {100, 1'000'000}), exact(384, kExact);
  fill(index, rows);
  fill(exact, rows);
  std::vector<Row> queries(rows.begin(), rows.begin() + 30);
  for (Row& query : queries) {
    for (int i = 0; i < 8; ++i) query[random() % 384] += 0.2f;
    normalize(query);
  }
  CHECK(recall_at_10(exact, index, queries) > 0.9);
}
TEST_CASE("a graph is made bit by bit while signs serve") {
  auto rows = clustered(3'050, 64);
  const std::vector<Row> queries(rows.end() - 50, rows.end());
  rows.resize(3'000);
  VectorIndex index(64, {100, 1'000}), exact(64, kExact);
  fill(index, rows);
  fill(exact, rows);
  CHECK(index.wants_graph());
  index.grow_graph(1'000);
  CHECK(index.way() == std::string("binary"));
  while (index.wants_graph()) index.grow_graph(500);
  CHECK(index.way() == std::string("graph"));
  CHECK(recall_at_10(exact, index, queries) > 0.95);
}
TEST_CASE("a stored graph is taken by the same rows, and goes on from there") {
  const auto rows = clustered(1'500, 32);
  VectorIndex index(32, {100, 1'000});
  fill(index, rows);
  while (index.wants_graph()) index.grow_graph(500);
  const std::string bytes = index.graph_bytes();
  REQUIRE_FALSE(bytes.empty());
  VectorIndex again(32, {100, 1'000});
  fill(again, rows);
  again.add(9'999, stored(clustered(1, 32, 99)[0]));
  CHECK(again.fingerprint(1'500) == index.fingerprint(1'500));
  REQUIRE(again.take_graph(bytes));
  CHECK(again.wants_graph());
  again.grow_graph(1);
  CHECK(again.way() == std::string("graph"));
  CHECK(again.search(rows[3], 1).at(0).row == 4);
}
TEST_CASE("a broken graph is refused") {
  const auto rows = clustered(300, 32);
  VectorIndex index(32, {100, 100});
  fill(index, rows);
  while (index.wants_graph()) index.grow_graph(500);
  const std::string whole = index.graph_bytes();
  VectorIndex other(32, {100, 100});
  fill(other, rows);
  CHECK_FALSE(other.take_graph(""));
  CHECK_FALSE(other.take_graph(whole.substr(0, whole.size() / 2)));
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    std::string spoilt = whole;
    spoilt[random() % spoilt.size()] ^= static_cast<char>(1 << (random() % 8));
    CHECK_FALSE(other.take_graph(spoilt));
  }
  VectorIndex fewer(32, {100, 100});
  fill(fewer, {rows.begin(), rows.begin() + 200});
  CHECK_FALSE(fewer.take_graph(whole));
  CHECK(other.take_graph(whole));
}
TEST_CASE("rows out of order make no graph to keep") {
  VectorIndex index(32, {10, 10});
  const auto rows = clustered(20, 32);
  for (std::size_t i = 0; i < rows.size(); ++i) index.add(100 - std::int64_t(i), stored(rows[i]));
  while (index.wants_graph()) index.grow_graph(5);
  CHECK(index.way() == std::string("graph"));
  CHECK(index.graph_bytes().empty());
}
