#include "fakes/fake_budget.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/learning.hpp"

#include <catch2/catch.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>

using namespace hobd;
using namespace hobd::fakes;

namespace {

/// A router with one scripted model.
class ScriptedRouter final : public Router {
 public:
  awaitable<Result<ModelAnswer>> complete(ModelRequest request, std::function<void(std::string_view)>) override {
    requests.push_back(std::move(request));
    if (hangs) {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (answers.empty()) co_return fault;
    ModelAnswer answer;
    answer.text = answers.front();
    answers.pop_front();
    co_return answer;
  }
  Result<std::vector<std::string>> resolve(std::string_view) const override { return std::vector<std::string>{"local/m"}; }
  awaitable<Result<std::vector<ModelInfo>>> list() override { co_return std::vector<ModelInfo>{}; }
  RouteDecision explain(const RouteQuestion&) const override { return {}; }
  bool has_model() const override { return is_there; }
  awaitable<Result<json::value>> provider_models(std::string) override { co_return json::value{}; }
  void set_config(std::shared_ptr<const Config>) override {}

  bool is_there = false, hangs = false;
  Error fault{Code::unavailable, "no answer"};  // without an answer left
  std::deque<std::string> answers;
  std::vector<ModelRequest> requests;
};

/// A store on disk with one user who says things, and a learning on it. A second Desk on the same folder is a restart.
class Desk {
 public:
  explicit Desk(const std::filesystem::path& folder) {
    StoreOptions options;
    options.file = folder / "hob.db";
    options.executor = io.get_executor();
    options.clock = &clock;
    store = open_sqlite_store(std::move(options)).value();
    user = run(io, store->users().ensure("anna", false)).value();
    make();
  }
  ~Desk() {
    run(io, learning->stop(std::chrono::milliseconds(0)));
    store->close();
  }
  void make() {
    LearningContext context;
    context.core = io.get_executor();
    context.store = store.get();
    context.router = &router;
    context.clock = &clock;
    context.config = config;
    context.spare = spare;
    LearningOptions options;
    options.first_pause = std::chrono::milliseconds(1);
    options.rest = rest;
    options.quiet = std::chrono::milliseconds(1);
    learning = make_learning(std::move(context), options);
  }
  /// Stores a message and the end of its turn.
  std::string say(const std::string& text) {
    const std::string turn = begin(text);
    end(turn);
    return turn;
  }
  std::string begin(const std::string& text) {
    Message message;
    message.role = "user";
    message.text = text;
    message.speaker = user.name;
    Inbound inbound;
    inbound.user_id = user.id;
    inbound.channel = "http";
    inbound.messages.push_back(std::move(message));
    return run(io, store->journal().accept(std::move(inbound), Durability::journaled)).value().turn.id;
  }
  void end(const std::string& turn_id) {
    TurnEnd end;
    end.turn_id = turn_id;
    run(io, store->journal().end_turn(std::move(end), Durability::journaled)).value();
  }
  void catch_up() { run(io, learning->catch_up(user.id)).value(); }
  std::string held() {
    std::string text;
    for (const Memory& memory : run(io, store->memories().list(user.id, MemoryFilter{}, PageRequest{})).value().items)
      text = memory.text + (text.empty() ? "" : " | ") + text;
    return text;
  }
  Result<Learning::Noted> note(const std::string& text, SaidBy said_by = SaidBy::owner) {
    Proposal proposal;
    proposal.text = text;
    proposal.source.said_by = said_by;
    return run(io, learning->note(user.id, std::move(proposal), "api"));
  }

