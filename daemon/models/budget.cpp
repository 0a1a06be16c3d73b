#include "models/budget.hpp"

#include "base/id.hpp"
#include "base/log.hpp"
#include "models/budget_cost.hpp"
#include "models/budget_limits.hpp"
#include "models/budget_windows.hpp"
#include "models/budget_words.hpp"
#include "models/budget_writing.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <unordered_map>

namespace hobd {
namespace {

/// How often a shorter answer is tried while others take the room in between.
constexpr int kMostTries = 5;
/// How long room is waited for at a time that calls under way hold; settlements cut it short.
constexpr std::chrono::milliseconds kGlance{250};
/// After so long who was refused because of calls under way may ask again.
constexpr std::chrono::seconds kBusyWait{10};
constexpr std::chrono::hours kLongestWindowWait{1};
constexpr std::int64_t kMostTokens = 1'000'000'000;
/// What a provider billed too much is covered with so much to spare, up to this factor.
constexpr double kSpare = 1.1, kMostOverrun = 1'000;
/// How far each call that fits brings the factor down to what it would have needed: one short answer proves little. A step below
/// the second is not worth a write, and a factor so near to 1 is none.
constexpr double kForget = 0.1, kLeastStep = 0.01;
/// Accounts that budget.get shows of one window.
constexpr std::uint32_t kMostShown = 200;

bool has_token_cap(const std::vector<Account>& accounts) {
  return std::any_of(accounts.begin(), accounts.end(), [](const Account& account) { return account.cap_tokens >= 0; });
}

bool same_prices(const ModelCard& a, const ModelCard& b) {
  return a.input == b.input && a.output == b.output && a.cached == b.cached && a.cache_write == b.cache_write;
}

std::string_view outcome_name(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::answered: return "answered";
    case CallOutcome::failed: return "failed";
    case CallOutcome::cancelled: return "cancelled";
  }
  return "failed";
}

class HouseholdBudget final : public Budget {
 public:
  explicit HouseholdBudget(const BudgetContext& context)
      : store_(*context.store),
        clock_(*context.clock),
        core_(context.core),
        window_turns_(context.core),
        longest_wait_(context.longest_wait),
        prices_(context.config),
        writing_({.core = context.core, .store = context.store, .clock = context.clock, .windows = &windows_}) {
    take_config(context.config);
  }

  awaitable<Result<void>> start() override {
    CO_TRY(std::vector<BudgetLimit> rows, co_await store_.ledger().limits());
    limits_.set_rows(std::move(rows));
    CO_TRY(const auto overruns, co_await store_.ledger().overruns());
    for (const auto& [model, factor] : overruns) overruns_[model] = factor;
    // A disk that is full now keeps calls from being made, not the daemon from starting: reserve() tries again.
    if (const Result<void> settled = co_await settle_dead(); settled.has_error())
      log::warn("models", "what the last run left open is not settled yet: {}", settled.error().message);
    co_return Result<void>{};
  }

