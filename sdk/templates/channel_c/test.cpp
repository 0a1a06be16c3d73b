#include <hob/testkit.hpp>

namespace {
const char* const kConfig = R"({"token":"0123456789abcdef","url":"https://example.org/replies"})";
const char* const kBody = R"({"id":"m1","from":"anna","text":"hello"})";

std::string head(const std::string& token) {
  return R"({"id":"r1","method":"POST","path":"/hooks/@NAME@","route":"/hooks/@NAME@","params":{},"query":{},"websocket":false,)"
         R"("headers":{"x-token":)" + hob::test::quote(token) + "}}";
}
}  // namespace

HOB_TEST("a message with the token is delivered") {
  hob::test::Host host({.config = kConfig});
  const auto& answer = host.route(head("0123456789abcdef"), kBody);
  HOB_CHECK_EQUAL(answer.status, HOB_OK);
  HOB_CHECK_EQUAL(hob::test::member(answer.result, "status").value(), "202");
  HOB_CHECK_EQUAL(host.delivered.size(), 1u);
  HOB_CHECK_EQUAL(hob::test::text_member(host.delivered[0], "sender.id"), "anna");
  HOB_CHECK_EQUAL(hob::test::text_member(host.delivered[0], "text"), "hello");
}

HOB_TEST("a message without it is denied") {
  hob::test::Host host({.config = kConfig});
  HOB_CHECK_EQUAL(host.route(head("wrong"), kBody).status, HOB_DENIED);
  HOB_CHECK(host.delivered.empty());
}

HOB_TEST("a reply is POSTed under its own id") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.status = 200});
  const auto& answer = host.send(R"({"id":"o1","to":{"id":"anna"},"text":"hi","kind":"reply"})");
  HOB_CHECK_EQUAL(answer.result, R"({"message_id":"o1"})");
  HOB_CHECK_EQUAL(host.requests[0].url, "https://example.org/replies");
  HOB_CHECK_EQUAL(hob::test::text_member(host.requests[0].head, "headers.idempotency-key"), "o1");
  HOB_CHECK_EQUAL(hob::test::text_member(host.requests[0].body, "text"), "hi");
}

HOB_TEST("a receiver in trouble is tried again") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.status = 503});
  HOB_CHECK_EQUAL(host.send(R"({"id":"o1","to":{"id":"anna"},"text":"hi","kind":"reply"})").status, HOB_UNAVAILABLE);
}

HOB_TEST_MAIN
