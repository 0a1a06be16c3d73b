// Embeddings of any server with OpenAI's /embeddings.
#include <hob/plugin.hpp>

#include "provider_openai/embeddings.hpp"

namespace {

using hob::Json;
using provider_openai::EmbeddingStyle;
using provider_openai::Server;

class OpenAiEmbedder final : public hob::Plugin {
  void setup() override {
    embedder([this] { return describe(); }, [this](const Json& request) { return embed(request); });
  }

  void configure() override {
    EmbeddingStyle style;
    style.model = config().get("model", "text-embedding-3-small");
    style.dimensions = config().get<std::int64_t>("dimensions", 0);
    style.max_bytes = static_cast<std::size_t>(config().get("max_bytes", 8000));
    server_ = Server::read(config());
    query_prefix_ = config().get("query_prefix", "");
    document_prefix_ = config().get("document_prefix", "");
    style_ = std::move(style);
    dimension_ = static_cast<std::size_t>(style_.dimensions);
  }

  /// Texts that are embedded with another prefix or cut are other vectors, so all of it is in the name.
  std::string name() const {
    std::string name = style_.model;
    if (style_.dimensions > 0) name += ":" + std::to_string(style_.dimensions);
    if (!document_prefix_.empty()) name += "+" + document_prefix_.substr(0, 40);
    if (style_.max_bytes != EmbeddingStyle{}.max_bytes) name += "<" + std::to_string(style_.max_bytes);
    return name;
  }

  hob::Task<Json> describe() {
    if (dimension_ == 0) {  // the server knows: one word tells
      auto probe = provider_openai::embed(http(), server_, style_, {"dimension"}, 0);
      const std::vector<float> row = co_await probe;
      dimension_ = row.size();
    }
    Json card{{"model", name()}, {"dimension", dimension_}, {"max_batch", provider_openai::kEmbeddingBatch}};
    co_return card;
  }

  hob::Task<std::vector<float>> embed(Json request) {
    const auto texts = hob::embedder_input(request);
    EmbeddingStyle style = style_;
    style.prefix = request["purpose"].text() == "query" ? query_prefix_ : document_prefix_;
    auto work = provider_openai::embed(http(), server_, std::move(style), texts, dimension_);
    std::vector<float> rows = co_await work;
    co_return rows;
  }

  Server server_;
  EmbeddingStyle style_;
  std::string query_prefix_, document_prefix_;
  std::size_t dimension_ = 0;  // 0: not known yet
};

}  // namespace
HOB_PLUGIN("embedder_openai", OpenAiEmbedder)
