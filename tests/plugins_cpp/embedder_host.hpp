// What the tests of embedders share: a plugin under the kit's host, vectors read from its answers.
#pragma once

#include <hob/testkit/host.hpp>

#include <catch2/catch.hpp>

#include <boost/json.hpp>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace embedders {

namespace json = boost::json;
using Vector = std::vector<float>;

inline hob::test::Options plugin(const std::string& name, const json::object& config = {}) {
  hob::test::Options options;
  options.file = std::string(HOB_PLUGINS) + "/" + name + "/" + name + ".so";
  options.config = json::serialize(config);
  return options;
}

inline std::string request(const std::vector<std::string>& texts, const char* purpose = "document", const char* model = nullptr) {
  json::object asked{{"input", json::array(texts.begin(), texts.end())}, {"purpose", purpose}};
  if (model) asked["model"] = model;
  return json::serialize(asked);
}

inline Vector floats(const std::string& bytes) {
  Vector out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

/// The vector of one text.
inline Vector embed(hob::test::Host& host, const std::string& text) {
  const auto& answer = host.embed(request({text}));
  INFO(answer.result);
  REQUIRE(answer.status == HOB_OK);
  return floats(answer.result);
}

inline double cosine(const Vector& a, const Vector& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) dot += double(a[i]) * b[i], aa += double(a[i]) * a[i], bb += double(b[i]) * b[i];
  return dot / std::sqrt(aa * bb);
}

}  // namespace embedders
