#include "api/metrics.hpp"

#include "models/prices.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <set>

namespace hobd {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

// Seconds. Turns with a model take seconds, Hob's own part of them a millisecond.
const prometheus::Histogram::BucketBoundaries kTurnBuckets{0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
const prometheus::Histogram::BucketBoundaries kOverheadBuckets{0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1};

/// Dated names of one model are endless.
constexpr std::size_t kMostModels = 300;

double seconds(std::chrono::microseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

ModelStanding standing_of(const Config& config, const PriceTable& prices, std::string_view model) {
  for (const auto& [tier, models] : config.models.tiers)
    if (std::find(models.begin(), models.end(), model) != models.end()) return ModelStanding::in_tier;
  return prices.find(model).known == ModelCard::Known::unknown ? ModelStanding::unknown : ModelStanding::priced;
}

struct Metrics::State {
  using Counters = prometheus::Family<prometheus::Counter>;
  using Gauges = prometheus::Family<prometheus::Gauge>;

  Counters& counters(const char* name, const char* help) { return BuildCounter().Name(name).Help(help).Register(registry); }
  Gauges& gauges(const char* name, const char* help) { return BuildGauge().Name(name).Help(help).Register(registry); }
  prometheus::Histogram& histogram(const char* name, const char* help, const prometheus::Histogram::BucketBoundaries& buckets) {
    return BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
  }

  std::string label_of(const std::string& model) {
    if (!judge || named.contains(model)) return model;
    const ModelStanding standing = judge(model);
    const bool has_own = standing == ModelStanding::in_tier || (standing == ModelStanding::priced && named.size() < kMostModels);
    if (!has_own) return "other";
    named.insert(model);
    return model;
  }

  std::function<ModelStanding(std::string_view)> judge;
  std::set<std::string, std::less<>> named;  // models with series of their own
  prometheus::Registry registry;
  Counters& turns = counters("hob_turns_total", "Turns that ended");
  prometheus::Histogram& turn_seconds = histogram("hob_turn_seconds", "From the message to the reply", kTurnBuckets);
  prometheus::Histogram& overhead_seconds =
      histogram("hob_turn_overhead_seconds", "A turn without the model's and the tools' time", kOverheadBuckets);
  Counters& tokens = counters("hob_model_tokens_total", "Tokens by kind");
  Counters& cost = counters("hob_cost_usd_total", "What models have cost");
  Counters& model_requests = counters("hob_model_requests_total", "Calls of models, by what became of them");
  Gauges& budget_left = gauges("hob_budget_remaining_usd", "What is left of the household's limits");
  Counters& requests = counters("hob_http_requests_total", "HTTP requests answered, by status class");
  Gauges& plugin_up = gauges("hob_plugin_up", "1 while the plugin instance is ready");
  Counters& plugin_restarts = counters("hob_plugin_restarts_total", "Restarts of an isolated plugin's process after an uninvited end");
  prometheus::Gauge& outbox = gauges("hob_outbox_pending", "Messages that wait for their channel").Add({});
  Gauges& connections = gauges("hob_http_connections", "Open client connections, by kind");
  prometheus::Gauge& users = gauges("hob_users", "Users").Add({});
  prometheus::Gauge& messages = gauges("hob_messages", "Stored messages").Add({});
};

Metrics::Metrics(std::string_view version) : state_(std::make_unique<State>()) {
  state_->gauges("hob_build_info", "Always 1; the labels tell the build").Add({{"version", std::string(version)}}).Set(1);
}

Metrics::~Metrics() = default;

void Metrics::judge_models(std::function<ModelStanding(std::string_view)> judge) { state_->judge = std::move(judge); }

void Metrics::count(const TurnOutcome& outcome) {
  state_->turns.Add({{"channel", outcome.channel}, {"outcome", outcome.outcome}}).Increment();
  state_->turn_seconds.Observe(seconds(outcome.total));
  state_->overhead_seconds.Observe(
      seconds(std::max(outcome.total - outcome.model - outcome.tools, std::chrono::microseconds::zero())));
}

void Metrics::count_call(const CallReport& call) {
  const std::string model = state_->label_of(call.model);
  state_->model_requests.Add({{"provider", call.provider}, {"model", model}, {"outcome", call.outcome}}).Increment();
  const Usage& usage = call.usage;
  const auto add = [&](const char* kind, std::int64_t count) {
    if (count > 0) state_->tokens.Add({{"model", model}, {"kind", kind}}).Increment(static_cast<double>(count));
  };
  add("input", usage.input_tokens);
  add("output", usage.output_tokens);
  add("cached", usage.cached_tokens);
  add("cache_write", usage.cache_write_tokens);
  auto& cost = state_->cost.Add({{"model", model}});
  if (usage.cost_usd > 0) cost.Increment(usage.cost_usd);
}

void Metrics::set_budget_left(std::string_view window, double usd) {
  state_->budget_left.Add({{"window", std::string(window)}}).Set(usd);
}

void Metrics::count_request(int status) {
  state_->requests.Add({{"class", std::to_string(status / 100) + "xx"}}).Increment();
}

void Metrics::set_plugins(const std::vector<PluginReport>& plugins) {
  for (const PluginReport& plugin : plugins) {
    const prometheus::Labels labels{{"plugin", plugin.instance.empty() ? plugin.plugin : plugin.instance}};
    state_->plugin_up.Add(labels).Set(plugin.state == "ready" ? 1 : 0);
    if (plugin.isolation != "process") continue;
    // An instance that was made anew counts from 0; this doesn't go back.
    prometheus::Counter& restarts = state_->plugin_restarts.Add(labels);
    if (plugin.restarts > restarts.Value()) restarts.Increment(plugin.restarts - restarts.Value());
  }
}

void Metrics::set_outbox_pending(std::size_t pending) { state_->outbox.Set(static_cast<double>(pending)); }

void Metrics::set_connections(std::uint32_t connections, std::uint32_t websockets) {
  state_->connections.Add({{"kind", "all"}}).Set(connections);
  state_->connections.Add({{"kind", "websocket"}}).Set(websockets);
}

void Metrics::set_users(std::int64_t users, std::int64_t messages) {
  state_->users.Set(static_cast<double>(users));
  state_->messages.Set(static_cast<double>(messages));
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace hobd
