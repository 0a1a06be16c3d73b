#include "store/ledger_rows.hpp"
#include "store/sqlite_parts.hpp"

#include "base/id.hpp"
#include "base/text.hpp"

#include <charconv>

namespace hobd {
namespace {

/// Detail rows are kept for so long; the sums of months stay for ever.
constexpr std::chrono::hours kKeepRows{24 * 400};
/// No single call and no limit is worth more: sums of such numbers stay far below what 64 bits hold.
constexpr std::int64_t kMostNano = 1'000'000 * kNanoPerUsd, kMostTokens = 1'000'000'000'000;

Result<void> check_amount(std::int64_t nano, std::int64_t tokens, const char* what) {
  if (nano < 0 || tokens < 0 || nano > kMostNano || tokens > kMostTokens)
    return Error{Code::invalid, std::string(what) + " of " + std::to_string(nano) + " nano-USD and " + std::to_string(tokens) +
                                    " tokens is outside of what the ledger holds"};
  return {};
}

/// An account as it stands, and its rowid; 0: nothing was booked on it yet.
struct AccountRow {
  std::int64_t id = 0;
  AccountState state;
};

Result<AccountRow> find_account(Connection& db, const Account& account) {
  AccountRow found{.id = 0, .state = {.account = account}};
  auto rows = TRY(db.query("SELECT id, spent_nano, reserved_nano, spent_tokens, reserved_tokens FROM ledger_accounts "
                           "WHERE window = ? AND scope = ? AND name = ?",
                           account.window, account.scope, account.name));
  if (!TRY(rows.next())) return found;
  found.id = rows.integer(0);
  found.state.spent_nano = rows.integer(1);
  found.state.reserved_nano = rows.integer(2);
  found.state.spent_tokens = rows.integer(3);
  found.state.reserved_tokens = rows.integer(4);
  return found;
}

bool has_room(const AccountState& state, std::int64_t nano, std::int64_t tokens) {
  const auto fits = [](std::int64_t cap, std::int64_t used, std::int64_t more) { return cap < 0 || more <= cap - used; };
  return fits(state.account.cap_nano, state.spent_nano + state.reserved_nano, nano) &&
         fits(state.account.cap_tokens, state.spent_tokens + state.reserved_tokens, tokens);
}

/// What a booking adds to an account.
struct Amounts {
  std::int64_t spent_nano = 0, reserved_nano = 0, spent_tokens = 0, reserved_tokens = 0;
};

Result<void> add_to_account(Connection& db, std::int64_t id, const Amounts& more) {
  TRY(db.run("UPDATE ledger_accounts SET spent_nano = spent_nano + ?, reserved_nano = reserved_nano + ?, "
             "spent_tokens = spent_tokens + ?, reserved_tokens = reserved_tokens + ? WHERE id = ?",
             more.spent_nano, more.reserved_nano, more.spent_tokens, more.reserved_tokens, id));
  return {};
}

/// Books on all accounts, making those that are new; their ids with commas.
Result<std::string> book(Connection& db, std::vector<AccountRow>& accounts, const Amounts& more) {
  std::string ids;
  for (AccountRow& row : accounts) {
    const Account& account = row.state.account;
    if (row.id == 0) {
      TRY(db.run("INSERT INTO ledger_accounts(window, scope, name, spent_nano, reserved_nano, spent_tokens, reserved_tokens) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?)",
                 account.window, account.scope, account.name, more.spent_nano, more.reserved_nano, more.spent_tokens, more.reserved_tokens));
      row.id = db.last_rowid();
    } else {
      TRY(add_to_account(db, row.id, more));
    }
    row.state.spent_nano += more.spent_nano;
    row.state.reserved_nano += more.reserved_nano;
    row.state.spent_tokens += more.spent_tokens;
    row.state.reserved_tokens += more.reserved_tokens;
    ids += (ids.empty() ? "" : ",") + std::to_string(row.id);
  }
  return ids;
}

/// The household's date: that of a daily account it is booked on, else UTC's.
std::string day_of(const Reserve& reserve) {
  constexpr std::string_view kDay = "day ";
  for (const Account& account : reserve.accounts)
    if (account.window.starts_with(kDay)) return account.window.substr(kDay.size());
  return format_time(reserve.at).substr(0, 10);
}

/// How a call ended; of one that is under way none of it is known.
struct Ended {
  LedgerState state = LedgerState::reserved;
  Settlement settlement = {};
  std::optional<Time> at;
};

Result<void> insert_row(Connection& db, const Reserve& reserve, std::int64_t run, const std::string& accounts, const Ended& ended) {
  const CallFor& call = reserve.call;
  const Settlement& settlement = ended.settlement;
  const Usage& usage = settlement.usage;
  // Of a call under way the row keeps the longest answer that it may give: what is left of it if the process dies.
  const std::int64_t output_tokens = ended.state == LedgerState::reserved ? reserve.output_tokens : usage.output_tokens;
  TRY(db.run("INSERT INTO ledger(lid, run, state, at, day, user_id, channel, conversation_id, turn_id, job, purpose, is_background, "
             "model, tier, reserved_nano, reserved_tokens, accounts, settled_at, nano, baseline_nano, uncached_nano, input_tokens, "
             "output_tokens, cached_tokens, cache_write_tokens, is_estimated) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             reserve.id, run, ended.state, reserve.at, day_of(reserve), call.user_id, call.channel, call.conversation_id, call.turn_id,
             call.job, purpose_name(call.purpose), call.is_background, reserve.model, reserve.tier, reserve.nano, reserve.tokens, accounts,
             ended.at, settlement.nano, settlement.baseline_nano, settlement.uncached_nano, usage.input_tokens, output_tokens,
             usage.cached_tokens, usage.cache_write_tokens, settlement.is_estimated));
  return {};
}

Result<Reserved> reserve_in(Connection& db, const Reserve& reserve, std::int64_t run) {
  TRY(check_amount(reserve.nano, reserve.tokens, "a reservation"));
  Reserved result;
  std::vector<AccountRow> accounts;
  for (const Account& account : reserve.accounts) {
    accounts.push_back(TRY(find_account(db, account)));
    if (result.refused_by < 0 && !has_room(accounts.back().state, reserve.nano, reserve.tokens))
      result.refused_by = static_cast<int>(accounts.size()) - 1;
  }
  result.is_granted = result.refused_by < 0;
  if (result.is_granted) {
    const std::string ids = TRY(book(db, accounts, {.reserved_nano = reserve.nano, .reserved_tokens = reserve.tokens}));
    TRY(insert_row(db, reserve, run, ids, {}));
  }
  for (AccountRow& row : accounts) result.accounts.push_back(std::move(row.state));
  return result;
}

Result<std::optional<OpenRow>> find_open(Connection& db, const std::string& id) {
  auto rows = TRY(db.query("SELECT id, state, accounts, reserved_nano, reserved_tokens FROM ledger WHERE lid = ?", id));
  if (!TRY(rows.next())) return Error{Code::not_found, "the ledger has no call " + id};
  if (static_cast<LedgerState>(rows.integer(1)) != LedgerState::reserved) return std::optional<OpenRow>{};
  OpenRow row;
  row.id = rows.integer(0);
  row.accounts = rows.text(2);
  row.nano = rows.integer(3);
  row.tokens = rows.integer(4);
  return std::optional<OpenRow>{std::move(row)};
}

Result<LedgerState> state_of_outcome(std::string_view outcome) {
  for (const LedgerState state : {LedgerState::answered, LedgerState::failed, LedgerState::cancelled, LedgerState::lost})
    if (ledger_state_name(state) == outcome) return state;
  return Error{Code::invalid, "\"" + std::string(outcome) + "\" is no outcome of a call"};
}

Result<void> settle_in(Connection& db, const Settlement& settlement, Time now) {
  const LedgerState state = TRY(state_of_outcome(settlement.outcome));
  const std::optional<OpenRow> row = TRY(find_open(db, settlement.id));
  if (!row) return {};
  return end_reservation(db, *row, state, settlement, now);
}

/// A call that was never reserved, with what it cost.
Result<void> record_in(Connection& db, const Reserve& call, const Settlement& settlement, std::int64_t run, Time now) {
  const std::int64_t tokens = settlement.usage.input_tokens + settlement.usage.output_tokens;
  TRY(check_amount(settlement.nano, tokens, "a settlement"));
  const Ended ended{.state = TRY(state_of_outcome(settlement.outcome)), .settlement = settlement, .at = now};
  std::vector<AccountRow> accounts;
  for (const Account& account : call.accounts) accounts.push_back(TRY(find_account(db, account)));
  const std::string ids = TRY(book(db, accounts, {.spent_nano = settlement.nano, .spent_tokens = tokens}));
  return insert_row(db, call, run, ids, ended);
}

class SqliteLedger final : public Ledger {
 public:
  explicit SqliteLedger(SqliteParts parts) : parts_(parts) {
    // Tells the rows of this run from those that an earlier process left open; 60 bits, so that it is a positive number.
    const std::string digits = random_hex(8);
    (void)std::from_chars(digits.data(), digits.data() + 15, run_, 16);
  }

