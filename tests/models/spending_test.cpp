// The router and the budget: nothing is sent without room, and every reservation ends.
#include "models.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct Paid : Models {
  Paid() {
    has_budget = true;
    config->models.prices["a/small"] = {1.0, 2.0};
    config->models.prices["b/small"] = {0.5, 1.0};
    config->models.prices["b/big"] = {10.0, 20.0};
    build();
  }
};

}  // namespace

TEST_CASE("an answer is reserved at its worst and settled by its usage") {
  Paid models;
  models.a.answers = {emits({text_delta("hi"), R"({"usage":{"input_tokens":100,"output_tokens":10,"cached_tokens":0,"cache_write_tokens":7}})"})};
  const ModelAnswer answer = models.ask("a/small").value();
  REQUIRE(models.budget.reserved.size() == 1);
  CHECK(models.budget.reserved[0].max_tokens == 4096);
  CHECK(models.budget.reserved[0].least_tokens == 256);
  CHECK(models.budget.reserved[0].input_tokens > 0);
  REQUIRE(models.budget.settled.size() == 1);
  CHECK(models.budget.settled[0].usage.input_tokens == 100);
  CHECK(models.budget.settled[0].usage.cache_write_tokens == 7);
  CHECK_FALSE(models.budget.settled[0].is_estimated);
  CHECK(answer.usage.cost_usd > 0);
  CHECK(models.budget.open == 0);
}

TEST_CASE("a usage that is told in part, or can't be, is marked as estimated in the ledger and in what is reported of the call") {
  for (const char* usage : {R"({"usage":{"input_tokens":0,"output_tokens":10}})", R"({"usage":{"input_tokens":100,"output_tokens":0}})",
                            R"({"usage":{"input_tokens":-4,"output_tokens":10}})", R"({"usage":{"input_tokens":100,"output_tokens":10,"cached_tokens":-1}})",
                            R"({"usage":{"input_tokens":"100","output_tokens":10}})"}) {
    INFO(usage);
    Paid models;
    models.a.answers = {emits({text_delta("hi"), usage})};
    REQUIRE(models.ask("a/small").has_value());
    CHECK(models.budget.settled.at(0).is_estimated);
    CHECK(models.reports.at(0).is_estimated);
  }
  Paid models;
  models.budget.has_absurd_usage = true;
  models.a.answers = {emits({text_delta("hi"), R"({"usage":{"input_tokens":100,"output_tokens":10}})"})};
  REQUIRE(models.ask("a/small").has_value());
  CHECK(models.reports.at(0).is_estimated);
}

TEST_CASE("a lone model that answers with nothing is asked once, and what that cost is told") {
  Paid models;
  models.config->models.times.retries = 2;
  models.config->models.tiers["fast"] = {"a/small"};
  models.config->models.tiers["smart"] = {};
  models.build();
  models.a.answers = {emits({}), says("late")};
  ModelRequest request;
  request.model = "tier/fast";
  request.chat = models.chat_of("hello");
  request.spent = std::make_shared<Usage>();
  const std::shared_ptr<Usage> spent = request.spent;
  CHECK(models.ask(std::move(request)).has_error());
  CHECK(models.a.requests.size() == 1);
  CHECK(spent->model == "a/small");
  CHECK(spent->input_tokens > 0);
  CHECK(spent->cost_usd == Approx(models.budget.settled.at(0).usage.cost_usd));
}

TEST_CASE("what failed before it was billed is released, what broke off is settled by what was shown") {
  Paid models;
  models.a.answers = {fails(Code::unavailable, "connect to 127.0.0.1:1: connection refused")};
  models.b.answers = {breaks_after({"Half"}), fails(Code::denied, "the model server answered 401: no"),
                      fails(Code::denied, "the model server answered 401: no")};
  const ModelAnswer answer = models.ask("tier/fast").value();
  CHECK(models.budget.open == 0);
  REQUIRE(models.budget.settled.size() == 1);
  CHECK(models.budget.settled[0].outcome == CallOutcome::failed);
  CHECK(models.budget.settled[0].is_estimated);
  CHECK(models.budget.settled[0].usage.input_tokens > 0);
  CHECK(models.budget.settled[0].usage.output_tokens > 0);
  CHECK(answer.usage.cost_usd == Approx(models.budget.settled[0].usage.cost_usd));
}

TEST_CASE("a model without room is followed by a cheaper one, and the user knows") {
  Paid models;
  models.budget.refused = {"b/big"};
  models.a.answers = {says("from a")};
  const ModelAnswer answer = models.ask("tier/smart").value();
  CHECK(answer.text == "from a");
  CHECK(models.b.requests.empty());
  CHECK_THAT(answer.notice, Catch::Contains("budget"));
}

TEST_CASE("with no room anywhere the budget's own words are the answer") {
  Paid models;
  models.budget.refused = {"b/big", "a/small", "b/small"};
  const Error error = models.ask("tier/smart").error();
  CHECK(error.code == Code::overloaded);
  CHECK(error.message == "no room for b/small");
  CHECK(models.a.requests.empty());
}

TEST_CASE("where the limit denies no cheaper model is asked") {
  Paid models;
  models.budget.at_limit = OnLimit::deny;
  models.budget.refused = {"b/big"};
  CHECK(models.ask("tier/smart").error().message == "no room for b/big");
  CHECK(models.a.requests.empty());
}

TEST_CASE("a model that the caller named is not replaced for want of room") {
  Paid models;
  models.budget.refused = {"b/big"};
  CHECK(models.ask("b/big").error().message == "no room for b/big");
}

