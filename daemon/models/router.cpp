#include "models/router.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "models/answer.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace hobd {
namespace {

constexpr std::string_view kProvider = "hob.provider/1";
constexpr std::string_view kOffline = "offline/offline";
constexpr std::size_t kMaxModelName = 256;
constexpr std::string_view kChatTiers[] = {"fast", "smart"};
/// How long a model that failed is tried last.
constexpr std::chrono::seconds kCoolDown{30};
constexpr std::chrono::seconds kMaxCoolDown{600};
/// Under `router.mode: auto` a message up to this long, on one line and without attachments, goes to the fast
/// tier; everything else to the smart one.
constexpr std::size_t kShortMessage = 200;

struct ModelName {
  std::string provider, model;
};

ModelName split_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  ModelName parts;
  parts.provider = name.substr(0, slash);
  if (slash != std::string_view::npos) parts.model = name.substr(slash + 1);
  return parts;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

bool is_short_and_plain(const json::object& chat) {
  const json::array* messages = array_at(chat, "messages");
  if (!messages) return false;
  for (auto it = messages->rbegin(); it != messages->rend(); ++it) {
    const json::object* message = it->if_object();
    if (!message) return false;
    const std::string_view role = string_or(*message, "role");
    if (role == "system") continue;
    if (role != "user") return false;
    // "text" is what the user wrote, where "content" has what was recalled too.
    const std::string_view text = string_or(*message, "text", string_or(*message, "content"));
    return !text.empty() && text.size() <= kShortMessage && text.find('\n') == std::string_view::npos;
  }
  return false;
}

/// The wait that a message "retry after N s: ..." asks for, bounded; else the usual cool-down.
std::chrono::seconds cool_down_of(const Error& error) {
  constexpr std::string_view kPrefix = "retry after ";
  const std::size_t at = error.message.find(kPrefix);
  if (error.code != Code::overloaded || at == std::string::npos) return kCoolDown;
  int seconds = 0;
  const char* first = error.message.data() + at + kPrefix.size();
  std::from_chars(first, error.message.data() + error.message.size(), seconds);
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(1), kMaxCoolDown);
}

/// What one model wants back with its message means nothing to another, which may even refuse it.
void drop_foreign_carries(json::object& chat, std::string_view model) {
  const auto messages = chat.find("messages");
  if (messages == chat.end() || !messages->value().is_array()) return;
  for (json::value& item : messages->value().get_array()) {
    json::object* message = item.if_object();
    if (!message || !message->contains("carry")) continue;
    if (string_or(*message, "carry_of") != model) message->erase("carry");
    message->erase("carry_of");
  }
}

std::string advice(Code code, const ModelName& name) {
  const std::string provider = "models.providers." + name.provider;
  switch (code) {
    case Code::denied: return "check " + provider + ".api_key";
    case Code::not_found: return "check the model's name; `hobctl model list` shows what the server has";
    case Code::overloaded: return "wait a little, or add another model to models.tiers";
    case Code::timeout: return "the server is slow: try again, raise limits.turn_timeout, or use a smaller model";
    case Code::invalid: return "the model may not support what was asked (tools, images, the length); try another model";
    default: return "check that the server runs and that " + provider + " is right; `hobctl doctor` tests it";
  }
}

class TierRouter final : public Router {
 public:
  explicit TierRouter(RouterContext context)
      : registry_(*context.registry), config_(std::move(context.config)), clock_(*context.clock) {}