  awaitable<Result<Reserved>> reserve(Reserve reserve) override {
    return parts_.writer.run<Reserved>(Durability::journaled, [reserve = std::move(reserve), run = run_](WriteBatch& batch) {
      return reserve_in(batch.db, reserve, run);
    });
  }

  awaitable<Result<void>> settle(Settlement settlement) override {
    return parts_.writer.run_with_next<void>(Durability::journaled, [settlement = std::move(settlement), now = parts_.clock.now(),
                                                           pruned = pruned_](WriteBatch& batch) -> Result<void> {
      TRY(settle_in(batch.db, settlement, now));
      return prune_once_a_day(batch.db, now, *pruned);
    });
  }

  awaitable<Result<void>> record(Reserve call, Settlement settlement) override {
    return parts_.writer.run_with_next<void>(Durability::journaled, [call = std::move(call), settlement = std::move(settlement), run = run_,
                                                           now = parts_.clock.now(), pruned = pruned_](WriteBatch& batch) mutable -> Result<void> {
      call.nano = call.tokens = call.output_tokens = 0;
      TRY(record_in(batch.db, call, settlement, run, now));
      return prune_once_a_day(batch.db, now, *pruned);
    });
  }

  awaitable<Result<void>> release(std::string id) override {
    return parts_.writer.run_with_next<void>(Durability::journaled, [id = std::move(id), now = parts_.clock.now()](WriteBatch& batch) -> Result<void> {
      const std::optional<OpenRow> row = TRY(find_open(batch.db, id));
      if (!row) return {};
      return end_reservation(batch.db, *row, LedgerState::released, {}, now);
    });
  }

