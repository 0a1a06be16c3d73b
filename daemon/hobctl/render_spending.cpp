#include "hobctl/render_spending.hpp"

#include "base/clock.hpp"
#include "hobctl/render.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hobd::ctl {
namespace {

/// "0.0123": cents and, below a cent, what matters of them.
std::string amount_text(double amount) {
  std::string text = fmt::format("{:.{}f}", amount, amount != 0 && amount < 0.01 && amount > -0.01 ? 6 : 4);
  while (text.ends_with('0') && text.size() - text.find('.') > 3) text.pop_back();
  return text;
}
std::string usd(double amount) { return amount_text(amount) + " USD"; }

json::object call_row(const json::object& call) {
  const std::string_view state = string_or(call, "state"), user = string_or(call, "user");
  const bool is_open = state == "reserved";
  const std::int64_t cached = int_or(call, "cached_tokens");
  const std::string_view answered = state == "answered" && bool_or(call, "estimated") ? "estimated" : state;
  return {{"at", local_time(string_or(call, "at"))},
          {"who", user.empty() ? string_or(call, "user_id") : user},
          {"channel", string_or(call, "channel")},
          {"for", string_or(call, "purpose")},
          {"job", string_or(call, "job")},
          {"model", string_or(call, "model")},
          {"in", int_or(call, "input_tokens")},
          {"cached", cached > 0 ? json::value(cached) : json::value("")},
          {"out", int_or(call, "output_tokens")},
          {"USD", amount_text(double_or(call, is_open ? "reserved_usd" : "cost_usd"))},
          {"outcome", is_open ? "under way" : answered}};
}

json::object model_row(const json::object& model) {
  const auto price = [&](std::string_view key) { return model.contains(key) ? json::value(amount_text(double_or(model, key))) : json::value(""); };
  const json::value* tiers = model.if_contains("tiers");
  return {{"model", string_or(model, "name")},
          {"tiers", tiers && tiers->is_array() && !tiers->get_array().empty() ? *tiers : json::value("")},
          {"healthy", bool_or(model, "healthy") ? "yes" : "no"},
          {"in, USD/M", price("input_usd")},
          {"out, USD/M", price("output_usd")},
          {"price from", string_or(model, "price")},
          {"trouble", string_or(model, "trouble")}};
}

std::string render_rows(const json::object& answer, const json::array& items, json::object (*row)(const json::object&), std::size_t width) {
  json::array rows;
  for (const json::value& item : items)
    if (item.is_object()) rows.push_back(row(item.get_object()));
  json::object list{{"items", std::move(rows)}};
  if (const std::string_view next = string_or(answer, "next_cursor"); !next.empty()) list["next_cursor"] = next;
  return render(json::value(std::move(list)), width);
}

std::string named_counts(const json::object& counts) {
  std::string text;
  for (const auto& [name, count] : counts)
    if (count.is_number() && count.to_number<std::int64_t>() > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", std::string_view(name), count.to_number<std::int64_t>());
  return text.empty() ? "none yet" : text;
}

std::string render_routes(const json::object& answer, const json::object& tiers, const json::object& stats) {
  std::string text;
  for (const auto& [tier, models] : tiers) {
    std::string names;
    if (models.is_array())
      for (const json::value& name : models.get_array())
        if (name.is_string()) names += (names.empty() ? "" : ", then ") + printable(name.get_string());
    text += fmt::format("{:<7} {}\n", std::string(tier) + ":", names);
  }
  text += fmt::format("mode:   {}\n", string_or(answer, "mode"));
  const json::object none;
  const json::object *to = object_at(stats, "tiers"), *by = object_at(stats, "decisions");
  text += fmt::format("routed since the start: {}\n", named_counts(to ? *to : none));
  text += fmt::format("decided by: {}\n", named_counts(by ? *by : none));
  return text + fmt::format("asked again of the smart tier: {}; decisions kept in the cache: {}\n", int_or(stats, "escalated"), int_or(stats, "cached"));
}

json::object summary_row(std::string_view key, const json::object& sum, bool has_failed) {
  json::object row{{"what", key}, {"calls", int_or(sum, "calls")}};
  if (has_failed) row["failed"] = int_or(sum, "failed");
  row["tokens in"] = int_or(sum, "input_tokens");
  row["of them cached"] = int_or(sum, "cached_tokens");
  row["tokens out"] = int_or(sum, "output_tokens");
  row["USD"] = amount_text(double_or(sum, "cost_usd"));
  return row;
}

std::string render_summary(const json::object& answer, const json::array& items, const json::object& total, std::size_t width) {
  const bool has_failed = int_or(total, "failed") > 0;
  json::array rows;
  for (const json::value& value : items) {
    const json::object* item = value.if_object();
    if (!item) continue;
    const std::string_view key = string_or(*item, "name", string_or(*item, "key"));
    rows.push_back(summary_row(key.empty() ? "-" : key, *item, has_failed));
  }
  rows.push_back(summary_row("all", total, has_failed));
  std::string text = fmt::format("{} to {}\n", local_time(string_or(answer, "since")), local_time(string_or(answer, "until")));
  text += render(json::value(std::move(rows)), width);
  if (const double reserved = double_or(total, "reserved_usd"); reserved > 0) text += fmt::format("reserved for calls under way: {}\n", usd(reserved));
  if (const json::object* saved = object_at(answer, "saved"))
    text += fmt::format("saved by routing {}, by the providers' prompt caches {}\n", usd(double_or(*saved, "routing_usd")), usd(double_or(*saved, "caching_usd")));
  if (const json::array* unknown = array_at(answer, "unknown_prices"); unknown && !unknown->empty()) {
    text += "reckoned as the dearest model, since their prices aren't known (write them into models.prices):";
    for (const json::value& name : *unknown)
      if (name.is_string()) text += " " + printable(name.get_string());
    text += "\n";
  }
  return text;
}

std::string who(const json::object& limit) {
  const std::string_view scope = string_or(limit, "scope"), name = string_or(limit, "user_name", string_or(limit, "name"));
  if (scope == "all") return "the household";
  if (scope == "background") return "background work";
  return name == "*" ? fmt::format("each {}", scope) : fmt::format("{} {}", scope, name);
}

json::object limit_row(const json::object& limit, std::string_view amount, std::string_view used, std::string_view left) {
  return {{"whose", who(limit)},
          {"per", string_or(limit, "window")},
          {"limit", amount},
          {"used", used},
          {"left", left},
          {"begins anew", local_time(string_or(limit, "resets_at"))},
          {"from", bool_or(limit, "is_set") ? "budget set" : "hob.yaml"}};
}

std::string render_budget(const json::object& answer, const json::array& limits, std::size_t width) {
  json::array rows;
  for (const json::value& value : limits) {
    const json::object* limit = value.if_object();
    if (!limit) continue;
    const json::value* money = limit->if_contains("limit_usd");
    const json::value* tokens = limit->if_contains("limit_tokens");
    const double spent = double_or(*limit, "spent_usd") + double_or(*limit, "reserved_usd");
    const bool in_money = money && money->is_number(), in_tokens = tokens && tokens->is_number();
    if (in_money || !in_tokens)
      rows.push_back(limit_row(*limit, in_money ? usd(money->to_number<double>()) : "none", usd(spent), in_money ? usd(double_or(*limit, "remaining_usd")) : "-"));
    if (in_tokens) {
      const std::int64_t most = tokens->to_number<std::int64_t>(), used = int_or(*limit, "used_tokens");
      rows.push_back(limit_row(*limit, fmt::format("{} tokens", most), fmt::format("{} tokens", used), fmt::format("{} tokens", std::max<std::int64_t>(0, most - used))));
    }
  }
  std::string text = render(json::value(std::move(rows)), width);
  text += fmt::format("the owner is told at {:.0f} %; at a limit: {}\n", double_or(answer, "warn_at") * 100, string_or(answer, "on_limit"));
  if (const json::array* notes = array_at(answer, "notes"))
    for (const json::value& note : *notes)
      if (note.is_string()) text += printable(note.get_string()) + "\n";
  return text;
}

}  // namespace

std::optional<std::string> render_spending(const json::object& answer, std::size_t width) {
  const json::array* items = array_at(answer, "items");
  const json::object* total = object_at(answer, "total");
  if (items && total && answer.contains("saved")) return render_summary(answer, *items, *total, width);
  const json::object* first = items && !items->empty() ? items->front().if_object() : nullptr;
  if (first && first->contains("reserved_usd") && first->contains("purpose")) return render_rows(answer, *items, call_row, width);
  if (first && first->contains("tiers") && first->contains("provider")) return render_rows(answer, *items, model_row, width);
  const json::object *tiers = object_at(answer, "tiers"), *stats = object_at(answer, "stats");
  if (tiers && stats && answer.contains("mode")) return render_routes(answer, *tiers, *stats);
  const json::array* limits = array_at(answer, "limits");
  if (limits && answer.contains("on_limit") && answer.contains("warn_at")) return render_budget(answer, *limits, width);
  return std::nullopt;
}

}  // namespace hobd::ctl
