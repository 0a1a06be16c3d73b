#include "models/router.hpp"

#include "base/log.hpp"
#include "models/answer.hpp"
#include "models/answer_cache.hpp"
#include "models/background.hpp"
#include "models/escalation.hpp"
#include "models/model_caller.hpp"
#include "models/no_answer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using Kind = ModelFault::Kind;

/// What a question about the tier may take; the decision stands without its answer.
constexpr milliseconds kAskTierTime{3'000};
constexpr std::string_view kBrokenOff = "The answer broke off, and no model could go on with it.";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void append_new(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more)
    if (!contains(names, name)) names.push_back(name);
}

bool has_image(const json::object& message) {
  const json::array* parts = array_at(message, "content");
  return parts && std::any_of(parts->begin(), parts->end(), [](const json::value& part) {
           return part.is_object() && string_or(part.get_object(), "type") == "image";
         });
}

std::string text_of(const json::object& message) {
  // "text" is what the user wrote, where "content" has what was recalled too.
  std::string text(string_or(message, "text", string_or(message, "content")));
  const json::array* parts = array_at(message, "content");
  if (!text.empty() || !parts) return text;
  for (const json::value& part : *parts)
    if (part.is_object()) text += (text.empty() ? "" : "\n") + std::string(string_or(part.get_object(), "text"));
  return text;
}

RouteQuestion question_of(const ModelRequest& request) {
  RouteQuestion question;
  question.model = request.model;
  question.goes_on_by = request.goes_on_by;
  question.conversation_tier = request.conversation_tier;
  question.is_background = request.call.is_background;
  question.user_id = request.call.user_id;
  question.context_tokens = count_request_tokens_high(request.chat);
  const json::array* messages = array_at(request.chat, "messages");
  if (!messages) return question;
  for (auto it = messages->rbegin(); it != messages->rend(); ++it) {
    const json::object* message = it->if_object();
    if (!message) continue;
    const std::string_view role = string_or(*message, "role");
    if (role == "tool") question.has_tool_results = true;
    if (role != "user") continue;
    question.text = text_of(*message);
    question.has_image = has_image(*message);
    break;
  }
  return question;
}

class TierRouter final : public Router {
 public:
  explicit TierRouter(RouterContext context)
      : context_(context), config_(context.config), tiers_(*context.registry, context.config), health_(*context.clock),
        cache_(*context.clock), caller_({.core = context.core, .registry = context.registry, .clock = context.clock,
                                         .budget = context.budget, .tiers = &tiers_, .health = &health_}, context.config) {}

  awaitable<Result<ModelAnswer>> complete(ModelRequest request, std::function<void(std::string_view)> on_delta) override {
    if (request.call.is_background && request.model.empty()) request.model = background_model(*config_);
    if (request.is_deterministic) request.chat["temperature"] = 0;
    BackgroundLane::Place place;
    if (context_.background && request.call.is_background) {
      CO_TRY(place, co_await context_.background->enter(request.call, request.deadline));
    } else if (context_.background) {
      place = context_.background->hold_back();
    }
    const auto deadline = context_.clock->steady() + request.deadline;
    Result<Choice> chosen = co_await choose(request, deadline);
    if (chosen.has_error()) co_return chosen.error();
    Choice choice = *std::move(chosen);

    std::string key;
    if (request.is_deterministic) key = answer_cache_key(choice.names.front(), request.chat);
    if (request.is_deterministic)
      if (const ModelAnswer* known = cache_.find(key)) co_return from_cache(*known, request, on_delta);

    Way way;
    way.chat = std::move(request.chat);
    way.call = request.call;
    way.deadline = deadline;
    way.tier = choice.tier;
    way.spent = choice.spent;
    way.showing = std::make_shared<Showing>(context_.core, std::move(on_delta));
    if (choice.is_routed && choice.tier == "fast" && !tiers_.of("smart").empty()) way.baseline = tiers_.of("smart").front();
    const bool may_escalate = choice.may_escalate && can_escalate();
    if (may_escalate) doubt_answers(way);
    const std::uint64_t forgotten_before = forgotten_;
    Run run = co_await ask_in_order(choice.names, way, choice.is_named ? ChosenBy::caller : ChosenBy::config);
    if (run.answer.has_value() && !run.doubt.empty()) run = co_await escalate(choice, way, std::move(run));
    way.showing->close();
    if (run.answer.has_error()) {
      if (request.spent) *request.spent = way.spent;
      co_return run.answer.error();
    }
    ModelAnswer answer = *std::move(run.answer);
    answer.routed_by = choice.by;
    answer.usage.tier = tier_of_answer(answer.usage.model, choice.tier);
    if (request.is_deterministic && answer.stop == "end" && answer.tool_calls.empty() && answer.notice.empty() && forgotten_ == forgotten_before)
      cache_.put(std::move(key), answer);
    co_return answer;
  }