  asio::io_context io;
  FakeClock clock;
  ScriptedRouter router;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<Store> store;
  std::unique_ptr<Learning> learning;
  SpareCalls spare;
  std::chrono::milliseconds rest{5 * 60'000};
  User user;
};

std::string item(const std::string& text, const std::string& quote) {
  return R"({"memories":[{"text":")" + text + R"(","quote":")" + quote + R"(","kind":"fact"}]})";
}

}  // namespace

TEST_CASE("learning: a turn is learned from once, also after a restart") {
  TempFolder folder;
  {
    Desk desk(folder.path());
    desk.say("I live in Lyon");
    desk.catch_up();
    desk.catch_up();
    CHECK(desk.held() == "Lives in Lyon.");
  }
  Desk desk(folder.path());
  desk.catch_up();
  const auto memories = run(desk.io, desk.store->memories().list(desk.user.id, MemoryFilter{}, PageRequest{})).value().items;
  REQUIRE(memories.size() == 1);
  CHECK(memories[0].version == 1);
  CHECK(memories[0].sources.size() == 1);
}

TEST_CASE("learning: what waited when the daemon stopped is learned after the next start") {
  TempFolder folder;
  {
    Desk desk(folder.path());
    desk.say("I live in Lyon");
  }
  Desk desk(folder.path());
  run(desk.io, desk.learning->resume());
  CHECK(run_until(desk.io, [&] { return desk.held() == "Lives in Lyon."; }));
}

TEST_CASE("learning: waking learns in the background, in the order said") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.say("I live in Paris");
  desk.say("I moved to Lyon");
  desk.learning->wake(desk.user.id);
  desk.learning->wake(desk.user.id);
  CHECK(run_until(desk.io, [&] { return desk.held() == "Lives in Lyon, moved there."; }));
}

TEST_CASE("learning: the background lets turns go first") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  desk.router.answers = {item("Lives in Lyon.", "I live in Lyon")};
  int looks = 0;
  desk.learning->give_way_to([&] {
    CHECK(desk.router.requests.empty());
    return ++looks < 3;
  });
  desk.say("I live in Lyon");
  desk.learning->wake(desk.user.id);
  REQUIRE(run_until(desk.io, [&] { return !desk.router.requests.empty(); }));
  CHECK(looks == 3);
}

TEST_CASE("learning: turns hold the background up for a while only") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.learning->give_way_to([&desk] {
    desk.clock.advance(std::chrono::seconds(1));
    return true;
  });
  desk.say("I live in Lyon");
  desk.learning->wake(desk.user.id);
  CHECK(run_until(desk.io, [&] { return desk.held() == "Lives in Lyon."; }));
}

TEST_CASE("learning: a turn that still runs is waited for") {
  TempFolder folder;
  Desk desk(folder.path());
  const std::string running = desk.begin("I live in Paris");
  desk.say("I moved to Lyon");
  desk.catch_up();
  CHECK(desk.held().empty());
  desk.end(running);
  desk.catch_up();
  CHECK(desk.held() == "Lives in Lyon, moved there.");
}

TEST_CASE("learning: a model that fails is asked again, then the rules learn and it is left alone") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  desk.say("I live in Lyon");
  desk.catch_up();
  CHECK(desk.router.requests.size() == 3);
  CHECK(desk.router.requests[0].model == "tier/fast");
  CHECK(desk.held() == "Lives in Lyon.");
  desk.say("I like tea");
  desk.catch_up();
  CHECK(desk.router.requests.size() == 3);
  desk.clock.advance(std::chrono::minutes(6));
  desk.router.answers = {item("Likes coffee.", "I like coffee")};
  desk.say("I like coffee");
  desk.catch_up();
  CHECK(desk.router.requests.size() == 4);
  CHECK(desk.held() == "Lives in Lyon. | Likes tea. | Likes coffee.");
}

TEST_CASE("learning: with model alone what no model can read waits for one") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.config->memory.learn = MemoryLearn::model;
  desk.say("I live in Lyon");
  desk.catch_up();
  CHECK(desk.held().empty());
  desk.router.is_there = true;
  desk.router.answers = {item("Lives in Lyon.", "I live in Lyon")};
  desk.catch_up();
  CHECK(desk.held() == "Lives in Lyon.");
}

TEST_CASE("learning: off learns nothing, nor later from what was said meanwhile") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.config->memory.learn = MemoryLearn::off;
  desk.say("I live in Lyon");
  desk.catch_up();
  desk.config->memory.learn = MemoryLearn::automatic;
  desk.say("I like tea");
  desk.catch_up();
  CHECK(desk.held() == "Likes tea.");
}

TEST_CASE("learning: a model is shown what is known nearby") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.note("Lives in Paris.").value();
  desk.router.is_there = true;
  desk.router.answers = {R"({"memories":[]})"};
  desk.say("I left Paris for good");
  desk.catch_up();
  REQUIRE(desk.router.requests.size() == 1);
  CHECK(json::serialize(desk.router.requests[0].chat).find("Lives in Paris.") != std::string::npos);
}