  awaitable<Result<std::int64_t>> recover() override {
    return parts_.writer.run<std::int64_t>(Durability::journaled, [run = run_, now = parts_.clock.now()](WriteBatch& batch) {
      return end_dead_reservations(batch.db, run, now);
    });
  }

  awaitable<Result<std::vector<AccountState>>> states(std::vector<Account> accounts) override {
    return parts_.readers.run<std::vector<AccountState>>(
        [accounts = std::move(accounts)](Connection& db) -> Result<std::vector<AccountState>> {
          std::vector<AccountState> states;
          for (const Account& account : accounts) states.push_back(TRY(find_account(db, account)).state);
          return states;
        });
  }

  awaitable<Result<std::vector<AccountState>>> used(std::string window, std::uint32_t most) override {
    return parts_.readers.run<std::vector<AccountState>>(
        [window = std::move(window), most](Connection& db) -> Result<std::vector<AccountState>> {
          auto rows = TRY(db.query("SELECT scope, name, spent_nano, reserved_nano, spent_tokens, reserved_tokens FROM ledger_accounts "
                                   "WHERE window = ? ORDER BY spent_nano DESC, spent_tokens DESC, scope, name LIMIT ?",
                                   window, most));
          std::vector<AccountState> states;
          while (TRY(rows.next())) {
            AccountState state;
            state.account = {.scope = rows.text(0), .name = rows.text(1), .window = window};
            state.spent_nano = rows.integer(2);
            state.reserved_nano = rows.integer(3);
            state.spent_tokens = rows.integer(4);
            state.reserved_tokens = rows.integer(5);
            states.push_back(std::move(state));
          }
          return states;
        });
  }

