#include "models/budget_writing.hpp"

#include "base/log.hpp"
#include "models/budget_words.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::chrono::milliseconds kFirstPause{250}, kLongestPause{15'000};
/// Rows of calls that cost nothing, waiting for a disk that is full: beyond these they are let go.
constexpr std::size_t kMostWaiting = 10'000;
constexpr std::size_t kMostRemembered = 10'000;

bool may_pass(const Error& error) { return error.code == Code::unavailable || error.code == Code::overloaded; }

std::string key_of(const Account& account) { return account.window + '\n' + account.scope + '\n' + account.name; }

/// One write as it is tried: which of the ledger's functions, with what.
struct Write {
  enum class Kind { settle, record, release, overrun } kind = Kind::settle;
  Settlement settlement = {};
  Reserve call = {};
  std::string name = {};  // the reservation, or the model
  double factor = 1;
};

bool is_used(std::int64_t cap, std::int64_t used, double share) {
  return cap >= 0 && static_cast<double>(used) >= share * static_cast<double>(cap);
}

bool is_used(const AccountState& state, double share, bool with_reserved) {
  return is_used(state.account.cap_nano, state.spent_nano + (with_reserved ? state.reserved_nano : 0), share) ||
         is_used(state.account.cap_tokens, state.spent_tokens + (with_reserved ? state.reserved_tokens : 0), share);
}

}  // namespace

struct BudgetWriting::State : std::enable_shared_from_this<State> {
  /// The call that had no room, for what is said about it.
  struct Refused {
    std::string model = {};
    std::int64_t nano = 0, tokens = 0;
  };

  explicit State(BudgetWritingContext c) : context(c), tasks(c.core) {}

  BudgetWritingContext context;
  TaskGroup tasks;
  bool is_closed = false;  // the store may be gone
  double warn_at = 0.8;
  std::function<void(std::string)> listener;
  std::map<std::string, AccountState, std::less<>> seen;  // with what reservations left; by key_of()
  std::set<std::string, std::less<>> warned;              // key_of() + what
  std::size_t waiting = 0;

  awaitable<Result<void>> attempt(const Write& write) {
    Ledger& ledger = context.store->ledger();
    if (write.kind == Write::Kind::settle) {
      Settlement copy = write.settlement;
      return ledger.settle(std::move(copy));
    }
    if (write.kind == Write::Kind::record) {
      Reserve call = write.call;
      Settlement copy = write.settlement;
      return ledger.record(std::move(call), std::move(copy));
    }
    std::string name = write.name;
    if (write.kind == Write::Kind::release) return ledger.release(std::move(name));
    return ledger.put_overrun(std::move(name), write.factor);
  }

  static awaitable<void> keep_writing(std::shared_ptr<State> self, Write write, std::vector<Account> accounts) {
    ++self->waiting;
    const bool is_written = co_await self->write_until_stored(write);
    --self->waiting;
    if (is_written && !accounts.empty() && !self->is_closed) co_await self->look_at(std::move(accounts));
  }

  awaitable<bool> write_until_stored(const Write& write) {
    asio::steady_timer timer(context.core);
    for (std::chrono::milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
      if (is_closed) co_return false;
      const Result<void> written = co_await attempt(write);
      if (written.has_value()) co_return true;
      if (!may_pass(written.error())) {
        log::error("models", "the ledger refused what a call cost: {}", written.error().message);
        co_return false;
      }
      if (pause == kFirstPause)
        log::warn("models", "what a call cost is not written yet, its reservation stays: {}", written.error().message);
      timer.expires_after(pause);
      boost::system::error_code stopped;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    }
  }

  /// Those accounts that reservations brought near their limit, and that weren't warned of.
  std::vector<Account> near(std::vector<Account> accounts) {
    std::erase_if(accounts, [&](const Account& account) {
      // Background work waits at its share of a limit by itself: nothing for the owner to do.
      if ((account.cap_nano < 0 && account.cap_tokens < 0) || account.scope == "background") return true;
      const std::string key = key_of(account);
      if (warned.contains(key + "\nfull")) return true;
      const auto known = seen.find(key);
      return known != seen.end() && !is_used(known->second, warn_at, true);
    });
    return accounts;
  }

  awaitable<void> look_at(std::vector<Account> accounts) {
    accounts = near(std::move(accounts));
    if (accounts.empty()) co_return;
    const Result<std::vector<AccountState>> states = co_await context.store->ledger().states(std::move(accounts));
    if (states.has_error() || is_closed) co_return;  // the next settlement looks again
    const Refused none;
    for (const AccountState& state : *states) {
      if (is_used(state, 1, false))
        co_await warn(state, "full", none);
      else if (warn_at > 0 && is_used(state, warn_at, false))
        co_await warn(state, "near", none);
      if (is_closed) co_return;
    }
  }

  static awaitable<void> warn_refused(std::shared_ptr<State> self, AccountState state, Refused refused) {
    co_await self->warn(std::move(state), "refused", std::move(refused));
  }

  static awaitable<void> tell_once(std::shared_ptr<State> self, Account account, std::string what, std::string text) {
    const bool is_first = co_await self->mark_first(std::move(account), std::move(what));
    if (is_first) self->tell(std::move(text));
  }