  awaitable<Result<ModelAnswer>> complete(ModelRequest request, std::function<void(std::string_view)> on_delta) override {
    CO_TRY(std::vector<std::string> names, candidates(request.model, is_short_and_plain(request.chat)));
    // Those that failed a moment ago come last, but still before giving up.
    std::stable_partition(names.begin(), names.end(), [&](const std::string& name) { return !is_cooling(name); });
    const auto deadline = clock_.steady() + request.deadline;
    std::vector<std::string> faults;
    Error last{Code::unavailable, "no model is configured: name one in models.tiers"};
    for (const std::string& name : names) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.steady());
      if (left.count() <= 0) {
        if (faults.empty()) last = {Code::timeout, "the time for the model's answer is up"};
        break;
      }
      // Shared with the provider's call, which may outlive this frame when the turn is cancelled.
      const auto builder = std::make_shared<AnswerBuilder>(on_delta);
      // The offline model says why it stands in.
      if (name == kOffline)
        if (const auto failed = failures(); !failed.empty()) request.chat["failed"] = json::array(failed.begin(), failed.end());
      Result<ModelAnswer> answer = co_await ask(name, request.chat, left, builder);
      if (answer.has_value()) {
        failing_.erase(name);
        answer->usage.tier = tier_of(name);
        co_return answer;
      }
      const Code code = answer.error().code;
      if (code == Code::cancelled) co_return answer;
      if (code != Code::invalid) cool(name, answer.error());
      last = Error{code, name + ": " + answer.error().message + " (" + advice(code, split_name(name)) + ")"};
      if (builder->shown()) co_return last;
      faults.push_back(last.message);
    }
    if (faults.size() > 1) {
      last.message = "no model answered: ";
      for (std::size_t i = 0; i < faults.size(); ++i) last.message += (i ? "; " : "") + faults[i];
    }
    co_return last;
  }

  Result<std::vector<std::string>> resolve(std::string_view model) const override { return candidates(model, false); }

  awaitable<Result<std::vector<ModelInfo>>> list() override {
    std::vector<ModelInfo> models;
    const auto add = [&](const std::string& name) {
      const auto known = std::find_if(models.begin(), models.end(), [&](const ModelInfo& m) { return m.name == name; });
      if (known != models.end()) return known;
      ModelInfo info;
      info.name = name;
      const ModelName parts = split_name(name);
      info.provider = parts.provider;
      info.model = parts.model;
      info.healthy = is_up(name) && !is_cooling(name);
      models.push_back(std::move(info));
      return models.end() - 1;
    };
    for (const std::string_view tier : kChatTiers)
      for (const std::string& name : tier_models(tier)) add(name)->tiers.emplace_back(tier);
    // What the servers themselves offer; one that can't be reached adds nothing.
    for (Instance* instance : registry_.with_extension(kProvider)) {
      const std::string provider = instance->name();
      if (provider == "offline") {
        add(std::string(kOffline));
        continue;
      }
      Result<json::value> answer = co_await provider_models(provider);
      if (answer.has_error() || !answer->is_object()) continue;
      const json::array* offered = array_at(answer->get_object(), "models");
      if (!offered) continue;
      for (const json::value& model : *offered)
        if (const json::object* object = model.if_object())
          if (const std::string_view id = string_or(*object, "id"); !id.empty()) add(provider + "/" + std::string(id));
    }
    co_return models;
  }

  RouteDecision explain(const RouteQuestion& question) const override {
    RouteDecision decision;
    decision.tier = question.text.size() <= kShortMessage ? "fast" : "smart";
    decision.by = "rule";
    return decision;
  }

  bool has_model() const override {
    for (const std::string_view tier : kChatTiers)
      for (const std::string& name : tier_models(tier))
        if (split_name(name).provider != "offline" && is_up(name) && !is_cooling(name)) return true;
    return false;
  }

  std::vector<std::string> failures() const override {
    std::vector<std::string> texts;
    for (const auto& [name, failure] : failing_)
      if (name != kOffline) texts.push_back(name + ": " + failure.reason);
    return texts;
  }

  awaitable<Result<json::value>> provider_models(std::string provider) override {
    Instance* instance = registry_.find(provider);
    if (!instance || !instance->offers(kProvider)) co_return unknown_provider(provider);
    PluginCall call;
    call.extension = kProvider;
    call.function = "models";
    call.deadline = std::chrono::seconds(10);
    Result<std::string> answer = co_await instance->async_call(std::move(call));
    if (answer.has_error()) co_return answer.error().with_context("list the models of " + provider);
    Result<json::value> value = parse_json(*answer);
    if (value.has_error())
      co_return Error{Code::unavailable, "list the models of " + provider + ": " + value.error().message};
    co_return value;
  }

  void set_config(std::shared_ptr<const Config> config) override {
    config_ = std::move(config);
    failing_.clear();
  }

 private:
  const std::vector<std::string>& tier_models(std::string_view tier) const {
    static const std::vector<std::string> kNone;
    const auto at = config_->models.tiers.find(std::string(tier));
    return at == config_->models.tiers.end() ? kNone : at->second;
  }

  /// The tier's models, those of the other chat tier when it is empty, the offline one when both are.
  std::vector<std::string> tier_or_fallback(std::string_view tier) const {
    for (const std::string_view name : {tier, tier == "fast" ? std::string_view("smart") : std::string_view("fast")})
      if (const auto& models = tier_models(name); !models.empty()) return models;
    return {std::string(kOffline)};
  }

  Result<std::vector<std::string>> candidates(std::string_view model, bool is_plain) const {
    if (model.empty()) {
      switch (config_->models.router.mode) {
        case RouterMode::fast: return tier_or_fallback("fast");
        case RouterMode::smart: return tier_or_fallback("smart");
        case RouterMode::automatic: return tier_or_fallback(is_plain ? "fast" : "smart");
      }
    }
    if (model.starts_with("tier/")) {
      const std::string_view tier = model.substr(5);
      if (std::find(std::begin(kChatTiers), std::end(kChatTiers), tier) == std::end(kChatTiers))
        return Error{Code::not_found, "there is no tier \"" + std::string(tier) + "\" that answers: tier/fast, tier/smart"};
      return tier_or_fallback(tier);
    }
    if (model.size() > kMaxModelName) return Error{Code::invalid, "a model's name has at most 256 bytes"};
    const ModelName name = split_name(model);
    if (name.model.empty())
      return Error{Code::not_found, "\"" + std::string(model) + "\" is not a model: write tier/fast, tier/smart or "
                                                                "<provider>/<model>; providers: " + join(providers())};
    Instance* instance = registry_.find(name.provider);
    if ((!instance || !instance->offers(kProvider)) && !config_->models.providers.contains(name.provider))
      return unknown_provider(name.provider);
    return std::vector<std::string>{std::string(model)};
  }

  std::vector<std::string> providers() const {
    std::vector<std::string> names;
    for (const Instance* instance : registry_.with_extension(kProvider)) names.push_back(instance->name());
    return names;
  }

  Error unknown_provider(const std::string& provider) const {
    const std::vector<std::string> names = providers();
    const std::string_view near = nearest(provider, names);
    std::string message = "there is no provider \"" + provider + "\"";
    if (!near.empty()) message += ", did you mean \"" + std::string(near) + "\"?";
    return {Code::not_found, message + "; providers: " + join(names)};
  }

  bool is_up(const std::string& name) const {
    const Instance* instance = registry_.find(split_name(name).provider);
    return instance && instance->state() == InstanceState::ready && instance->offers(kProvider);
  }

  /// Remembers why a model failed; it is tried last for a while. Only the models of tiers are tried in an order: what
  /// a caller names by itself has nothing to come after.
  void cool(const std::string& name, const Error& error) {
    if (tier_of(name).empty()) return;
    if (!failing_.contains(name)) log::warn("models", "{}: {}", name, error.message);
    failing_[name] = {clock_.steady() + cool_down_of(error), error.message};
  }

  bool is_cooling(const std::string& name) const {
    const auto at = failing_.find(name);
    return at != failing_.end() && clock_.steady() < at->second.until;
  }

  std::string tier_of(const std::string& name) const {
    for (const std::string_view tier : kChatTiers) {
      const auto& models = tier_models(tier);
      if (std::find(models.begin(), models.end(), name) != models.end()) return std::string(tier);
    }
    return {};
  }

  double cost_of(const std::string& name, const Usage& usage) const {
    const auto& prices = config_->models.prices;
    auto at = prices.find(name);
    if (at == prices.end()) at = prices.find(split_name(name).model);
    if (at == prices.end()) return 0;
    const Config::Price& price = at->second;
    const double cached_price = price.cached.value_or(price.input);
    const double cached = double(std::min(usage.cached_tokens, usage.input_tokens));
    return (double(usage.input_tokens) - cached) / 1e6 * price.input + cached / 1e6 * cached_price +
           double(usage.output_tokens) / 1e6 * price.output;
  }

  awaitable<Result<ModelAnswer>> ask(const std::string& name, const json::object& chat, std::chrono::milliseconds limit,
                                     std::shared_ptr<AnswerBuilder> builder) {
    const ModelName parts = split_name(name);
    Instance* instance = registry_.find(parts.provider);
    if (!instance) co_return Error{Code::unavailable, "the provider \"" + parts.provider + "\" is not running"};
    if (instance->state() != InstanceState::ready)
      co_return Error{Code::unavailable, "the provider is " + std::string(instance_state_name(instance->state())) +
                                             (instance->state_reason().empty() ? "" : ": " + instance->state_reason())};
    json::object request;
    request["model"] = parts.model;
    for (const auto& [key, value] : chat) request.insert_or_assign(key, value);
    drop_foreign_carries(request, name);
    PluginCall call;
    call.extension = kProvider;
    call.function = "complete";
    call.payload = json::serialize(request);
    call.deadline = limit;
    call.on_chunk = [builder](std::string chunk) { return builder->take(chunk); };
    const std::size_t request_bytes = call.payload.size();
    Result<std::string> end = co_await instance->async_call(std::move(call));
    // A plugin whose flow was stopped because its answer is broken may say "cancelled": the fault says more.
    if (end.has_error() && !builder->broken()) co_return end.error();
    const std::string result = end.has_value() ? *std::move(end) : std::string();
    CO_TRY(ModelAnswer answer, builder->finish(result, request_bytes));
    answer.provider = parts.provider;
    // The name as the config writes it: prices and reports are kept under it.
    answer.usage.model = name;
    answer.usage.cost_usd = cost_of(name, answer.usage);
    co_return answer;
  }

  Registry& registry_;
  std::shared_ptr<const Config> config_;  // shared with all who read it over a reload
  const Clock& clock_;
  struct Failure {
    std::chrono::steady_clock::time_point until;  // tried last up to then
    std::string reason;
  };
  std::map<std::string, Failure> failing_;  // by model of a tier; gone when it answers
};

}  // namespace

std::unique_ptr<Router> make_router(RouterContext context) { return std::make_unique<TierRouter>(std::move(context)); }

}  // namespace hobd
