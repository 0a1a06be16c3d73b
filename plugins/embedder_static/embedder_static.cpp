// Embeddings of a static model on disk: see model.hpp.
#include <hob/plugin.hpp>

#include "model.hpp"

namespace {

using embedder_static::Model;

constexpr std::int64_t kMaxBatch = 64;

std::vector<float> vectors_of(const Model& model, const std::vector<std::string_view>& texts) {
  std::vector<float> rows(texts.size() * model.dimension());
  for (std::size_t i = 0; i < texts.size(); ++i)
    model.embed(texts[i], std::span(rows).subspan(i * model.dimension(), model.dimension()));
  return rows;
}

class Static final : public hob::Plugin {
  void setup() override {
    embedder([this] { return describe(); }, [this](const hob::Json& request) { return embed(request); });
  }

  void configure() override {
    const std::string path = config().get("path", "");
    if (path.empty()) throw hob::Error{hob::invalid, "\"path\" is missing: the folder of a model2vec model (config.json, tokenizer.json, model.safetensors)"};
    if (path[0] != '/') throw hob::Error{hob::invalid, "\"path\" must be absolute, such as /var/lib/hob/models/" + path};
    model_ = std::make_shared<const Model>(path, static_cast<std::size_t>(config().get("max_tokens", 512)));
  }

  const Model& model() const {
    if (!model_) throw hob::Error{hob::unavailable, "no model is loaded"};
    return *model_;
  }

  hob::Json describe() const {
    return {{"model", model().name()}, {"dimension", model().dimension()}, {"max_batch", kMaxBatch}};
  }

  hob::Task<std::vector<float>> embed(hob::Json request) {
    const auto texts = hob::embedder_input(request);
    (void)model();
    // Off the strand, since it reads the file. The views are of `request`, which this frame keeps; the model is kept by the
    // work, since configure() may put another in its place meanwhile.
    auto work = run_blocking([model = model_, texts] { return vectors_of(*model, texts); });
    co_return co_await work;
  }

  std::shared_ptr<const Model> model_;
};

}  // namespace
HOB_PLUGIN("embedder_static", Static)