  awaitable<Result<Reservation>> reserve(PlannedCall planned) override {
    CO_CHECK(co_await settle_dead());
    const ModelCard card = prices_.find(planned.model);  // a copy: a reload may change the table meanwhile
    planned.input_tokens = std::clamp<std::int64_t>(planned.input_tokens, 0, kMostTokens);
    planned.max_tokens = std::clamp<std::int64_t>(planned.max_tokens, 0, card.max_output > 0 ? card.max_output : kMostTokens);
    std::vector<Account> accounts = accounts_of(planned.call);
    const bool is_counted = has_token_cap(accounts);
    const bool is_spare = planned.call.purpose == Purpose::routing;
    if (card.is_free() && !is_counted) co_return Reservation{.id = "", .planned = std::move(planned), .max_tokens = 0};

    std::int64_t max_tokens = planned.max_tokens;
    auto waits = longest_wait_ / kGlance;
    for (int attempt = 1;; ++attempt) {
      const double factor = overrun_of(planned.model);
      Reserve ask = reserve_of(planned, is_spare ? below_warning(accounts) : accounts);
      ask.nano = worst_nano(card, planned.input_tokens, max_tokens, factor);
      ask.tokens = worst_tokens(planned.input_tokens, max_tokens, factor);
      ask.output_tokens = worst_tokens(0, max_tokens, factor);
      Open open{.nano = ask.nano, .tokens = ask.tokens, .factor = factor, .card = card, .counts_tokens = is_counted, .accounts = accounts};
      std::string id = ask.id;
      const std::int64_t ask_nano = ask.nano, ask_tokens = ask.tokens;
      Result<Reserved> answer = co_await store_.ledger().reserve(std::move(ask));
      if (answer.has_error())
        co_return Error{Code::unavailable, "no model is asked while its cost can't be written down: " + answer.error().message};
      if (is_spare && !answer->is_granted)
        co_return Error{Code::overloaded, "what is left of a limit is kept for answers"};
      if (answer->is_granted) {
        if (!is_spare) writing_.note(answer->accounts);
        open_.emplace(id, std::move(open));
        co_return Reservation{.id = std::move(id), .planned = std::move(planned), .max_tokens = max_tokens};
      }
      const bool may_wait = !planned.call.is_background && waits > 0 && is_only_busy(*answer, ask_nano, ask_tokens);
      if (may_wait) {
        --waits;
        co_await until_settled();
        accounts = accounts_of(planned.call);  // a limit may be another now, and a day over
        attempt = 0;
        continue;
      }
      const std::int64_t least = std::max<std::int64_t>(planned.least_tokens, 1);
      const bool may_shrink = on_limit() == OnLimit::downgrade && attempt < kMostTries && least < max_tokens;
      // The transaction decides: when others took this room in between, a still shorter answer is tried.
      const std::int64_t fitting =
          may_shrink ? longest_that_fits(answer->accounts, card, planned.input_tokens, least, max_tokens - 1, factor) : -1;
      if (fitting < 0) {
        const AccountState& state = answer->accounts.at(static_cast<std::size_t>(answer->refused_by));
        const std::int64_t shortest = on_limit() == OnLimit::downgrade ? std::min(least, max_tokens) : max_tokens;
        const Amounts need{.nano = worst_nano(card, planned.input_tokens, shortest, factor),
                           .tokens = worst_tokens(planned.input_tokens, shortest, factor)};
        if (planned.call.is_background && !fits_at_all(state.account, need)) tell_too_dear(state, planned.model, need);
        else writing_.note_refused(state, planned.model, open.nano, open.tokens);
        co_return refusal(state, {.nano = open.nano, .tokens = open.tokens}, need);
      }
      max_tokens = fitting;
    }
  }

  bool settle(Reservation reservation, Usage& usage, CallOutcome outcome, bool is_estimated) override {
    const PlannedCall& planned = reservation.planned;
    const ModelCard& card = prices_.find(planned.model);
    if (bound_usage(usage, card, planned, reservation.max_tokens)) {
      is_estimated = true;
      log::warn("models", "{} reported token counts that can't be; the call is booked as reckoned", planned.model);
    }
    usage.cost_usd = prices_.cost(card, usage);
    Settlement settlement;
    settlement.id = reservation.id;
    settlement.outcome = outcome_name(outcome);
    settlement.usage = usage;
    settlement.is_estimated = is_estimated;
    settlement.nano = nano_of(usage.cost_usd);
    settlement.baseline_nano = planned.baseline.empty() ? settlement.nano : nano_of(prices_.cost(prices_.find(planned.baseline), usage));
    Usage uncached = usage;
    uncached.cached_tokens = uncached.cache_write_tokens = 0;
    settlement.uncached_nano = nano_of(prices_.cost(card, uncached));

    if (reservation.id.empty()) {
      Reserve call = reserve_of(planned, accounts_of(planned.call));
      writing_.record(std::move(call), std::move(settlement));
      return is_estimated;
    }
    auto open = open_.extract(reservation.id);
    if (open.empty()) return is_estimated;  // settled or released before
    // A count of Hob's own says nothing of what the provider bills, and neither does a price that has changed since.
    if (!settlement.is_estimated && same_prices(card, open.mapped().card)) learn_overrun(planned.model, open.mapped(), settlement);
    writing_.settle(std::move(settlement), std::move(open.mapped().accounts));
    wake_waiting();
    return is_estimated;
  }

