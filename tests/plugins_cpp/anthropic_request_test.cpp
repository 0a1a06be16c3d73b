// What provider_anthropic asks for, against what the Messages API takes.
#include "provider_answer.hpp"

using namespace provider_test;

namespace {

const Provider kClaude{HOB_PLUGINS "/provider_anthropic/provider_anthropic.so", R"({"base_url":"http://127.0.0.1:1234/","prompt_cache":"off"})", ""};

json::value sent(const std::string& chat, const std::string& config = {}) { return kClaude.body_sent(chat, config); }
/// A chat of these messages, with further members.
std::string chat(const std::string& messages, const std::string& more = "") {
  return R"({"model":"claude-haiku-4-5","stream":true,"messages":[)" + messages + "]" + more + "}";
}
const std::string kUser = R"({"role":"user","content":"Hi"})";
const std::string kTools = R"(,"tools":[{"name":"one","description":"does","parameters":{"type":"object","properties":{"k":{"type":"integer"}}}}])";
const std::string kLoop = kUser + R"(,{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{\"k\":1}"}]},
  {"role":"tool","tool_call_id":"a","content":"done"})";
const std::string kThoughtLoop = kUser + R"(,{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{\"k\":1}"}],
  "carry":{"anthropic":[{"type":"thinking","thinking":"hm","signature":"s=="},{"type":"text","text":"so"},{"type":"tool_use","id":"a"}]}},
  {"role":"tool","tool_call_id":"a","content":"done"})";

}  // namespace

