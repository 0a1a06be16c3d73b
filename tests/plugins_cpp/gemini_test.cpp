// provider_gemini against answers as the Gemini API sends them, and against every way they fail.
#include "provider_answer.hpp"

using namespace provider_test;

namespace {

const Provider kGemini{HOB_PLUGINS "/provider_gemini/provider_gemini.so", R"({"base_url":"http://127.0.0.1:1234"})",
                       R"({"model":"gemini-2.5-flash","stream":true,"messages":[{"role":"user","content":"Hi"}]})"};

Answer stream(std::vector<std::string> events) { return kGemini.stream(std::move(events)); }
Answer refused(int status, std::string body, json::object headers = {}) { return kGemini.refused(status, std::move(body), std::move(headers)); }
Answer whole(std::string body) {
  HttpReply reply;
  reply.body = std::move(body);
  return kGemini.ask(std::move(reply));
}

std::string chunk(const std::string& parts, const std::string& more = "") {
  return R"({"candidates":[{"content":{"parts":[)" + parts + R"(],"role":"model"},"index":0)" + more +
         R"(}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"thoughtsTokenCount":30,"cachedContentTokenCount":5,"totalTokenCount":43},"modelVersion":"gemini-2.5-flash","responseId":"r"})";
}
const std::string kStop = R"(,"finishReason":"STOP")";
std::string error_of(int code, const char* status, const char* words, const char* details = "[]") {
  return R"({"error":{"code":)" + std::to_string(code) + R"(,"message":")" + words + R"(","status":")" + status + R"(","details":)" + details + "}}";
}

}  // namespace

