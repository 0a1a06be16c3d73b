// What the router does when models fail: who is asked next, what is tried again, what the user sees.
#include "models.hpp"

using namespace hobd;
using namespace hobd::fakes;

namespace {

const Error kDown{Code::unavailable, "connect to 127.0.0.1:1: connection refused"};
const Error kBusy{Code::unavailable, "the model server answered 503: overloaded"};

}  // namespace

TEST_CASE("a model that fails before it showed anything is followed by the next, and rests for 30 s") {
  Models models;
  models.a.answers = {fails(kDown.code, kDown.message), says("a again")};
  models.b.answers = {says("b1"), says("b2")};
  CHECK(models.ask("tier/fast").value().text == "b1");
  CHECK(models.ask("tier/fast").value().text == "b2");
  CHECK(models.a.requests.size() == 1);
  models.clock.advance(std::chrono::seconds(31));
  CHECK(models.ask("tier/fast").value().text == "a again");
}

TEST_CASE("a rate limit that names its wait rests that long") {
  Models models;
  models.a.answers = {fails(Code::overloaded, "retry after 120 s: slow down"), says("a again")};
  models.b.answers = {says("b1"), says("b2")};
  CHECK(models.ask("tier/fast").value().text == "b1");
  models.clock.advance(std::chrono::seconds(60));
  CHECK(models.ask("tier/fast").value().text == "b2");
  models.clock.advance(std::chrono::seconds(61));
  CHECK(models.ask("tier/fast").value().text == "a again");
}

TEST_CASE("a busy server is asked again before the next model is") {
  Models models;
  models.config->models.times.retries = 2;
  models.a.answers = {fails(kBusy.code, kBusy.message), says("now")};
  CHECK(models.ask("tier/fast").value().text == "now");
  CHECK(models.a.requests.size() == 2);
  CHECK(models.b.requests.empty());
}

TEST_CASE("a server that can't be reached is not asked again while there is another model") {
  Models models;
  models.config->models.times.retries = 2;
  models.a.answers = {fails(kDown.code, kDown.message)};
  models.b.answers = {says("b")};
  CHECK(models.ask("tier/fast").value().text == "b");
  CHECK(models.a.requests.size() == 1);
}

TEST_CASE("the last model is asked again after a rate limit without a word on when") {
  Models models;
  models.config->models.times.retries = 1;
  models.config->models.tiers["fast"] = {"a/small"};
  models.config->models.tiers["smart"].clear();
  models.a.answers = {fails(Code::overloaded, "the model server answered 429: slow down"), says("now")};
  CHECK(models.ask("tier/fast").value().text == "now");
}

TEST_CASE("a refused key rests long, and the owner is told once what to do") {
  Models models;
  const Error refused{Code::denied, "the model server answered 401: bad key"};
  models.a.answers = {fails(refused.code, refused.message), fails(refused.code, refused.message)};
  models.b.answers = {says("b1"), says("b2"), says("b3")};
  CHECK(models.ask("tier/fast").value().text == "b1");
  models.clock.advance(std::chrono::minutes(20));
  CHECK(models.ask("tier/fast").value().text == "b2");
  models.clock.advance(std::chrono::minutes(11));
  CHECK(models.ask("tier/fast").value().text == "b3");
  REQUIRE(models.notices.size() == 1);
  CHECK_THAT(models.notices[0], Catch::Contains("models.providers.a.api_key"));
}

TEST_CASE("a stream that breaks off is gone on with by the same model, and what it repeats is left out") {
  Models models;
  models.a.answers = {breaks_after({"The quick ", "brown fox"}), says("brown fox jumps over.")};
  const ModelAnswer answer = models.ask("tier/fast").value();
  CHECK(models.shown == "The quick brown fox jumps over.");
  CHECK(answer.text == models.shown);
  CHECK(answer.stop == "end");
  CHECK(models.b.requests.empty());
  const json::array& messages = models.a.requests[1].at("messages").as_array();
  REQUIRE(messages.size() == 3);
  CHECK(messages[1].at("role") == "assistant");
  CHECK(messages[1].at("content") == "The quick brown fox");
  CHECK(messages[2].at("role") == "user");
}

TEST_CASE("when the same model can't go on the next one does") {
  Models models;
  models.a.answers = {breaks_after({"Half a "}), fails(kDown.code, kDown.message)};
  models.b.answers = {says("sentence.")};
  const ModelAnswer answer = models.ask("tier/fast").value();
  CHECK(models.shown == "Half a sentence.");
  CHECK(answer.text == "Half a sentence.");
  CHECK(answer.usage.model == "b/small");
}

TEST_CASE("when no model can go on, what was said stands, cut, with a word on it") {
  Models models;
  models.a.answers = {breaks_after({"Half a"})};
  const ModelAnswer answer = models.ask("tier/fast").value();
  CHECK(models.shown == "Half a");
  CHECK(answer.text == "Half a");
  CHECK(answer.stop == "length");
  CHECK_FALSE(answer.notice.empty());
  CHECK(answer.provider == "a");
}

TEST_CASE("a model that begins the answer anew instead of going on is not joined") {
  Models models;
  const std::string half = "The capital of France is Paris, a city of two million people that ";
  models.a.answers = {breaks_after({half}), says("The capital of France is Paris, which lies on the Seine."), fails(kDown.code, kDown.message)};
  models.b.answers = {says("lies on the Seine.")};
  CHECK(models.ask("tier/fast").value().text == half + "lies on the Seine.");
  CHECK(models.shown == half + "lies on the Seine.");
}