  void release(Reservation reservation) override {
    if (open_.erase(reservation.id) == 0) return;
    writing_.release(std::move(reservation.id));
    wake_waiting();
  }

  awaitable<Result<void>> has_room(CallFor call) override {
    std::vector<Account> accounts = accounts_of(call);
    if (call.is_background && is_background_free())
      for (Account& account : accounts) account.cap_nano = -1;
    std::erase_if(accounts, [](const Account& account) { return account.cap_nano < 0 && account.cap_tokens < 0; });
    if (accounts.empty()) co_return Result<void>{};
    CO_TRY(const std::vector<AccountState> states, co_await store_.ledger().states(std::move(accounts)));
    for (const AccountState& state : states) {
      const auto is_full = [](std::int64_t cap, std::int64_t used) { return cap >= 0 && used >= cap; };
      if (is_full(state.account.cap_nano, state.spent_nano + state.reserved_nano) ||
          is_full(state.account.cap_tokens, state.spent_tokens + state.reserved_tokens))
        co_return refusal(state, {}, {.nano = 1, .tokens = 1});
    }
    co_return Result<void>{};
  }

  bool counts_tokens(const CallFor& call) const override { return has_token_cap(limits_.accounts(call, {"day", "month"})); }

  const PriceTable& prices() const override { return prices_; }
  OnLimit on_limit() const override { return config_->models.budget.on_limit; }

  awaitable<Result<std::vector<LimitState>>> limits(std::string user_id) override {
    const Time now = clock_.now();
    std::vector<LimitState> result;
    CO_TRY(const std::vector<User> users, co_await store_.users().list());
    const auto shown_name = [&](const Account& account) {
      const auto user = std::find_if(users.begin(), users.end(), [&](const User& one) { return account.scope == "user" && one.id == account.name; });
      return user == users.end() ? account.name : user->name;
    };
    const std::vector<BudgetWindow> windows = {windows_.day(now), windows_.month(now)};
    for (const BudgetWindow& window : windows) {
      std::string label = window.label;
      std::vector<Account> wanted = shown_accounts(user_id, label);
      if (user_id.empty()) {
        CO_TRY(const std::vector<AccountState> used, co_await store_.ledger().used(std::move(label), kMostShown));
        for (const AccountState& state : used) add_shown(wanted, state.account);
      }
      std::vector<Account> asked = wanted;
      CO_TRY(std::vector<AccountState> states, co_await store_.ledger().states(std::move(asked)));
      for (AccountState& state : states) {
        const std::string kind(window_kind(window.label));
        const BudgetCaps caps = limits_.caps(state.account.scope, state.account.name, kind);
        std::string name = shown_name(state.account);
        result.push_back({.scope = state.account.scope, .name = state.account.name, .window = kind, .state = std::move(state),
                          .resets_at = window.until, .is_set = caps.is_set, .shown_name = std::move(name)});
      }
    }
    co_return result;
  }

