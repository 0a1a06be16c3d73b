#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/embedder_client.hpp"
#include "models/budget.hpp"
#include "models/image_part.hpp"

#include <cmath>

namespace hobd {
namespace {

/// What a model costs, in USD per million tokens, and how that is known.
json::object price_json(const ModelCard& card) {
  constexpr const char* kKnown[] = {"table", "models.prices", "local", "unknown: reckoned as the dearest"};
  return {{"input_usd", card.input}, {"output_usd", card.output}, {"price", kKnown[static_cast<std::size_t>(card.known)]}};
}

awaitable<Result<json::value>> list(ModelContext context) {
  CO_TRY(const std::vector<ModelInfo> models, co_await context.router->list());
  json::array items;
  for (const ModelInfo& model : models) {
    json::object item{{"name", model.name},
                      {"provider", model.provider},
                      {"model", model.model},
                      {"tiers", json::array(model.tiers.begin(), model.tiers.end())},
                      {"healthy", model.healthy},
                      {"trouble", model.trouble.empty() ? json::value(nullptr) : json::value(model.trouble)}};
    if (context.budget)
      for (auto& [name, value] : price_json(context.budget->prices().find(model.name))) item[name] = std::move(value);
    items.push_back(std::move(item));
  }
  co_return json::object{{"items", std::move(items)}, {"next_cursor", nullptr}};
}

awaitable<Result<json::value>> test(ModelContext context, MethodCall call) {
  const std::string provider(string_or(call.params, "provider"));
  const auto started = context.clock->steady();
  CO_TRY(json::value models, co_await context.router->provider_models(provider));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(context.clock->steady() - started);
  co_return json::object{{"provider", provider}, {"reachable", true}, {"took_ms", took.count()}, {"models", std::move(models)}};
}

/// Who pays for a bare call: the caller, on the channel that it names or its own.
Result<CallFor> payer_of(const MethodCall& call) {
  const std::string_view channel = string_or(call.params, "channel");
  if (!channel.empty() && !may_name_channel(call.who)) return Error{Code::denied, "params.channel: only admins and plugins name a channel"};
  CallFor payer;
  payer.user_id = call.who.user_id;
  payer.channel = channel.empty() ? default_channel(call.who) : std::string(channel);
  return payer;
}

awaitable<Result<json::value>> complete(ModelContext context, MethodCall call) {
  ModelRequest request;
  request.model = string_or(call.params, "model");
  request.chat = call.params.at("chat").as_object();
  if (const json::array* messages = array_at(request.chat, "messages"))
    for (std::size_t i = 0; i < messages->size(); ++i)
      if (const json::object* message = (*messages)[i].if_object())
        if (const json::array* parts = array_at(*message, "content")) CO_CHECK(check_images(*parts, "params.chat.messages[" + std::to_string(i) + "].content"));
  CO_TRY(request.call, payer_of(call));
  request.call.purpose = Purpose::chat;
  std::function<void(std::string_view)> on_delta = [sink = std::move(call.on_event)](std::string_view delta) {
    sink(json::object{{"event", "text"}, {"data", {{"delta", delta}}}});
  };
  CO_TRY(const ModelAnswer answer, co_await context.router->complete(std::move(request), std::move(on_delta)));
  co_return to_json(answer);
}

constexpr std::size_t kMostTexts = 2048;  // OpenAI's own limit
constexpr std::size_t kEmbedBatch = 64;   // where an embedder says nothing

Result<std::vector<std::string>> texts_of(const json::value& input) {
  if (input.is_string() && !input.get_string().empty()) return std::vector<std::string>{std::string(input.get_string())};
  std::vector<std::string> texts;
  if (const json::array* list = input.if_array())
    for (const json::value& one : *list)
      if (one.is_string() && !one.get_string().empty()) texts.emplace_back(one.get_string());
  if (texts.empty() || texts.size() > kMostTexts || texts.size() != input.get_array().size())
    return Error{Code::invalid, "params.input: a text, or up to 2048 of them, none empty (tokens are not taken)"};
  return texts;
}

/// The embedder behind a name: the first of the tier, a plugin that embeds, or a model of a provider.
awaitable<Result<EmbedderCard>> find_embedder(ModelContext context, std::string name, EmbedPayer payer) {
  if (name == "tier/embed") {
    const std::shared_ptr<const Config> config = context.config();
    const auto tier = config->models.tiers.find("embed");
    if (tier == config->models.tiers.end() || tier->second.empty()) co_return Error{Code::not_found, "models.tiers.embed names no embedder"};
    name = tier->second.front();
  }
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) co_return co_await describe_embedder(*context.registry, std::move(name), std::move(payer));
  // Only a provider embeds with the model it is asked for: any other would be booked at the price of whatever name it was given.
  if (!context.config()->models.providers.contains(name.substr(0, slash)))
    co_return Error{Code::not_found, "models.providers has no \"" + name.substr(0, slash) + "\"; an embedder plugin is named without a model"};
  EmbedderCard card;
  card.instance = name.substr(0, slash);
  card.asked = card.model = name.substr(slash + 1);
  card.max_batch = kEmbedBatch;
  card.entry = std::move(name);
  co_return card;
}

awaitable<Result<json::value>> embed(ModelContext context, MethodCall call) {
  CO_TRY(const std::vector<std::string> texts, texts_of(call.params.at("input")));
  EmbedPayer payer;
  payer.spare.budget = context.budget;  // somebody waits for it: no lane
  CO_TRY(payer.call, payer_of(call));
  CO_TRY(const EmbedderCard card, co_await find_embedder(context, std::string(string_or(call.params, "model")), payer));
  json::array vectors;
  std::int64_t tokens = 0;
  for (std::size_t from = 0; from < texts.size(); from += card.max_batch) {
    const std::size_t count = std::min(card.max_batch, texts.size() - from);
    const auto first = texts.begin() + static_cast<std::ptrdiff_t>(from);
    std::vector<std::string> batch(first, first + static_cast<std::ptrdiff_t>(count));
    for (const std::string& text : batch) tokens += count_tokens_high(text);
    CO_TRY(const std::vector<float> rows, co_await embed_texts(*context.registry, card, batch, EmbedPurpose::document, std::chrono::seconds(60), payer));
    const std::size_t dimension = rows.size() / count;
    for (std::size_t row = 0; row < count; ++row)
      vectors.emplace_back(json::array(rows.begin() + static_cast<std::ptrdiff_t>(row * dimension), rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * dimension)));
  }
  co_return json::object{{"model", card.entry}, {"vectors", std::move(vectors)}, {"usage", {{"input_tokens", tokens}}}};
}