  Result<std::vector<std::string>> resolve(std::string_view model) const override {
    if (!model.empty()) return tiers_.named(model);
    return tiers_.of_or_fallback(config_->models.router.mode == RouterMode::fast ? "fast" : "smart");
  }

  awaitable<Result<std::vector<ModelInfo>>> list() override {
    std::vector<ModelInfo> models;
    const auto add = [&](const std::string& name) {
      const auto known = std::find_if(models.begin(), models.end(), [&](const ModelInfo& m) { return m.name == name; });
      if (known != models.end()) return known;
      ModelInfo info;
      info.name = name;
      const ModelName parts = split_model_name(name);
      info.provider = parts.provider;
      info.model = parts.model;
      info.healthy = tiers_.is_up(name) && !health_.is_resting(name);
      info.trouble = health_.reason(name);
      models.push_back(std::move(info));
      return models.end() - 1;
    };
    for (const std::string_view tier : kChatTiers)
      for (const std::string& name : tiers_.of(tier)) add(name)->tiers.emplace_back(tier);
    // What the servers themselves offer; one that can't be reached adds nothing.
    for (Instance* instance : context_.registry->with_extension(kProviderExtension)) {
      const std::string provider = instance->name();
      if (provider == "offline") {
        add(std::string(kOfflineModel));
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
    if (context_.routing) return context_.routing->explain(question);
    RouteDecision decision;
    decision.tier = config_->models.router.mode == RouterMode::fast ? "fast" : "smart";
    decision.by = "rule";
    decision.score = decision.tier == "fast" ? 0 : 1;
    decision.reasons.push_back("router.mode");
    return decision;
  }

  bool has_model() const override {
    const std::vector<std::string> names = tiers_.all();
    return std::any_of(names.begin(), names.end(), [this](const std::string& name) {
      return split_model_name(name).provider != "offline" && tiers_.is_up(name) && !health_.is_resting(name);
    });
  }

  std::vector<std::string> failures() const override { return health_.failures(); }

  awaitable<Result<json::value>> provider_models(std::string provider) override {
    Instance* instance = context_.registry->find(provider);
    if (!instance || !instance->offers(kProviderExtension)) co_return tiers_.unknown_provider(provider);
    PluginCall call;
    call.extension = kProviderExtension;
    call.function = "models";
    call.deadline = std::chrono::seconds(10);
    Result<std::string> answer = co_await instance->async_call(std::move(call));
    if (answer.has_error()) {
      // The key that was refused is Hob's, not that of whoever asks.
      const Code code = answer.error().code == Code::denied ? Code::unavailable : answer.error().code;
      co_return Error{code, "list the models of " + provider + ": " + answer.error().message};
    }
    Result<json::value> value = parse_json(*answer);
    if (value.has_error())
      co_return Error{Code::unavailable, "list the models of " + provider + ": " + value.error().message};
    co_return value;
  }

  json::object stats() const override {
    const ModelCaller::Counts& counts = caller_.counts();
    return {{"retries", counts.retries}, {"failovers", failovers_}, {"continued", counts.continued}, {"trimmed", counts.trimmed},
            {"escalated", escalated_}, {"cached", cached_}, {"cache_entries", cache_.size()}};
  }
  void on_call(std::function<void(const CallReport&)> listener) override { caller_.on_call(std::move(listener)); }
  void on_notice(std::function<void(std::string)> listener) override { on_notice_ = std::move(listener); }
  void forget_answers() override {
    ++forgotten_;
    cache_.clear();
  }

  void set_config(std::shared_ptr<const Config> config) override {
    config_ = config;
    tiers_.set_config(config);
    caller_.set_config(std::move(config));
    health_.forget_all();
    told_.clear();
    cache_.clear();
  }

 private:
  /// Where a request goes.
  struct Choice {
    std::vector<std::string> names;  // in order
    std::string tier;                // "" a model was named
    std::string by;                  // ModelAnswer::routed_by
    bool is_named = false;           // one model, and no other in its place
    bool is_routed = false;          // the tier is the router's choice, not the caller's
    bool may_escalate = false;
    RouteQuestion question = {};
    Usage spent = {};                // on deciding
  };
  /// What came of asking models one after another.
  struct Run {
    Result<ModelAnswer> answer = Error{Code::unavailable, "no model is configured: name one in models.tiers"};
    std::string doubt = {};  // what is wrong with the answer
  };

  awaitable<Result<Choice>> choose(const ModelRequest& request, std::chrono::steady_clock::time_point deadline) {
    Choice choice;
    if (!request.model.empty()) {
      CO_TRY(choice.names, tiers_.named(request.model));
      if (request.model.starts_with("tier/")) choice.tier = request.model.substr(5);
      choice.is_named = choice.tier.empty();
    }
    const bool asks_routing = context_.routing && !choice.is_named && !request.call.is_background;
    if (asks_routing) {
      choice.question = question_of(request);
      RouteDecision decision = context_.routing->decide(choice.question);
      if (decision.is_unsure && request.model.empty()) co_await ask_tier(choice, decision, request.call, deadline);
      if (request.model.empty() && !decision.tier.empty()) choice.tier = decision.tier;
      choice.by = decision.by;
      const bool is_hobs_choice = request.model.empty() || !request.goes_on_by.empty();
      choice.is_routed = is_hobs_choice && decision.by != "user" && config_->models.router.mode == RouterMode::automatic;
      choice.may_escalate = choice.is_routed && request.model.empty() && choice.tier == "fast" && config_->models.router.escalate;
    }
    if (choice.tier.empty() && !choice.is_named) choice.tier = config_->models.router.mode == RouterMode::fast ? "fast" : "smart";
    if (!choice.is_named) choice.names = tiers_.of_or_fallback(choice.tier);
    // Nobody waits for background work: it doesn't wander into a dearer tier.
    if (!choice.is_named && !request.call.is_background) append_new(choice.names, tiers_.of(choice.tier == "fast" ? "smart" : "fast"));
    co_return choice;
  }

  /// Asks a model of the fast tier which tier is wanted, where that is worth its price.
  awaitable<void> ask_tier(Choice& choice, RouteDecision& decision, const CallFor& call, std::chrono::steady_clock::time_point deadline) {
    const auto &fast = tiers_.of("fast"), &smart = tiers_.of("smart");
    if (!config_->models.router.ask_model || fast.empty() || smart.empty()) co_return;
    const std::string name = health_.ordered(fast).front();
    Way way;
    way.chat = context_.routing->tier_question(choice.question);
    if (health_.is_resting(name) || !is_worth_asking(caller_.prices(), name, smart.front(), way.chat, choice.question.context_tokens)) co_return;
    way.call = call;
    way.call.purpose = Purpose::routing;
    way.deadline = std::min(deadline, context_.clock->steady() + kAskTierTime);
    way.tier = "fast";
    way.showing = std::make_shared<Showing>(context_.core, nullptr);
    const Asked asked = co_await caller_.ask(name, way);
    choice.spent = way.spent;
    // Too slow for this is not too slow to answer.
    if (asked.what == Asked::What::failed && asked.fault.kind != Kind::timeout) remember(name, asked);
    if (asked.what != Asked::What::answered) co_return;
    add_usage(choice.spent, asked.answer.usage);
    decision = context_.routing->take_answer(choice.question, std::move(decision), asked.answer.text);
  }

  /// Whether the smart tier has a model that may do better than the fast one's.
  bool can_escalate() const {
    const auto& smart = tiers_.of("smart");
    return std::any_of(smart.begin(), smart.end(), [this](const std::string& name) {
      return !contains(tiers_.of("fast"), name) && tiers_.is_up(name) && !health_.is_resting(name);
    });
  }

  /// Asks one model after another until one answers. Where a text was shown, that is what the user gets, whatever follows.
  awaitable<Run> ask_in_order(std::vector<std::string> names, Way& way, ChosenBy chosen_by) {
    names = health_.ordered(std::move(names));
    Run run;
    std::vector<ModelFailure> failures;
    std::optional<Error> refusal;  // of the budget
    bool is_downgraded = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0 && context_.clock->steady() >= way.deadline) break;
      const std::string name = names[i];
      way.is_last = i + 1 == names.size();
      Asked asked = co_await caller_.ask(name, way);
      if (asked.what == Asked::What::answered) {
        told_.erase(split_model_name(name).provider);
        if (i > 0) ++failovers_;
        run.doubt = std::move(asked.doubt);
        run.answer = finished(std::move(asked.answer), way, run.doubt, is_downgraded);
        co_return run;
      }
      if (asked.what == Asked::What::cancelled) {
        run.answer = std::move(asked.error);
        co_return run;
      }
      if (asked.what == Asked::What::no_room) {
        refusal = std::move(asked.error);
        if (refusal->code != Code::overloaded || chosen_by == ChosenBy::caller || context_.budget->on_limit() != OnLimit::downgrade) break;
        if (!is_downgraded) names = cheaper_than(name, names, i);
        is_downgraded = true;
        continue;
      }
      remember(name, asked);
      failures.push_back({name, std::move(asked.error), asked.fault});
    }
    if (way.showing->has_shown()) {
      run.answer = broken_off(way);
    } else if (refusal) {
      run.answer = *std::move(refusal);
    } else if (!failures.empty()) {
      if (failures.size() > 1) log::warn("models", "no model answered: {}", failure_details(failures));
      run.answer = no_answer(failures, chosen_by);
    }
    co_return run;
  }