  awaitable<Result<void>> set_limit(BudgetLimit limit) override {
    CO_CHECK(check_limit(limit));
    if (limit.scope == "user" && limit.name != "*") {
      std::string id = limit.name, name = limit.name;
      Result<User> user = co_await store_.users().find(std::move(id));
      if (user.has_error() && user.error().code == Code::not_found) user = co_await store_.users().find_by_name(std::move(name));
      if (user.has_error()) co_return Error{user.error().code == Code::not_found ? Code::invalid : user.error().code, user.error().message};
      limit.name = user->id;
    }
    BudgetLimit copy = limit;
    CO_CHECK(co_await store_.ledger().put_limit(std::move(copy)));
    limits_.put(limit);
    tell_room();
    co_return Result<void>{};
  }

  void on_notice(std::function<void(std::string)> listener) override { writing_.on_notice(std::move(listener)); }

  void on_room(std::function<void()> listener) override {
    room_listener_ = std::move(listener);
    await_window();
  }

  void set_config(std::shared_ptr<const Config> config) override {
    std::unordered_map<std::string, ModelCard> before;
    for (const auto& [model, factor] : overruns_) before.emplace(model, prices_.find(model));
    prices_.set_config(config);
    for (const auto& [model, card] : before)
      if (!same_prices(card, prices_.find(model))) set_overrun(model, 1);  // of a price that is no more
    take_config(std::move(config));
    tell_room();
  }

  awaitable<void> stop(std::chrono::milliseconds limit) override {
    room_listener_ = nullptr;
    window_turns_.cancel();
    return writing_.stop(limit);
  }

 private:
  /// A call that was granted room and isn't settled yet.
  struct Open {
    std::int64_t nano = 0, tokens = 0;
    double factor = 1;  // of the overrun, in both
    ModelCard card;     // as it was reckoned with
    bool counts_tokens = false;
    std::vector<Account> accounts;
  };

  void take_config(std::shared_ptr<const Config> config) {
    config_ = std::move(config);
    limits_.set_config(config_);
    windows_.change_zone(config_->proactive.timezone, clock_.now());
    writing_.set_warn_at(config_->models.budget.warn_at);
  }

  /// The question which tier answers buys nothing by itself: it gets nothing of what is left when a limit is nearly used.
  std::vector<Account> below_warning(std::vector<Account> accounts) const {
    const double share = config_->models.budget.warn_at;
    if (share <= 0) return accounts;
    for (Account& account : accounts) {
      account.cap_nano = share_of(account.cap_nano, share);
      account.cap_tokens = share_of(account.cap_tokens, share);
    }
    return accounts;
  }

  /// Whether the accounts would have room but for the calls under way, which mostly cost less than their worst case.
  static bool is_only_busy(const Reserved& answer, std::int64_t nano, std::int64_t tokens) {
    const auto fits = [](std::int64_t cap, std::int64_t spent, std::int64_t more) { return cap < 0 || spent + more <= cap; };
    return std::all_of(answer.accounts.begin(), answer.accounts.end(), [&](const AccountState& state) {
      return fits(state.account.cap_nano, state.spent_nano, nano) && fits(state.account.cap_tokens, state.spent_tokens, tokens);
    });
  }

