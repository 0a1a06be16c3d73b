#include "memory/embedder_client.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace hobd {
namespace {

using std::chrono::seconds;

constexpr std::string_view kExtension = "hob.embedder/1";
constexpr std::int64_t kMaxDimension = 16'384, kMaxBatch = 256;

Result<Instance*> find_embedder(const Registry& registry, const std::string& name) {
  Instance* instance = registry.find(name);
  if (!instance) return Error{Code::not_found, fmt::format("no plugin instance {} runs", name)};
  if (!is_serving(instance->state())) {
    const std::string& reason = instance->state_reason();
    return Error{Code::unavailable, fmt::format("{} is {}{}", name, instance_state_name(instance->state()), reason.empty() ? "" : ": " + reason)};
  }
  if (!instance->offers(kExtension)) return Error{Code::not_found, fmt::format("{} embeds nothing", name)};
  return instance;
}

PluginCall embed_call(const EmbedderCard& card, const std::vector<std::string>& texts, EmbedPurpose purpose, std::chrono::milliseconds deadline) {
  json::object request{{"input", json::array(texts.begin(), texts.end())}, {"purpose", purpose == EmbedPurpose::query ? "query" : "document"}};
  if (!card.asked.empty()) request["model"] = card.asked;
  PluginCall call;
  call.extension = kExtension;
  call.function = "embed";
  call.payload = json::serialize(request);
  call.deadline = deadline;
  return call;
}

static_assert(std::endian::native == std::endian::little, "vectors travel as little-endian float32");

}  // namespace

awaitable<Result<EmbedderCard>> describe_embedder(const Registry& registry, std::string entry) {
  EmbedderCard card;
  const std::size_t slash = entry.find('/');
  card.instance = entry.substr(0, slash);
  if (slash != std::string::npos) card.asked = entry.substr(slash + 1);
  card.entry = std::move(entry);
  CO_TRY(Instance * instance, find_embedder(registry, card.instance));
  PluginCall call;
  call.extension = kExtension;
  call.function = "describe";
  call.deadline = seconds(20);
  CO_TRY(const std::string answer, co_await instance->async_call(std::move(call)));
  const auto described = parse_json_object(answer);
  if (!described) co_return Error{Code::unavailable, fmt::format("{} describes itself in words that are no JSON object", card.instance)};
  card.model = string_or(*described, "model");
  const std::int64_t dimension = int_or(*described, "dimension"), batch = int_or(*described, "max_batch");
  card.max_batch = static_cast<std::size_t>(std::clamp<std::int64_t>(batch, 1, kMaxBatch));
  const bool serves_many = card.model.empty() && dimension == 0;
  if (serves_many && card.asked.empty())
    co_return Error{Code::unavailable, fmt::format("{} embeds with many models: name one, {}/<model>", card.instance, card.instance)};
  if (!serves_many) {
    card.asked.clear();
    if (card.model.empty() || dimension < 1 || dimension > kMaxDimension)
      co_return Error{Code::unavailable, fmt::format("{} describes no model and dimension (1 to {})", card.instance, kMaxDimension)};
    card.dimension = static_cast<std::uint32_t>(dimension);
    co_return card;
  }
  card.model = card.asked;
  const std::vector<std::string> probe{"dimension"};
  PluginCall asking = embed_call(card, probe, EmbedPurpose::document, seconds(60));
  CO_TRY(const std::string row, co_await instance->async_call(std::move(asking)));
  if (row.empty() || row.size() % sizeof(float) != 0 || row.size() / sizeof(float) > std::size_t(kMaxDimension))
    co_return Error{Code::unavailable, fmt::format("{} answered {} bytes for one vector", card.entry, row.size())};
  card.dimension = static_cast<std::uint32_t>(row.size() / sizeof(float));
  co_return card;
}

awaitable<Result<std::vector<float>>> embed_texts(const Registry& registry, EmbedderCard card, std::vector<std::string> texts,
                                                  EmbedPurpose purpose, std::chrono::milliseconds deadline) {
  CO_TRY(Instance * instance, find_embedder(registry, card.instance));
  PluginCall call = embed_call(card, texts, purpose, deadline);
  CO_TRY(const std::string bytes, co_await instance->async_call(std::move(call)));
  if (bytes.size() != texts.size() * card.dimension * sizeof(float))
    co_return Error{Code::internal, fmt::format("{} answered {} bytes for {} vectors of {} numbers", card.entry, bytes.size(), texts.size(), card.dimension)};
  std::vector<float> rows(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(rows.data(), bytes.data(), bytes.size());
  for (const float value : rows)
    if (!std::isfinite(value)) co_return Error{Code::internal, fmt::format("{} answered a vector with NaN or infinity in it", card.entry)};
  co_return rows;
}

}  // namespace hobd
