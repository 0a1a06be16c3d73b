// Asking one model until it answers or it is clear that it won't: room in the budget, the call, its settlement, retries, a request
// that is too long cut to fit, an answer that broke off continued. Which model is asked is the router's business.
#pragma once

#include "models/budget.hpp"
#include "models/health.hpp"
#include "models/model_fault.hpp"
#include "models/router.hpp"
#include "models/showing.hpp"
#include "models/tiers.hpp"

namespace hobd {

class AnswerBuilder;

/// One request on its way through the models.
struct Way {
  json::object chat;  // as it was asked
  CallFor call;
  std::chrono::steady_clock::time_point deadline;  // of Clock::steady()
  std::string tier;                                // that it was sent to; "" a model was named
  std::string baseline;                            // PlannedCall::baseline
  /// Whether the start of an answer may show that it isn't up to it; empty: any answer stands.
  std::function<bool(std::string_view)> doubts;
  /// What is wrong with a whole answer; "" nothing. Only asked where `doubts` is set.
  std::function<std::string(const ModelAnswer&)> judge;
  std::shared_ptr<Showing> showing;  // shared with provider calls, which may outlive the request

  bool is_last = false;    // no other model comes after the one that is asked
  int continuations = 0;   // how often an answer that broke off was gone on with
  Usage spent;             // by calls that came to nothing
  std::string notice;      // what the user should know
  std::string shown_by;    // the model that began what is shown
};

/// What came of asking a model.
struct Asked {
  enum class What { answered, failed, no_room /* the budget, or its ledger can't be written */, cancelled } what = What::failed;
  ModelAnswer answer = {};
  std::string doubt = {};  // what Way::judge said of the answer
  Error error = {};
  ModelFault fault = {};
};

struct ModelCallerContext {
  asio::any_io_executor core;
  Registry* registry = nullptr;
  const Clock* clock = nullptr;
  Budget* budget = nullptr;  // null: nothing is reserved
  Tiers* tiers = nullptr;
  Health* health = nullptr;
};

/// Thread: core.
class ModelCaller {
 public:
  ModelCaller(ModelCallerContext context, std::shared_ptr<const Config> config);
  void set_config(std::shared_ptr<const Config> config);
  void on_call(std::function<void(const CallReport&)> listener) { on_call_ = std::move(listener); }
  void report(const CallReport& report) const {
    if (on_call_) on_call_(report);
  }

  /// Asks `name`. The text goes to way.showing, which is left open: the caller ends or drops what is held there.
  awaitable<Asked> ask(std::string name, Way& way);
  const PriceTable& prices() const { return context_.budget ? context_.budget->prices() : own_prices_; }

  struct Counts {
    std::uint64_t retries = 0, trimmed = 0, continued = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Try;
  awaitable<Asked> try_once(Try& one, Way& way);
  awaitable<bool> may_try_again(Try& one, const Asked& asked, Way& way);
  awaitable<bool> wait(std::chrono::milliseconds pause, const Way& way);
  json::object request_of(const Try& one, const Way& way) const;
  void settle(Try& one, Way& way, Asked& asked, const AnswerBuilder& builder);
  void book(Try& one, const CallFor& call, Usage& usage, CallOutcome outcome, bool is_estimated);
  std::chrono::milliseconds left(const Way& way) const;

  ModelCallerContext context_;
  std::shared_ptr<const Config> config_;  // shared with all who read it over a reload
  PriceTable own_prices_;
  std::function<void(const CallReport&)> on_call_;
  Counts counts_;
};

}  // namespace hobd