TEST_CASE("gemini: a stream of text") {
  const auto answer = stream({chunk(R"({"text":"Hello"})"), chunk(R"({"text":" \"you\""})"), chunk(R"({"text":""})", kStop)});
  CHECK(answer.text == "Hello \"you\"");
  CHECK(answer.stop == "end");
  CHECK(answer.model == "gemini-2.5-flash");
}
TEST_CASE("gemini: thoughts are paid as output, the cache is a part of the prompt") {
  const auto answer = stream({chunk(R"({"text":"x"})", kStop)});
  CHECK(answer.usage == json::value{{"input_tokens", 9}, {"output_tokens", 34}, {"cached_tokens", 5}});
}
TEST_CASE("gemini: usage is known from the first chunk, should the stream break") {
  const auto answer = stream({chunk(R"({"text":"Hel"})")});
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("ended in the middle"));
  CHECK(answer.usage.at("input_tokens") == 9);
}
TEST_CASE("gemini: two calls at once, with ids of the service and without") {
  const auto answer = stream({chunk(R"({"functionCall":{"name":"one","args":{"x":1},"id":"svc1"}},{"functionCall":{"name":"two"}})", kStop)});
  REQUIRE(answer.calls.size() == 2);
  CHECK(answer.calls.at(0) == json::object{{"id", "svc1"}, {"name", "one"}, {"arguments", R"({"x":1})"}});
  CHECK(answer.calls.at(1).at("arguments") == "{}");
  CHECK_FALSE(answer.calls.at(1).at("id").as_string().empty());
  CHECK(answer.stop == "tool_calls");
  CHECK(answer.carry.is_null());
}
TEST_CASE("gemini: thoughts are reasoning, signatures are carried with the calls") {
  const auto answer = stream({chunk(R"({"text":"Hm.","thought":true})"), chunk(R"({"text":"Let me"})"), chunk(R"({"text":" see."})"),
                              chunk(R"({"functionCall":{"name":"one","args":{"x":1}},"thoughtSignature":"c2ln"})"),
                              chunk(R"({"functionCall":{"name":"two","args":{}}})"), chunk(R"({"text":"","thoughtSignature":"ZW5k"})", kStop)});
  CHECK(answer.reasoning == "Hm.");
  CHECK(answer.text == "Let me see.");
  CHECK(answer.carry == json::parse(R"({"gemini":[{"text":"Let me see."},{"functionCall":{"name":"one"},"thoughtSignature":"c2ln"},
    {"functionCall":{"name":"two"}},{"text":"","thoughtSignature":"ZW5k"}]})"));
}
TEST_CASE("gemini: a signature without calls is not carried") {
  CHECK(stream({chunk(R"({"text":"Hi","thoughtSignature":"c2ln"})", kStop)}).carry.is_null());
}
TEST_CASE("gemini: finish reasons") {
  const auto stop = [](const char* reason) { return stream({chunk(R"({"text":"x"})", R"(,"finishReason":")" + std::string(reason) + "\"")}).stop; };
  CHECK(stop("MAX_TOKENS") == "length");
  for (const char* reason : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}) CHECK(stop(reason) == "filtered");
  CHECK(stop("OTHER") == "end");
}
TEST_CASE("gemini: a call that the model wrote badly is a failure with its words") {
  const auto answer = stream({R"({"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: call:one{x"}],"usageMetadata":{"promptTokenCount":9}})"});
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("MALFORMED_FUNCTION_CALL") && Catch::Contains("call:one{x"));
  CHECK(stream({R"({"candidates":[{"finishReason":"UNEXPECTED_TOOL_CALL"}]})"}).status == HOB_UNAVAILABLE);
  CHECK(stream({R"({"candidates":[{"finishReason":"OTHER"}]})"}).status == HOB_UNAVAILABLE);
}
TEST_CASE("gemini: an answer that safety took away is filtered") {
  const auto answer = stream({R"({"candidates":[{"finishReason":"SAFETY","safetyRatings":[{"category":"HARM_CATEGORY_HARASSMENT","probability":"HIGH"}]}]})"});
  CHECK(answer.status == HOB_OK);
  CHECK(answer.stop == "filtered");
}
TEST_CASE("gemini: a blocked prompt says why") {
  const auto answer = stream({R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","blockReasonMessage":"not this"},"usageMetadata":{"promptTokenCount":9}})"});
  CHECK(answer.status == HOB_INVALID);
  CHECK_THAT(answer.error, Catch::Contains("PROHIBITED_CONTENT") && Catch::Contains("not this"));
  CHECK(answer.usage.at("input_tokens") == 9);
}
TEST_CASE("gemini: whole answers, one object or the list of a stream") {
  CHECK(whole(chunk(R"({"text":"Hi"})", kStop)).text == "Hi");
  const auto list = whole("[" + chunk(R"({"text":"H"})") + "," + chunk(R"({"text":"i"})", kStop) + "]");
  CHECK(list.text == "Hi");
  CHECK(list.stop == "end");
}
TEST_CASE("gemini: chunks of shapes yet to come do no harm") {
  const auto answer = stream({"{}", "[]", "null", R"({"candidates":null})", R"({"candidates":[{"content":{"parts":["x",{"executableCode":{}},{"functionCall":"no"},{"text":5}]}}],"usageMetadata":"?"})",
                              R"({"candidates":[{"content":{"parts":[{"text":"ok"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":-3}})"});
  CHECK(answer.status == HOB_OK);
  CHECK(answer.text == "ok");
  CHECK(answer.usage.at("input_tokens") == 0);
}

// failures ---------------------------------------------------------------------------------------------------

