#include "embedder_host.hpp"

#include <cstdint>

using namespace embedders;
using hob::test::Host;

namespace {
double likeness(const std::string& a, const std::string& b) {
  Host host(plugin("embedder_hashing"));
  return cosine(embed(host, a), embed(host, b));
}
}  // namespace

TEST_CASE("the hashing embedder says what it is") {
  Host host(plugin("embedder_hashing"));
  CHECK(host.embedder().result == R"({"model":"hashing-384-v1","dimension":384,"max_batch":64})");
}
TEST_CASE("hashed vectors have length 1 and are the same each time") {
  Host host(plugin("embedder_hashing"));
  const auto first = embed(host, "My sister's name is Ana");
  REQUIRE(first.size() == 384);
  double squares = 0;
  for (const float value : first) squares += double(value) * value;
  CHECK(squares == Approx(1.0));
  CHECK(embed(host, "My sister's name is Ana") == first);
}
TEST_CASE("hashed vectors stay what their model's name promises") {
  // Stored vectors are compared with new ones as long as the name is the same: another number here needs another name.
  Host host(plugin("embedder_hashing"));
  const auto vector = embed(host, "hob");
  std::uint64_t digest = 0xcbf29ce484222325;
  for (const float value : vector) digest = (digest ^ static_cast<std::uint64_t>(std::lround(value * 1000) + 1000)) * 0x100000001b3;
  CHECK(digest == 0x51424d393d37a9b8);
}
TEST_CASE("hashing brings misspelt and inflected words near") {
  CHECK(likeness("the restaurant in Lyon", "the restaruant in Lyon") > 0.6);
  CHECK(likeness("gardening", "gardener") > 0.2);
  CHECK(likeness("the restaurant in Lyon", "quarterly tax figures") < 0.2);
}
TEST_CASE("hashing folds case, accents and width") {
  CHECK(likeness("Café München", "CAFE MUNCHEN") == Approx(1.0));
  CHECK(likeness("ＡＢＣ１２", "abc12") == Approx(1.0));
}
TEST_CASE("hashing knows scripts without spaces, other alphabets and emoji") {
  CHECK(likeness("我住在里昂", "我现在住在里昂") > 0.5);
  CHECK(likeness("Где мои ключи", "где мои ключи?") == Approx(1.0));
  CHECK(likeness("مفتاح البيت", "مفتاح السيارة") > 0.2);
  CHECK(likeness("🎉🎂", "🎂🎉") > 0.5);
}
TEST_CASE("texts without words are zero vectors") {
  Host host(plugin("embedder_hashing"));
  for (const char* text : {"", "  \n", "...!?"}) CHECK(embed(host, text) == Vector(384, 0.0f));
}
TEST_CASE("a megabyte of one word is embedded") {
  Host host(plugin("embedder_hashing"));
  const auto vector = embed(host, std::string(1 << 20, 'a'));
  CHECK(cosine(vector, vector) == Approx(1.0));
}
TEST_CASE("rows come in the order of the texts") {
  Host host(plugin("embedder_hashing"));
  const auto rows = floats(host.embed(request({"one", "two", "one"})).result);
  REQUIRE(rows.size() == 3 * 384);
  CHECK(std::equal(rows.begin(), rows.begin() + 384, rows.begin() + 768));
  CHECK_FALSE(std::equal(rows.begin(), rows.begin() + 384, rows.begin() + 384));
}
TEST_CASE("no texts give no rows, and what is no text is refused") {
  Host host(plugin("embedder_hashing"));
  CHECK(host.embed(R"({"input":[],"purpose":"query"})").result.empty());
  CHECK(host.embed(R"({"input":"one"})").status == HOB_INVALID);
  CHECK(host.embed(R"({"input":["a",1]})").status == HOB_INVALID);
  CHECK(host.embed(R"({})").status == HOB_INVALID);
}