TEST_CASE("anthropic: the head, the key by reference and the API's version") {
  ScriptedHost without(kClaude.file, kClaude.config), with(kClaude.file, R"({"base_url":"http://h/v1","api_key":"k","headers":{"anthropic-beta":"b"}})");
  for (auto* host : {&without, &with}) {
    host->http.push_back({});
    host->finish(host->complete(chat(kUser)));
  }
  CHECK(without.requests[0].head.at("url") == "http://127.0.0.1:1234/v1/messages");
  CHECK(without.requests[0].head.at("headers").at("anthropic-version") == "2023-06-01");
  CHECK_FALSE(without.requests[0].head.at("headers").as_object().contains("x-api-key"));
  CHECK(with.requests[0].head.at("url") == "http://h/v1/messages");
  CHECK(with.requests[0].head.at("headers").at("x-api-key") == "${secret:api_key}");
  CHECK(with.requests[0].head.at("headers").at("anthropic-beta") == "b");
}
TEST_CASE("anthropic: system messages go into a field of their own") {
  const auto body = sent(chat(R"({"role":"system","content":"Be \"kind\"."},)" + kUser + R"(,{"role":"assistant","content":"Hello"},
    {"role":"system","content":[{"type":"text","text":"Be short."}]},{"role":"user","content":"Bye"})"));
  CHECK(body.at("system").at(0).at("text") == "Be \"kind\".\n\nBe short.");
  CHECK(body.at("messages").as_array().size() == 3);
  CHECK(body.at("messages").at(0).at("role") == "user");
  CHECK(body.at("messages").at(1).at("content").at(0).at("text") == "Hello");
}
TEST_CASE("anthropic: max_tokens is always there") {
  CHECK(sent(chat(kUser)).at("max_tokens") == 8192);
  CHECK(sent(chat(kUser), R"({"max_tokens":100})").at("max_tokens") == 100);
  CHECK(sent(chat(kUser, R"(,"max_tokens":50)")).at("max_tokens") == 50);
}
TEST_CASE("anthropic: messages of one role in a row become one, and empty ones go") {
  const auto body = sent(chat(R"({"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":" "},
    {"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"c"}]})"));
  REQUIRE(body.at("messages").as_array().size() == 1);
  CHECK(body.at("messages").at(0).at("content").as_array().size() == 3);
}
TEST_CASE("anthropic: a history that begins with the assistant gets a user's message before it") {
  const auto body = sent(chat(R"({"role":"assistant","content":"I am here."},)" + kUser));
  REQUIRE(body.at("messages").as_array().size() == 3);
  CHECK(body.at("messages").at(0).at("role") == "user");
}
TEST_CASE("anthropic: a chat that says nothing is invalid, and asks nobody") {
  ScriptedHost host(kClaude.file, kClaude.config);
  CHECK(host.finish(host.complete(chat(R"({"role":"user","content":""})"))).status == HOB_INVALID);
  CHECK(host.requests.empty());
}
TEST_CASE("anthropic: images as data and by address") {
  const auto body = sent(chat(R"({"role":"user","content":[{"type":"text","text":"see"},{"type":"image","mime":"image/jpeg","data":"AAAA"},{"type":"image","url":"https://x/y.png"},{"type":"image","url":"data:image/webp;base64,BBBB"}]})"));
  const auto& content = body.at("messages").at(0).at("content");
  CHECK(content.at(1).at("source") == json::value{{"type", "base64"}, {"media_type", "image/jpeg"}, {"data", "AAAA"}});
  CHECK(content.at(2).at("source") == json::value{{"type", "url"}, {"url", "https://x/y.png"}});
  CHECK(content.at(3).at("source") == json::value{{"type", "base64"}, {"media_type", "image/webp"}, {"data", "BBBB"}});
}
TEST_CASE("anthropic: tools with their schema") {
  const auto body = sent(chat(kUser, kTools));
  CHECK(body.at("tools").at(0).at("name") == "one");
  CHECK(body.at("tools").at(0).at("input_schema").at("properties").at("k").at("type") == "integer");
  CHECK_FALSE(body.as_object().contains("tool_choice"));
  const auto bare = sent(chat(kUser, R"(,"tools":[{"name":"one"},{"name":"two","parameters":{"anyOf":[{}],"properties":{}}}])"));
  CHECK(bare.at("tools").at(0).at("input_schema").at("type") == "object");
  CHECK(bare.at("tools").at(1).at("input_schema") == json::value{{"type", "object"}, {"properties", json::object{}}});
}
TEST_CASE("anthropic: tool_choice in its words") {
  const auto choice = [](const char* words) { return sent(chat(kUser, kTools + words)).at("tool_choice"); };
  CHECK(choice(R"(,"tool_choice":"auto")") == json::value{{"type", "auto"}});
  CHECK(choice(R"(,"tool_choice":"required")") == json::value{{"type", "any"}});
  CHECK(choice(R"(,"tool_choice":"none")") == json::value{{"type", "none"}});
  CHECK(choice(R"(,"tool_choice":{"name":"one"})") == json::value{{"type", "tool"}, {"name", "one"}});
  CHECK(choice(R"(,"extra":{"parallel_tool_calls":false})") == json::value{{"type", "auto"}, {"disable_parallel_tool_use", true}});
}
TEST_CASE("anthropic: a tool loop as blocks, results before the user's words") {
  const auto body = sent(chat(kUser + R"(,{"role":"assistant","content":"Let me see.","tool_calls":[{"id":"a","name":"one","arguments":"{\"k\":1}"},{"id":"b","name":"one","arguments":""}]},
    {"role":"tool","tool_call_id":"a","content":"done"},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"x"}]},{"role":"user","content":"And?"})", kTools));
  const auto& asked = body.at("messages").at(1).at("content");
  CHECK(asked.at(0).at("text") == "Let me see.");
  CHECK(asked.at(1) == json::value{{"type", "tool_use"}, {"id", "a"}, {"name", "one"}, {"input", {{"k", 1}}}});
  CHECK(asked.at(2).at("input") == json::object{});
  const auto& results = body.at("messages").at(2).at("content");
  CHECK(results.at(0) == json::value{{"type", "tool_result"}, {"tool_use_id", "a"}, {"content", "done"}});
  CHECK(results.at(1).at("content").at(0).at("text") == "x");
  CHECK(results.at(2).at("text") == "And?");
}
TEST_CASE("anthropic: a call that nobody answered gets an answer, a result without its call becomes words") {
  const auto body = sent(chat(kUser + R"(,{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{}"}]},{"role":"user","content":"Never mind."})", kTools));
  const auto& content = body.at("messages").at(2).at("content");
  CHECK(content.at(0).at("type") == "tool_result");
  CHECK(content.at(0).at("is_error") == true);
  CHECK(content.at(1).at("text") == "Never mind.");
  const auto orphan = sent(chat(R"({"role":"tool","tool_call_id":"gone","content":"late"},)" + kUser));
  CHECK(orphan.at("messages").at(0).at("content").at(0) == json::value{{"type", "text"}, {"text", "late"}});
}
TEST_CASE("anthropic: ids and arguments that it refuses are put right") {
  const auto body = sent(chat(kUser + R"(,{"role":"assistant","content":"","tool_calls":[{"id":"call:1.x","name":"one","arguments":"{oops"}]},{"role":"tool","tool_call_id":"call:1.x","content":"bad"})", kTools));
  CHECK(body.at("messages").at(1).at("content").at(0).at("id") == "call_1_x");
  CHECK(body.at("messages").at(1).at("content").at(0).at("input").at("invalid_json") == "{oops");
  CHECK(body.at("messages").at(2).at("content").at(0).at("tool_use_id") == "call_1_x");
}
TEST_CASE("anthropic: ids that a server gave twice become two") {
  const std::string round = R"(,{"role":"assistant","content":"","tool_calls":[{"id":"call_0","name":"one","arguments":"{}"}]},{"role":"tool","tool_call_id":"call_0","content":"r"})";
  const auto messages = sent(chat(kUser + round + round, kTools)).at("messages");
  CHECK(messages.at(1).at("content").at(0).at("id") == "call_0");
  CHECK(messages.at(3).at("content").at(0).at("id") == "call_0_2");
  CHECK(messages.at(4).at("content").at(0).at("tool_use_id") == "call_0_2");
}
TEST_CASE("anthropic: tools that were used stay declared when none is offered any more") {
  const auto body = sent(chat(kLoop));
  CHECK(body.at("tools").at(0).at("name") == "one");
  CHECK(body.at("tool_choice") == json::value{{"type", "none"}});
}
TEST_CASE("anthropic: sampling, as far as the model takes it") {
  const std::string all = R"(,"temperature":1.5,"top_p":0.9,"stop":["x"," "])";
  const auto haiku = sent(chat(kUser, all));
  CHECK(haiku.at("temperature") == 1.0);
  CHECK_FALSE(haiku.as_object().contains("top_p"));
  CHECK(haiku.at("stop_sequences") == json::array{"x"});
  const auto one = [&](const std::string& model) { return sent(R"({"model":")" + model + R"(","messages":[)" + kUser + "]" + all + "}").as_object(); };
  CHECK(one("claude-3-7-sonnet-20250219").contains("top_p"));
  CHECK_FALSE(one("claude-opus-4-7").contains("temperature"));
  CHECK_FALSE(one("claude-sonnet-5").contains("temperature"));
  CHECK_FALSE(one("claude-mythos-preview").contains("temperature"));
  CHECK(one("glm-4.9").contains("temperature"));
  CHECK_FALSE(sent(chat(kUser, all), R"({"api_version":"2026-10-21"})").as_object().contains("temperature"));
}
TEST_CASE("anthropic: JSON mode, by schema where the model has that, else in words") {
  const auto words = sent(chat(kUser, R"(,"response_format":{"type":"json_object"})"));
  CHECK_THAT(std::string(words.at("system").at(0).at("text").as_string()), Catch::Contains("JSON object"));
  const std::string schema = R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})";
  const auto native = sent(chat(kUser, schema));
  CHECK(native.at("output_config") == json::value{{"format", {{"type", "json_schema"}, {"schema", {{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}}}}}});
  const auto old = sent(R"({"model":"claude-sonnet-4-20250514","messages":[)" + kUser + "]" + schema + "}");
  CHECK_FALSE(old.as_object().contains("output_config"));
  CHECK_THAT(std::string(old.at("system").at(0).at("text").as_string()), Catch::Contains("JSON Schema"));
}
TEST_CASE("anthropic: a schema for the answer is closed, and bounds that the API refuses are told") {
  const auto schema = sent(chat(kUser, R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"$schema":"x","type":"object","required":["n"],"properties":{
    "n":{"type":"integer","minimum":1,"description":"How many."},"when":{"oneOf":[{"type":"string","format":"date"},{"type":"null"}]},
    "list":{"type":"array","minItems":1,"maxItems":3,"items":{"type":"object","properties":{}}}},"additionalProperties":true}}})")).at("output_config").at("format").at("schema");
  CHECK(schema == json::parse(R"({"type":"object","required":["n"],"properties":{
    "n":{"type":"integer","description":"How many. minimum: 1."},"when":{"anyOf":[{"type":"string","format":"date"},{"type":"null"}]},
    "list":{"type":"array","minItems":1,"items":{"type":"object","properties":{},"additionalProperties":false},"description":"maxItems: 3."}},"additionalProperties":false})"));
}
TEST_CASE("anthropic: a schema that the API refuses is told in words from then on") {
  const auto asked = chat(kUser, R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"$ref":"#"}}})");
  const auto sent = kClaude.sent_after_refusal(asked, "output_config.format.schema: Recursive schemas are not supported");
  CHECK(sent[0].as_object().contains("output_config"));
  for (const std::size_t later : {1, 2}) {
    CHECK_FALSE(sent[later].as_object().contains("output_config"));
    CHECK_THAT(std::string(sent[later].at("system").at(0).at("text").as_string()), Catch::Contains("JSON Schema"));
  }
}
TEST_CASE("anthropic: of what a caller adds only what the API knows goes on") {
  const auto body = sent(chat(kUser, R"(,"extra":{"top_k":3,"seed":7,"metadata":{"user_id":"u"}},"recalled":[{"id":"1"}],"user_id":"u")"));
  CHECK(body.at("top_k") == 3);
  CHECK(body.at("metadata").at("user_id") == "u");
  for (const char* key : {"seed", "recalled", "user_id", "extra"}) CHECK_FALSE(body.as_object().contains(key));
}

