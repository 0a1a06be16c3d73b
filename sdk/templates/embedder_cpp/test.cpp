#include <hob/testkit.hpp>

#include <cstring>

namespace {

std::vector<float> embed(hob::test::Host& host, const std::string& texts) {
  const auto& answer = host.embed("{\"input\":" + texts + ",\"purpose\":\"document\"}");
  HOB_CHECK_EQUAL(answer.status, HOB_OK);
  std::vector<float> rows(answer.result.size() / sizeof(float));
  std::memcpy(rows.data(), answer.result.data(), rows.size() * sizeof(float));
  return rows;
}

float dot(const float* a, const float* b, std::size_t size) {
  float sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

HOB_TEST("like texts are near, others far") {
  hob::test::Host host;
  const std::string card = host.embedder().result;
  const auto dimension = std::stoul(hob::test::member(card, "dimension").value());
  const auto rows = embed(host, R"(["colour","color","weather"])");
  HOB_CHECK_EQUAL(rows.size(), 3 * dimension);
  HOB_CHECK(dot(&rows[0], &rows[dimension], dimension) > dot(&rows[0], &rows[2 * dimension], dimension));
}

HOB_TEST("an input that is no list is invalid") {
  hob::test::Host host;
  HOB_CHECK_EQUAL(host.embed("{}").status, HOB_INVALID);
}

HOB_TEST_MAIN
