// Which tier a message goes to: the user's word, rules, a scored classifier, and only where that is unsure a tiny call.
#pragma once

#include "config/config.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

/// What is asked of the router.
struct RouteQuestion {
  std::string text;                    // what the user wrote, without what was recalled
  std::string model = {};              // "", "tier/fast", "tier/smart", "<provider>/<model>": the caller's word
  std::string goes_on_by = {};         // `model` began this very answer, decided by this; "" it is the caller's word
  bool has_image = false;
  bool has_tool_results = false;       // in the midst of a round of tools
  std::string conversation_tier = {};  // which tier answered last in this conversation; "" none
  std::int64_t context_tokens = 0;     // of the whole request, about
  bool is_background = false;
  std::string user_id = {};            // what one user's messages led to tells nothing to another
};

struct RouteDecision {
  std::string tier;  // fast | smart; "" when the caller named a model
  std::string by;    // user | rule | score | model | cache
  double score = 0;  // 0 surely simple .. 1 surely hard; what rules and the user's word say is 0 or 1
  std::vector<std::string> reasons;  // for people: "asks for a proof", "conversation is on the smart tier"
  bool is_unsure = false;            // a model's word may change it
};

/// Thread: core.
class Routing {
 public:
  virtual ~Routing() = default;
  /// Without any call; some microseconds. Counted in stats().
  virtual RouteDecision decide(const RouteQuestion& question) = 0;
  /// The same without counting or caching.
  virtual RouteDecision explain(const RouteQuestion& question) const = 0;
  /// What the fast tier is asked when the decision is unsure: a chat request without "model", a few tokens long.
  virtual json::object tier_question(const RouteQuestion& question) const = 0;
  /// The decision by what the model said to that; a word that is neither leaves `unsure` as it was, less its mark.
  virtual RouteDecision take_answer(const RouteQuestion& question, RouteDecision unsure, std::string_view said) = 0;
  /// An answer of the fast tier was not up to it: the next like it goes to the smart tier.
  virtual void escalated(const RouteQuestion& question, std::string_view why) = 0;
  /// {decisions:{user,rule,score,model,cache}, tiers:{fast,smart}, escalated, cached}
  virtual json::object stats() const = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
};
std::unique_ptr<Routing> make_routing(std::shared_ptr<const Config> config);

}  // namespace hobd