  /// The models that are asked after the budget refused names[at]: cheaper ones of the tier, then of the fast tier, then those
  /// that cost nothing.
  std::vector<std::string> cheaper_than(const std::string& dear, const std::vector<std::string>& names, std::size_t at) const {
    const auto price = [this](const std::string& name) {
      const ModelCard& card = caller_.prices().find(name);
      return card.input + card.output;
    };
    const double limit = price(dear);
    std::vector<std::string> asked(names.begin(), names.begin() + std::ptrdiff_t(at) + 1);
    std::vector<std::string> cheaper;
    for (std::size_t i = at + 1; i < names.size(); ++i)
      if (price(names[i]) < limit) cheaper.push_back(names[i]);
    for (const std::string& name : tiers_.of("fast"))
      if (price(name) < limit) append_new(cheaper, {name});
    for (const std::string& name : tiers_.all())
      if (caller_.prices().find(name).is_free()) append_new(cheaper, {name});
    append_new(asked, health_.ordered(std::move(cheaper)));
    return asked;
  }

  /// An answer as the caller gets it; one that is doubted stays held back.
  ModelAnswer finished(ModelAnswer answer, Way& way, std::string_view doubt, bool is_downgraded) const {
    if (doubt.empty()) way.showing->end();
    if (way.continuations > 0) answer.text = way.showing->shown();
    add_usage(answer.usage, way.spent);
    answer.notice = way.notice;
    if (way.showing->is_anew()) {
      answer.stop = "length";
      answer.notice = kBrokenOff;
    }
    const bool is_smaller = way.tier == "smart" && !contains(tiers_.of_or_fallback("smart"), answer.usage.model);
    if (is_smaller && answer.notice.empty() && doubt.empty())
      answer.notice = (is_downgraded ? "The budget has no room for the stronger models: " : "None of the stronger models could be reached: ") +
                      answer.usage.model + " answered.";
    return answer;
  }

