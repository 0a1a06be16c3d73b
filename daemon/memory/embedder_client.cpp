#include "memory/embedder_client.hpp"

#include "models/model_fault.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

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

/// What one call costs, from its reservation to its end. One that is torn off counts as billed.
class Bill {
 public:
  Bill() = default;
  Bill(Budget& budget, Reservation reservation) : budget_(&budget), reservation_(std::move(reservation)) {}
  Bill(Bill&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), reservation_(std::move(other.reservation_)) {}
  Bill& operator=(Bill&&) = delete;
  ~Bill() { settle(CallOutcome::cancelled); }

  void settle(CallOutcome outcome) {
    if (!budget_) return;
    Usage usage;
    usage.model = reservation_.planned.model;
    usage.input_tokens = reservation_.planned.input_tokens;
    std::exchange(budget_, nullptr)->settle(std::move(reservation_), usage, outcome, true);
  }
  void release() {
    if (budget_) std::exchange(budget_, nullptr)->release(std::move(reservation_));
  }
  /// By how the call ended: what was refused or never reached the server isn't billed.
  void close(const Result<std::string>& answer) {
    if (answer.has_value()) return settle(CallOutcome::answered);
    const ModelFault fault = read_fault(answer.error());
    if (!fault.may_be_billed()) return release();
    settle(fault.kind == ModelFault::Kind::cancelled ? CallOutcome::cancelled : CallOutcome::failed);
  }

 private:
  Budget* budget_ = nullptr;
  Reservation reservation_;
};

awaitable<Result<Bill>> open_bill(Budget* budget, CallFor call, const EmbedderCard& card, const std::vector<std::string>& texts) {
  // A plugin that is named without a model has its own: both make the name that is priced.
  std::string model = card.entry;
  if (model.find('/') == std::string::npos && !card.model.empty()) model += "/" + card.model;
  if (!budget || (budget->prices().find(model).is_free() && !budget->counts_tokens(call))) co_return Bill();
  constexpr std::int64_t kEach = 8;
  PlannedCall planned;
  planned.call = std::move(call);
  planned.call.purpose = Purpose::embedding;
  planned.model = std::move(model);
  planned.tier = "embed";
  for (const std::string& text : texts) planned.input_tokens += count_tokens_high(text) + kEach;
  CO_TRY(Reservation reservation, co_await budget->reserve(std::move(planned)));
  co_return Bill(*budget, std::move(reservation));
}

/// A place for documents that cost something: they are background work.
awaitable<Result<BackgroundLane::Place>> place_for(SpareCalls spare, CallFor call, const EmbedderCard& card, std::chrono::milliseconds limit) {
  std::string model = card.entry;
  if (model.find('/') == std::string::npos && !card.model.empty()) model += "/" + card.model;
  const bool is_free = !spare.budget || spare.budget->prices().find(model).is_free();
  if (is_free || !spare.lane) co_return BackgroundLane::Place();
  call.purpose = Purpose::embedding;
  co_return co_await spare.lane->enter(std::move(call), limit);
}

static_assert(std::endian::native == std::endian::little, "vectors travel as little-endian float32");

}  // namespace

awaitable<Result<EmbedderCard>> describe_embedder(const Registry& registry, std::string entry, EmbedPayer payer) {
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
  CO_TRY(Bill bill, co_await open_bill(payer.spare.budget, payer.call, card, probe));
  const Result<std::string> probed = co_await instance->async_call(std::move(asking));
  bill.close(probed);
  CO_TRY(const std::string row, probed);
  if (row.empty() || row.size() % sizeof(float) != 0 || row.size() / sizeof(float) > std::size_t(kMaxDimension))
    co_return Error{Code::unavailable, fmt::format("{} answered {} bytes for one vector", card.entry, row.size())};
  card.dimension = static_cast<std::uint32_t>(row.size() / sizeof(float));
  co_return card;
}

awaitable<Result<std::vector<float>>> embed_texts(const Registry& registry, EmbedderCard card, std::vector<std::string> texts,
                                                  EmbedPurpose purpose, std::chrono::milliseconds deadline, EmbedPayer payer) {
  BackgroundLane::Place place;
  if (purpose == EmbedPurpose::document) {
    CO_TRY(place, co_await place_for(payer.spare, payer.call, card, deadline));
  }
  CO_TRY(Bill bill, co_await open_bill(payer.spare.budget, payer.call, card, texts));
  const Result<Instance*> found = find_embedder(registry, card.instance);
  if (found.has_error()) {
    bill.release();
    co_return found.error();
  }
  PluginCall call = embed_call(card, texts, purpose, deadline);
  const Result<std::string> answer = co_await (*found)->async_call(std::move(call));
  bill.close(answer);
  CO_TRY(const std::string bytes, answer);
  const std::size_t row = card.dimension * sizeof(float);
  if (row > 0 ? bytes.size() != texts.size() * row : bytes.empty() || bytes.size() % (texts.size() * sizeof(float)) != 0)
    co_return Error{Code::internal, fmt::format("{} answered {} bytes for {} vectors of {} numbers", card.entry, bytes.size(), texts.size(), card.dimension)};
  std::vector<float> rows(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(rows.data(), bytes.data(), bytes.size());
  for (const float value : rows)
    if (!std::isfinite(value)) co_return Error{Code::internal, fmt::format("{} answered a vector with NaN or infinity in it", card.entry)};
  co_return rows;
}

}  // namespace hobd
