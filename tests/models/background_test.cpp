#include "models/background.hpp"

#include "fakes/fake_budget.hpp"
#include "fakes/run.hpp"

#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;
using namespace std::chrono_literals;
using Place = BackgroundLane::Place;

namespace {

struct House {
  explicit House(std::chrono::milliseconds longest_held = 30s) {
    lane = make_background_lane(io.get_executor(), &budget, config, longest_held);
  }
  /// Starts an enter() and notes what came of it under `name`.
  void enter(std::string name, std::chrono::milliseconds limit = 20s) { tasks.spawn("enter", entering(std::move(name), limit)); }
  awaitable<void> entering(std::string name, std::chrono::milliseconds limit) {
    CallFor call;
    call.purpose = Purpose::extraction;
    Result<Place> place = co_await lane->enter(std::move(call), limit);
    if (place.has_error()) {
      errors.push_back(place.error());
      co_return;
    }
    entered.push_back(std::move(name));
    places.push_back(std::move(*place));
  }
  /// Runs what can run without waiting.
  void settle() {
    io.restart();
    io.poll();
  }
  std::int64_t stat(const char* name) { return lane->stats().at(name).to_number<std::int64_t>(); }

  asio::io_context io;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  FakeBudget budget{config};
  std::unique_ptr<BackgroundLane> lane;
  std::vector<std::string> entered;
  std::vector<Place> places;
  std::vector<Error> errors;
  TaskGroup tasks{io.get_executor()};
};

}  // namespace

TEST_CASE("background calls run one at a time, in the order they came") {
  House house;
  for (const char* name : {"a", "b", "c"}) house.enter(name);
  house.settle();
  CHECK(house.entered == std::vector<std::string>{"a"});
  CHECK(house.stat("waiting") == 2);
  house.places.clear();
  house.settle();
  house.places.clear();
  house.settle();
  CHECK(house.entered == std::vector<std::string>{"a", "b", "c"});
  house.places.clear();
  CHECK(house.stat("running") == 0);
  CHECK(house.stat("done") == 3);
}

TEST_CASE("models.background.concurrent is how many run at once, also after a reload") {
  House house;
  for (int i = 0; i < 5; ++i) house.enter("call");
  house.settle();
  CHECK(house.entered.size() == 1);
  auto wider = std::make_shared<Config>();
  wider->models.background.concurrent = 3;
  house.lane->set_config(wider);
  house.settle();
  CHECK(house.entered.size() == 3);
}

TEST_CASE("a background call waits while a turn waits for a model") {
  House house;
  Place first = house.lane->hold_back();
  Place second = house.lane->hold_back();
  house.enter("extraction");
  house.settle();
  CHECK(house.entered.empty());
  first = Place();
  house.settle();
  CHECK(house.entered.empty());
  second = Place();
  house.settle();
  CHECK(house.entered.size() == 1);
}

TEST_CASE("turns without end don't hold a background call back for ever") {
  House house(20ms);
  const Place turn = house.lane->hold_back();
  house.enter("extraction");
  house.settle();
  CHECK(house.entered.empty());
  CHECK(run_until(house.io, [&] { return house.entered.size() == 1; }));
}

TEST_CASE("a call that gets no place in its time says how many are before it") {
  House house;
  house.enter("first");
  house.enter("second", 10ms);
  CHECK(run_until(house.io, [&] { return !house.errors.empty(); }));
  CHECK(house.errors[0].code == Code::timeout);
  CHECK(house.errors[0].message.find("1 run") != std::string::npos);
  CHECK(house.stat("waiting") == 0);
}

TEST_CASE("switched off, the lane refuses and says by which key") {
  House house;
  auto off = std::make_shared<Config>();
  off->models.background.enabled = false;
  house.lane->set_config(off);
  house.enter("extraction");
  house.settle();
  REQUIRE(house.errors.size() == 1);
  CHECK(house.errors[0].code == Code::unavailable);
  CHECK(house.errors[0].message.find("models.background.enabled") != std::string::npos);
  CHECK(house.lane->is_open().has_error());
  CHECK(house.budget.asked.empty());
}

