#include <hob/testkit.hpp>

namespace {
const char* const kConfig = R"({"base_url":"https://api.example.org/v1"})";
const char* const kChat = R"({"model":"sample","stream":true,"messages":[{"role":"user","content":"Say hello."}]})";
const char* const kRecorded = R"({"model":"sample","choices":[{"message":{"role":"assistant","content":"Hello \"you\"."},"finish_reason":"stop"}],)"
                              R"("usage":{"prompt_tokens":9,"completion_tokens":2}})";
}  // namespace

HOB_TEST("a recorded answer becomes a delta") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.body = kRecorded});
  const auto& answer = host.complete(kChat);
  HOB_CHECK_EQUAL(answer.result, R"({"stop":"end"})");
  HOB_CHECK_EQUAL(answer.chunks.size(), 2u);
  HOB_CHECK_EQUAL(hob::test::text_member(answer.chunks[0], "text"), "Hello \"you\".");
  HOB_CHECK_EQUAL(hob::test::member(answer.chunks[1], "usage.output_tokens").value(), "2");
  HOB_CHECK_EQUAL(host.requests[0].url, "https://api.example.org/v1/chat/completions");
  HOB_CHECK_EQUAL(hob::test::text_member(host.requests[0].head, "headers.authorization"), "Bearer ${secret:api_key}");
}

HOB_TEST("half an answer is no answer") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.body = std::string(kRecorded).substr(0, 60)});
  HOB_CHECK_EQUAL(host.complete(kChat).status, HOB_UNAVAILABLE);
}

HOB_TEST("a refused key is denied") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.status = 401, .body = R"({"error":{"message":"bad key"}})"});
  HOB_CHECK_EQUAL(host.complete(kChat).status, HOB_DENIED);
}

HOB_TEST("models are listed") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.body = R"({"data":[{"id":"sample"}]})"});
  HOB_CHECK_EQUAL(host.models().result, R"({"models":[{"id":"sample"}]})");
}

HOB_TEST_MAIN