TEST_CASE("learning: stop ends a model's call and leaves the turn for the next start") {
  TempFolder folder;
  {
    Desk desk(folder.path());
    desk.router.is_there = desk.router.hangs = true;
    desk.say("I live in Lyon");
    desk.learning->wake(desk.user.id);
    REQUIRE(run_until(desk.io, [&] { return !desk.router.requests.empty(); }));
    run(desk.io, desk.learning->stop(std::chrono::seconds(5)));
    CHECK(desk.held().empty());
  }
  Desk desk(folder.path());
  desk.catch_up();
  CHECK(desk.held() == "Lives in Lyon.");
}

TEST_CASE("learning: a note is judged and keeps its own words") {
  TempFolder folder;
  Desk desk(folder.path());
  const auto first = desk.note("I live in Paris").value();
  CHECK(first.verdict.kind == Verdict::Kind::added);
  CHECK(first.memory.text == "I live in Paris");
  CHECK_FALSE(first.change_id.empty());
  const auto second = desk.note("I live in Lyon").value();
  CHECK(second.verdict.kind == Verdict::Kind::superseded);
  CHECK(second.verdict.other_id == first.memory.id);
  CHECK(desk.held() == "I live in Lyon");
  const auto third = desk.note("No, I live in Kiel").value();
  CHECK(third.verdict.kind == Verdict::Kind::corrected);
  CHECK(third.memory.id == second.memory.id);
}

TEST_CASE("learning: a note of an end ends what it names") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.note("Works at Acme.").value();
  const auto noted = desk.note("I no longer work at Acme").value();
  CHECK(noted.verdict.kind == Verdict::Kind::superseded);
  CHECK(desk.held().empty());
}

TEST_CASE("learning: a note from outside never changes what the owner said") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.note("Lives in Paris.").value();
  desk.note("Lives in Moscow.", SaidBy::outside).value();
  CHECK(desk.held() == "Lives in Paris. | Lives in Moscow.");
  CHECK(desk.note("Lives in Paris.", SaidBy::outside).value().verdict.kind == Verdict::Kind::refused);
}

TEST_CASE("learning: an empty or endless note is refused") {
  TempFolder folder;
  Desk desk(folder.path());
  CHECK(desk.note("  ").error().code == Code::invalid);
  CHECK(desk.note(std::string(9000, 'x')).error().code == Code::invalid);
}

TEST_CASE("learning: personal data is marked, unless detection is off") {
  TempFolder folder;
  Desk desk(folder.path());
  CHECK(desk.note("E-mail address is anna@example.org.").value().memory.pii == std::vector<std::string>{"email"});
  desk.config->memory.pii_detect = false;
  CHECK(desk.note("Work e-mail is bea@example.org.").value().memory.pii.empty());
}

TEST_CASE("learning: writes of one user from two sides are both kept") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.say("I like tea");
  desk.learning->wake(desk.user.id);
  desk.note("Likes coffee.").value();
  CHECK(run_until(desk.io, [&] { return desk.held().find("tea") != std::string::npos; }));
  CHECK(desk.held().find("coffee") != std::string::npos);
}

TEST_CASE("learning: an old memory beyond the newest thousands is still found to be ended") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.note("Works at Acme.").value();
  MemoryChange many;
  many.user_id = desk.user.id;
  many.cause = "import";
  for (int i = 0; i < 2'500; ++i) {
    MemoryEdit edit;
    edit.memory.id = "mem_" + std::to_string(i);
    edit.memory.user_id = desk.user.id;
    edit.memory.text = "Likes number " + std::to_string(i) + ".";
    edit.memory.recorded_at = desk.clock.now();
    many.edits.push_back(std::move(edit));
  }
  run(desk.io, desk.store->memories().apply(std::move(many), Durability::journaled)).value();
  CHECK(desk.note("I no longer work at Acme").value().verdict.kind == Verdict::Kind::superseded);
}

TEST_CASE("learning: without room in the budget the rules learn, and no model is asked") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  FakeBudget budget;
  budget.full = Error{Code::overloaded, "the day's budget is used up"};
  desk.spare.budget = &budget;
  desk.make();
  desk.say("I live in Lyon.");
  desk.catch_up();
  CHECK(desk.held().find("Lyon") != std::string::npos);
  CHECK(desk.router.requests.empty());
}

