// What provider_gemini asks for, against what the Gemini API takes.
#include "provider_answer.hpp"

using namespace provider_test;

namespace {

const Provider kGemini{HOB_PLUGINS "/provider_gemini/provider_gemini.so", R"({"base_url":"http://127.0.0.1:1234/"})", ""};

json::value sent(const std::string& chat, const std::string& config = {}) { return kGemini.body_sent(chat, config); }
std::string chat(const std::string& messages, const std::string& more = "", const std::string& model = "gemini-2.5-flash") {
  return R"({"model":")" + model + R"(","stream":true,"messages":[)" + messages + "]" + more + "}";
}
const std::string kUser = R"({"role":"user","content":"Hi"})";
const std::string kTools = R"(,"tools":[{"name":"one","description":"does","parameters":{"type":"object","properties":{"k":{"type":"integer"}}}}])";
const std::string kCalls = R"({"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{\"k\":1}"},{"id":"b","name":"two","arguments":""}])";
const std::string kResults = R"({"role":"tool","tool_call_id":"b","content":"second"},{"role":"tool","tool_call_id":"a","content":"first"})";

/// The schema of a tool's only parameter, as it is sent.
json::value schema_sent(const std::string& schema, const std::string& defs = "{}") {
  const auto body = sent(chat(kUser, R"(,"tools":[{"name":"t","parameters":{"$schema":"x","type":"object","additionalProperties":false,"properties":{"p":)" + schema + R"(},"$defs":)" + defs + "}}]"));
  const auto& parameters = body.at("tools").at(0).at("functionDeclarations").at(0).at("parameters");
  CHECK_FALSE(parameters.as_object().contains("additionalProperties"));
  CHECK_FALSE(parameters.as_object().contains("$schema"));
  return parameters.at("properties").at("p");
}

}  // namespace

