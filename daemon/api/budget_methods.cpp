// budget.*: the limits, what is left of them, and setting them at run time.
#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "models/budget_notes.hpp"

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

/// The config's keys that budget.set takes under their own names.
struct BudgetKey {
  const char* name;
  const char* scope;
  const char* window;
  enum class Unit { usd, tokens } unit;
};
using Unit = BudgetKey::Unit;
constexpr BudgetKey kKeys[] = {
    {"daily", "all", "day", Unit::usd},
    {"monthly", "all", "month", Unit::usd},
    {"per_user_daily", "user", "day", Unit::usd},
    {"per_user_monthly", "user", "month", Unit::usd},
    {"per_channel_daily", "channel", "day", Unit::usd},
    {"per_job_daily", "job", "day", Unit::usd},
    {"daily_tokens", "all", "day", Unit::tokens},
    {"monthly_tokens", "all", "month", Unit::tokens},
    {"per_user_daily_tokens", "user", "day", Unit::tokens},
    {"per_channel_daily_tokens", "channel", "day", Unit::tokens},
    {"per_job_daily_tokens", "job", "day", Unit::tokens},
};

double usd(std::int64_t nano) { return static_cast<double>(nano) / static_cast<double>(kNanoPerUsd); }

std::string_view on_limit_name(OnLimit on_limit) {
  switch (on_limit) {
    case OnLimit::downgrade: return "downgrade";
    case OnLimit::queue: return "queue";
    case OnLimit::deny: return "deny";
  }
  return "deny";
}

json::object limit_json(const Budget::LimitState& limit) {
  const AccountState& state = limit.state;
  const std::int64_t used = state.spent_nano + state.reserved_nano, used_tokens = state.spent_tokens + state.reserved_tokens;
  const bool in_money = state.account.cap_nano >= 0, in_tokens = state.account.cap_tokens >= 0;
  json::object shown{{"scope", limit.scope}, {"name", text_or_null(limit.name)}, {"window", limit.window}};
  shown["limit_usd"] = in_money ? json::value(usd(state.account.cap_nano)) : json::value(nullptr);
  shown["spent_usd"] = usd(state.spent_nano);
  shown["reserved_usd"] = usd(state.reserved_nano);
  shown["remaining_usd"] = in_money ? json::value(usd(std::max<std::int64_t>(0, state.account.cap_nano - used))) : json::value(nullptr);
  shown["limit_tokens"] = in_tokens ? json::value(state.account.cap_tokens) : json::value(nullptr);
  shown["used_tokens"] = used_tokens;
  shown["resets_at"] = format_time(limit.resets_at);
  shown["is_set"] = limit.is_set;
  if (limit.scope == "user") shown["user_name"] = limit.shown_name;
  return shown;
}

awaitable<Result<json::value>> get(BudgetMethodsContext context, MethodCall call) {
  std::string user_id;
  if (!call.who.is_admin()) {
    CO_CHECK(need_user(call.who));
    user_id = call.who.user_id;
  }
  CO_TRY(const std::vector<Budget::LimitState> limits, co_await context.budget->limits(std::move(user_id)));
  json::object answer;
  answer["daily"] = nullptr;
  answer["monthly"] = nullptr;
  json::array all;
  for (const Budget::LimitState& limit : limits) {
    json::object shown = limit_json(limit);
    if (limit.scope == "all") {
      json::object household = shown;
      for (const char* member : {"scope", "name", "window"}) household.erase(member);
      answer[limit.window == "day" ? "daily" : "monthly"] = std::move(household);
    }
    all.push_back(std::move(shown));
  }
  answer["limits"] = std::move(all);
  answer["warn_at"] = context.config()->models.budget.warn_at;
  answer["on_limit"] = on_limit_name(context.budget->on_limit());
  if (call.who.is_admin()) {
    json::array notes;
    for (const std::string& note : budget_notes(*context.config(), context.budget->prices(), limits)) notes.push_back(json::string(note));
    answer["notes"] = std::move(notes);
  }
  co_return answer;
}

/// "0" under a config's key is what it is there: no limit. null: as the config says.
Result<std::optional<std::int64_t>> cap_of(const json::value& value, Unit unit, std::int64_t at_zero) {
  constexpr double kMost = 1e12;
  if (value.is_null()) return std::optional<std::int64_t>();
  const double number = value.to_number<double>();
  if (number == 0) return std::optional<std::int64_t>(at_zero);
  if (number == -1) return std::optional<std::int64_t>(-1);
  if (!(number > 0) || number > kMost) return Error{Code::invalid, "a limit is a number from 0, -1 for no limit, or null for what hob.yaml says"};
  if (unit == Unit::tokens) return std::optional<std::int64_t>(std::int64_t(number));
  // Within what the ledger takes, whose own bound is named when it is passed.
  return std::optional<std::int64_t>(std::llround(std::min(number, 1e9) * double(kNanoPerUsd)));
}

/// What is set for this scope already, so that a limit in money leaves one in tokens beside it alone.
BudgetLimit& limit_for(std::vector<BudgetLimit>& changed, const std::vector<BudgetLimit>& known, std::string_view scope, std::string_view name,
                       std::string_view window) {
  const auto is_it = [&](const BudgetLimit& one) { return one.scope == scope && one.name == name && one.window == window; };
  if (const auto at = std::find_if(changed.begin(), changed.end(), is_it); at != changed.end()) return *at;
  const auto at = std::find_if(known.begin(), known.end(), is_it);
  if (at != known.end()) return changed.emplace_back(*at);
  return changed.emplace_back(BudgetLimit{std::string(scope), std::string(name), std::string(window), {}, {}});
}