TEST_CASE("those who wait when the lane is switched off are sent away, the one that runs ends in peace") {
  House house;
  house.enter("runs");
  house.enter("waits");
  house.settle();
  auto off = std::make_shared<Config>();
  off->models.background.enabled = false;
  house.lane->set_config(off);
  house.settle();
  REQUIRE(house.errors.size() == 1);
  CHECK(house.errors[0].code == Code::unavailable);
  CHECK(house.stat("running") == 1);
}

TEST_CASE("without room in the budget nobody gets in line, and hears until when") {
  House house;
  house.budget.full = Error{Code::overloaded, "the day's budget for background work is used up until 2026-11-22"};
  house.enter("extraction");
  house.settle();
  REQUIRE(house.errors.size() == 1);
  CHECK(house.errors[0].code == Code::overloaded);
  CHECK(house.errors[0].message.find("until 2026-11-22") != std::string::npos);
  CHECK(house.stat("refused") == 1);
}

TEST_CASE("ten thousand background calls at once: a thousand wait, the rest is told to come later") {
  House house;
  for (int i = 0; i < 10'000; ++i) house.enter("call");
  house.settle();
  CHECK(house.entered.size() == 1);
  CHECK(house.stat("waiting") == 1'000);
  CHECK(house.errors.size() == 8'999);
  CHECK(house.errors[0].code == Code::overloaded);
  CHECK(house.lane->is_open().error().code == Code::overloaded);
  // Everyone who waits has a turn.
  for (int i = 0; i < 1'000; ++i) {
    house.places.clear();
    house.settle();
  }
  CHECK(house.entered.size() == 1'001);
  CHECK(house.stat("waiting") == 0);
}

TEST_CASE("a call that is cancelled leaves the line and takes no place with it") {
  House house;
  house.enter("runs");
  house.enter("cancelled");
  house.settle();
  house.tasks.cancel();
  house.settle();
  CHECK(house.stat("waiting") == 0);
  house.places.clear();
  CHECK(house.stat("running") == 0);
  house.enter("next");
  house.settle();
  CHECK(house.entered.back() == "next");
}

TEST_CASE("a place may be given back after the lane is gone") {
  House house;
  house.enter("runs");
  house.enter("waits");
  house.settle();
  house.lane.reset();
  house.settle();
  CHECK(house.errors.size() == 1);
  house.places.clear();
}

TEST_CASE("work that can wait is told to wait, or to do without a model") {
  House house;
  const auto leave = [&] {
    CallFor call;
    const SpareCalls spare{house.lane.get(), &house.budget};
    return [](asio::io_context& io, SpareCalls with, CallFor what) -> Leave {
      Leave answer = Leave::ask;
      run(io, [](SpareCalls s, CallFor c, Leave& out) -> awaitable<void> { out = co_await leave_to_call(s, std::move(c)); }(with, std::move(what), answer));
      return answer;
    }(house.io, spare, std::move(call));
  };
  CHECK(leave() == Leave::ask);
  REQUIRE(house.budget.asked.size() == 1);
  CHECK(house.budget.asked[0].is_background);

  house.budget.full = Error{Code::overloaded, "no room"};
  CHECK(leave() == Leave::without);
  house.budget.at_limit = OnLimit::deny;
  CHECK(leave() == Leave::without);
  house.budget.at_limit = OnLimit::queue;
  CHECK(leave() == Leave::later);
  house.budget.full = Error{Code::unavailable, "the ledger can't be written"};
  house.budget.at_limit = OnLimit::downgrade;
  CHECK(leave() == Leave::later);

  auto off = std::make_shared<Config>();
  off->models.background.enabled = false;
  house.lane->set_config(off);
  CHECK(leave() == Leave::without);
}

TEST_CASE("models.background.tier names a tier or a model") {
  Config config;
  CHECK(background_model(config) == "tier/fast");
  config.models.background.tier = "smart";
  CHECK(background_model(config) == "tier/smart");
  config.models.background.tier = "ollama/qwen3:4b";
  CHECK(background_model(config) == "ollama/qwen3:4b");
}
