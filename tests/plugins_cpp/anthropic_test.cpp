// provider_anthropic against answers as the Messages API sends them, and against every way they fail.
#include "provider_answer.hpp"

using namespace provider_test;

namespace {

const Provider kClaude{HOB_PLUGINS "/provider_anthropic/provider_anthropic.so", R"({"base_url":"http://127.0.0.1:1234"})",
                       R"({"model":"claude-haiku-4-5","stream":true,"messages":[{"role":"user","content":"Hi"}]})"};

Answer stream(std::vector<std::string> events) { return kClaude.stream(std::move(events)); }
Answer refused(int status, std::string body, json::object headers = {}) { return kClaude.refused(status, std::move(body), std::move(headers)); }
Answer whole(std::string body) {
  HttpReply reply;
  reply.body = std::move(body);
  return kClaude.ask(std::move(reply), R"({"model":"m","stream":false,"messages":[{"role":"user","content":"Hi"}]})");
}

const std::string kStart = R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":1}}})";
const std::string kText = R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})";
const std::string kStop = R"({"type":"message_stop"})";
std::string text(const char* words) { return std::string(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")") + words + "\"}}"; }
std::string ends(const char* reason) {
  return std::string(R"({"type":"message_delta","delta":{"stop_reason":")") + reason + R"(","stop_sequence":null},"usage":{"output_tokens":15}})";
}
std::string error_of(const char* type, const char* words) {
  return std::string(R"({"type":"error","error":{"type":")") + type + R"(","message":")" + words + R"("},"request_id":"req_1"})";
}

}  // namespace

TEST_CASE("anthropic: a stream of text, with pings") {
  const auto answer = stream({kStart, kText, R"({"type": "ping"})", text("Hello"), text(" \\\"you\\\""), R"({"type":"content_block_stop","index":0})", ends("end_turn"), kStop});
  CHECK(answer.text == "Hello \"you\"");
  CHECK(answer.stop == "end");
  CHECK(answer.model == "claude-haiku-4-5-20251001");
}
TEST_CASE("anthropic: usage counts the whole prompt, and what of it the cache had and got") {
  const auto answer = stream({kStart, kText, text("x"), ends("end_turn"), kStop});
  CHECK(answer.usage == json::value{{"input_tokens", 129}, {"output_tokens", 15}, {"cached_tokens", 100}, {"cache_write_tokens", 20}});
}
TEST_CASE("anthropic: usage is known from the first event, should the stream break") {
  const auto answer = stream({kStart});
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK(answer.usage.at("input_tokens") == 129);
}
TEST_CASE("anthropic: tool calls in pieces, two at once, one without arguments") {
  const auto answer = stream(
      {kStart, kText, text("Let me see."), R"({"type":"content_block_stop","index":0})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"one","input":{}}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":" 1}"}})",
       R"({"type":"content_block_stop","index":1})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_2","name":"two","input":{}}})",
       R"({"type":"content_block_stop","index":2})", ends("tool_use"), kStop});
  REQUIRE(answer.calls.size() == 2);
  CHECK(answer.calls.at(0) == json::object{{"id", "toolu_1"}, {"name", "one"}, {"arguments", "{\"x\": 1}"}});
  CHECK(answer.calls.at(1) == json::object{{"id", "toolu_2"}, {"name", "two"}, {"arguments", "{}"}});
  CHECK(answer.stop == "tool_calls");
  CHECK(answer.carry.is_null());
}
TEST_CASE("anthropic: thoughts are reasoning, and are carried with their signatures when tools follow") {
  const auto answer = stream(
      {kStart, R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"First "}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"this."}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB=="}})",
       R"({"type":"content_block_stop","index":0})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Emwk"}})",
       R"({"type":"content_block_stop","index":1})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"one","input":{}}})",
       R"({"type":"content_block_stop","index":2})", ends("tool_use"), kStop});
  CHECK(answer.reasoning == "First this.");
  CHECK(answer.text.empty());
  CHECK(answer.carry == json::parse(R"({"anthropic":[{"type":"thinking","thinking":"First this.","signature":"EqQB=="},
    {"type":"redacted_thinking","data":"Emwk"},{"type":"tool_use","id":"toolu_1"}]})"));
}
TEST_CASE("anthropic: thoughts before a last answer are not carried") {
  const auto answer = stream({kStart, R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"hm","signature":"s"}})",
                              R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Hi"}})", ends("end_turn")});
  CHECK(answer.text == "Hi");
  CHECK(answer.carry.is_null());
}
TEST_CASE("anthropic: stop reasons") {
  const auto stop = [](const char* reason) { return stream({kStart, kText, text("x"), ends(reason), kStop}).stop; };
  CHECK(stop("max_tokens") == "length");
  CHECK(stop("model_context_window_exceeded") == "length");
  CHECK(stop("stop_sequence") == "end");
  CHECK(stop("refusal") == "filtered");
  CHECK(stop("pause_turn") == "end");
  CHECK(stop("something_new") == "end");
}
TEST_CASE("anthropic: a whole answer") {
  const auto answer = whole(R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"thinking","thinking":"hm","signature":"s"},
    {"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"one","input":{"k":1}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":2}})");
  CHECK(answer.text == "Hi");
  CHECK(answer.reasoning == "hm");
  CHECK(answer.calls.at(0).at("arguments") == R"({"k":1})");
  CHECK(answer.stop == "tool_calls");
  CHECK(answer.usage == json::value{{"input_tokens", 3}, {"output_tokens", 2}, {"cached_tokens", 0}});
  CHECK(answer.carry.at("anthropic").as_array().size() == 3);
}
TEST_CASE("anthropic: a server that ignores stream and answers whole") {
  HttpReply reply;
  reply.body = R"({"type":"message","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}})";
  CHECK(kClaude.ask(reply).text == "Hi");
}
TEST_CASE("anthropic: events of kinds and shapes yet to come do no harm") {
  const auto answer = stream({kStart, "{}", "[]", "null", R"({"type":"brand_new"})", R"({"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web","input":{}}})",
                              R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
                              R"({"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"lost"}})",
                              R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"ok"}})",
                              R"({"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{}}})", R"({"type":"message_delta","delta":null,"usage":"x"})", kStop});
  CHECK(answer.status == HOB_OK);
  CHECK(answer.text == "ok");
  CHECK(answer.calls.empty());
}
TEST_CASE("anthropic: absurd usage counts as nothing") {
  const auto answer = whole(R"({"type":"message","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":-5,"output_tokens":"many","cache_read_input_tokens":null}})");
  CHECK(answer.usage == json::value{{"input_tokens", 0}, {"output_tokens", 0}, {"cached_tokens", 0}});
}