TEST_CASE("when the ledger can't be written nothing is sent") {
  Paid models;
  models.budget.verdicts = {Error{Code::unavailable, "the ledger can't be written: disk full"}};
  CHECK_THAT(models.ask("tier/fast").error().message, Catch::Contains("disk full"));
  CHECK(models.a.requests.empty());
  CHECK(models.b.requests.empty());
}

TEST_CASE("a shortened answer says so only when it was cut by it") {
  Paid models;
  models.budget.verdicts = {Result<std::int64_t>(300), Result<std::int64_t>(300)};
  models.a.answers = {emits({text_delta("cut")}, std::string(R"({"stop":"length"})")), emits({text_delta("whole")})};
  CHECK_THAT(models.ask("a/small").value().notice, Catch::Contains("budget"));
  CHECK(int_or(models.a.requests[0], "max_tokens") == 300);
  CHECK(models.ask("a/small").value().notice.empty());
}

TEST_CASE("a cancelled call is settled by what it had said") {
  Paid models;
  ScriptedAnswer hangs = says("some words");
  hangs.hangs = true;
  models.a.answers = {hangs};
  ModelRequest request;
  request.model = "a/small";
  request.chat = Models::chat_of("hello");
  bool is_shown = false, is_done = false;
  std::function<void(std::string_view)> on_delta = [&](std::string_view) { is_shown = true; };
  asio::cancellation_signal stop;
  asio::co_spawn(models.io, models.router->complete(std::move(request), std::move(on_delta)),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, Result<ModelAnswer>) { is_done = true; }));
  REQUIRE(run_until(models.io, [&] { return is_shown; }));
  stop.emit(asio::cancellation_type::terminal);
  REQUIRE(run_until(models.io, [&] { return is_done; }));
  CHECK(models.budget.open == 0);
  REQUIRE(models.budget.settled.size() == 1);
  CHECK(models.budget.settled[0].outcome == CallOutcome::cancelled);
}

TEST_CASE("what Hob counts itself is never more than the answer that was asked for") {
  Paid models;
  models.budget.verdicts = {Result<std::int64_t>(20), Result<std::int64_t>(20), Result<std::int64_t>(20)};
  const std::string text(400, '!');  // counted high
  models.a.answers = {says(text), emits({text_delta(text), R"({"usage":{"input_tokens":100,"output_tokens":30}})"}), breaks_after({text}), says("the end")};
  CHECK(models.ask("a/small").has_value());
  CHECK(models.ask("a/small").has_value());
  CHECK(models.ask("a/small").has_value());
  REQUIRE(models.budget.settled.size() == 4);
  CHECK(models.budget.settled[0].usage.output_tokens == 20);
  CHECK(models.budget.settled[1].usage.output_tokens == 30);  // as it is billed
  CHECK(models.budget.settled[2].usage.output_tokens == 20);
}

TEST_CASE("a call that is cancelled while its room is made is not sent, and released") {
  Paid models;
  asio::cancellation_signal stop;
  models.budget.on_reserve = [&] { stop.emit(asio::cancellation_type::terminal); };
  ModelRequest request;
  request.model = "a/small";
  request.chat = Models::chat_of("hello");
  bool is_done = false;
  std::function<void(std::string_view)> on_delta = [](std::string_view) {};
  asio::co_spawn(models.io, models.router->complete(std::move(request), std::move(on_delta)),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, Result<ModelAnswer>) { is_done = true; }));
  REQUIRE(run_until(models.io, [&] { return is_done; }));
  CHECK(models.a.requests.empty());
  CHECK(models.budget.settled.empty());
  CHECK(models.budget.released.size() == 1);
  CHECK(models.budget.open == 0);
}

TEST_CASE("an answer in one piece that came too late is booked in full: nobody knows how much of it was written") {
  Paid models;
  for (const bool streams : {false, true}) {
    models.a.answers = {fails(Code::timeout, "the model server gave no answer in time")};
    models.budget.verdicts = {Result<std::int64_t>(500)};
    ModelRequest request;
    request.model = "a/small";
    request.chat = Models::chat_of("hello");
    request.chat["stream"] = streams;
    CHECK(models.ask(std::move(request)).has_error());
    REQUIRE_FALSE(models.budget.settled.empty());
    CHECK(models.budget.settled.back().usage.output_tokens == (streams ? 0 : 500));
  }
}

TEST_CASE("a deterministic request is answered once, and again for nothing") {
  Paid models;
  models.a.answers = {says("four")};
  for (int i = 0; i < 2; ++i) {
    ModelRequest request;
    request.model = "a/small";
    request.chat = Models::chat_of("2 + 2?");
    request.is_deterministic = true;
    const ModelAnswer answer = models.ask(std::move(request)).value();
    CHECK(answer.text == "four");
    CHECK(models.shown == "four");
    if (i == 0) continue;
    CHECK(answer.usage.cost_usd == 0);
    CHECK(answer.routed_by == "cache");
  }
  CHECK(models.a.requests.size() == 1);
  CHECK(models.a.requests[0].at("temperature") == 0);
  CHECK(models.reports.back().outcome == "cached");
  CHECK(int_or(models.router->stats(), "cached") == 1);
}

TEST_CASE("a deterministic request is asked anew once answers were forgotten") {
  Paid models;
  models.a.answers = {says("four"), says("still four")};
  const auto ask = [&] {
    ModelRequest request;
    request.model = "a/small";
    request.chat = Models::chat_of("2 + 2?");
    request.is_deterministic = true;
    return models.ask(std::move(request)).value().text;
  };
  CHECK(ask() == "four");
  models.router->forget_answers();
  CHECK(ask() == "still four");
}
