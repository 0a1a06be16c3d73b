// usage.* and budget.* over a real ledger.
#include "api/methods.hpp"
#include "fakes.hpp"
#include "models/budget.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::test;

namespace {

struct SpendingHouse {
  SpendingHouse() {
    config->models.providers["paid"] = {"paid", "provider_openai", {{"api_key", "k"}}, {}};
    config->models.prices["paid/big"] = {.input = 10, .output = 20, .cached = 1, .cache_write = 12.5};
    config->models.prices["paid/small"] = {.input = 1, .output = 2};
    config->models.budget.daily = 5;
    config->models.budget.monthly = 50;
    open();
    anna = await(store->users().ensure("anna", false)).id;
    bert = await(store->users().ensure("bert", false)).id;
    become("anna", {"usage", "admin"});
  }
  ~SpendingHouse() { close(); }
  void open() {
    store = open_sqlite_store({.file = folder.path / "hob.db", .readers = 1, .executor = core.get_executor(), .clock = &clock}).value();
    budget = make_budget({.core = core.get_executor(), .store = store.get(), .clock = &clock, .config = config, .longest_wait = {}});
    await(budget->start());
    table = std::make_unique<MethodTable>();
    add_usage_methods(*table, {store.get(), budget.get(), &clock, [this] { return config; }});
    add_budget_methods(*table, {store.get(), budget.get(), [this] { return config; }});
  }
  void close() {
    core.restart();
    run(core, [](Budget& b) -> awaitable<Result<void>> {
      co_await b.stop(std::chrono::seconds(5));
      co_return Result<void>{};
    }(*budget)).value();
    table.reset();
    budget.reset();
    store->close();
    store.reset();
  }
  void become(const std::string& name, std::set<std::string, std::less<>> scopes) {
    who.via = "socket";
    who.user_name = name;
    who.user_id = name == "anna" ? anna : bert;
    who.scopes = std::move(scopes);
  }
  template <class T>
  T await(awaitable<Result<T>> operation) {
    return value_of(core, std::move(operation));
  }
  /// A million tokens in, of them `cached` read from a cache, and none out.
  void spend(const std::string& user, const std::string& model, Purpose purpose, const std::string& baseline = "", std::int64_t cached = 0) {
    PlannedCall planned;
    planned.call.user_id = user;
    planned.call.channel = "http";
    planned.call.purpose = purpose;
    planned.model = model;
    planned.tier = "fast";
    planned.input_tokens = 100'000;
    planned.max_tokens = planned.least_tokens = 1;
    planned.baseline = baseline;
    Reservation reservation = await(budget->reserve(std::move(planned)));
    Usage usage;
    usage.input_tokens = 100'000;
    usage.cached_tokens = cached;
    budget->settle(std::move(reservation), usage, CallOutcome::answered, false);
    // The settlement is written behind this; what is asked next finds it booked.
    const LedgerFilter all;
    for (bool is_open = true; is_open;) {
      is_open = false;
      for (const LedgerSum& sum : await(store->ledger().sums(all, SumBy::tier))) is_open = is_open || sum.reserved_nano > 0;
    }
  }
  Result<json::object> call(std::string_view method, json::object params = {}) {
    core.restart();
    auto answer = run(core, table->invoke(who, method, std::move(params), [](const json::value&) {}));
    if (answer.has_error()) return answer.error();
    return answer->as_object();
  }
  json::object get(std::string_view method, json::object params = {}) { return call(method, std::move(params)).value(); }
  /// What is set of a scope: "user *", as budget.get shows it.
  json::object limit(std::string_view scope, std::string_view name, std::string_view window) {
    const json::object shown = get("budget.get");
    for (const json::value& one : shown.at("limits").as_array())
      if (string_or(one.as_object(), "scope") == scope && string_or(one.as_object(), "name") == name && string_or(one.as_object(), "window") == window)
        return one.as_object();
    return {};
  }

  TempFolder folder;
  asio::io_context core;
  FakeClock clock;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<Store> store;
  std::unique_ptr<Budget> budget;
  std::unique_ptr<MethodTable> table;
  Principal who;
  std::string anna, bert;
};

double number(const json::object& object, std::string_view name) { return object.at(name).to_number<double>(); }

}  // namespace

