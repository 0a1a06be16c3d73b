// provider_openai against what servers really send, and against every way they fail.
#include "provider_answer.hpp"

#include <algorithm>
#include <cctype>

using namespace provider_test;

namespace {

const std::string kFile = HOB_PLUGINS "/provider_openai/provider_openai.so";
const std::string kConfig = R"({"base_url":"http://127.0.0.1:1234/v1/"})";
const std::string kChat = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}]})";

const std::string kCarrying = R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{}"}],
  "carry":{"reasoning_content":"hm"}},{"role":"tool","tool_call_id":"a","content":"r"}]})";

const Provider kServer{kFile, kConfig, kChat};

Answer ask(HttpReply reply, const std::string& chat = kChat) { return kServer.ask(std::move(reply), chat); }
Answer stream(std::vector<std::string> events) { return kServer.stream(std::move(events)); }
Answer refused(int status, std::string body, json::object headers = {}) {
  return kServer.refused(status, std::move(body), std::move(headers));
}
json::value body_sent(const std::string& chat, const std::string& config = kConfig) { return kServer.body_sent(chat, config); }

/// The bodies of two calls whose first request is refused once.
std::vector<json::value> sent_after_refusal(const std::string& chat, int status, std::string body) {
  ScriptedHost host(kFile, kConfig);
  REQUIRE(host.activated == HOB_OK);
  HttpReply no, yes;
  no.status = status;
  no.body = std::move(body);
  yes.events = {R"({"choices":[{"delta":{"content":"Hello"}}]})", "[DONE]"};
  host.http.push_back(no);
  host.http.push_back(yes);
  host.http.push_back(yes);
  for (int call = 0; call < 2; ++call) CHECK(gather(host.finish(host.complete(chat))).text == "Hello");
  std::vector<json::value> sent;
  for (const auto& request : host.requests) sent.push_back(json::parse(request.body));
  return sent;
}

}  // namespace