  /// Until a call under way has ended, or for a glance.
  awaitable<void> until_settled() {
    const auto glance = std::make_shared<asio::steady_timer>(core_, kGlance);  // shared with settle(), which may cancel it
    waiting_.push_back(glance);
    boost::system::error_code ignored;
    co_await glance->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  void wake_waiting() {
    for (const auto& glance : std::exchange(waiting_, {})) glance->cancel();
  }

  void tell_room() {
    wake_waiting();
    if (!room_listener_) return;
    await_window();
    room_listener_();
  }

  /// Tells of the next day when it begins. The wall clock may be set meanwhile: it is looked at every hour at least.
  void await_window() {
    const BudgetWindow today = windows_.day(clock_.now());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(today.until - clock_.now());
    window_turns_.expires_after(std::min<std::chrono::milliseconds>(left, kLongestWindowWait));
    window_turns_.async_wait([this, label = today.label](const boost::system::error_code& cancelled) {
      if (cancelled) return;  // also when the budget is gone: then `this` is not touched
      if (windows_.day(clock_.now()).label != label) tell_room();
      else await_window();
    });
  }

  /// What a dead process left open, once; before that no call is made, so that the caps hold. Safe beside a second one: it
  /// leaves this run's reservations alone.
  awaitable<Result<void>> settle_dead() {
    if (is_recovered_) co_return Result<void>{};
    const Result<std::int64_t> settled = co_await store_.ledger().recover();
    if (settled.has_error())
      co_return Error{Code::unavailable, "no model is asked before the calls that the last run left open are settled: " + settled.error().message};
    is_recovered_ = true;
    if (*settled > 0) log::info("models", "{} model calls that the last run left open are settled", *settled);
    co_return Result<void>{};
  }

  std::vector<Account> accounts_of(const CallFor& call) {
    const Time now = clock_.now();
    return limits_.accounts(call, windows_.labels(now));
  }

  Reserve reserve_of(const PlannedCall& planned, std::vector<Account> accounts) const {
    Reserve ask;
    ask.id = make_id("call");
    ask.call = planned.call;
    ask.model = planned.model;
    ask.tier = planned.tier;
    ask.accounts = std::move(accounts);
    ask.at = clock_.now();
    return ask;
  }

  double overrun_of(const std::string& model) const {
    const auto found = overruns_.find(model);
    return found == overruns_.end() ? 1.0 : found->second;
  }

  void set_overrun(const std::string& model, double factor) {
    if (factor > 1)
      overruns_[model] = factor;
    else
      overruns_.erase(model);
    writing_.put_overrun(model, factor);
  }

  /// By the factor that the call itself was reserved with: calls that went out together teach the same, not one on top of the other.
  void learn_overrun(const std::string& model, const Open& open, const Settlement& settlement) {
    const std::int64_t billed_tokens = settlement.usage.input_tokens + settlement.usage.output_tokens;
    const auto ratio = [](std::int64_t billed, std::int64_t reserved) {
      return reserved > 0 ? static_cast<double>(billed) / static_cast<double>(reserved) : 0.0;
    };
    const double money = ratio(settlement.nano, open.nano);
    const double tokens = open.counts_tokens ? ratio(billed_tokens, open.tokens) : 0.0;
    const double needed = std::clamp(open.factor * std::max(money, tokens) * kSpare, 1.0, kMostOverrun);
    const double known = overrun_of(model);
    if (money <= 1 && tokens <= 1) {
      if (settlement.outcome == outcome_name(CallOutcome::answered) && known - needed > known * kLeastStep) {
        const double lower = known + (needed - known) * kForget;
        set_overrun(model, lower > 1 + kLeastStep ? lower : 1);
      }
      return;
    }
    if (needed <= known) return;  // a call that went out beside it has taught as much
    set_overrun(model, needed);
    const std::string how = money > 1 ? usd_text(settlement.nano) + " for a call that could cost " + usd_text(open.nano)
                                      : std::to_string(billed_tokens) + " tokens for a call that could take " + std::to_string(open.tokens);
    char times[32];
    std::snprintf(times, sizeof times, "%.2f", needed);
    writing_.tell_once({.scope = "model", .name = model, .window = windows_.day(clock_.now()).label}, "overrun",
                       "Budget: " + model + " billed " + how + " at most. It is booked as billed; from now on calls of this model are reserved at " +
                           times + " times what is reckoned.");
  }

  struct Amounts {
    std::int64_t nano = 0, tokens = 0;
  };
  static bool fits_at_all(const Account& account, const Amounts& least) {
    return (account.cap_nano < 0 || least.nano <= account.cap_nano) && (account.cap_tokens < 0 || least.tokens <= account.cap_tokens);
  }

  /// Nobody sees the refusals of background work: the owner is told once a month of a model that it can never use.
  void tell_too_dear(const AccountState& state, const std::string& model, const Amounts& least) {
    const ModelCard& card = prices_.find(model);
    const bool is_unknown = card.known == ModelCard::Known::unknown;
    writing_.tell_once({.scope = "model", .name = model, .window = windows_.month(clock_.now()).label}, "too dear",
                       too_dear_text(state.account, model, least.nano, least.tokens, is_unknown ? price_advice(model, card) : std::string()));
  }

  /// `asked`: the worst case that had no room, zeros where none was named. `least`: of the least call that would do.
  Error refusal(const AccountState& state, const Amounts& asked, const Amounts& least) {
    using When = RoomAgain::When;
    const Time now = clock_.now(), resets_at = windows_.end_of(state.account.window, now);
    RoomAgain again{.when = When::with_window, .in = std::chrono::ceil<std::chrono::seconds>(resets_at - now), .resets_at = windows_.local_text(resets_at)};
    const Amounts with_spent{.nano = state.spent_nano + least.nano, .tokens = state.spent_tokens + least.tokens};
    if (!fits_at_all(state.account, least)) again.when = When::never;
    else if (fits_at_all(state.account, with_spent)) again = {.when = When::soon, .in = kBusyWait};
    return {Code::overloaded, refusal_text(state, asked.nano, asked.tokens, again)};
  }

  /// Whether a model of the background tier costs nothing: then no limit in money holds background work up.
  bool is_background_free() const {
    const auto tier = config_->models.tiers.find(config_->models.background.tier);
    if (tier == config_->models.tiers.end())
      return config_->models.background.tier.find('/') != std::string::npos && prices_.find(config_->models.background.tier).is_free();
    return std::any_of(tier->second.begin(), tier->second.end(), [&](const std::string& model) { return prices_.find(model).is_free(); });
  }

  /// Adds the account with its caps, once, when it is limited or the household's.
  void add_shown(std::vector<Account>& accounts, const Account& account) const {
    const BudgetCaps caps = limits_.caps(account.scope, account.name, window_kind(account.window));
    if (!caps.any() && account.scope != "all") return;
    const bool is_there = std::any_of(accounts.begin(), accounts.end(), [&](const Account& one) {
      return one.scope == account.scope && one.name == account.name;
    });
    if (is_there) return;
    accounts.push_back(account);
    accounts.back().cap_nano = caps.nano;
    accounts.back().cap_tokens = caps.tokens;
  }

  /// What is shown of a window before one looks at what was used: of all, or of what binds one user.
  std::vector<Account> shown_accounts(const std::string& user_id, const std::string& label) const {
    std::vector<Account> accounts;
    const auto add = [&](const char* scope, const std::string& name) {
      add_shown(accounts, {.scope = scope, .name = name, .window = label});
    };
    add("all", "");
    if (user_id.empty()) {
      add("background", "");
      for (const char* scope : {"user", "channel", "job"}) add(scope, "*");
    } else {
      add("user", user_id);
    }
    for (const BudgetLimit& row : limits_.rows())
      if (row.window == window_kind(label) && user_id.empty()) add(row.scope.c_str(), row.name);
    return accounts;
  }

  Store& store_;
  const Clock& clock_;
  asio::any_io_executor core_;
  asio::steady_timer window_turns_;
  std::function<void()> room_listener_;
  const std::chrono::milliseconds longest_wait_;
  std::vector<std::shared_ptr<asio::steady_timer>> waiting_;  // of reserve()
  std::shared_ptr<const Config> config_;  // shared: held over a reload
  PriceTable prices_;
  BudgetWindows windows_;
  BudgetLimits limits_;
  std::unordered_map<std::string, double> overruns_;  // by model
  std::unordered_map<std::string, Open> open_;        // by reservation
  bool is_recovered_ = false;
  BudgetWriting writing_;  // last: it uses the windows
};

}  // namespace

std::unique_ptr<Budget> make_budget(BudgetContext context) { return std::make_unique<HouseholdBudget>(context); }

}  // namespace hobd
