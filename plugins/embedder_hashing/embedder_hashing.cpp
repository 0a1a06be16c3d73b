// Embeddings without a model: see features.hpp.
#include <hob/plugin.hpp>

#include "features.hpp"

namespace {

using embedder_hashing::kDimension;

constexpr std::int64_t kMaxBatch = 64;
constexpr std::size_t kInline = 8 << 10;  // bytes that are hashed within a millisecond or two

std::vector<float> vectors_of(const std::vector<std::string_view>& texts) {
  std::vector<float> rows(texts.size() * kDimension);
  for (std::size_t i = 0; i < texts.size(); ++i)
    embedder_hashing::write_features(texts[i], std::span<float, kDimension>(rows.data() + i * kDimension, kDimension));
  return rows;
}

class Hashing final : public hob::Plugin {
  void setup() override {
    embedder(
        [] { return hob::Json{{"model", embedder_hashing::kModel}, {"dimension", kDimension}, {"max_batch", kMaxBatch}}; },
        [this](const hob::Json& request) { return embed(request); });
  }

  hob::Task<std::vector<float>> embed(hob::Json request) {
    const auto texts = hob::embedder_input(request);
    std::size_t bytes = 0;
    for (const auto text : texts) bytes += text.size();
    if (bytes <= kInline) co_return vectors_of(texts);
    // The views are of `request`, which this frame keeps until the work is done.
    auto work = run_blocking([texts] { return vectors_of(texts); });
    co_return co_await work;
  }
};

}  // namespace
HOB_PLUGIN("embedder_hashing", Hashing)