TEST_CASE("learning: with on_limit queue a turn keeps its place until there is room, and is then learned from") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  FakeBudget budget;
  budget.full = Error{Code::overloaded, "the day's budget is used up"};
  budget.at_limit = OnLimit::queue;
  desk.spare.budget = &budget;
  desk.rest = std::chrono::milliseconds(5);
  desk.make();
  desk.say("I live in Lyon.");
  desk.catch_up();
  CHECK(desk.held().empty());
  CHECK(desk.router.requests.empty());
  const std::size_t looks = budget.asked.size();
  CHECK(looks <= 2);

  budget.full.reset();
  desk.router.answers = {item("Lives in Lyon.", "I live in Lyon")};
  CHECK(run_until(desk.io, [&] { return !desk.held().empty(); }));
  CHECK(desk.held() == "Lives in Lyon.");
  REQUIRE(desk.router.requests.size() == 1);
  const ModelRequest& request = desk.router.requests[0];
  CHECK(request.model == "tier/fast");
  CHECK(request.call.user_id == desk.user.id);
  CHECK(request.call.channel == "http");
  CHECK(request.call.purpose == Purpose::extraction);
  CHECK(request.call.is_background);
}

TEST_CASE("learning: with background work switched off the rules learn") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  auto off = std::make_shared<Config>();
  off->models.background.enabled = false;
  const auto lane = make_background_lane(desk.io.get_executor(), nullptr, off);
  desk.spare.lane = lane.get();
  desk.make();
  desk.say("I live in Lyon.");
  desk.catch_up();
  CHECK(desk.held().find("Lyon") != std::string::npos);
  CHECK(desk.router.requests.empty());
}

TEST_CASE("learning: models.background.tier names who is asked") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  desk.router.answers = {R"({"memories":[]})"};
  desk.config->models.background.tier = "local/qwen3";
  desk.say("I live in Lyon.");
  desk.catch_up();
  REQUIRE(desk.router.requests.size() == 1);
  CHECK(desk.router.requests[0].model == "local/qwen3");
}

TEST_CASE("learning: what waits for the budget is looked after at once when there may be room again") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  FakeBudget budget;
  budget.full = Error{Code::overloaded, "the day's budget is used up"};
  budget.at_limit = OnLimit::queue;
  desk.spare.budget = &budget;
  desk.rest = std::chrono::hours(1);
  desk.make();
  desk.say("I live in Lyon.");
  desk.catch_up();
  budget.full.reset();
  desk.router.answers = {item("Lives in Lyon.", "I live in Lyon")};
  desk.learning->room_again();
  CHECK(run_until(desk.io, [&] { return !desk.held().empty(); }));
  CHECK(desk.held() == "Lives in Lyon.");
}

TEST_CASE("learning: with on_limit queue a turn also waits for room that this one call lacks, but not for ever") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  desk.router.fault = Error{Code::overloaded, "the daily limit has no room for this"};
  FakeBudget budget;
  budget.at_limit = OnLimit::queue;
  desk.spare.budget = &budget;
  desk.make();
  desk.say("I live in Lyon.");
  desk.catch_up();
  CHECK(desk.held().empty());
  CHECK(desk.router.requests.size() == 1);
  desk.clock.advance(std::chrono::hours(49));
  desk.catch_up();
  CHECK(desk.held().find("Lyon") != std::string::npos);
}

TEST_CASE("learning: what was said to a tier is learned from in the sender's own words") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  desk.router.answers = {item("Anna lives in Lyon", "I live in Lyon.")};
  desk.say("/smart I live in Lyon.");
  desk.catch_up();
  CHECK(desk.held() == "Anna lives in Lyon.");
  CHECK(json::serialize(desk.router.requests.at(0).chat).find("/smart") == std::string::npos);
}

TEST_CASE("learning: a turn is read by a deterministic call, so that reading it again costs nothing") {
  TempFolder folder;
  Desk desk(folder.path());
  desk.router.is_there = true;
  desk.router.answers = {item("Anna lives in Lyon", "I live in Lyon.")};
  desk.say("I live in Lyon.");
  desk.catch_up();
  CHECK(desk.router.requests.at(0).is_deterministic);
  CHECK(desk.router.requests.at(0).chat.at("temperature") == 0);
}