TEST_CASE("tool calls of an answer that broke off are dropped") {
  Models models;
  models.a.answers = {emits({text_delta("Let me see. "), R"({"tool_call":{"index":0,"id":"x","name":"add","arguments":"{\"a\""}})"},
                            Error{Code::unavailable, "the model server's answer ended in the middle"}),
                      says("It is four.")};
  const ModelAnswer answer = models.ask("tier/fast").value();
  CHECK(answer.tool_calls.empty());
  CHECK(answer.text == "Let me see. It is four.");
}

TEST_CASE("an answer that does not begin in time is followed by the next model") {
  Models models;
  models.config->models.times.first_token = std::chrono::milliseconds(100);
  ScriptedAnswer never;
  never.hangs = true;
  models.a.answers = {never};
  models.b.answers = {says("b")};
  CHECK(models.ask("tier/fast").value().text == "b");
  CHECK_THAT(models.router->failures().at(0), Catch::Contains("no answer began within 0.1 s"));
}

TEST_CASE("an answer that stops coming is gone on with") {
  Models models;
  models.config->models.times.stall = std::chrono::milliseconds(100);
  ScriptedAnswer stalls = says("Half a ");
  stalls.hangs = true;
  models.a.answers = {stalls, says("sentence.")};
  CHECK(models.ask("tier/fast").value().text == "Half a sentence.");
  CHECK(models.shown == "Half a sentence.");
}

TEST_CASE("when all of the smart tier fail a fast model answers, and the user knows") {
  Models models;
  models.b.answers = {fails(kDown.code, kDown.message)};
  models.a.answers = {says("quick")};
  const ModelAnswer answer = models.ask("tier/smart").value();
  CHECK(answer.text == "quick");
  CHECK(answer.usage.tier == "fast");
  CHECK_THAT(answer.notice, Catch::Contains("a/small answered"));
}

TEST_CASE("background work stays in its tier") {
  Models models;
  models.a.answers = {fails(kDown.code, kDown.message)};
  models.b.answers = {fails(kDown.code, kDown.message), says("never")};
  ModelRequest request;
  request.call.is_background = true;
  request.chat = Models::chat_of("extract");
  CHECK(models.ask(std::move(request)).has_error());
  CHECK(models.b.requests.size() == 1);
}

TEST_CASE("a chat that is too long is cut and asked again, and names what the server said it holds") {
  Models models;
  models.config->models.tiers["fast"] = {"a/small"};
  models.config->models.tiers["smart"].clear();
  models.a.answers = {fails(Code::invalid, "the model server answered 400: This model's maximum context length is 600 tokens. Reduce the length of the messages."),
                      says("fits")};
  json::object chat;
  json::array messages{json::object{{"role", "system"}, {"content", "You are Hob."}}};
  for (int i = 0; i < 20; ++i) {
    messages.push_back(json::object{{"role", "user"}, {"content", "question " + std::string(150, 'q')}});
    messages.push_back(json::object{{"role", "assistant"}, {"content", "answer " + std::string(150, 'a')}});
  }
  messages.push_back(json::object{{"role", "user"}, {"content", "the newest question"}});
  chat["messages"] = std::move(messages);
  ModelRequest request;
  request.model = "tier/fast";
  request.chat = std::move(chat);
  CHECK(models.ask(std::move(request)).value().text == "fits");
  const json::array& sent = models.a.requests[1].at("messages").as_array();
  CHECK(sent.size() < 41);
  CHECK(sent.front().at("role") == "system");
  CHECK(sent[1].at("role") == "user");
  CHECK(sent.back().at("content") == "the newest question");
}

TEST_CASE("a request that a model does not take is not tried on it again, and it does not rest") {
  Models models;
  models.config->models.times.retries = 2;
  models.a.answers = {fails(Code::invalid, "the model server answered 400: no images"), says("a")};
  models.b.answers = {says("b")};
  CHECK(models.ask("tier/fast").value().text == "b");
  CHECK(models.ask("tier/fast").value().text == "a");
}

TEST_CASE("while one call tries a model that rested, others go on to the next") {
  Models models;
  models.config->models.times.first_token = std::chrono::milliseconds(400);
  ScriptedAnswer slow;
  slow.hangs = true;
  models.a.answers = {fails(kDown.code, kDown.message), slow};
  models.b.answers = {says("b1"), says("b2"), says("b3")};
  CHECK(models.ask("tier/fast").value().text == "b1");
  models.clock.advance(std::chrono::seconds(31));
  std::vector<std::string> texts;
  for (int i = 0; i < 2; ++i) {
    ModelRequest request;
    request.model = "tier/fast";
    request.chat = Models::chat_of("hello");
    std::function<void(std::string_view)> on_delta = [](std::string_view) {};
    asio::co_spawn(models.io, models.router->complete(std::move(request), std::move(on_delta)),
                   [&](std::exception_ptr, Result<ModelAnswer> answer) { texts.push_back(answer.value().text); });
  }
  REQUIRE(run_until(models.io, [&] { return texts.size() == 1; }));
  CHECK(models.a.requests.size() == 2);
  CHECK(texts[0] == "b2");
  REQUIRE(run_until(models.io, [&] { return texts.size() == 2; }));
}

TEST_CASE("each call is reported with what became of it") {
  Models models;
  models.a.answers = {fails(kDown.code, kDown.message)};
  models.b.answers = {says("b")};
  REQUIRE(models.ask("tier/fast").has_value());
  REQUIRE(models.reports.size() == 2);
  CHECK(models.reports[0].outcome == "failed");
  CHECK(models.reports[1].outcome == "answered");
  CHECK(models.reports[1].model == "b/small");
}