// thinking ---------------------------------------------------------------------------------------------------

namespace {
const std::string kThinks = R"({"thinking_budget":4000,"prompt_cache":"off"})";
}
TEST_CASE("anthropic: thinking with a budget, and nothing that it excludes") {
  const auto body = sent(chat(kUser, R"(,"temperature":0.2)"), kThinks);
  CHECK(body.at("thinking") == json::value{{"type", "enabled"}, {"budget_tokens", 4000}});
  CHECK(body.at("max_tokens") == 12192);
  CHECK_FALSE(body.as_object().contains("temperature"));
}
TEST_CASE("anthropic: newer models think adaptively") {
  const auto body = sent(R"({"model":"claude-opus-4-7","messages":[)" + kUser + "]}", R"({"thinking_budget":4000,"effort":"low"})");
  CHECK(body.at("thinking") == json::value{{"type", "adaptive"}});
  CHECK(body.at("output_config").at("effort") == "low");
}
TEST_CASE("anthropic: thinking never raises the max_tokens that the caller reckons with") {
  const auto less = sent(chat(kUser, R"(,"max_tokens":3000)"), kThinks);
  CHECK(less.at("max_tokens") == 3000);
  CHECK(less.at("thinking").at("budget_tokens") == 1976);
  CHECK_FALSE(sent(chat(kUser, R"(,"max_tokens":2000)"), kThinks).as_object().contains("thinking"));
}
TEST_CASE("anthropic: a half answer at the end is gone on with, by models that refuse that when they are asked to") {
  const std::string half = kUser + R"(,{"role":"assistant","content":"Once upon"})";
  CHECK(sent(chat(half)).at("messages").as_array().size() == 2);
  const auto newer = sent(R"({"model":"claude-opus-4-6","messages":[)" + half + "]}");
  CHECK(newer.at("messages").at(1).at("content").at(0).at("text") == "Once upon");
  CHECK(newer.at("messages").at(2).at("role") == "user");
  CHECK(sent(chat(half), kThinks).at("messages").at(2).at("role") == "user");
}
TEST_CASE("anthropic: no thinking where a tool is forced, or a loop began without thoughts") {
  CHECK_FALSE(sent(chat(kUser, kTools + R"(,"tool_choice":"required")"), kThinks).as_object().contains("thinking"));
  CHECK_FALSE(sent(chat(kLoop, kTools), kThinks).as_object().contains("thinking"));
  CHECK(sent(chat(kThoughtLoop, kTools), kThinks).as_object().contains("thinking"));
  CHECK_FALSE(sent(chat(kLoop + "," + kUser, kTools), kThinks).as_object().contains("thinking"));
  CHECK(sent(chat(kLoop + R"(,{"role":"assistant","content":"It is."},)" + kUser, kTools), kThinks).as_object().contains("thinking"));
}
TEST_CASE("anthropic: thoughts and signatures go back in their order") {
  const auto body = sent(chat(kThoughtLoop, kTools), kThinks);
  const auto& content = body.at("messages").at(1).at("content");
  CHECK(content.at(0) == json::value{{"type", "thinking"}, {"thinking", "hm"}, {"signature", "s=="}});
  CHECK(content.at(1).at("text") == "so");
  CHECK(content.at(2) == json::value{{"type", "tool_use"}, {"id", "a"}, {"name", "one"}, {"input", {{"k", 1}}}});
}
TEST_CASE("anthropic: thoughts of other calls, and of another provider, stay away") {
  std::string other = kThoughtLoop;
  other.replace(other.find(R"("tool_use","id":"a")"), 19, R"("tool_use","id":"z")");
  CHECK(sent(chat(other, kTools), kThinks).at("messages").at(1).at("content").at(0).at("type") == "tool_use");
  std::string gemini = kThoughtLoop;
  gemini.replace(gemini.find("anthropic"), 9, "gemini");
  CHECK(sent(chat(gemini, kTools), kThinks).at("messages").at(1).at("content").at(0).at("type") == "tool_use");
  CHECK(sent(chat(kThoughtLoop, kTools)).at("messages").at(1).at("content").at(0).at("type") == "tool_use");
}