json::array tier_models(const Router& router, const char* tier) {
  const Result<std::vector<std::string>> names = router.resolve(std::string("tier/") + tier);
  if (names.has_error()) return {};
  return json::array(names->begin(), names->end());
}

const char* mode_name(RouterMode mode) {
  switch (mode) {
    case RouterMode::fast: return "fast";
    case RouterMode::smart: return "smart";
    case RouterMode::automatic: break;
  }
  return "auto";
}

/// Where a text would go, and why.
json::object explain_route(const ModelContext& context, std::string_view text, const std::string& user_id) {
  RouteQuestion question;
  question.user_id = user_id;
  question.text = text;
  const RouteDecision decision = context.routing ? context.routing->explain(question) : context.router->explain(question);
  json::array reasons(decision.reasons.begin(), decision.reasons.end());
  if (decision.is_unsure) reasons.push_back("a close call: the fast tier would be asked for its word first");
  json::array models = tier_models(*context.router, decision.tier.c_str());
  return {{"tier", decision.tier},
          {"by", decision.by},
          {"score", std::round(decision.score * 1000) / 1000},
          {"reasons", std::move(reasons)},
          {"model", models.empty() ? json::value(nullptr) : models.front()}};
}

awaitable<Result<json::value>> routes(ModelContext context, MethodCall call) {
  const std::string_view text = string_or(call.params, "explain", string_or(call.params, "text"));
  if (call.params.contains("explain") || call.params.contains("text")) co_return explain_route(context, text, call.who.user_id);
  json::object answer;
  answer["tiers"] = json::object{{"fast", tier_models(*context.router, "fast")}, {"smart", tier_models(*context.router, "smart")}};
  answer["mode"] = mode_name(context.config ? context.config()->models.router.mode : RouterMode::automatic);
  answer["stats"] = context.routing ? context.routing->stats() : json::object();
  co_return answer;
}

}  // namespace

void add_model_methods(MethodTable& table, ModelContext context) {
  table.add({.name = "model.list",
             .scope = "models",
             .doc = "The models that are configured, their tiers, what they cost and whether they answer.",
             .params = params({}),
             .result = list_result()},
            [context](MethodCall) { return list(context); });
  table.add({.name = "model.routes",
             .scope = "models",
             .doc = "Which models answer on each tier and how messages were routed; with a text: where it would go and why. No model is asked.",
             .params = params({{"text", "text", Need::optional, "a message"}, {"explain", "text", Need::optional, "the same, as an option"}}),
             .result = result({{"tier", "string"},
                               {"by", "string"},
                               {"score", "number"},
                               {"reasons", "array"},
                               {"tiers", "object"},
                               {"mode", "string"},
                               {"stats", "object"}}),
             .positional = {"text"}},
            [context](MethodCall call) { return routes(context, std::move(call)); });
  table.add({.name = "model.test",
             .scope = "admin",
             .doc = "Ask a provider for its models: whether it can be reached, and what it says if not.",
             .params = params({{"provider", "text", Need::required}}),
             .result = result({{"provider", "string"}, {"reachable", "boolean"}, {"models", "any"}}),
             .positional = {"provider"}},
            [context](MethodCall call) { return test(context, std::move(call)); });
  table.add({.name = "model.complete",
             .scope = "models",
             .doc = "Ask a bare model: no memory, no tools of Hob's, nothing stored.",
             .params = params({{"model", "text", Need::required, "tier/fast, tier/smart or provider/model"},
                               {"chat", "object", Need::required, "{messages, tools?, temperature?, ...} as providers take it"},
                               {"channel", "string", Need::optional, "admins and plugins only: whose budget it is"}}),
             .result = result({{"text", "string"}, {"tool_calls", "array"}, {"stop", "string"}, {"usage", "object"}}),
             .streaming = true,
             .positional = {"model", "chat"}},
            [context](MethodCall call) { return complete(context, std::move(call)); });
  table.add({.name = "model.embed",
             .scope = "models",
             .doc = "Vectors of texts, in their order. Their tokens are counted by Hob, on the high side.",
             .params = params({{"model", "text", Need::required, "tier/embed, an embedder plugin or provider/model"},
                               {"input", "any", Need::required, "a text or a list of them"},
                               {"channel", "string", Need::optional, "admins and plugins only: whose budget it is"}}),
             .result = result({{"model", "string"}, {"vectors", "array"}, {"usage", "object"}}),
             .positional = {"model", "input"}},
            [context](MethodCall call) { return embed(context, std::move(call)); });
}

}  // namespace hobd
