// Consolidation over a real database.
#include "memory/consolidation.hpp"

#include "fakes/fake_budget.hpp"
#include "store/consolidations.hpp"
#include "store/support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

/// A router whose one model says the same to everybody.
class OneAnswer final : public Router {
 public:
  awaitable<Result<ModelAnswer>> complete(ModelRequest request, std::function<void(std::string_view)>) override {
    requests.push_back(std::move(request));
    ModelAnswer answer;
    answer.text = text;
    co_return answer;
  }
  Result<std::vector<std::string>> resolve(std::string_view) const override { return std::vector<std::string>{"local/m"}; }
  awaitable<Result<std::vector<ModelInfo>>> list() override { co_return std::vector<ModelInfo>{}; }
  RouteDecision explain(const RouteQuestion&) const override { return {}; }
  bool has_model() const override { return true; }
  awaitable<Result<json::value>> provider_models(std::string) override { co_return json::value{}; }
  void set_config(std::shared_ptr<const Config>) override {}

  std::string text;
  std::vector<ModelRequest> requests;
};

struct SleepingHouse : TestStore {
  SleepingHouse() {
    anna = user();
    make();
  }
  void make() {
    consolidation = make_consolidation({.core = io.get_executor(), .store = store.get(), .router = router, .clock = &clock, .config = [this] { return config; }, .spare = spare});
  }
  Memory remember(const std::string& text, int days_ago, double importance = 0.5, MemoryKind kind = MemoryKind::fact) {
    MemoryChange change;
    change.user_id = anna;
    change.cause = "learning";
    MemoryEdit edit;
    edit.memory.text = text;
    edit.memory.kind = kind;
    edit.memory.importance = importance;
    edit.memory.recorded_at = clock.time - std::chrono::hours(24 * days_ago);
    edit.memory.sources.push_back({.message_id = "msg_" + std::to_string(++made), .quote = text, .at = edit.memory.recorded_at});
    change.edits.push_back(std::move(edit));
    return get(store->memories().apply(std::move(change), Durability::journaled)).at(0);
  }
  ConsolidationReport run(DryRun dry_run = DryRun::no) { return get(consolidation->run(anna, dry_run)); }
  std::vector<Memory> current() {
    MemoryFilter filter;
    auto all = get(store->memories().list(anna, filter, {.limit = 500, .cursor = {}})).items;
    std::sort(all.begin(), all.end(), [](const Memory& a, const Memory& b) { return a.id < b.id; });
    return all;
  }
  /// Eight different memories, and a pair that says the same.
  void furnish() {
    for (const char* text : {"Plays the cello", "Drives an old van", "Collects stamps", "Speaks Finnish", "Works at a bakery", "Runs at dawn", "Owns a canoe", "Hates coriander"})
      remember(text, 1);
    remember("Allergic to peanuts", 9);
    remember("Allergic to peanuts.", 2);
  }

  /// A day long ago of six different events: an episode.
  void live_a_day() {
    furnish();
    for (const char* text : {"Took the ferry to Oslo", "Visited the Munch museum", "Had dinner with Ana", "Bought a wool sweater", "Missed the last tram", "Phoned the dentist"})
      remember(text, 30, 0.5, MemoryKind::event);
  }
  std::string episode() {
    for (const Memory& memory : current())
      if (memory.kind == MemoryKind::episode) return memory.text;
    return {};
  }

  std::shared_ptr<const Config> config = std::make_shared<Config>();
  std::unique_ptr<Consolidation> consolidation;
  Router* router = nullptr;
  SpareCalls spare;
  std::string anna;
  int made = 0;
};

bool same_content(const Memory& a, const Memory& b) {
  return a.id == b.id && a.text == b.text && a.importance == b.importance && a.sources == b.sources && a.topics == b.topics &&
         a.valid_from == b.valid_from && a.valid_to == b.valid_to && a.superseded_at == b.superseded_at && a.superseded_by == b.superseded_by &&
         a.recorded_at == b.recorded_at && a.extra == b.extra;
}

}  // namespace

TEST_CASE("a run changes what its dry run showed, and one undo gives the exact earlier state") {
  SleepingHouse t;
  t.furnish();
  const auto before = t.current();
  const ConsolidationReport dry = t.run(DryRun::yes);
  CHECK(dry.run_id.empty());
  REQUIRE(dry.ops.size() == 1);
  CHECK(t.current().size() == before.size());
  const ConsolidationReport done = t.run();
  REQUIRE(done.ops.size() == 1);
  CHECK(done.ops[0].key == dry.ops[0].key);
  CHECK(t.current().size() == before.size() - 1);
  const json::object shown = to_json(done);
  REQUIRE(shown.at("diff").as_array().size() == 2);
  CHECK(shown.at("diff").at(0).at("op").as_string() == "merge");
  CHECK(shown.at("diff").at(0).at("after").at("sources").as_array().size() == 2);

  t.get(t.store->memories().undo_run(t.anna, done.run_id, "api", Durability::journaled));
  const auto after = t.current();
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(same_content(after[i], before[i]));
  // And what was taken back stays so.
  CHECK(t.run().ops.empty());
}

TEST_CASE("a run is skipped when nothing changed since the last, and not when something did") {
  SleepingHouse t;
  t.furnish();
  t.run();
  CHECK_FALSE(t.run().skipped.empty());
  t.remember("Has a sister in Rome", 0);
  CHECK(t.run().skipped.empty());
}

