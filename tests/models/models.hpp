// Two scripted providers and the offline one behind a router: what the router's tests share.
#pragma once

#include "fakes/fake_budget.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_registry.hpp"
#include "fakes/run.hpp"
#include "models/router.hpp"

#include <catch2/catch.hpp>

namespace hobd::fakes {

inline RouteDecision decided(std::string tier, std::string by) {
  RouteDecision decision;
  decision.tier = std::move(tier);
  decision.by = std::move(by);
  return decision;
}

/// Says what it is told to say.
class FakeRouting final : public Routing {
 public:
  RouteDecision next = decided("fast", "score");
  std::vector<RouteQuestion> asked;
  std::vector<std::string> escalations;
  std::string said;  // by the model, when it was asked for the tier

  RouteDecision decide(const RouteQuestion& question) override {
    asked.push_back(question);
    if (!question.model.empty()) return decided(question.model.substr(5), "user");
    return next;
  }
  RouteDecision explain(const RouteQuestion&) const override { return next; }
  json::object tier_question(const RouteQuestion& question) const override {
    return {{"messages", json::array{json::object{{"role", "user"}, {"content", "which tier? " + question.text}}}}, {"max_tokens", 4}};
  }
  RouteDecision take_answer(const RouteQuestion&, RouteDecision unsure, std::string_view word) override {
    said = word;
    unsure.tier = word;
    unsure.by = "model";
    unsure.is_unsure = false;
    return unsure;
  }
  void escalated(const RouteQuestion&, std::string_view why) override { escalations.emplace_back(why); }
  json::object stats() const override { return {}; }
  void set_config(std::shared_ptr<const Config>) override {}
};

struct Models {
  Models() {
    config->models.tiers["fast"] = {"a/small", "b/small"};
    config->models.tiers["smart"] = {"b/big"};
    config->models.times.retries = 0;
    registry.add("a", "hob.provider/1", a.handler());
    registry.add("b", "hob.provider/1", b.handler());
    registry.add("offline", "hob.provider/1", offline.handler());
    build();
  }
  /// Again, after a change of the config or of what the router is given.
  void build() {
    budget.set_config(config);
    router = make_router({.core = io.get_executor(), .registry = &registry, .clock = &clock, .config = config,
                          .budget = has_budget ? &budget : nullptr, .routing = has_routing ? &routing : nullptr});
    router->on_call([this](const CallReport& report) { reports.push_back(report); });
    router->on_notice([this](const std::string& text) { notices.push_back(text); });
  }
  static json::object chat_of(const std::string& text) {
    return {{"messages", json::array{json::object{{"role", "user"}, {"content", text}}}}};
  }
  Result<ModelAnswer> ask(ModelRequest request) {
    shown.clear();
    std::function<void(std::string_view)> on_delta = [this](std::string_view delta) { shown += delta; };
    return run(io, router->complete(std::move(request), std::move(on_delta)));
  }
  Result<ModelAnswer> ask(const std::string& model, const std::string& text = "hello") {
    ModelRequest request;
    request.model = model;
    request.chat = chat_of(text);
    return ask(std::move(request));
  }

  asio::io_context io;
  FakeClock clock;
  FakeRegistry registry;
  ScriptedModel a, b, offline;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  FakeBudget budget;
  FakeRouting routing;
  bool has_budget = false, has_routing = false;
  std::vector<CallReport> reports;
  std::vector<std::string> notices;
  std::unique_ptr<Router> router;
  std::string shown;
};

inline ScriptedAnswer emits(std::vector<std::string> deltas, Result<std::string> result = std::string(R"({"stop":"end"})")) {
  ScriptedAnswer answer;
  answer.deltas = std::move(deltas);
  answer.result = std::move(result);
  return answer;
}

inline std::string text_delta(std::string_view text) { return json::serialize(json::object{{"text", text}}); }

/// Says `text` in pieces, then breaks off.
inline ScriptedAnswer breaks_after(std::vector<std::string> texts, Error error = {Code::unavailable, "the model server's answer ended in the middle"}) {
  ScriptedAnswer answer;
  for (const std::string& text : texts) answer.deltas.push_back(text_delta(text));
  answer.result = std::move(error);
  return answer;
}

inline json::object last_message(const json::object& request) { return request.at("messages").as_array().back().as_object(); }

}  // namespace hobd::fakes