  /// What there is of an answer that nobody went on with.
  static ModelAnswer broken_off(Way& way) {
    ModelAnswer answer;
    answer.text = way.showing->shown();
    answer.stop = "length";
    answer.usage = way.spent;
    answer.usage.model = way.shown_by;
    answer.provider = split_model_name(way.shown_by).provider;
    answer.notice = kBrokenOff;
    return answer;
  }

  /// Asks the smart tier once, whose answer then stands; where none comes the fast tier's is better than nothing.
  awaitable<Run> escalate(const Choice& choice, Way& way, Run fast) {
    ++escalated_;
    log::info("models", "{}: its answer {}: the smart tier is asked", fast.answer->usage.model, fast.doubt);
    context_.routing->escalated(choice.question, fast.doubt);
    way.showing->drop();
    way.doubts = nullptr;
    way.judge = nullptr;
    way.tier = "smart";
    way.baseline.clear();
    way.notice.clear();
    way.spent = fast.answer->usage;
    std::vector<std::string> names;
    for (const std::string& name : tiers_.of("smart"))
      if (!contains(tiers_.of("fast"), name)) names.push_back(name);
    Run smart = co_await ask_in_order(std::move(names), way, ChosenBy::config);
    if (smart.answer.has_value() || smart.answer.error().code == Code::cancelled) co_return smart;
    way.showing->begin();
    way.showing->take(fast.answer->text);
    const std::string model = fast.answer->usage.model;
    fast.answer->usage = way.spent;  // the fast answer's, and what asking the smart tier in vain cost
    fast.answer->usage.model = model;
    co_return fast;
  }

