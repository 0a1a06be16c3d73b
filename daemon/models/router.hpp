// Which model answers, and asking it: tiers with failover, providers as plugins, each call within the budget.
#pragma once

#include "config/config.hpp"
#include "models/routing.hpp"
#include "plugins/registry.hpp"
#include "store/ledger.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace hobd {

/// A chat request in the canonical form of sdk/include/hob/ext/provider.h, without "model".
struct ModelRequest {
  /// "": the router decides; "tier/fast", "tier/smart"; "<provider>/<model>".
  std::string model;
  json::object chat;
  std::chrono::milliseconds deadline{120'000};
  CallFor call = {};                   // what it is for, who pays
  std::string conversation_tier = {};  // which tier answered last in this conversation; "" none
  /// `model` is the tier that began this very answer: by what that was decided (ModelAnswer::routed_by). "": it is the caller's word.
  std::string goes_on_by = {};
  /// The same request may be answered from what it was answered before (temperature 0, no tools).
  bool is_deterministic = false;
  std::shared_ptr<Usage> spent = {};   // gets what was spent where no answer comes of it; null: nobody wants to know
};

struct ModelToolCall {
  std::string id, name, arguments;  // arguments: JSON text as the model wrote it
};

struct ModelAnswer {
  std::string text, reasoning;
  std::vector<ModelToolCall> tool_calls;
  json::object carry;  // what usage.model gets back with this message, as it said it; usually empty
  std::string stop;  // end | length | tool_calls | filtered
  Usage usage;
  std::string provider;  // instance
  std::string routed_by = {};  // user | rule | score | model | cache; "" the caller named a model
  std::string notice = {};     // what the user should know of how it was answered ("the answer is shortened: ..."); usually empty
};
json::object to_json(const ModelAnswer& answer);
ModelAnswer model_answer_from_json(const json::object& object);

/// What became of one call of one model; a request may need several.
struct CallReport {
  std::string provider, model;  // model: "<provider>/<model>"
  std::string outcome;          // answered | failed | cancelled | refused (no room in the budget) | cached
  CallFor call;
  Usage usage;                  // cost_usd included; zeros where nothing was billed
  bool is_estimated = false;    // the provider did not say what was used
  std::chrono::milliseconds took{0};
};

struct ModelInfo {
  std::string name;  // "<provider>/<model>"
  std::string provider, model;
  std::vector<std::string> tiers;
  bool healthy = true;
  std::string trouble = {};  // why its last call failed; "" it answered, or was not asked
};

class Router {
 public:
  virtual ~Router() = default;
  /// Asks the first model that is healthy, goes on to the next one of the tier while nothing was shown.
  /// `on_delta` gets text as it comes. Errors: not_found (no such model; names those there are), overloaded (no room in the
  /// budget), and what no_answer.hpp makes of the models' own, with what to do. Asio cancellation ends the call.
  virtual awaitable<Result<ModelAnswer>> complete(ModelRequest request, std::function<void(std::string_view text)> on_delta) = 0;
  /// The models that `model` stands for, in order: what complete() would try.
  virtual Result<std::vector<std::string>> resolve(std::string_view model) const = 0;
  virtual awaitable<Result<std::vector<ModelInfo>>> list() = 0;
  /// Which tier the question would go to, and why; no call is made.
  virtual RouteDecision explain(const RouteQuestion& question) const = 0;
  /// Whether any model other than the offline one answers (from what the last calls showed).
  virtual bool has_model() const = 0;
  /// "NAME: why" of each model that failed and has not answered since.
  virtual std::vector<std::string> failures() const { return {}; }
  /// The provider's own model list; also tells whether it can be reached.
  virtual awaitable<Result<json::value>> provider_models(std::string provider) = 0;
  /// {retries, failovers, continued, trimmed, escalated, cached, cache_entries}: counts since the start.
  virtual json::object stats() const { return {}; }
  /// Told of each call, once it is settled.
  virtual void on_call(std::function<void(const CallReport&)>) {}
  /// Told what the owner should know: a provider refuses its key and rests until that is mended.
  virtual void on_notice(std::function<void(std::string)>) {}
  /// Drops the answers that are kept for deterministic requests: something was forgotten that may stand in them.
  virtual void forget_answers() {}
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
};

class BackgroundLane;
class Budget;

struct RouterContext {
  asio::any_io_executor core;
  Registry* registry = nullptr;
  const Clock* clock = nullptr;
  std::shared_ptr<const Config> config;
  Budget* budget = nullptr;          // null: nothing is reserved, costs are by the table
  BackgroundLane* background = nullptr;  // null: background calls go at once
  Routing* routing = nullptr;        // null: `router.mode: auto` means the smart tier
};
std::unique_ptr<Router> make_router(RouterContext context);

}  // namespace hobd