Result<void> take_keys(const json::object& params, const std::vector<BudgetLimit>& known, std::vector<BudgetLimit>& changed) {
  for (const BudgetKey& key : kKeys) {
    const json::value* value = params.if_contains(key.name);
    if (!value) continue;
    const auto cap = cap_of(*value, key.unit, -1);
    if (cap.has_error()) return Error{cap.error().code, std::string(key.name) + ": " + cap.error().message};
    const bool is_named = std::string_view(key.scope) != "all";
    BudgetLimit& limit = limit_for(changed, known, key.scope, is_named ? "*" : "", key.window);
    (key.unit == Unit::usd ? limit.cap_nano : limit.cap_tokens) = *cap;
  }
  return {};
}

/// One user's, channel's or job's own limit, or that of background work.
Result<void> take_one(const json::object& params, const std::vector<BudgetLimit>& known, std::vector<BudgetLimit>& changed) {
  const json::value* money = params.if_contains("usd");
  const json::value* tokens = params.if_contains("tokens");
  std::string_view scope, name;
  int named = 0;
  for (const char* one : {"user", "channel", "job"})
    if (const std::string_view whose = string_or(params, one); !whose.empty()) {
      ++named;
      scope = one;
      name = whose;
    }
  if (named == 0 && !money && !tokens && !params.contains("window")) return {};
  if (named > 1) return Error{Code::invalid, "a limit is one user's, one channel's or one job's: name one of them"};
  if (named == 0) return Error{Code::invalid, "whose limit? Name user, channel or job; daily and monthly are the household's"};
  if (!money && !tokens) return Error{Code::invalid, "how much? Give usd or tokens: a number, -1 for no limit, null for what hob.yaml says"};
  BudgetLimit& limit = limit_for(changed, known, scope, name, string_or(params, "window", "day"));
  if (money) limit.cap_nano = TRY(cap_of(*money, Unit::usd, 0));
  if (tokens) limit.cap_tokens = TRY(cap_of(*tokens, Unit::tokens, 0));
  return {};
}

awaitable<Result<json::value>> set(BudgetMethodsContext context, MethodCall call) {
  // A user's limit is kept by id, however they were named.
  if (std::string user(string_or(call.params, "user")); !user.empty() && user != "*") {
    std::string name = user;
    Result<User> found = co_await context.store->users().find(std::move(user));
    if (found.has_error() && found.error().code == Code::not_found) found = co_await context.store->users().find_by_name(std::move(name));
    if (found.has_error()) co_return Error{found.error().code, found.error().message + "; `hobctl user list` shows who there is"};
    call.params["user"] = found->id;
  }
  CO_TRY(const std::vector<BudgetLimit> known, co_await context.store->ledger().limits());
  std::vector<BudgetLimit> changed;
  CO_CHECK(take_keys(call.params, known, changed));
  CO_CHECK(take_one(call.params, known, changed));
  if (changed.empty()) co_return Error{Code::invalid, "nothing to set: give a limit, such as daily"};
  for (BudgetLimit& limit : changed) CO_CHECK(co_await context.budget->set_limit(std::move(limit)));
  co_return co_await get(context, std::move(call));
}

}  // namespace

void add_budget_methods(MethodTable& table, BudgetMethodsContext context) {
  const json::value shown = result({{"daily", "object|null", Need::required},
                                    {"monthly", "object|null", Need::required},
                                    {"limits", "array"},
                                    {"warn_at", "number"},
                                    {"on_limit", "string"},
                                    {"notes", "array", Need::optional, "admins: what to mend, such as models whose price isn't known"}});
  table.add({.name = "budget.get",
             .scope = "usage",
             .doc = "The limits in force, what is spent and reserved of each, what is left and when it begins anew. Without admin: those that bind you.",
             .params = params({}),
             .result = shown},
            [context](MethodCall call) { return get(context, std::move(call)); });
  table.add(
      {.name = "budget.set",
       .scope = "admin",
       .doc = "Set limits above hob.yaml's, in force at once and kept over restarts; null goes back to hob.yaml. Under hob.yaml's keys 0 is no limit.",
       .params = params({{"daily", "number|null", Need::optional, "USD of the household a day"},
                         {"monthly", "number|null"},
                         {"per_user_daily", "number|null", Need::optional, "of each user who has none of their own"},
                         {"per_user_monthly", "number|null"},
                         {"per_channel_daily", "number|null"},
                         {"per_job_daily", "number|null"},
                         {"daily_tokens", "integer|null", Need::optional, "tokens, read and written"},
                         {"monthly_tokens", "integer|null"},
                         {"per_user_daily_tokens", "integer|null"},
                         {"per_channel_daily_tokens", "integer|null"},
                         {"per_job_daily_tokens", "integer|null"},
                         {"user", "text", Need::optional, "this user's own limit: name or id, with usd or tokens"},
                         {"channel", "text", Need::optional, "this channel's own"},
                         {"job", "text", Need::optional, "this job's own"},
                         {"window", "enum:day,month", Need::optional, "of usd and tokens; day where absent"},
                         {"usd", "number|null", Need::optional, "0: nothing may be spent; -1: no limit"},
                         {"tokens", "integer|null", Need::optional, "0: none may be used; -1: no limit"}}),
       .result = shown},
      [context](MethodCall call) { return set(context, std::move(call)); });
}

}  // namespace hobd