TEST_CASE("at most a quarter leaves in one run, and the next goes on") {
  SleepingHouse t;
  for (int i = 0; i < 4; ++i) {
    const std::string text = std::string("Allergic to ") + (i == 0 ? "peanuts" : i == 1 ? "walnuts" : i == 2 ? "shrimps" : "pollen");
    t.remember(text, 9);
    t.remember(text + ".", 2);
  }
  CHECK(t.run().ops.size() == 2);
  CHECK(t.current().size() == 6);
  CHECK(t.run().ops.size() == 1);
  CHECK(t.current().size() == 5);
}

TEST_CASE("a run that a crash ended is taken up again under its id, within its bound") {
  SleepingHouse t;
  for (int i = 0; i < 4; ++i) {
    const std::string text = std::string("Allergic to ") + (i == 0 ? "peanuts" : i == 1 ? "walnuts" : i == 2 ? "shrimps" : "pollen");
    t.remember(text, 9);
    t.remember(text + ".", 2);
  }
  // As if one operation had been applied before the crash.
  const auto record = t.get(t.store->consolidations().begin(t.anna, 2));
  const ConsolidationReport dry = t.run(DryRun::yes);
  MemoryChange change;
  change.user_id = t.anna;
  change.cause = "consolidation";
  change.run_id = record.id;
  change.summary = dry.ops.at(0).key;
  change.edits = dry.ops.at(0).edits;
  t.get(t.store->memories().apply(std::move(change), Durability::journaled));
  t.reopen();
  t.make();
  REQUIRE(t.get(t.store->consolidations().unfinished()).size() == 1);
  const ConsolidationReport done = t.run();
  CHECK(done.run_id == record.id);
  CHECK(done.ops.size() == 1);  // of the two that were allowed
  CHECK(t.get(t.store->consolidations().unfinished()).empty());
  CHECK(t.get(t.store->memories().undo_run(t.anna, record.id, "api", Durability::journaled)).size() == 2);
  CHECK(t.current().size() == 8);
}

TEST_CASE("a user is looked after once when idle, and everybody at the set time") {
  SleepingHouse t;
  Config config;
  config.memory.consolidate_idle = std::chrono::milliseconds(0);
  config.memory.consolidate_at = "00:00";
  t.config = std::make_shared<Config>(config);
  t.furnish();
  const auto look = [&] {
    bool done = false;
    asio::co_spawn(t.io, t.consolidation->look(), [&](std::exception_ptr) { done = true; });
    t.io.restart();
    t.io.run();
    REQUIRE(done);
  };
  look();  // the set time has come today
  CHECK(t.current().size() == 9);
  t.remember("Likes tea", 3);
  t.remember("Likes tea.", 2);
  look();  // today's is done, and nobody did anything
  CHECK(t.current().size() == 11);
  t.consolidation->touch(t.anna);
  look();
  CHECK(t.current().size() == 10);
}

TEST_CASE("two runs of one user don't mix") {
  SleepingHouse t;
  t.furnish();
  std::optional<Result<ConsolidationReport>> first, second;
  asio::co_spawn(t.io, t.consolidation->run(t.anna, DryRun::no), [&](std::exception_ptr, Result<ConsolidationReport> r) { first = std::move(r); });
  asio::co_spawn(t.io, t.consolidation->run(t.anna, DryRun::no), [&](std::exception_ptr, Result<ConsolidationReport> r) { second = std::move(r); });
  t.io.restart();
  t.io.run();
  REQUIRE((first && second));
  CHECK(first->has_value());
  CHECK(second->error().code == Code::overloaded);
}

TEST_CASE("a day is told by a model in the background, booked on consolidation") {
  OneAnswer model;
  model.text = "Took the ferry to Oslo, visited the Munch museum and had dinner with Ana.";
  fakes::FakeBudget budget;
  SleepingHouse house;
  house.router = &model;
  house.spare.budget = &budget;
  house.make();
  house.live_a_day();
  house.run();
  CHECK(house.episode().find(model.text) != std::string::npos);
  REQUIRE(model.requests.size() == 1);
  CHECK(model.requests[0].call.user_id == house.anna);
  CHECK(model.requests[0].call.purpose == Purpose::consolidation);
  CHECK(model.requests[0].call.is_background);
}

TEST_CASE("without room in the budget a day is told without a model") {
  OneAnswer model;
  fakes::FakeBudget budget;
  budget.full = Error{Code::overloaded, "the month's budget is used up"};
  SleepingHouse house;
  house.router = &model;
  house.spare.budget = &budget;
  house.make();
  house.live_a_day();
  house.run();
  CHECK(model.requests.empty());
  CHECK(house.episode().find("Took the ferry to Oslo") != std::string::npos);
}

TEST_CASE("with on_limit queue a day is told once there is room") {
  OneAnswer model;
  model.text = "Took the ferry to Oslo, visited the Munch museum and had dinner with Ana.";
  fakes::FakeBudget budget;
  budget.full = Error{Code::overloaded, "the month's budget is used up"};
  budget.at_limit = OnLimit::queue;
  SleepingHouse house;
  house.router = &model;
  house.spare.budget = &budget;
  house.make();
  house.live_a_day();
  CHECK(house.run().left_for_later >= 1);
  CHECK(house.episode().empty());
  budget.full.reset();
  CHECK(house.run().skipped.empty());
  CHECK(house.episode().find(model.text) != std::string::npos);
}
