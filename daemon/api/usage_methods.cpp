// usage.*: what models and embeddings cost, from the ledger.
#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "models/budget.hpp"
#include "models/budget_windows.hpp"

#include <algorithm>

namespace hobd {
namespace {

double usd(std::int64_t nano) { return static_cast<double>(nano) / static_cast<double>(kNanoPerUsd); }

SumBy sum_by(std::string_view name) {
  if (name == "model") return SumBy::model;
  if (name == "user") return SumBy::user;
  if (name == "channel") return SumBy::channel;
  if (name == "purpose") return SumBy::purpose;
  if (name == "tier") return SumBy::tier;
  return SumBy::day;
}

/// A bare date is a day of the household's: from its beginning, and to its end.
enum class Edge { since, until };
Result<Time> edge_of(BudgetWindows& windows, std::string_view text, Edge edge) {
  constexpr std::size_t kBareDate = 10;
  Result<Time> time = parse_time(text);
  if (time.has_error()) return Error{Code::invalid, std::string(edge == Edge::since ? "since" : "until") + ": " + time.error().message};
  if (text.size() != kBareDate) return time;
  const BudgetWindow& day = windows.day(*time + std::chrono::hours(12));  // noon in Greenwich is that date nearly everywhere
  return edge == Edge::since ? day.from : day.until;
}

/// Whose calls are asked for: one's own, and an admin's choice of all.
awaitable<Result<LedgerFilter>> filter_of(UsageContext context, Principal who, json::object params) {
  LedgerFilter filter;
  BudgetWindows windows;
  windows.set_zone(context.config()->proactive.timezone);
  const BudgetWindow month = windows.month(context.clock->now());
  filter.since = month.from;
  filter.until = month.until;
  if (const std::string_view since = string_or(params, "since"); !since.empty()) {
    CO_TRY(filter.since, edge_of(windows, since, Edge::since));
  }
  if (const std::string_view until = string_or(params, "until"); !until.empty()) {
    CO_TRY(filter.until, edge_of(windows, until, Edge::until));
  } else if (*filter.since >= *filter.until) {
    co_return Error{Code::invalid, "since: lies in the future"};
  }
  if (*filter.since >= *filter.until) co_return Error{Code::invalid, "until: lies before since"};
  std::string user(string_or(params, "user"));
  if (user.empty() && who.is_admin()) co_return filter;
  if (!who.is_admin()) CO_CHECK(need_user(who));
  filter.user_id = who.user_id;
  if (user.empty() || user == who.user_id || user == who.user_name) co_return filter;
  if (!who.is_admin()) co_return Error{Code::denied, "what others use is shown to admins only"};
  std::string name = user;
  Result<User> found = co_await context.store->users().find(std::move(user));
  if (found.has_error() && found.error().code == Code::not_found) found = co_await context.store->users().find_by_name(std::move(name));
  if (found.has_error()) co_return found.error();
  filter.user_id = found->id;
  co_return filter;
}

void add(LedgerSum& total, const LedgerSum& sum) {
  total.calls += sum.calls;
  total.failed += sum.failed;
  total.input_tokens += sum.input_tokens;
  total.output_tokens += sum.output_tokens;
  total.cached_tokens += sum.cached_tokens;
  total.cache_write_tokens += sum.cache_write_tokens;
  total.nano += sum.nano;
  total.baseline_nano += sum.baseline_nano;
  total.uncached_nano += sum.uncached_nano;
  total.reserved_nano += sum.reserved_nano;
  total.estimated_calls += sum.estimated_calls;
}

json::object sum_json(const LedgerSum& sum) {
  return {{"calls", sum.calls},
          {"failed", sum.failed},
          {"input_tokens", sum.input_tokens},
          {"output_tokens", sum.output_tokens},
          {"cached_tokens", sum.cached_tokens},
          {"cache_write_tokens", sum.cache_write_tokens},
          {"cost_usd", usd(sum.nano)},
          {"reserved_usd", usd(sum.reserved_nano)},
          {"estimated_calls", sum.estimated_calls}};
}

/// What routing saved: what the routed calls would have cost at the model that had answered without it, less what they cost and
/// what routing itself took: its tiny calls, which would not have been made.
std::int64_t saved_by_routing(const std::vector<LedgerSum>& by_purpose) {
  std::int64_t nano = 0;
  for (const LedgerSum& sum : by_purpose) nano += (sum.key == purpose_name(Purpose::routing) ? 0 : sum.baseline_nano) - sum.nano;
  return nano;
}

/// Less than nothing where more was written to caches than was read from them.
std::int64_t saved_by_caching(const std::vector<LedgerSum>& sums) {
  std::int64_t nano = 0;
  for (const LedgerSum& sum : sums) nano += sum.uncached_nano - sum.nano;
  return nano;
}

json::value name_of(const std::vector<User>& users, const std::string& id) {
  const auto user = std::find_if(users.begin(), users.end(), [&](const User& one) { return one.id == id; });
  return user == users.end() ? json::value(nullptr) : json::value(user->name);
}

awaitable<Result<json::value>> summary(UsageContext context, MethodCall call) {
  CO_TRY(const LedgerFilter filter, co_await filter_of(context, call.who, call.params));
  const SumBy by = sum_by(string_or(call.params, "by", "day"));
  Ledger& ledger = context.store->ledger();
  CO_TRY(const std::vector<LedgerSum> sums, co_await ledger.sums(filter, by));
  CO_TRY(const std::vector<LedgerSum> by_purpose, co_await ledger.sums(filter, SumBy::purpose));
  CO_TRY(const std::vector<LedgerSum> by_model, co_await ledger.sums(filter, SumBy::model));
  std::vector<User> users;
  if (by == SumBy::user) {
    CO_TRY(users, co_await context.store->users().list());
  }
  json::array items;
  LedgerSum total;
  for (const LedgerSum& sum : sums) {
    json::object item{{"key", sum.key}};
    if (by == SumBy::user) {
      item["name"] = name_of(users, sum.key);
    }
    for (auto& [name, value] : sum_json(sum)) item[name] = std::move(value);
    items.push_back(std::move(item));
    add(total, sum);
  }
  json::array unknown;
  for (const LedgerSum& sum : by_model)
    if (context.budget->prices().find(sum.key).known == ModelCard::Known::unknown) unknown.push_back(json::string(sum.key));
  json::object saved{{"routing_usd", usd(saved_by_routing(by_purpose))}, {"caching_usd", usd(saved_by_caching(by_purpose))}};
  json::object answer;
  answer["items"] = std::move(items);
  answer["total"] = sum_json(total);
  answer["saved"] = std::move(saved);
  answer["since"] = format_time(*filter.since);
  answer["until"] = format_time(*filter.until);
  answer["unknown_prices"] = std::move(unknown);
  co_return answer;
}

json::object entry_json(const LedgerEntry& entry) {
  const Usage& usage = entry.settlement.usage;
  const bool is_open = entry.state == "reserved";
  return {{"id", entry.id},
          {"at", format_time(entry.at)},
          {"model", entry.model},
          {"tier", text_or_null(entry.tier)},
          {"purpose", purpose_name(entry.call.purpose)},
          {"background", entry.call.is_background},
          {"state", entry.state},
          {"input_tokens", usage.input_tokens},
          {"output_tokens", usage.output_tokens},
          {"cached_tokens", usage.cached_tokens},
          {"cache_write_tokens", usage.cache_write_tokens},
          {"cost_usd", usd(entry.settlement.nano)},
          {"reserved_usd", is_open ? usd(entry.reserved_nano) : 0.0},
          {"estimated", entry.settlement.is_estimated},
          {"user_id", text_or_null(entry.call.user_id)},
          {"channel", text_or_null(entry.call.channel)},
          {"conversation_id", text_or_null(entry.call.conversation_id)},
          {"turn_id", text_or_null(entry.call.turn_id)},
          {"job", text_or_null(entry.call.job)},
          {"settled_at", entry.settled_at ? json::value(format_time(*entry.settled_at)) : json::value(nullptr)}};
}

awaitable<Result<json::value>> list(UsageContext context, MethodCall call) {
  CO_TRY(LedgerFilter filter, co_await filter_of(context, call.who, call.params));
  const PageRequest page = page_request(call.params);
  CO_TRY(const Page<LedgerEntry> entries, co_await context.store->ledger().list(std::move(filter), page));
  CO_TRY(const std::vector<User> users, co_await context.store->users().list());
  json::array items;
  for (const LedgerEntry& entry : entries.items) {
    json::object item = entry_json(entry);
    item["user"] = name_of(users, entry.call.user_id);
    items.push_back(std::move(item));
  }
  co_return json::object{{"items", std::move(items)}, {"next_cursor", text_or_null(entries.next)}};
}

}  // namespace

void add_usage_methods(MethodTable& table, UsageContext context) {
  table.add({.name = "usage.summary",
             .scope = "usage",
             .doc = "What models and embeddings cost, summed: this month by day unless told otherwise. Without admin: your own calls.",
             .params = params({{"by", "enum:day,model,user,channel,purpose,tier", Need::optional, "day where absent"},
                               {"since", "text", Need::optional, "RFC 3339, or a day of the household's; absent: the month's beginning"},
                               {"until", "text", Need::optional, "RFC 3339, or a day that is still counted; absent: the month's end"},
                               {"user", "text", Need::optional, "a name or id; another's is for admins"}}),
             .result = result({{"items", "array", Need::required},
                               {"total", "object", Need::required},
                               {"saved", "object"},
                               {"since", "string"},
                               {"until", "string"},
                               {"unknown_prices", "array", Need::optional, "models reckoned as the dearest: models.prices names their prices"}}),
             .positional = {"by"}},
            [context](MethodCall call) { return summary(context, std::move(call)); });
  table.add({.name = "usage.list",
             .scope = "usage",
             .doc = "The ledger's rows, the newest first: each call, what it was for, and what it cost or may cost at worst. This month's unless told otherwise.",
             .params = params({{"since", "text", Need::optional, "RFC 3339, or a day of the household's; absent: the month's beginning"},
                               {"until", "text", Need::optional, "RFC 3339, or a day that is still counted; absent: the month's end"},
                               {"user", "text", Need::optional, "a name or id; another's is for admins"},
                               {"limit", "limit"},
                               {"cursor", "text"}}),
             .result = list_result()},
            [context](MethodCall call) { return list(context, std::move(call)); });
}

}  // namespace hobd