  /// Whether this is said for the first time of the account's window.
  awaitable<bool> mark_first(Account account, std::string what) {
    // Before the store is asked: two settlements may look at once.
    if (warned.size() > kMostRemembered) warned.clear();
    const std::string key = key_of(account) + '\n' + what;
    if (!warned.insert(key).second) co_return false;
    const Result<bool> is_first = co_await context.store->ledger().mark_warned(std::move(account), std::move(what));
    if (is_closed) co_return false;
    if (is_first.has_error()) warned.erase(key);
    co_return is_first.has_value() && *is_first;
  }

  awaitable<void> warn(AccountState state, std::string what, Refused refused) {
    Account account = state.account;
    std::string copy = what;
    const bool is_first = co_await mark_first(std::move(account), std::move(copy));
    if (!is_first) co_return;
    std::string name = state.account.name;
    if (state.account.scope == "user") {
      std::string id = name;
      const Result<User> user = co_await context.store->users().find(std::move(id));
      if (is_closed) co_return;
      if (user.has_value()) name = user->name;
    }
    const Time now = context.clock->now();
    const std::string resets_at = context.windows->local_text(context.windows->end_of(state.account.window, now));
    if (what == "refused")
      tell(refused_text(state, name, refused.model, refused.nano, refused.tokens, resets_at));
    else
      tell(warning_text(state, name, what == "full", resets_at));
  }

  void tell(std::string text) {
    log::warn("models", "{}", text);
    if (listener) listener(std::move(text));
  }
};

BudgetWriting::BudgetWriting(BudgetWritingContext context) : state_(std::make_shared<State>(context)) {}

BudgetWriting::~BudgetWriting() {
  state_->is_closed = true;
  state_->listener = nullptr;
  state_->tasks.cancel();
}

void BudgetWriting::settle(Settlement settlement, std::vector<Account> accounts) {
  state_->tasks.spawn("settle a call", State::keep_writing(state_, {.kind = Write::Kind::settle, .settlement = std::move(settlement)}, std::move(accounts)));
}

void BudgetWriting::record(Reserve call, Settlement settlement) {
  if (state_->waiting >= kMostWaiting) return;
  std::vector<Account> accounts;  // none has a limit, else room would have been reserved
  Write write{.kind = Write::Kind::record, .settlement = std::move(settlement), .call = std::move(call)};
  state_->tasks.spawn("record a call", State::keep_writing(state_, std::move(write), std::move(accounts)));
}

void BudgetWriting::release(std::string id) {
  std::vector<Account> accounts;
  state_->tasks.spawn("release a call", State::keep_writing(state_, {.kind = Write::Kind::release, .name = std::move(id)}, std::move(accounts)));
}

void BudgetWriting::put_overrun(std::string model, double factor) {
  state_->seen.clear();  // more was spent than its reservation let see
  std::vector<Account> accounts;
  Write write{.kind = Write::Kind::overrun, .name = std::move(model), .factor = factor};
  state_->tasks.spawn("keep an overrun", State::keep_writing(state_, std::move(write), std::move(accounts)));
}

void BudgetWriting::note(const std::vector<AccountState>& states) {
  if (state_->seen.size() > kMostRemembered) state_->seen.clear();
  for (const AccountState& state : states)
    if (state.account.cap_nano >= 0 || state.account.cap_tokens >= 0) state_->seen.insert_or_assign(key_of(state.account), state);
}

void BudgetWriting::note_refused(const AccountState& state, std::string model, std::int64_t nano, std::int64_t tokens) {
  const std::string key = key_of(state.account);
  // With room but for calls under way it passes by itself: the owner is told once the money is gone.
  const auto passes = [](std::int64_t cap, std::int64_t spent, std::int64_t more) { return cap < 0 || spent + more <= cap; };
  if (passes(state.account.cap_nano, state.spent_nano, nano) && passes(state.account.cap_tokens, state.spent_tokens, tokens)) return;
  if (state.account.scope == "background" || state_->warned.contains(key + "\nfull") || state_->warned.contains(key + "\nrefused")) return;
  State::Refused refused{.model = std::move(model), .nano = nano, .tokens = tokens};
  state_->tasks.spawn("tell of a refusal", State::warn_refused(state_, state, std::move(refused)));
}

void BudgetWriting::set_warn_at(double share) { state_->warn_at = share; }
void BudgetWriting::on_notice(std::function<void(std::string)> listener) { state_->listener = std::move(listener); }

void BudgetWriting::tell_once(Account account, std::string what, std::string text) {
  if (state_->warned.contains(key_of(account) + '\n' + what)) return;
  state_->tasks.spawn("tell the owner", State::tell_once(state_, std::move(account), std::move(what), std::move(text)));
}

awaitable<void> BudgetWriting::stop(std::chrono::milliseconds limit) {
  const std::shared_ptr<State> state = state_;
  if (co_await state->tasks.async_wait(limit)) co_return;
  log::warn("models", "{} calls are not settled: the next start does it", state->waiting);
  state->is_closed = true;
  state->tasks.cancel();
  (void)co_await state->tasks.async_wait(std::chrono::milliseconds(500));
}

}  // namespace hobd