  ModelAnswer from_cache(const ModelAnswer& known, const ModelRequest& request, const std::function<void(std::string_view)>& on_delta) {
    ++cached_;
    ModelAnswer answer = known;
    Usage nothing;
    nothing.model = known.usage.model;
    nothing.tier = known.usage.tier;
    answer.usage = nothing;
    answer.routed_by = "cache";
    if (on_delta && !answer.text.empty()) on_delta(answer.text);
    CallReport report;
    report.provider = answer.provider;
    report.model = answer.usage.model;
    report.outcome = "cached";
    report.call = request.call;
    report.usage = nothing;
    caller_.report(report);
    return answer;
  }

  /// Only the models of tiers are tried in an order: what a caller names by itself has nothing to come after. A request that a
  /// model doesn't take says nothing of the next one.
  void remember(const std::string& name, const Asked& asked) {
    const Kind kind = asked.fault.kind;
    if (tiers_.tier_of(name).empty() || kind == Kind::bad_request || kind == Kind::too_long) return;
    if (!health_.failed(name, asked.error, asked.fault)) return;
    log::warn("models", "{}: {}", name, asked.error.message);
    const std::string provider = split_model_name(name).provider;
    if (kind != Kind::refused_key || !told_.insert(provider).second || !on_notice_) return;
    on_notice_(fmt::format("{} does not let Hob in any more: {}. It is left alone for half an hour; {}.", provider, asked.error.message,
                           fault_advice(asked.fault, provider)));
  }

  std::string tier_of_answer(const std::string& name, const std::string& tier) const {
    return contains(tiers_.of(tier), name) ? tier : tiers_.tier_of(name);
  }

  const RouterContext context_;
  std::shared_ptr<const Config> config_;  // shared with all who read it over a reload
  Tiers tiers_;
  Health health_;
  AnswerCache cache_;
  ModelCaller caller_;
  std::function<void(std::string)> on_notice_;
  std::set<std::string> told_;  // providers whose owner knows that they refuse
  std::uint64_t failovers_ = 0, escalated_ = 0, cached_ = 0;
  std::uint64_t forgotten_ = 0;  // an answer to what was asked before the last time is not kept
};

}  // namespace

std::unique_ptr<Router> make_router(RouterContext context) { return std::make_unique<TierRouter>(std::move(context)); }

}  // namespace hobd
