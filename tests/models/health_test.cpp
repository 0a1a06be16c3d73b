#include "models/health.hpp"

#include "fakes/fake_clock.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using std::chrono::seconds;
using Kind = ModelFault::Kind;
using Names = std::vector<std::string>;

namespace {

struct Sick {
  void fail(const std::string& message = "the model server answered 503", Code code = Code::unavailable) {
    const Error error{code, message};
    health.failed("a", error, read_fault(error));
  }
  fakes::FakeClock clock;
  Health health{clock};
};

ModelFault fault_of(Code code, const std::string& message) { return read_fault({code, message}); }

}  // namespace

TEST_CASE("a model that fails again rests longer each time, and an answer ends that") {
  Sick sick;
  for (const int rest : {30, 60, 120, 240, 480, 600, 600}) {
    sick.fail();
    sick.clock.advance(seconds(rest - 1));
    CHECK(sick.health.is_resting("a"));
    sick.clock.advance(seconds(2));
    CHECK_FALSE(sick.health.is_resting("a"));
  }
  sick.health.answered("a");
  sick.fail();
  sick.clock.advance(seconds(31));
  CHECK_FALSE(sick.health.is_resting("a"));
}

TEST_CASE("calls that fail while it rests already don't make it rest longer") {
  Sick sick;
  for (int i = 0; i < 10; ++i) sick.fail();
  sick.clock.advance(seconds(31));
  CHECK_FALSE(sick.health.is_resting("a"));
}

TEST_CASE("Retry-After is honoured within bounds") {
  Sick sick;
  sick.fail("retry after 90 s: the model server answered 429", Code::overloaded);
  sick.clock.advance(seconds(89));
  CHECK(sick.health.is_resting("a"));
  sick.clock.advance(seconds(2));
  CHECK_FALSE(sick.health.is_resting("a"));
  sick.fail("retry after 999999 s: the model server answered 429", Code::overloaded);
  sick.clock.advance(seconds(601));
  CHECK_FALSE(sick.health.is_resting("a"));
}

TEST_CASE("those that rest come last, one call tries a rested one and keeps the others away") {
  Sick sick;
  sick.fail();
  CHECK(sick.health.ordered({"a", "b"}) == Names{"b", "a"});
  sick.clock.advance(seconds(31));
  CHECK(sick.health.ordered({"a", "b"}) == Names{"a", "b"});
  {
    const Health::Permit permit = sick.health.begin("a");
    CHECK(sick.health.ordered({"a", "b"}) == Names{"b", "a"});
  }
  CHECK(sick.health.ordered({"a", "b"}) == Names{"a", "b"});
}

TEST_CASE("what providers say is read for what it means") {
  CHECK(fault_of(Code::denied, "the model server answered 401: no (check the API key)").kind == Kind::refused_key);
  CHECK(fault_of(Code::not_found, "the model server answered 404: none").kind == Kind::not_found);
  CHECK(fault_of(Code::overloaded, "retry after 7 s: the model server answered 429: slow").retry_after == seconds(7));
  CHECK(fault_of(Code::overloaded, "the model server answered 529: overloaded").kind == Kind::busy);
  CHECK(fault_of(Code::unavailable, "Ollama answered 500: oops").kind == Kind::busy);
  CHECK(fault_of(Code::unavailable, "connect to 127.0.0.1:1: connection refused").kind == Kind::no_contact);
  CHECK(fault_of(Code::unavailable, "resolve nowhere.invalid: no such host").kind == Kind::no_contact);
  CHECK(fault_of(Code::unavailable, "POST https://x/v1: SSL certificate problem: self-signed certificate").kind == Kind::no_contact);
  CHECK(fault_of(Code::timeout, "connect to 10.0.0.1:80: no connection within 10000 ms").kind == Kind::no_contact);
  CHECK(fault_of(Code::unavailable, "POST http://x/v1: closed without a response").kind == Kind::busy);
  CHECK(fault_of(Code::unavailable, "POST http://x/v1: the response ended early").kind == Kind::broken);
  CHECK(fault_of(Code::unavailable, "the model server's answer ended in the middle").kind == Kind::broken);
  CHECK(fault_of(Code::timeout, "no answer began within 60 s").kind == Kind::timeout);
  CHECK(fault_of(Code::invalid, "the model server answered 400: unknown field").kind == Kind::bad_request);
  CHECK(fault_of(Code::cancelled, "x").kind == Kind::cancelled);
}

TEST_CASE("each vendor's way to say that the context is too long") {
  for (const char* words :
       {"the model server answered 400: This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
        "the model server answered 400: Your input exceeds the context window of this model.", "the model server answered 400: prompt is too long: 210000 tokens > 200000 maximum",
        "the model server answered 400: input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "the model server answered 400: The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "the model server answered 400: the request exceeds the available context size (4096 tokens), try increasing it",
        "the model server answered 400: The number of tokens to keep from the initial prompt is greater than the context length.",
        "Ollama answered 400: the input length exceeds the context length"}) {
    INFO(words);
    CHECK(fault_of(Code::invalid, words).kind == Kind::too_long);
  }
  CHECK(fault_of(Code::invalid, "the model server answered 400: This model's maximum context length is 8192 tokens.").window == 8192);
  CHECK(fault_of(Code::invalid, "the model server answered 400: prompt is too long: 210000 tokens > 200000 maximum").window == 200000);
  CHECK(fault_of(Code::invalid, "answered 400: exceeds the maximum number of tokens allowed (1,048,576)").window == 1048576);
}