// the prompt cache -------------------------------------------------------------------------------------------

namespace {

const std::string kCached = R"({"base_url":"http://h"})";
const json::value kMark = {{"type", "ephemeral"}};

std::size_t marks(const json::value& body) {
  const std::string text = json::serialize(body);
  std::size_t count = 0;
  for (std::size_t at = text.find("cache_control"); at != std::string::npos; at = text.find("cache_control", at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("anthropic: cached are the system text with its tools, and the messages before the newest") {
  const auto body = sent(chat(R"({"role":"system","content":"S"},)" + kUser + R"(,{"role":"assistant","content":"Hello"},{"role":"user","content":"Bye"})", kTools), kCached);
  CHECK(body.at("system").at(0).at("cache_control") == kMark);
  CHECK(body.at("messages").at(1).at("content").at(0).at("cache_control") == kMark);
  CHECK(marks(body) == 2);
}
TEST_CASE("anthropic: without a system text the last tool ends the cached part") {
  const auto body = sent(chat(kUser, kTools), kCached);
  CHECK(body.at("tools").at(0).at("cache_control") == kMark);
  CHECK(marks(body) == 1);
}
TEST_CASE("anthropic: a tool loop marks its last two rounds, four marks in all") {
  std::string messages = R"({"role":"system","content":"S"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"})";
  for (const char* id : {"1", "2", "3"}) {
    messages += std::string(R"(,{"role":"assistant","content":"","tool_calls":[{"id":")") + id + R"(","name":"one","arguments":"{}"}]},{"role":"tool","tool_call_id":")" + id + R"(","content":"r"})";
  }
  const auto body = sent(chat(messages, kTools), kCached);
  CHECK(marks(body) == 4);
  CHECK(body.at("messages").at(8).at("content").at(0).at("cache_control") == kMark);
  CHECK(body.at("messages").at(6).at("content").at(0).at("cache_control") == kMark);
}
TEST_CASE("anthropic: the cache may be kept for an hour, or not used") {
  CHECK(sent(chat(kUser, kTools), R"({"prompt_cache":"1h"})").at("tools").at(0).at("cache_control").at("ttl") == "1h");
  CHECK(marks(sent(chat(kUser, kTools))) == 0);
}
TEST_CASE("anthropic: one more turn leaves every byte before it as it was") {
  const std::string first = R"({"role":"system","content":"S"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"})";
  const auto text = [](const std::string& messages) {
    return json::serialize(sent(chat(messages, kTools)).at("messages"));
  };
  const std::string one = text(first), two = text(first + R"(,{"role":"assistant","content":"d"},{"role":"user","content":"e"})");
  CHECK(two.starts_with(one.substr(0, one.size() - 1)));
}