TEST_CASE("gemini: the address, with the key by reference") {
  const auto head = [](const std::string& config, const std::string& asked) {
    ScriptedHost host(kGemini.file, config);
    host.http.push_back({});
    host.finish(host.complete(asked));
    return host.requests.at(0).head;
  };
  CHECK(head(kGemini.config, chat(kUser)).at("url") == "http://127.0.0.1:1234/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  CHECK_FALSE(head(kGemini.config, chat(kUser)).at("headers").as_object().contains("x-goog-api-key"));
  const auto keyed = head(R"({"base_url":"https://h/v1beta/openai/","api_key":"k"})", R"({"model":"tunedModels/my model","stream":false,"messages":[)" + kUser + "]}");
  CHECK(keyed.at("url") == "https://h/v1beta/tunedModels/my%20model:generateContent");
  CHECK(keyed.at("headers").at("x-goog-api-key") == "${secret:api_key}");
}
TEST_CASE("gemini: roles, the system text apart, one turn after another") {
  const auto body = sent(chat(R"({"role":"system","content":"Be kind."},)" + kUser + R"(,{"role":"user","content":"You?"},{"role":"assistant","content":"Hello"},{"role":"system","content":"Be short."},{"role":"user","content":"Bye"})"));
  CHECK(body.at("systemInstruction") == json::parse(R"({"parts":[{"text":"Be kind.\n\nBe short."}]})"));
  CHECK(body.at("contents") == json::parse(R"([{"role":"user","parts":[{"text":"Hi"},{"text":"You?"}]},{"role":"model","parts":[{"text":"Hello"}]},{"role":"user","parts":[{"text":"Bye"}]}])"));
  CHECK_FALSE(body.as_object().contains("generationConfig"));
}
TEST_CASE("gemini: a history that begins with the model gets a user's turn before it, empty texts go") {
  const auto body = sent(chat(R"({"role":"assistant","content":"I am here."},{"role":"user","content":[{"type":"text","text":" "},{"type":"text","text":"Hi"}]})"));
  CHECK(body.at("contents").at(0).at("role") == "user");
  CHECK(body.at("contents").at(2).at("parts").as_array().size() == 1);
  ScriptedHost host(kGemini.file, kGemini.config);
  CHECK(host.finish(host.complete(chat(R"({"role":"user","content":""})"))).status == HOB_INVALID);
}
TEST_CASE("gemini: images inline and by address") {
  const auto parts = sent(chat(R"({"role":"user","content":[{"type":"image","mime":"image/jpeg","data":"AAAA"},{"type":"image","url":"data:image/webp;base64,BBBB"},{"type":"image","url":"https://x/y.png?z=1"}]})")).at("contents").at(0).at("parts");
  CHECK(parts.at(0) == json::parse(R"({"inlineData":{"mimeType":"image/jpeg","data":"AAAA"}})"));
  CHECK(parts.at(1) == json::parse(R"({"inlineData":{"mimeType":"image/webp","data":"BBBB"}})"));
  CHECK(parts.at(2) == json::parse(R"({"fileData":{"mimeType":"image/png","fileUri":"https://x/y.png?z=1"}})"));
}

TEST_CASE("gemini: a document or a sound that calls itself an image is refused") {
  for (const char* part : {R"({"type":"image","mime":"application/pdf","data":"AAAA"})", R"({"type":"image","url":"data:audio/wav;base64,BBBB"})"})
    CHECK_THAT(kGemini.ask({}, chat(std::string(R"({"role":"user","content":[)") + part + "]}")).error, Catch::Contains("is no image"));
}
TEST_CASE("gemini: functions and how they may be called") {
  const auto body = sent(chat(kUser, kTools));
  CHECK(body.at("tools") == json::parse(R"([{"functionDeclarations":[{"name":"one","description":"does","parameters":{"type":"OBJECT","properties":{"k":{"type":"INTEGER"}}}}]}])"));
  CHECK_FALSE(body.as_object().contains("toolConfig"));
  const auto choice = [](const char* words) { return sent(chat(kUser, kTools + words)).at("toolConfig").at("functionCallingConfig"); };
  CHECK(choice(R"(,"tool_choice":"auto")") == json::value{{"mode", "AUTO"}});
  CHECK(choice(R"(,"tool_choice":"required")") == json::value{{"mode", "ANY"}});
  CHECK(choice(R"(,"tool_choice":"none")") == json::value{{"mode", "NONE"}});
  CHECK(choice(R"(,"tool_choice":{"name":"one"})") == json::parse(R"({"mode":"ANY","allowedFunctionNames":["one"]})"));
}
TEST_CASE("gemini: a function without parameters has no such member") {
  const auto body = sent(chat(kUser, R"(,"tools":[{"name":"one"},{"name":"two","parameters":{"type":"object","properties":{}}}])"));
  for (const auto& one : body.at("tools").at(0).at("functionDeclarations").as_array()) CHECK_FALSE(one.as_object().contains("parameters"));
}
TEST_CASE("gemini: the results of a round stand together, in the order of the calls") {
  const auto body = sent(chat(kUser + "," + kCalls + "}," + kResults, kTools));
  CHECK(body.at("contents").at(1) == json::parse(R"({"role":"model","parts":[{"functionCall":{"name":"one","args":{"k":1}}},{"functionCall":{"name":"two","args":{}}}]})"));
  CHECK(body.at("contents").at(2) == json::parse(R"({"role":"user","parts":[{"functionResponse":{"name":"one","response":{"result":"first"}}},{"functionResponse":{"name":"two","response":{"result":"second"}}}]})"));
}
TEST_CASE("gemini: a call that nobody answered gets an answer, a result without its call becomes words") {
  const auto body = sent(chat(kUser + "," + kCalls + R"(},{"role":"tool","tool_call_id":"a","content":"first"},{"role":"user","content":"Never mind."})", kTools));
  const auto& parts = body.at("contents").at(2).at("parts");
  CHECK(parts.at(1).at("functionResponse").at("response").as_object().contains("error"));
  CHECK(parts.at(2).at("text") == "Never mind.");
  const auto orphan = sent(chat(R"({"role":"tool","tool_call_id":"gone","content":"late"},)" + kUser));
  CHECK(orphan.at("contents").at(0).at("parts").at(0).at("text") == "late");
}
TEST_CASE("gemini: arguments that are no JSON object still reach the model") {
  const auto body = sent(chat(kUser + R"(,{"role":"assistant","content":"","tool_calls":[{"id":"a","name":"one","arguments":"{oops"}]})", kTools));
  CHECK(body.at("contents").at(1).at("parts").at(0).at("functionCall").at("args").at("invalid_json") == "{oops");
}
TEST_CASE("gemini: signatures and the service's ids go back in the parts they came with") {
  const std::string carry = R"(,"carry":{"gemini":[{"text":"Let me see."},{"functionCall":{"id":"a","name":"one"},"thoughtSignature":"c2ln"},{"functionCall":{"name":"two"}}]}})";
  const auto body = sent(chat(kUser + "," + kCalls + carry + "," + kResults, kTools, "gemini-3-pro"));
  CHECK(body.at("contents").at(1).at("parts") == json::parse(R"([{"text":"Let me see."},{"functionCall":{"id":"a","name":"one","args":{"k":1}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"two","args":{}}}])"));
  CHECK(body.at("contents").at(2).at("parts").at(0).at("functionResponse").at("id") == "a");
  CHECK_FALSE(body.at("contents").at(2).at("parts").at(1).at("functionResponse").as_object().contains("id"));
}
TEST_CASE("gemini: an empty text at the end of a stream does not go back, its signature does") {
  const std::string carry = R"(,"carry":{"gemini":[{"functionCall":{"name":"one"},"thoughtSignature":"c2ln"},{"functionCall":{"name":"two"}},{"text":""},{"text":"","thoughtSignature":"ZW5k"}]}})";
  const auto parts = sent(chat(kUser + "," + kCalls + carry + "," + kResults, kTools, "gemini-3-pro")).at("contents").at(1).at("parts");
  REQUIRE(parts.as_array().size() == 3);
  CHECK(parts.at(2) == json::value{{"text", ""}, {"thoughtSignature", "ZW5k"}});
}
TEST_CASE("gemini: what was carried for other calls, or by another provider, stays away") {
  for (const char* carry : {R"(,"carry":{"gemini":[{"functionCall":{"id":"z","name":"one"},"thoughtSignature":"c2ln"},{"functionCall":{"name":"two"}}]}})",
                            R"(,"carry":{"gemini":[{"functionCall":{"name":"one"},"thoughtSignature":"c2ln"}]}})", R"(,"carry":{"anthropic":[{"type":"thinking"}]}})"}) {
    const auto body = sent(chat(kUser + "," + kCalls + carry + "," + kResults, kTools));
    CHECK(json::serialize(body).find("c2ln") == std::string::npos);
    CHECK(body.at("contents").at(1).at("parts").as_array().size() == 2);
  }
}
TEST_CASE("gemini: calls of another model are let pass in the turn that runs, by Gemini 3") {
  const auto body = sent(chat(kUser + "," + kCalls + "}," + kResults, kTools, "gemini-3-flash"));
  const auto& parts = body.at("contents").at(1).at("parts");
  CHECK(parts.at(0).at("thoughtSignature") == "skip_thought_signature_validator");
  CHECK_FALSE(parts.at(1).as_object().contains("thoughtSignature"));
  const auto past = sent(chat(kUser + "," + kCalls + "}," + kResults + "," + kUser, kTools, "gemini-3-flash"));
  CHECK_FALSE(past.at("contents").at(1).at("parts").at(0).as_object().contains("thoughtSignature"));
}
TEST_CASE("gemini: sampling, stops, and what a caller adds") {
  const auto config = sent(chat(kUser, R"(,"max_tokens":50,"temperature":0.5,"top_p":0.9,"stop":["a","b","c","d","e","f"],"extra":{"top_k":3,"seed":7,"logit_bias":{}})")).at("generationConfig");
  CHECK(config == json::parse(R"({"maxOutputTokens":50,"temperature":0.5,"topP":0.9,"topK":3,"seed":7,"stopSequences":["a","b","c","d","e"]})"));
}
TEST_CASE("gemini: JSON mode, and in words where functions exclude it") {
  const auto plain = sent(chat(kUser, R"(,"response_format":{"type":"json_object"})")).at("generationConfig");
  CHECK(plain == json::value{{"responseMimeType", "application/json"}});
  const std::string schema = R"(,"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"],"additionalProperties":false}}})";
  CHECK(sent(chat(kUser, schema)).at("generationConfig").at("responseSchema") ==
        json::parse(R"({"type":"OBJECT","properties":{"a":{"nullable":true,"type":"STRING"}},"required":["a"]})"));
  const auto tools = sent(chat(kUser, kTools + schema));
  CHECK_FALSE(tools.as_object().contains("generationConfig"));
  CHECK_THAT(std::string(tools.at("systemInstruction").at("parts").at(0).at("text").as_string()), Catch::Contains("JSON Schema"));
  CHECK_FALSE(sent(chat(kUser, R"(,"response_format":{"type":"text"})")).as_object().contains("generationConfig"));
}
TEST_CASE("gemini: thinking and safety as they are configured") {
  const auto body = sent(chat(kUser), R"({"thinking_budget":0,"thinking_level":"low","include_thoughts":true,"safety":"BLOCK_ONLY_HIGH"})");
  CHECK(body.at("generationConfig").at("thinkingConfig") == json::parse(R"({"thinkingBudget":0,"thinkingLevel":"low","includeThoughts":true})"));
  CHECK(body.at("safetySettings").as_array().size() == 4);
  CHECK(body.at("safetySettings").at(0) == json::value{{"category", "HARM_CATEGORY_HARASSMENT"}, {"threshold", "BLOCK_ONLY_HIGH"}});
}

// schemas ----------------------------------------------------------------------------------------------------

TEST_CASE("gemini: null becomes nullable") {
  CHECK(schema_sent(R"({"type":["integer","null"],"description":"d"})") == json::parse(R"({"nullable":true,"type":"INTEGER","description":"d"})"));
  CHECK(schema_sent(R"({"anyOf":[{"type":"string"},{"type":"null"}]})") == json::parse(R"({"nullable":true,"type":"STRING"})"));
}
TEST_CASE("gemini: enumerations are of texts, others are told") {
  CHECK(schema_sent(R"({"enum":["a","b",null]})") == json::parse(R"({"nullable":true,"type":"STRING","enum":["a","b"]})"));
  CHECK(schema_sent(R"({"type":"string","enum":["a",""]})") == json::parse(R"({"type":"STRING","enum":["a"]})"));
  CHECK(schema_sent(R"({"type":"string","enum":[""]})") == json::parse(R"({"type":"STRING"})"));
  CHECK(schema_sent(R"({"const":"a"})") == json::parse(R"({"type":"STRING","enum":["a"]})"));
  CHECK(schema_sent(R"({"type":"integer","enum":[1,2],"description":"How many."})") == json::parse(R"({"type":"INTEGER","description":"How many. One of 1, 2."})"));
}
TEST_CASE("gemini: words that it does not know are left out") {
  CHECK(schema_sent(R"({"type":"string","format":"uri","minLength":1,"default":"x","examples":["y"],"contentEncoding":"base64"})") == json::parse(R"({"type":"STRING","minLength":1})"));
  CHECK(schema_sent(R"({"type":"number","exclusiveMinimum":0,"multipleOf":2,"minimum":1,"format":"double"})") == json::parse(R"({"type":"NUMBER","minimum":1,"format":"double"})"));
  CHECK(schema_sent(R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a","gone"],"patternProperties":{}})") ==
        json::parse(R"({"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]})"));
}
TEST_CASE("gemini: alternatives, all-of, and lists without items") {
  CHECK(schema_sent(R"({"oneOf":[{"type":"string"},{"type":"integer"}]})") == json::parse(R"({"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]})"));
  CHECK(schema_sent(R"({"type":["string","integer"]})") == json::parse(R"({"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]})"));
  CHECK(schema_sent(R"({"allOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"properties":{"b":{"type":"string"}}}]})") ==
        json::parse(R"({"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}}})"));
  CHECK(schema_sent(R"({"type":"array"})") == json::parse(R"({"type":"ARRAY","items":{"type":"STRING"}})"));
  CHECK(schema_sent("{}") == json::parse(R"({"type":"STRING"})"));
  CHECK(schema_sent("true") == json::parse(R"({"type":"OBJECT"})"));
}
TEST_CASE("gemini: references are replaced by what they point to, once") {
  CHECK(schema_sent(R"({"$ref":"#/$defs/town"})", R"({"town":{"type":"string","title":"Town"}})") == json::parse(R"({"type":"STRING","title":"Town"})"));
  const auto tree = schema_sent(R"({"$ref":"#/$defs/node"})", R"({"node":{"type":"object","properties":{"left":{"$ref":"#/$defs/node"},"right":{"$ref":"#/$defs/node"}}}})");
  CHECK(tree == json::parse(R"({"type":"OBJECT","properties":{"left":{"type":"OBJECT"},"right":{"type":"OBJECT"}}})"));
  CHECK(schema_sent(R"({"$ref":"#/$defs/a"})", R"({"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}})") == json::parse(R"({"type":"OBJECT"})"));
}
TEST_CASE("gemini: a model that refuses an object without members gets it as a text, in lists too") {
  const auto asked = chat(kUser, R"(,"tools":[{"name":"t","parameters":{"type":"object","properties":{"p":{"type":"object","description":"Options."},"l":{"type":"array","items":{"type":"object"}}}}}])");
  const auto bodies = kGemini.sent_after_refusal(asked, "* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[p].properties: should be non-empty for OBJECT type");
  const auto properties = [&](std::size_t i) { return bodies[i].at("tools").at(0).at("functionDeclarations").at(0).at("parameters").at("properties"); };
  CHECK(properties(0) == json::parse(R"({"p":{"type":"OBJECT","description":"Options."},"l":{"type":"ARRAY","items":{"type":"OBJECT"}}})"));
  for (const std::size_t later : {1, 2})
    CHECK(properties(later) == json::parse(R"({"p":{"type":"STRING","description":"Options. A JSON object, written as a text."},
      "l":{"type":"ARRAY","items":{"type":"STRING","description":"A JSON object, written as a text."}}})"));
}
TEST_CASE("gemini: a schema for the answer that says nothing stays away") {
  const auto config = sent(chat(kUser, R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})")).at("generationConfig");
  CHECK(config == json::value{{"responseMimeType", "application/json"}});
}