TEST_CASE("gemini: refusals are mapped and keep the server's words") {
  const auto bad = refused(400, error_of(400, "INVALID_ARGUMENT", "Unknown name \\\"x\\\""));
  CHECK(bad.status == HOB_INVALID);
  CHECK_THAT(bad.error, Catch::Contains("Unknown name"));
  CHECK(refused(403, error_of(403, "PERMISSION_DENIED", "no")).status == HOB_DENIED);
  CHECK(refused(404, error_of(404, "NOT_FOUND", "models/x is not found")).status == HOB_NOT_FOUND);
  CHECK(refused(500, error_of(500, "INTERNAL", "oops")).status == HOB_UNAVAILABLE);
  CHECK(refused(503, error_of(503, "UNAVAILABLE", "The model is overloaded.")).status == HOB_UNAVAILABLE);
  CHECK(refused(504, error_of(504, "DEADLINE_EXCEEDED", "late")).status == HOB_TIMEOUT);
}
TEST_CASE("gemini: a wrong key and an unpaid account are denied, though they come as bad requests") {
  const auto key = refused(400, error_of(400, "INVALID_ARGUMENT", "API key not valid.",
                                         R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}])"));
  CHECK(key.status == HOB_DENIED);
  CHECK_THAT(key.error, Catch::Contains("API key not valid") && Catch::Contains("check the API key"));
  CHECK(refused(400, error_of(400, "FAILED_PRECONDITION", "Please enable billing")).status == HOB_DENIED);
}
TEST_CASE("gemini: a quota says when to come back") {
  const char* details = R"([{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"10.2s"}])";
  const auto answer = refused(429, error_of(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", details));
  CHECK(answer.status == HOB_OVERLOADED);
  CHECK_THAT(answer.error, Catch::StartsWith("retry after 11 s: ") && Catch::Contains("quota"));
  CHECK_THAT(refused(429, error_of(429, "RESOURCE_EXHAUSTED", "x", details), {{"retry-after", "3"}}).error, Catch::StartsWith("retry after 3 s: "));
  CHECK_THAT(refused(429, error_of(429, "RESOURCE_EXHAUSTED", "x", R"([{"retryDelay":"soon"}])")).error, !Catch::Contains("retry after"));
  CHECK(refused(429, "").status == HOB_OVERLOADED);
}
TEST_CASE("gemini: an error amid the stream, and one in a list") {
  const auto answer = stream({chunk(R"({"text":"Hel"})"), error_of(503, "UNAVAILABLE", "The model is overloaded.")});
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("overloaded"));
  CHECK_THAT(refused(404, "[" + error_of(404, "NOT_FOUND", "no such model") + "]").error, Catch::Contains("no such model"));
  CHECK(whole("[" + error_of(429, "RESOURCE_EXHAUSTED", "slow down") + "]").status == HOB_OVERLOADED);
}
TEST_CASE("gemini: nothing, a page, plain words, broken JSON") {
  CHECK_THAT(kGemini.ask({}).error, Catch::Contains("answered with nothing"));
  const auto page = refused(502, "<html><body><h1>Bad Gateway</h1></body></html>");
  CHECK(page.status == HOB_UNAVAILABLE);
  CHECK_THAT(page.error, Catch::Contains("HTML page") && !Catch::Contains("<h1>"));
  for (const char* body : {"<!doctype html><p>hello", "{\"candidates\":[", "{\"x\":1}", "[]", "upstream gave up"}) CHECK(whole(body).status == HOB_UNAVAILABLE);
  CHECK_THAT(stream({chunk(R"({"text":"x"})"), "{\"candidates\""}).error, Catch::Contains("not JSON"));
}
TEST_CASE("gemini: cancelling the call cancels the request") {
  ScriptedHost host(kGemini.file, kGemini.config);
  HttpReply reply;
  reply.events = {chunk(R"({"text":"Hel"})")};
  reply.hangs = true;
  host.http.push_back(reply);
  const auto call = host.complete(kGemini.chat);
  host.run();
  host.cancel(call);
  CHECK(gather(host.finish(call)).status == HOB_CANCELLED);
}
TEST_CASE("gemini: the model list, page by page, without those that only embed") {
  ScriptedHost host(kGemini.file, kGemini.config);
  HttpReply first, second;
  first.body = R"({"models":[{"name":"models/gemini-2.5-pro","inputTokenLimit":1048576,"supportedGenerationMethods":["generateContent","countTokens"]},
    {"name":"models/text-embedding-004","supportedGenerationMethods":["embedContent"]}],"nextPageToken":"a/b="})";
  second.body = R"({"models":[{"name":"tunedModels/mine","supportedGenerationMethods":["generateContent"]}]})";
  host.http.push_back(first);
  host.http.push_back(second);
  CHECK(host.finish(host.models()).result == R"({"models":[{"id":"gemini-2.5-pro","context_window":1048576},{"id":"tunedModels/mine"}]})");
  CHECK(host.requests[0].head.at("url") == "http://127.0.0.1:1234/v1beta/models?pageSize=100");
  CHECK(host.requests[1].head.at("url") == "http://127.0.0.1:1234/v1beta/models?pageSize=100&pageToken=a%2Fb%3D");
}