// failures ---------------------------------------------------------------------------------------------------

TEST_CASE("anthropic: refusals are mapped and keep the server's words") {
  CHECK(refused(400, error_of("invalid_request_error", "messages: at least one")).status == HOB_INVALID);
  CHECK_THAT(refused(400, error_of("invalid_request_error", "messages: at least one")).error, Catch::Contains("messages: at least one"));
  const auto key = refused(401, error_of("authentication_error", "invalid x-api-key"));
  CHECK(key.status == HOB_DENIED);
  CHECK_THAT(key.error, Catch::Contains("invalid x-api-key") && Catch::Contains("check the API key"));
  CHECK(refused(403, error_of("permission_error", "no")).status == HOB_DENIED);
  const auto model = refused(404, error_of("not_found_error", "model: claude-9"));
  CHECK(model.status == HOB_NOT_FOUND);
  CHECK_THAT(model.error, Catch::Contains("claude-9") && Catch::Contains("model's name"));
  const auto large = refused(413, error_of("request_too_large", "Request exceeds the maximum size"));
  CHECK(large.status == HOB_INVALID);
  CHECK_THAT(large.error, Catch::Contains("smaller images"));
  CHECK(refused(500, error_of("api_error", "Internal server error")).status == HOB_UNAVAILABLE);
  CHECK(refused(504, error_of("timeout_error", "too slow")).status == HOB_TIMEOUT);
}
TEST_CASE("anthropic: an account without credit is denied, not an invalid request") {
  const auto answer = refused(400, error_of("invalid_request_error", "Your credit balance is too low to access the Anthropic API."));
  CHECK(answer.status == HOB_DENIED);
  CHECK_THAT(answer.error, Catch::Contains("answered 400") && Catch::Contains("check the account's credit"));
  CHECK(refused(402, error_of("billing_error", "pay")).status == HOB_DENIED);
}
TEST_CASE("anthropic: a rate limit, and a server with too much to do, say when to come back") {
  const auto limit = refused(429, error_of("rate_limit_error", "This request would exceed your rate limit"), {{"retry-after", "7"}});
  CHECK(limit.status == HOB_OVERLOADED);
  CHECK_THAT(limit.error, Catch::StartsWith("retry after 7 s: ") && Catch::Contains("rate limit"));
  CHECK(refused(429, "").status == HOB_OVERLOADED);
  const auto busy = refused(529, error_of("overloaded_error", "Overloaded"));
  CHECK(busy.status == HOB_OVERLOADED);
  CHECK_THAT(busy.error, Catch::Contains("Overloaded"));
}
TEST_CASE("anthropic: an error amid the stream keeps its kind and words") {
  const auto answer = stream({kStart, kText, text("Hel"), error_of("overloaded_error", "Overloaded")});
  CHECK(answer.text == "Hel");
  CHECK(answer.status == HOB_OVERLOADED);
  CHECK_THAT(answer.error, Catch::Contains("Overloaded"));
  CHECK(stream({kStart, error_of("api_error", "boom")}).status == HOB_UNAVAILABLE);
  CHECK(stream({kStart, error_of("kind_yet_to_come", "boom")}).status == HOB_UNAVAILABLE);
  CHECK(whole(error_of("authentication_error", "no")).status == HOB_DENIED);
}
TEST_CASE("anthropic: a stream that breaks off is no answer") {
  const auto answer = stream({kStart, kText, text("Hel")});
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("ended in the middle"));
  HttpReply reply;
  reply.events = {kStart, kText, text("Hel")};
  reply.end = HOB_UNAVAILABLE;
  reply.error = "connection reset";
  CHECK(kClaude.ask(reply).error == "connection reset");
}
TEST_CASE("anthropic: nothing, a page, plain words, broken JSON") {
  CHECK_THAT(kClaude.ask({}).error, Catch::Contains("answered with nothing"));
  const auto page = refused(502, "<html><body><h1>Bad Gateway</h1></body></html>");
  CHECK(page.status == HOB_UNAVAILABLE);
  CHECK_THAT(page.error, Catch::Contains("HTML page") && !Catch::Contains("<h1>"));
  for (const char* body : {"<!doctype html><p>hello", "{\"type\":\"message\"", "{\"type\":\"message\"}", "upstream gave up"}) {
    HttpReply reply;
    reply.body = body;
    CHECK(kClaude.ask(reply).status == HOB_UNAVAILABLE);
  }
  CHECK_THAT(stream({kStart, "{\"type\":\"content_"}).error, Catch::Contains("not JSON"));
}
TEST_CASE("anthropic: cancelling the call cancels the request") {
  ScriptedHost host(kClaude.file, kClaude.config);
  HttpReply reply;
  reply.events = {kStart, kText, text("Hel")};
  reply.hangs = true;
  host.http.push_back(reply);
  const auto call = host.complete(kClaude.chat);
  host.run();
  host.cancel(call);
  CHECK(gather(host.finish(call)).status == HOB_CANCELLED);
}
TEST_CASE("anthropic: the model list, page by page") {
  ScriptedHost host(kClaude.file, kClaude.config);
  HttpReply first, second;
  first.body = R"({"data":[{"type":"model","id":"claude-b","display_name":"B","created_at":"2025-10-01T00:00:00Z","max_input_tokens":200000,"lifecycle":"active"},
    {"type":"model","id":"claude-old","lifecycle":"retired"}],"has_more":true,"first_id":"claude-b","last_id":"claude-old"})";
  second.body = R"({"data":[{"type":"model","id":"claude-a"}],"has_more":false,"first_id":"claude-a","last_id":"claude-a"})";
  host.http.push_back(first);
  host.http.push_back(second);
  CHECK(host.finish(host.models()).result == R"({"models":[{"id":"claude-b","context_window":200000},{"id":"claude-a"}]})");
  CHECK(host.requests[0].head.at("url") == "http://127.0.0.1:1234/v1/models?limit=100");
  CHECK(host.requests[1].head.at("url") == "http://127.0.0.1:1234/v1/models?limit=100&after_id=claude-old");
}
TEST_CASE("anthropic: model pages that never end, and a refused list") {
  ScriptedHost host(kClaude.file, kClaude.config);
  HttpReply page;
  page.body = R"({"data":[{"id":"a"}],"has_more":true,"last_id":"a"})";
  for (int i = 0; i < 30; ++i) host.http.push_back(page);
  CHECK(host.finish(host.models()).status == HOB_OK);
  CHECK(host.requests.size() == 20);
  ScriptedHost denied(kClaude.file, kClaude.config);
  page.status = 401;
  page.body = error_of("authentication_error", "invalid x-api-key");
  denied.http.push_back(page);
  CHECK(denied.finish(denied.models()).status == HOB_DENIED);
}