  awaitable<Result<bool>> mark_warned(Account account, std::string what) override {
    return parts_.writer.run<bool>(
        Durability::journaled, [account = std::move(account), what = std::move(what)](WriteBatch& batch) -> Result<bool> {
          return TRY(batch.db.run("INSERT INTO ledger_warnings(window, scope, name, what) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                                  account.window, account.scope, account.name, what)) > 0;
        });
  }

  awaitable<Result<Page<LedgerEntry>>> list(LedgerFilter filter, PageRequest page) override {
    return parts_.readers.run<Page<LedgerEntry>>([filter = std::move(filter), page = std::move(page)](Connection& db) {
      return list_ledger(db, filter, page);
    });
  }

  awaitable<Result<std::vector<LedgerSum>>> sums(LedgerFilter filter, SumBy by) override {
    return parts_.readers.run<std::vector<LedgerSum>>([filter = std::move(filter), by](Connection& db) { return sum_ledger(db, filter, by); });
  }

  awaitable<Result<std::vector<BudgetLimit>>> limits() override {
    return parts_.readers.run<std::vector<BudgetLimit>>([](Connection& db) -> Result<std::vector<BudgetLimit>> {
      auto rows = TRY(db.query("SELECT scope, name, window, cap_nano, cap_tokens FROM budget_limits ORDER BY scope, name, window"));
      std::vector<BudgetLimit> limits;
      while (TRY(rows.next())) {
        BudgetLimit limit{.scope = rows.text(0), .name = rows.text(1), .window = rows.text(2), .cap_nano = {}, .cap_tokens = {}};
        if (!rows.is_null(3)) limit.cap_nano = rows.integer(3);
        if (!rows.is_null(4)) limit.cap_tokens = rows.integer(4);
        limits.push_back(std::move(limit));
      }
      return limits;
    });
  }

  awaitable<Result<void>> put_limit(BudgetLimit limit) override {
    return parts_.writer.run<void>(Durability::synced, [limit = std::move(limit)](WriteBatch& batch) -> Result<void> {
      if (!limit.cap_nano && !limit.cap_tokens) {
        TRY(batch.db.run("DELETE FROM budget_limits WHERE scope = ? AND name = ? AND window = ?", limit.scope, limit.name, limit.window));
        return {};
      }
      TRY(batch.db.run("INSERT INTO budget_limits(scope, name, window, cap_nano, cap_tokens) VALUES (?, ?, ?, ?, ?) "
                       "ON CONFLICT(scope, name, window) DO UPDATE SET cap_nano = excluded.cap_nano, cap_tokens = excluded.cap_tokens",
                       limit.scope, limit.name, limit.window, limit.cap_nano, limit.cap_tokens));
      return {};
    });
  }

  awaitable<Result<std::vector<std::pair<std::string, double>>>> overruns() override {
    using Factors = std::vector<std::pair<std::string, double>>;
    return parts_.readers.run<Factors>([](Connection& db) -> Result<Factors> {
      auto rows = TRY(db.query("SELECT model, factor FROM model_overruns ORDER BY model"));
      Factors factors;
      while (TRY(rows.next())) factors.emplace_back(rows.text(0), rows.real(1));
      return factors;
    });
  }

  awaitable<Result<void>> put_overrun(std::string model, double factor) override {
    return parts_.writer.run<void>(Durability::journaled, [model = std::move(model), factor](WriteBatch& batch) -> Result<void> {
      if (factor <= 1) {
        TRY(batch.db.run("DELETE FROM model_overruns WHERE model = ?", model));
        return {};
      }
      TRY(batch.db.run("INSERT INTO model_overruns(model, factor) VALUES (?, ?) ON CONFLICT(model) DO UPDATE SET factor = excluded.factor",
                       model, factor));
      return {};
    });
  }

 private:
  /// The day of the last pruning; the writer thread's alone.
  using Pruned = std::optional<std::chrono::sys_days>;
  static Result<void> prune_once_a_day(Connection& db, Time now, Pruned& pruned) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    if (pruned == day) return {};
    TRY(prune_ledger(db, now - kKeepRows));
    pruned = day;
    return {};
  }

  SqliteParts parts_;
  std::int64_t run_ = 0;
  std::shared_ptr<Pruned> pruned_ = std::make_shared<Pruned>();  // shared with writes that still wait
};

}  // namespace

Result<void> end_reservation(Connection& db, const OpenRow& row, LedgerState state, const Settlement& settlement, Time now) {
  const Usage& usage = settlement.usage;
  const std::int64_t tokens = usage.input_tokens + usage.output_tokens;
  TRY(check_amount(settlement.nano, tokens, "a settlement"));
  const Amounts more{.spent_nano = settlement.nano, .reserved_nano = -row.nano, .spent_tokens = tokens, .reserved_tokens = -row.tokens};
  for (const std::string_view id : split(row.accounts, ',')) {
    std::int64_t account = 0;
    if (std::from_chars(id.data(), id.data() + id.size(), account).ec == std::errc{}) TRY(add_to_account(db, account, more));
  }
  TRY(db.run("UPDATE ledger SET state = ?, settled_at = ?, nano = ?, baseline_nano = ?, uncached_nano = ?, input_tokens = ?, "
             "output_tokens = ?, cached_tokens = ?, cache_write_tokens = ?, is_estimated = ? WHERE id = ?",
             state, now, settlement.nano, settlement.baseline_nano, settlement.uncached_nano, usage.input_tokens, usage.output_tokens,
             usage.cached_tokens, usage.cache_write_tokens, settlement.is_estimated, row.id));
  return {};
}

std::unique_ptr<Ledger> make_sqlite_ledger(SqliteParts parts) { return std::make_unique<SqliteLedger>(parts); }

}  // namespace hobd