TEST_CASE("a stream as OpenAI sends it") {
  const auto answer = stream(
      {R"({"id":"c","object":"chat.completion.chunk","model":"gpt-x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})",
       R"({"model":"gpt-x","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}],"usage":null})",
       R"({"model":"gpt-x","choices":[{"index":0,"delta":{"content":" \"you\"\n"},"finish_reason":null}]})",
       R"({"model":"gpt-x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
       R"({"model":"gpt-x","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}})",
       "[DONE]"});
  CHECK(answer.text == "Hello \"you\"\n");
  CHECK(answer.stop == "end");
  CHECK(answer.model == "gpt-x");
  CHECK(answer.usage == json::value{{"input_tokens", 9}, {"output_tokens", 3}, {"cached_tokens", 4}});
}
TEST_CASE("tool calls that come in pieces, two at once") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"one","arguments":""}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"two","arguments":"{}"}},{"index":0,"function":{"arguments":"1}"}}]}}]})",
       R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})", "[DONE]"});
  REQUIRE(answer.calls.size() == 2);
  CHECK(answer.calls.at(0) == json::object{{"id", "a"}, {"name", "one"}, {"arguments", "{\"x\":1}"}});
  CHECK(answer.calls.at(1) == json::object{{"id", "b"}, {"name", "two"}, {"arguments", "{}"}});
  CHECK(answer.stop == "tool_calls");
}
TEST_CASE("whole tool calls without an index, and a finish reason of stop, as Ollama sends them") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"role":"assistant","content":"","tool_calls":[{"id":"a","function":{"name":"one","arguments":"{}"}},{"id":"b","function":{"name":"two","arguments":"{}"}}]},"finish_reason":null}]})",
       R"({"choices":[{"delta":{"content":""},"finish_reason":"stop"}]})", "[DONE]"});
  CHECK(answer.calls.size() == 2);
  CHECK(answer.stop == "tool_calls");
}
TEST_CASE("tool calls that all claim index 0 stay apart by their ids") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"one","arguments":"{}"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"two","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"});
  CHECK(answer.calls.size() == 2);
}
TEST_CASE("a tool call without an id gets one, and arguments as an object become text") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"function":{"name":"one","arguments":{"x":1}}}]},"finish_reason":"tool_calls"}]})"});
  REQUIRE(answer.calls.size() == 1);
  CHECK_FALSE(answer.calls.at(0).at("id").as_string().empty());
  CHECK(answer.calls.at(0).at("arguments") == "{\"x\":1}");
}
TEST_CASE("reasoning under both names that servers use") {
  CHECK(stream({R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})", "[DONE]"}).reasoning == "hm");
  CHECK(stream({R"({"choices":[{"delta":{"reasoning":"hm","content":null}}]})", "[DONE]"}).reasoning == "hm");
}
TEST_CASE("OpenRouter's reasoning details go back while tools run, put together") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"reasoning":"First ","reasoning_details":[{"type":"reasoning.text","text":"First ","format":"x","index":0}]}}]})",
       R"({"choices":[{"delta":{"reasoning":"this.","reasoning_details":[{"type":"reasoning.text","text":"this.","signature":null,"index":0}]}}]})",
       R"({"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"s==","index":0},{"type":"reasoning.encrypted","data":"Em","index":1}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"one","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"});
  CHECK(answer.reasoning == "First this.");
  CHECK(answer.carry == json::parse(R"({"reasoning_details":[{"type":"reasoning.text","text":"First this.","format":"x","index":0,"signature":"s=="},
    {"type":"reasoning.encrypted","data":"Em","index":1}]})"));
  const auto body = body_sent(R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{}"}],
    "carry":{"reasoning_details":[{"type":"reasoning.encrypted","data":"Em"}]}},{"role":"tool","tool_call_id":"a","content":"r"}]})");
  CHECK(body.at("messages").at(1).at("reasoning_details").at(0).at("data") == "Em");
}
TEST_CASE("reasoning details alone are reasoning too") {
  CHECK(stream({R"({"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.summary","summary":"hm"}]}}]})", "[DONE]"}).reasoning == "hm");
}
TEST_CASE("DeepSeek's reasoning goes back with the calls that it led to, and never without") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"content":null,"reasoning_content":"First "}}]})", R"({"choices":[{"delta":{"reasoning_content":"this."}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"one","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"});
  CHECK(answer.reasoning == "First this.");
  CHECK(answer.carry == json::value{{"reasoning_content", "First this."}});
  CHECK(stream({R"({"choices":[{"delta":{"reasoning_content":"hm","content":"x"},"finish_reason":"stop"}]})"}).carry.is_null());
  CHECK(body_sent(kCarrying).at("messages").at(1).at("reasoning_content") == "hm");
  const auto body = body_sent(R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","reasoning":"hm","reasoning_content":"hm"},{"role":"user","content":"z"}]})");
  CHECK(json::serialize(body).find("hm") == std::string::npos);
}
TEST_CASE("a server that misses reasoning beside another's calls gets an empty one, one that wants none gets none") {
  const std::string foreign = R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{}"}]},
    {"role":"tool","tool_call_id":"a","content":"r"}]})";
  auto sent = kServer.sent_after_refusal(foreign, "The `reasoning_content` in the thinking mode must be passed back to the API.");
  CHECK_FALSE(sent[0].at("messages").at(1).as_object().contains("reasoning_content"));
  for (const std::size_t later : {1, 2}) CHECK(sent[later].at("messages").at(1).at("reasoning_content") == "");
  sent = kServer.sent_after_refusal(kCarrying, "property 'messages.1.reasoning_content' is unsupported");
  CHECK(sent[0].at("messages").at(1).as_object().contains("reasoning_content"));
  for (const std::size_t later : {1, 2}) CHECK_FALSE(sent[later].at("messages").at(1).as_object().contains("reasoning_content"));
}
TEST_CASE("Google's signatures go back on the calls that they came with") {
  const auto answer = stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","extra_content":{"google":{"thought_signature":"s=="}},"function":{"name":"one","arguments":"{}"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"two","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"});
  CHECK(answer.carry == json::parse(R"({"extra_content":[{"google":{"thought_signature":"s=="}},null]})"));
  const auto calls = body_sent(R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","carry":{"extra_content":[{"google":{"thought_signature":"s=="}},null]},
    "tool_calls":[{"id":"a","name":"one","arguments":"{}"},{"id":"b","name":"two","arguments":"{}"}]}]})").at("messages").at(1).at("tool_calls");
  CHECK(calls.at(0).at("extra_content").at("google").at("thought_signature") == "s==");
  CHECK_FALSE(calls.at(1).as_object().contains("extra_content"));
}
TEST_CASE("ids of calls that a server refuses are made short, in a call and its result alike") {
  const std::string id(50, 'x');
  const std::string chat = R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"id":")" + id + R"(","name":"one","arguments":"{}"}]},
    {"role":"tool","tool_call_id":")" + id + R"(","content":"r"}]})";
  for (const char* words : {"Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40",
                            "Tool call id was xxx but must be a-z, A-Z, 0-9, with a length of 9."}) {
    const auto sent = kServer.sent_after_refusal(chat, words);
    CHECK(sent[0].at("messages").at(2).at("tool_call_id").as_string() == id);
    const auto& made = sent[1].at("messages").at(1).at("tool_calls").at(0).at("id").as_string();
    CHECK(made.size() == 9);
    CHECK(std::all_of(made.begin(), made.end(), [](unsigned char c) { return std::isalnum(c); }));
    CHECK(sent[1].at("messages").at(2).at("tool_call_id").as_string() == made);
  }
}
TEST_CASE("parallel calls can be switched off, and absurd usage counts as nothing") {
  CHECK(body_sent(R"({"model":"m","messages":[],"tools":[{"name":"one"}],"extra":{"parallel_tool_calls":false}})").at("parallel_tool_calls") == false);
  CHECK_FALSE(body_sent(R"({"model":"m","messages":[],"extra":{"parallel_tool_calls":false}})").as_object().contains("parallel_tool_calls"));
  const auto answer = stream({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":-4,"completion_tokens":"many"}})"});
  CHECK(answer.usage == json::value{{"input_tokens", 0}, {"output_tokens", 0}, {"cached_tokens", 0}});
}
TEST_CASE("DeepSeek's cached tokens are counted") {
  const auto answer = stream({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":1,"prompt_cache_hit_tokens":3}})"});
  CHECK(answer.usage.at("cached_tokens") == 3);
  CHECK(answer.stop == "length");
}
TEST_CASE("reasoning that only the total counts is output, as it is paid") {
  const auto answer = stream({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}})"});
  CHECK(answer.usage.at("output_tokens") == 103);
}
TEST_CASE("what was written to a cache is told apart") {
  const auto answer = stream({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":30,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":15}}})"});
  CHECK(answer.usage == json::value{{"input_tokens", 30}, {"output_tokens", 9}, {"cached_tokens", 10}, {"cache_write_tokens", 15}});
}
TEST_CASE("a filtered answer says so") {
  CHECK(stream({R"({"choices":[{"delta":{},"finish_reason":"content_filter"}]})"}).stop == "filtered");
}
TEST_CASE("a stream that ends without finish reason or DONE is broken off") {
  const auto answer = stream({R"({"choices":[{"delta":{"content":"Hel"}}]})"});
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("ended in the middle"));
}
TEST_CASE("a connection that breaks mid-answer keeps its own words") {
  HttpReply reply;
  reply.events = {R"({"choices":[{"delta":{"content":"Hel"}}]})"};
  reply.end = HOB_UNAVAILABLE;
  reply.error = "connection reset";
  const auto answer = ask(reply);
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK(answer.error == "connection reset");
}
TEST_CASE("a connection that breaks after the answer does no harm") {
  HttpReply reply;
  reply.events = {R"({"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]})"};
  reply.end = HOB_UNAVAILABLE;
  CHECK(ask(reply).status == HOB_OK);
}
TEST_CASE("a server that is down, or answers with nothing") {
  HttpReply down;
  down.status = 0;
  down.end = HOB_UNAVAILABLE;
  down.error = "connect to 127.0.0.1:1234: connection refused";
  CHECK(ask(down).error == "connect to 127.0.0.1:1234: connection refused");
  CHECK(ask({}).status == HOB_UNAVAILABLE);
  CHECK_THAT(ask({}).error, Catch::Contains("answered with nothing"));
}
TEST_CASE("a server that ignores stream and answers plain JSON") {
  HttpReply reply;
  reply.body = R"({"model":"m","choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
  const auto answer = ask(reply);
  CHECK(answer.text == "Hi");
  CHECK(answer.usage.at("output_tokens") == 2);
}
TEST_CASE("a whole answer with tool calls, asked for without streaming") {
  HttpReply reply;
  reply.body = R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"one","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";
  const auto answer = ask(reply, R"({"model":"m","stream":false,"messages":[]})");
  CHECK(answer.stop == "tool_calls");
  CHECK(answer.calls.at(0).at("name") == "one");
}
TEST_CASE("refusals are mapped and keep the server's words") {
  const std::string words = R"({"error":{"message":"Incorrect API key provided","type":"invalid_request_error"}})";
  CHECK(refused(401, words).status == HOB_DENIED);
  CHECK_THAT(refused(401, words).error, Catch::Contains("Incorrect API key provided") && Catch::Contains("401"));
  CHECK(refused(403, words).status == HOB_DENIED);
  CHECK(refused(400, R"({"error":"bad thing"})").status == HOB_INVALID);
  CHECK_THAT(refused(400, R"({"error":"bad thing"})").error, Catch::Contains("bad thing"));
  CHECK_THAT(refused(422, R"({"detail":[{"msg":"field required"}]})").error, Catch::Contains("field required"));
  CHECK(refused(404, R"({"error":{"message":"model \"x\" not found"}})").status == HOB_NOT_FOUND);
  CHECK(refused(500, "oops").status == HOB_UNAVAILABLE);
  CHECK(refused(503, "").status == HOB_UNAVAILABLE);
}
TEST_CASE("a rate limit says when to try again") {
  const auto answer = refused(429, R"({"error":{"message":"slow down"}})", {{"retry-after", "7"}});
  CHECK(answer.status == HOB_OVERLOADED);
  CHECK_THAT(answer.error, Catch::StartsWith("retry after 7 s: ") && Catch::Contains("slow down"));
  CHECK(refused(429, "").status == HOB_OVERLOADED);
}
TEST_CASE("an HTML page is not shown") {
  const auto answer = refused(502, "<html><body><h1>Bad Gateway</h1></body></html>");
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("HTML page") && !Catch::Contains("<h1>"));
  HttpReply page;
  page.body = "<!doctype html><p>hello";
  CHECK(ask(page).status == HOB_UNAVAILABLE);
  CHECK_THAT(ask(page).error, Catch::Contains("HTML page"));
}
TEST_CASE("an event that is not JSON ends the answer and the request") {
  ScriptedHost host(kFile, kConfig);
  HttpReply reply;
  reply.events = {"{\"choices\":[{\"delta\"", R"({"choices":[{"delta":{"content":"more"}}]})"};
  reply.hangs = true;
  host.http.push_back(reply);
  const auto answer = gather(host.finish(host.complete(kChat)));
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.error, Catch::Contains("not JSON"));
  CHECK(host.cancelled_http.size() >= 1);
}
TEST_CASE("an error inside a stream keeps its code and words") {
  const auto answer = stream({R"({"choices":[{"delta":{"content":"x"}}]})", R"({"error":{"code":429,"message":"upstream is busy"}})"});
  CHECK(answer.status == HOB_OVERLOADED);
  CHECK_THAT(answer.error, Catch::Contains("upstream is busy"));
  CHECK(stream({R"({"error":{"message":"boom"}})"}).status == HOB_UNAVAILABLE);
}
TEST_CASE("an error is one in the shapes of OpenRouter's choice and vLLM's event too") {
  const auto choice = stream({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"error","error":{"code":429,"message":"slow down"}}]})"});
  CHECK(choice.status == HOB_OVERLOADED);
  CHECK_THAT(choice.error, Catch::Contains("slow down"));
  CHECK(stream({R"({"choices":[{"delta":{},"finish_reason":"error"}]})"}).status == HOB_UNAVAILABLE);
  const auto event = stream({R"({"object":"error","message":"engine died","type":"InternalServerError","code":500})", "[DONE]"});
  CHECK(event.status == HOB_UNAVAILABLE);
  CHECK_THAT(event.error, Catch::Contains("engine died"));
}
TEST_CASE("events of unexpected shapes do no harm") {
  const auto answer = stream({"{}", "[]", "null", R"({"choices":null})", R"({"choices":[{"delta":"x"}]})",
                              R"({"choices":[{"delta":{"content":5,"tool_calls":"no"}}],"usage":[]})",
                              R"({"choices":[{"delta":{"content":[{"type":"text","text":"hi"}]},"finish_reason":"stop"}]})"});
  CHECK(answer.status == HOB_OK);
  CHECK(answer.text == "hi");
}
TEST_CASE("cancelling the call cancels the request, and the answer comes once") {
  ScriptedHost host(kFile, kConfig);
  HttpReply reply;
  reply.events = {R"({"choices":[{"delta":{"content":"x"}}]})"};
  reply.hangs = true;
  host.http.push_back(reply);
  const auto call = host.complete(kChat);
  host.run();
  CHECK_FALSE(host.end(call).is_done);
  host.cancel(call);
  CHECK(gather(host.finish(call)).status == HOB_CANCELLED);
}
TEST_CASE("a listener that is gone ends the request") {
  ScriptedHost host(kFile, kConfig);
  host.emit_answer = HOB_CANCELLED;
  HttpReply reply;
  reply.events = {R"({"choices":[{"delta":{"content":"x"}}]})"};
  reply.hangs = true;
  host.http.push_back(reply);
  CHECK(gather(host.finish(host.complete(kChat))).status == HOB_CANCELLED);
  CHECK(host.cancelled_http.size() >= 1);
}
TEST_CASE("without the permission the error names the line to add") {
  ScriptedHost host(kFile, kConfig, {"hob.host.http/1"});
  const auto answer = gather(host.finish(host.complete(kChat)));
  CHECK(answer.status == HOB_DENIED);
  CHECK_THAT(answer.error, Catch::Contains("\"http\"") && Catch::Contains("plugin.json"));
}
TEST_CASE("the request is what the chat says") {
  const auto body = body_sent(R"({"model":"m","stream":true,"max_tokens":50,"temperature":0.5,"stop":["x"],
    "response_format":{"type":"json_object"},"extra":{"seed":7},"tool_choice":{"name":"one"},
    "tools":[{"name":"one","description":"does","parameters":{"type":"object","properties":{}}}],
    "recalled":[{"id":"1"}],"user_id":"u",
    "messages":[{"role":"system","content":"Be \"kind\"."},
      {"role":"user","content":[{"type":"text","text":"see"},{"type":"image","mime":"image/png","data":"AAAA"},{"type":"image","url":"https://x/y.png"}]},
      {"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{\"k\":1}"}]},
      {"role":"tool","tool_call_id":"a","content":"done"}]})");
  CHECK(body.at("model") == "m");
  CHECK(body.at("stream") == true);
  CHECK(body.at("stream_options").at("include_usage") == true);
  CHECK(body.at("max_tokens") == 50);
  CHECK(body.at("seed") == 7);
  CHECK(body.at("tool_choice").at("function").at("name") == "one");
  CHECK(body.at("tools").at(0).at("function").at("name") == "one");
  CHECK(body.at("messages").at(0).at("content") == "Be \"kind\".");
  CHECK(body.at("messages").at(1).at("content").at(1).at("image_url").at("url") == "data:image/png;base64,AAAA");
  CHECK(body.at("messages").at(1).at("content").at(2).at("image_url").at("url") == "https://x/y.png");
  CHECK(body.at("messages").at(2).at("content").is_null());
  CHECK(body.at("messages").at(2).at("tool_calls").at(0).at("function").at("arguments") == "{\"k\":1}");
  CHECK(body.at("messages").at(3).at("tool_call_id") == "a");
  CHECK_FALSE(body.as_object().contains("recalled"));
}
TEST_CASE("without streaming no stream options are asked for") {
  const auto body = body_sent(R"({"model":"m","stream":false,"messages":[]})");
  CHECK(body.at("stream") == false);
  CHECK_FALSE(body.as_object().contains("stream_options"));
}
TEST_CASE("the key goes by reference, and only when there is one") {
  ScriptedHost without(kFile, kConfig), with(kFile, R"({"base_url":"http://h/v1","api_key":"k","organization":"o","headers":{"x-a":"b"}})");
  for (auto* host : {&without, &with}) {
    host->http.push_back({});
    host->finish(host->complete(kChat));
  }
  CHECK(without.requests[0].head.at("url") == "http://127.0.0.1:1234/v1/chat/completions");
  CHECK(without.requests[0].head.at("mode") == "stream");
  CHECK_FALSE(without.requests[0].head.at("headers").as_object().contains("authorization"));
  const auto& headers = with.requests[0].head.at("headers");
  CHECK(headers.at("authorization") == "Bearer ${secret:api_key}");
  CHECK(headers.at("openai-organization") == "o");
  CHECK(headers.at("x-a") == "b");
}
TEST_CASE("the model list in OpenAI's and vLLM's form") {
  ScriptedHost host(kFile, kConfig);
  HttpReply reply;
  reply.body = R"({"object":"list","data":[{"id":"a","object":"model"},{"id":"b","max_model_len":4096}]})";
  host.http.push_back(reply);
  CHECK(host.finish(host.models()).result == R"({"models":[{"id":"a"},{"id":"b","context_window":4096}]})");
  CHECK(host.requests[0].head.at("url") == "http://127.0.0.1:1234/v1/models");
  reply.status = 401;
  reply.body = "no";
  host.http.push_back(reply);
  CHECK(host.finish(host.models()).status == HOB_DENIED);
}
TEST_CASE("comments, CRLF, event names and a last event without its empty line") {
  HttpReply reply;
  reply.body = ": OPENROUTER PROCESSING\r\n\r\nevent: x\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"h\u00e9\"}}]}\r\n\r\n"
               "data:{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]";
  const auto answer = ask(reply);
  CHECK(answer.status == HOB_OK);
  CHECK(answer.text == "hé");
}
TEST_CASE("usage in a last event without its empty line is counted, half an event behind the answer is no loss") {
  HttpReply reply;
  reply.body = "data: {\"choices\":[{\"delta\":{\"content\":\"h\"},\"finish_reason\":\"stop\"}]}\n\n"
               "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}";
  CHECK(ask(reply).usage.at("input_tokens") == 7);
  reply.body.resize(reply.body.size() - 9);
  CHECK(ask(reply).status == HOB_OK);
}
TEST_CASE("an error in a last event without its empty line is the provider's own") {
  HttpReply reply;
  reply.body = "data: {\"choices\":[{\"delta\":{\"content\":\"h\"}}]}\n\ndata: {\"error\":{\"code\":429,\"message\":\"slow down\"}}";
  const auto answer = ask(reply);
  CHECK(answer.status == HOB_OVERLOADED);
  reply.body.resize(reply.body.size() - 4);
  CHECK(ask(reply).status == HOB_UNAVAILABLE);
}
TEST_CASE("an answer of plain words is no answer") {
  HttpReply reply;
  reply.body = "upstream gave up";
  CHECK(ask(reply).status == HOB_UNAVAILABLE);
}
TEST_CASE("a request that is not JSON is invalid") {
  ScriptedHost host(kFile, kConfig);
  CHECK(host.finish(host.complete("{")).status == HOB_INVALID);
}

TEST_CASE("a server that refuses a member of the request is asked without it, and that is remembered") {
  struct Case {
    const char *member, *words, *instead;
  };
  for (const Case& one : {Case{"stream_options", "Unrecognized request argument supplied: stream_options", ""},
                          Case{"max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "max_completion_tokens"},
                          Case{"temperature", "Unsupported value: 'temperature' does not support 0.2 with this model.", ""}}) {
    INFO(one.member);
    const std::string chat = R"({"model":"m","stream":true,"max_tokens":9,"temperature":0.2,"messages":[{"role":"user","content":"Hi"}]})";
    const auto sent = sent_after_refusal(chat, 400, json::serialize(json::object{{"error", json::object{{"message", one.words}}}}));
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].as_object().contains(one.member));
    for (const std::size_t later : {1, 2}) {
      CHECK_FALSE(sent[later].as_object().contains(one.member));
      if (*one.instead) CHECK(sent[later].as_object().contains(one.instead));
    }
  }
}
TEST_CASE("OpenAI's models that reason are asked in their way from the start, on any server") {
  const auto asked = [](const std::string& model) {
    return body_sent(R"({"model":")" + model + R"(","max_tokens":9,"temperature":0.2,"top_p":0.5,"messages":[{"role":"user","content":"Hi"}]})").as_object();
  };
  for (const char* model : {"o3-mini", "o1", "gpt-5-mini-2025-08-07", "openai/gpt-6.2-sol"}) {
    INFO(model);
    const auto body = asked(model);
    CHECK(body.at("max_completion_tokens") == 9);
    for (const char* absent : {"max_tokens", "temperature", "top_p"}) CHECK_FALSE(body.contains(absent));
  }
  for (const char* model : {"gpt-4o", "gpt-5-chat-latest", "o1x", "orca-3"}) {
    INFO(model);
    CHECK(asked(model).contains("max_tokens"));
    CHECK(asked(model).contains("temperature"));
  }
}
TEST_CASE("what a caller added and the server doesn't know is left out") {
  const auto sent = kServer.sent_after_refusal(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"extra":{"seed":7,"reasoning_effort":"low"}})",
                                               "Unrecognized request argument supplied: reasoning_effort");
  CHECK(sent[0].at("reasoning_effort") == "low");
  CHECK_FALSE(sent[1].as_object().contains("reasoning_effort"));
  CHECK(sent[2].at("seed") == 7);
}
TEST_CASE("a refusal that names nothing which could be left out stands") {
  CHECK(refused(400, R"({"error":{"message":"max_tokens is too large: 9 > 5"}})").status == HOB_INVALID);
}
TEST_CASE("a date to try again at is reckoned by the server's clock") {
  const json::object headers{{"date", "Sat, 21 Nov 2026 08:00:00 GMT"}, {"retry-after", "Sat, 21 Nov 2026 08:00:07 GMT"}};
  CHECK(refused(429, "{}", headers).error.starts_with("retry after 7 s: "));
  CHECK(refused(503, "{}", headers).error.starts_with("retry after 7 s: "));
  const json::object past{{"date", "Sat, 21 Nov 2026 08:00:00 GMT"}, {"retry-after", "Sat, 21 Nov 2026 07:00:00 GMT"}};
  CHECK(refused(429, "{}", past).error.starts_with("the model server"));
}
