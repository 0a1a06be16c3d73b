// The daemon's numbers in Prometheus' text format, with the names that INTERFACE fixes. Counters are fed by
// ended turns and model calls; gauges are read when somebody scrapes.
#pragma once

#include "agent/agent.hpp"

#include <functional>
#include <memory>
#include <string>

namespace hobd {

class PriceTable;

/// How much a model's name is worth a series of its own: callers may name any.
enum class ModelStanding { in_tier, priced, unknown };
ModelStanding standing_of(const Config& config, const PriceTable& prices, std::string_view model);

class Metrics {
 public:
  explicit Metrics(std::string_view version);
  ~Metrics();
  /// Models that are unknown are counted together, as "other", and so are the priced ones beyond the first few hundred. Without
  /// this each has its name.
  void judge_models(std::function<ModelStanding(std::string_view)> judge);
  /// Thread: core.
  void count(const TurnOutcome& outcome);
  void count_call(const CallReport& call);
  void count_request(int status);
  void set_plugins(const std::vector<PluginReport>& plugins);
  /// USD that are left of the household's day and month; one without a limit has no number.
  void set_budget_left(std::string_view window, double usd);
  void set_outbox_pending(std::size_t pending);
  void set_connections(std::uint32_t connections, std::uint32_t websockets);
  void set_users(std::int64_t users, std::int64_t messages);
  /// Prometheus text exposition format 0.0.4.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hobd
