#include <hob/testkit.hpp>

namespace {
const char* const kConfig = R"({"base_url":"https://api.example.org/v1"})";
const char* const kChat = R"({"model":"sample","stream":true,"messages":[{"role":"user","content":"Say hello."}]})";
// As the server sent them.
const char* const kRecorded =
    "data: {\"model\":\"sample\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n"
    "data: {\"model\":\"sample\",\"choices\":[{\"delta\":{\"content\":\"lo.\"},\"finish_reason\":null}]}\n\n"
    "data: {\"model\":\"sample\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n"
    "data: [DONE]\n\n";
}  // namespace

HOB_TEST("recorded events become deltas") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.body = kRecorded});
  const auto& answer = host.complete(kChat);
  HOB_CHECK_EQUAL(answer.status, HOB_OK);
  HOB_CHECK_EQUAL(hob::test::text_member(answer.result, "stop"), "end");
  HOB_CHECK_EQUAL(answer.chunks.size(), 3u);
  HOB_CHECK_EQUAL(answer.chunks[0], R"({"text":"Hel"})");
  HOB_CHECK_EQUAL(answer.chunks[1], R"({"text":"lo."})");
  HOB_CHECK_EQUAL(hob::test::member(answer.chunks[2], "usage.output_tokens").value(), "2");
  HOB_CHECK_EQUAL(host.requests[0].url, "https://api.example.org/v1/chat/completions");
  HOB_CHECK_EQUAL(hob::test::text_member(host.requests[0].head, "headers.authorization"), "Bearer ${secret:api_key}");
}

HOB_TEST("half an answer is no answer") {
  hob::test::Host host({.config = kConfig});
  host.http.push_back({.body = std::string(kRecorded).substr(0, 120)});
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
