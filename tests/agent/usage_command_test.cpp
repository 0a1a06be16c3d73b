#include "agent/usage_command.hpp"

#include "fakes/fake_clock.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

TEST_CASE("/usage tells today, this month and what is left of the nearest limit") {
  TempFolder folder;
  asio::io_context io;
  FakeClock clock;
  StoreOptions options;
  options.file = folder.path() / "hob.db";
  options.executor = io.get_executor();
  options.clock = &clock;
  const auto store = open_sqlite_store(std::move(options)).value();
  const auto config = std::make_shared<Config>();
  config->models.budget.daily = 1;
  config->models.budget.monthly = 5;
  config->models.budget.per_user_daily = 0.5;
  config->models.prices["paid/model"] = {.input = 1, .output = 1};
  const auto budget = make_budget({.core = io.get_executor(), .store = store.get(), .clock = &clock, .config = config});
  run(io, budget->start()).value();
  const auto spend = [&](const char* user) {
    PlannedCall planned;
    planned.call.user_id = user;
    planned.model = "paid/model";
    planned.input_tokens = 100'000;
    Reservation reservation = run(io, budget->reserve(std::move(planned))).value();
    Usage usage;
    usage.input_tokens = 100'000;
    budget->settle(std::move(reservation), usage, CallOutcome::answered, false);
    run(io, store->kv().set("test", "behind", "the settlement", 1 << 10)).value();  // writes keep their order
  };
  spend("anna");
  spend("bert");
  clock.advance(std::chrono::hours(24));
  spend("anna");
  const std::string text = run(io, usage_text(*store, budget.get(), config, clock.now(), "anna")).value();
  CHECK(text == "Today: 0.10 USD in 1 call, 0.40 USD left.\nThis month: 0.20 USD in 2 calls, 4.70 USD left.");
  run(io, budget->stop(std::chrono::seconds(5)));
  store->close();
}