TEST_CASE("usage.summary sums this month by day, and by what is asked for") {
  SpendingHouse house;
  house.spend(house.anna, "paid/big", Purpose::chat);
  house.spend(house.anna, "paid/small", Purpose::extraction);
  house.clock.time += std::chrono::hours(24);
  house.spend(house.bert, "paid/small", Purpose::chat);

  const json::object by_day = house.get("usage.summary");
  REQUIRE(by_day.at("items").as_array().size() == 2);
  CHECK(by_day.at("items").at(0).at("key") == "2023-11-14");
  CHECK(number(by_day.at("items").at(0).as_object(), "cost_usd") == Approx(1.1));
  CHECK(number(by_day.at("total").as_object(), "cost_usd") == Approx(1.2));
  CHECK(by_day.at("total").at("calls") == 3);
  CHECK(by_day.at("total").at("input_tokens") == 300'000);
  CHECK(by_day.at("since") == "2023-11-01T00:00:00Z");

  const json::object by_model = house.get("usage.summary", {{"by", "model"}});
  CHECK(by_model.at("items").at(0).at("key") == "paid/big");
  const json::object by_user = house.get("usage.summary", {{"by", "user"}});
  REQUIRE(by_user.at("items").as_array().size() == 2);
  for (const json::value& item : by_user.at("items").as_array())
    if (item.at("name") == "bert") CHECK(number(item.as_object(), "cost_usd") == Approx(0.1));
  CHECK(house.get("usage.summary", {{"by", "purpose"}}).at("items").as_array().size() == 2);
}

TEST_CASE("usage.summary by a span of days counts the last one in full") {
  SpendingHouse house;
  house.spend(house.anna, "paid/small", Purpose::chat);
  house.clock.time += std::chrono::hours(24);
  house.spend(house.anna, "paid/small", Purpose::chat);
  CHECK(house.get("usage.summary", {{"since", "2023-11-14"}, {"until", "2023-11-14"}}).at("total").at("calls") == 1);
  CHECK(house.get("usage.summary", {{"since", "2023-11-15"}}).at("total").at("calls") == 1);
  CHECK(house.get("usage.summary", {{"since", "2023-10-01"}, {"until", "2023-11-15"}}).at("total").at("calls") == 2);
  CHECK(house.call("usage.summary", {{"since", "2023-11-15"}, {"until", "2023-11-14"}}).error().code == Code::invalid);
  CHECK(house.call("usage.summary", {{"since", "yesterday"}}).error().code == Code::invalid);
}

TEST_CASE("a user without admin sees only their own usage") {
  SpendingHouse house;
  house.spend(house.anna, "paid/small", Purpose::chat);
  house.spend(house.bert, "paid/small", Purpose::chat);
  house.become("bert", {"usage"});
  CHECK(house.get("usage.summary").at("total").at("calls") == 1);
  CHECK(house.get("usage.list").at("items").as_array().size() == 1);
  CHECK(house.call("usage.summary", {{"user", "anna"}}).error().code == Code::denied);
  CHECK(house.call("usage.list", {{"user", house.anna}}).error().code == Code::denied);
  CHECK(house.get("usage.summary", {{"user", "bert"}}).at("total").at("calls") == 1);
  CHECK(house.call("budget.set", {{"daily", 9}}).error().code == Code::denied);
}

TEST_CASE("what routing saved is what its calls cost less than without it, its own tiny calls paid") {
  SpendingHouse house;
  house.spend(house.anna, "paid/small", Purpose::chat, "paid/big");  // 0.1 in place of 1.0
  house.spend(house.anna, "paid/big", Purpose::chat);                // would have been made anyway
  house.spend(house.anna, "paid/small", Purpose::routing);           // 0.1 that routing took
  CHECK(number(house.get("usage.summary").at("saved").as_object(), "routing_usd") == Approx(0.9 - 0.1));
}

TEST_CASE("what caching saved is what the same tokens cost less than unread") {
  SpendingHouse house;
  house.spend(house.anna, "paid/big", Purpose::chat, "", 50'000);
  CHECK(number(house.get("usage.summary").at("saved").as_object(), "caching_usd") == Approx(0.45));
}

TEST_CASE("models whose price isn't known are named") {
  SpendingHouse house;
  house.config->models.budget.daily = house.config->models.budget.monthly = 0;
  house.budget->set_config(house.config);
  house.spend(house.anna, "paid/mystery", Purpose::chat);
  house.spend(house.anna, "paid/small", Purpose::chat);
  CHECK(house.get("usage.summary").at("unknown_prices").as_array() == json::array{"paid/mystery"});
}

TEST_CASE("usage.list pages through the calls, the newest first") {
  SpendingHouse house;
  for (int i = 0; i < 3; ++i) {
    house.spend(house.anna, "paid/small", Purpose::chat);
    house.clock.time += std::chrono::minutes(1);
  }
  const json::object first = house.get("usage.list", {{"limit", 2}});
  CHECK(first.at("items").at(0).at("user").as_string() == "anna");
  REQUIRE(first.at("items").as_array().size() == 2);
  const json::object row = first.at("items").at(0).as_object();
  CHECK(row.at("state") == "answered");
  CHECK(row.at("purpose") == "chat");
  CHECK(number(row, "cost_usd") == Approx(0.1));
  const json::object second = house.get("usage.list", {{"limit", 2}, {"cursor", first.at("next_cursor")}});
  CHECK(second.at("items").as_array().size() == 1);
  CHECK(second.at("next_cursor").is_null());
}

TEST_CASE("budget.get shows each limit, what is used of it and when it begins anew") {
  SpendingHouse house;
  house.spend(house.anna, "paid/big", Purpose::chat);
  const json::object shown = house.get("budget.get");
  const json::object daily = shown.at("daily").as_object();
  CHECK(number(daily, "limit_usd") == 5);
  CHECK(number(daily, "spent_usd") == Approx(1));
  CHECK(number(daily, "remaining_usd") == Approx(4));
  CHECK(daily.at("limit_tokens").is_null());
  CHECK(daily.at("resets_at") == "2023-11-15T00:00:00Z");
  CHECK(number(shown.at("monthly").as_object(), "limit_usd") == 50);
  CHECK(shown.at("on_limit") == "downgrade");
  CHECK(number(shown, "warn_at") == 0.8);
}

TEST_CASE("budget.set is in force at once, survives a restart, and null goes back to the config") {
  SpendingHouse house;
  house.get("budget.set", {{"daily", 1.5}, {"per_user_daily_tokens", 1'000}});
  CHECK(number(house.limit("all", "", "day"), "limit_usd") == 1.5);
  CHECK(house.limit("all", "", "day").at("is_set").as_bool());
  house.close();
  house.open();
  CHECK(number(house.limit("all", "", "day"), "limit_usd") == 1.5);
  CHECK(house.limit("user", "*", "day").at("limit_tokens") == 1'000);
  house.get("budget.set", {{"daily", nullptr}});
  CHECK(number(house.limit("all", "", "day"), "limit_usd") == 5);
  CHECK_FALSE(house.limit("all", "", "day").at("is_set").as_bool());
}

TEST_CASE("a limit in money leaves one in tokens beside it, and 0 under a config's key is no limit") {
  SpendingHouse house;
  house.get("budget.set", {{"daily_tokens", 7'000}});
  house.get("budget.set", {{"daily", 0}});
  const json::object daily = house.limit("all", "", "day");
  CHECK(daily.at("limit_usd").is_null());
  CHECK(daily.at("limit_tokens") == 7'000);
}

TEST_CASE("budget.set gives one user a limit of their own, by name") {
  SpendingHouse house;
  house.get("budget.set", {{"user", "bert"}, {"window", "month"}, {"usd", 0.25}});
  CHECK(number(house.limit("user", house.bert, "month"), "limit_usd") == 0.25);
  CHECK(house.limit("user", house.bert, "month").at("user_name") == "bert");
  house.get("budget.set", {{"channel", "discord"}, {"usd", 0}});
  CHECK(number(house.limit("channel", "discord", "day"), "limit_usd") == 0);
}

TEST_CASE("budget.get shows no channel's limit to a user without admin") {
  SpendingHouse house;
  house.get("budget.set", {{"channel", "discord"}, {"usd", 2}});
  house.get("budget.set", {{"user", "bert"}, {"usd", 1}});
  house.become("bert", {"usage"});
  CHECK(house.limit("channel", "discord", "day").empty());
  CHECK(number(house.limit("user", house.bert, "day"), "limit_usd") == 1);
}

TEST_CASE("budget.set refuses what names nothing, nobody or an amount that can't be") {
  SpendingHouse house;
  const auto refused = [&](json::object params) { return house.call("budget.set", std::move(params)).error(); };
  CHECK(refused({}).code == Code::invalid);
  CHECK(refused({{"daily", -2}}).code == Code::invalid);
  CHECK(refused({{"daily", 1e300}}).code == Code::invalid);
  const Error nobody = refused({{"user", "nobody"}, {"usd", 1}});
  CHECK(nobody.code == Code::not_found);
  CHECK_THAT(nobody.message, Catch::Contains("hobctl user list"));
  CHECK(refused({{"usd", 1}}).code == Code::invalid);
  CHECK(refused({{"user", "bert"}}).code == Code::invalid);
  CHECK(refused({{"user", "bert"}, {"channel", "http"}, {"usd", 1}}).code == Code::invalid);
  CHECK(refused({{"weekly", 1}}).code == Code::invalid);
  CHECK(number(house.limit("all", "", "day"), "limit_usd") == 5);
}
