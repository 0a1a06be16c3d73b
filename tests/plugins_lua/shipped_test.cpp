// The Lua plugins that ship, against recorded bytes; and the annotations against the bindings.
#include "plugins_lua/scripted_host.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <tuple>

using namespace hobd;

namespace {

const std::filesystem::path kScripts = std::filesystem::path(HOB_SOURCE_DIR) / "scripts/lua";

Result<void> load_shipped(ScriptedHost& host, const std::string& id, const std::string& config = "{}") {
  return host.load_file(kScripts / id / "main.lua", id, config);
}

Answer& complete(ScriptedHost& host, hob_id call, const std::string& request) {
  host.table<hob_ext_provider>(HOB_EXT_PROVIDER)->complete(host.plugin, call, ScriptedHost::str(request));
  host.run();
  return host.answers[call];
}

const std::string kChat = R"({"model":"llama3.2","stream":true,"max_tokens":50,"messages":[{"role":"system","content":"Be brief."},
  {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image","mime":"image/png","data":"aGk="},{"type":"image","url":"data:image/png;base64,aG8="}]},
  {"role":"assistant","content":"","tool_calls":[{"id":"c1","name":"look","arguments":"{\"at\":\"it\"}"}]},
  {"role":"tool","tool_call_id":"c1","content":"a cat"}],
  "tools":[{"name":"look","description":"Look.","parameters":{"type":"object","properties":{},"required":[]}}]})";

// As Ollama 0.5 sends them, cut at places that are no line ends.
const std::vector<std::string> kOllamaText = {
    R"({"model":"llama3.2","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"A c"},"done":false})" "\n" R"({"model":"llama3.2","mess)",
    R"(age":{"role":"assistant","content":"at."},"done":false})" "\n",
    R"({"model":"llama3.2","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"total_duration":1,"prompt_eval_count":26,"eval_count":3})" "\n"};

/// What stands in each line that begins with `prefix`, between it and the first "(".
std::set<std::string> names_after(const std::string& source, const std::string& prefix) {
  std::set<std::string> names;
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(prefix)) names.insert(line.substr(9, line.find('(') - 9));  // 9: "function "
  return names;
}

void answer_http(ScriptedHost& host, ScriptedHost::Request& request, int status, const std::vector<std::string>& pieces, const std::string& body = {}) {
  host.event(request.operation, HOB_EVENT_HEAD, R"({"status":)" + std::to_string(status) + R"(,"headers":{"retry-after":"7"},"url":""})");
  for (const std::string& piece : pieces) host.event(request.operation, HOB_EVENT_DATA, piece);
  host.result(request.operation, HOB_OK, body);
}

}  // namespace

TEST_CASE("every shipped manifest names its script's id") {
  for (const auto& entry : std::filesystem::directory_iterator(kScripts)) {
    if (!entry.is_directory()) continue;
    std::stringstream text;
    text << std::ifstream(entry.path() / "plugin.json").rdbuf();
    const json::object manifest = parse_json_object(text.str()).value();
    ScriptedHost host;
    INFO(entry.path());
    REQUIRE(string_or(manifest, "id") == entry.path().filename().string());
    REQUIRE(load_shipped(host, std::string(string_or(manifest, "id"))).has_value());
    REQUIRE(std::filesystem::exists(entry.path() / "README.md"));
  }
}

TEST_CASE("tool_dice rolls what is asked and refuses nonsense") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "tool_dice").has_value());
  for (int i = 0; i < 50; ++i) {
    const json::object result = parse_json_object(host.call_tool("roll_dice", R"({"dice":"2d6+1"})").result).value();
    REQUIRE(array_at(result, "rolls")->size() == 2);
    REQUIRE(int_or(result, "total") >= 3);
    REQUIRE(int_or(result, "total") <= 13);
  }
  REQUIRE(int_or(parse_json_object(host.call_tool("roll_dice", R"({"dice":" 3D2 - 2 "})").result).value(), "total") <= 4);
  for (const char* bad : {"", "six", "0d6", "2d1", "1000d6", "2d6+", "2d6 1", "99999999999999999999d6"})
    REQUIRE(host.call_tool("roll_dice", json::serialize(json::object{{"dice", bad}})).status == HOB_INVALID);
}

TEST_CASE("provider_ollama streams text and counts tokens") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "provider_ollama", R"({"base_url":"http://box:11434/"})").has_value());
  host.on_http = [&](ScriptedHost::Request& request) { answer_http(host, request, 200, kOllamaText); };
  const Answer& answer = complete(host, 1, kChat);
  REQUIRE(answer.status == HOB_OK);
  REQUIRE(answer.chunks == std::vector<std::string>{R"({"text":"A c"})", R"({"text":"at."})", R"({"usage":{"cached_tokens":0,"input_tokens":26,"output_tokens":3}})"});
  REQUIRE(answer.result == R"({"model":"llama3.2","stop":"end"})");
  const json::object wire = parse_json_object(host.requests.at(0).request).value();
  REQUIRE(string_or(wire, "url") == "http://box:11434/api/chat");
  REQUIRE(string_or(wire, "mode") == "stream");
  REQUIRE(parse_json(host.requests[0].body).value() == parse_json(R"({"model":"llama3.2","stream":true,"options":{"num_predict":50},"messages":[
    {"role":"system","content":"Be brief."},{"role":"user","content":"What is this?","images":["aGk=","aG8="]},
    {"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"at":"it"}}}]},
    {"role":"tool","content":"a cat","tool_name":"look"}],
    "tools":[{"type":"function","function":{"name":"look","description":"Look.","parameters":{"type":"object","properties":{},"required":[]}}}]})").value());
}

TEST_CASE("provider_ollama hands tool calls on whole") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "provider_ollama").has_value());
  host.on_http = [&](ScriptedHost::Request& request) {
    answer_http(host, request, 200, {R"({"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},{"function":{"name":"b","arguments":{}}}]},"done":false})" "\n",
                                     R"({"message":{"content":""},"done":true,"done_reason":"stop"})" "\n"});
  };
  const Answer& answer = complete(host, 1, kChat);
  REQUIRE(answer.chunks.at(0) == R"({"tool_call":{"arguments":"{\"x\":1}","id":"call_1800000000500000_0","index":0,"name":"a"}})");
  REQUIRE(answer.chunks.at(1) == R"({"tool_call":{"arguments":"{}","id":"call_1800000000500000_1","index":1,"name":"b"}})");
  REQUIRE(answer.result == R"({"stop":"tool_calls"})");
}

TEST_CASE("provider_ollama gives the model its thoughts back while tools run") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "provider_ollama").has_value());
  host.on_http = [&](ScriptedHost::Request& request) {
    answer_http(host, request, 200, {R"({"message":{"content":"","thinking":"so "},"done":false})" "\n", R"({"message":{"content":"","thinking":"be it"},"done":false})" "\n",
                                     R"({"message":{"content":"","tool_calls":[{"function":{"name":"a","arguments":{}}}]},"done":true,"done_reason":"stop"})" "\n"});
  };
  const std::vector<std::string> chunks = complete(host, 1, kChat).chunks;
  REQUIRE(chunks.back() == R"({"carry":{"thinking":"so be it"}})");
  complete(host, 2, R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","carry":{"thinking":"so be it"},
    "tool_calls":[{"id":"c","name":"a","arguments":"{}"}]},{"role":"tool","tool_call_id":"c","content":"y"}]})");
  REQUIRE(parse_json_object(host.requests.at(1).body).value().at("messages").at(1).at("thinking") == "so be it");
}

TEST_CASE("provider_ollama asks to think as it is configured, and not what can't") {
  for (const std::string think : {"true", "false", "\"low\""}) {
    ScriptedHost host;
    REQUIRE(load_shipped(host, "provider_ollama", R"({"think":)" + think + "}").has_value());
    host.on_http = [&](ScriptedHost::Request& request) {
      const bool is_first = host.requests.size() == 1 && think == "true";
      if (is_first) answer_http(host, request, 400, {}, R"({"error":"\"llama3.2\" does not support thinking"})");
      else answer_http(host, request, 200, kOllamaText);
    };
    REQUIRE(complete(host, 1, kChat).status == HOB_OK);
    REQUIRE(parse_json_object(host.requests.at(0).body).value().at("think") == parse_json(think).value());
    if (think == "true") REQUIRE_FALSE(parse_json_object(host.requests.at(1).body).value().contains("think"));
  }
}

TEST_CASE("provider_ollama asks a model without tools once more, without them") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "provider_ollama").has_value());
  host.on_http = [&](ScriptedHost::Request& request) {
    const bool has_tools = parse_json_object(request.body).value().contains("tools");
    if (has_tools) answer_http(host, request, 400, {}, R"({"error":"registry.ollama.ai/library/llama3.2 does not support tools"})");
    else answer_http(host, request, 200, kOllamaText);
  };
  REQUIRE(complete(host, 1, kChat).status == HOB_OK);
  REQUIRE(host.requests.size() == 2);
}

TEST_CASE("provider_ollama maps errors with the server's words") {
  const std::tuple<int, const char*, hob_status, const char*> cases[] = {
      {404, R"({"error":"model \"x\" not found, try pulling it first"})", HOB_NOT_FOUND, "the server answered 404: model \"x\" not found, try pulling it first"},
      {400, R"({"error":"bad"})", HOB_INVALID, "the server answered 400: bad"},
      {401, "", HOB_DENIED, "the server answered 401: "},
      {429, R"({"error":{"message":"slow"}})", HOB_OVERLOADED, "retry after 7 s: the server answered 429: slow"},
      {500, "<html><b>oops</b></html>", HOB_UNAVAILABLE, "the server answered 500:  oops "}};
  for (const auto& [status, body, code, message] : cases) {
    ScriptedHost host;
    REQUIRE(load_shipped(host, "provider_ollama").has_value());
    host.on_http = [&](ScriptedHost::Request& request) { answer_http(host, request, status, {}, body); };
    const Answer& answer = complete(host, 1, kChat);
    REQUIRE(answer.status == code);
    REQUIRE(answer.result == message);
  }
}

TEST_CASE("provider_ollama calls half a stream, HTML and an error line what they are") {
  const std::vector<std::pair<std::vector<std::string>, hob_status>> cases = {
      {{kOllamaText[0]}, HOB_UNAVAILABLE}, {{}, HOB_UNAVAILABLE}, {{"<html>\n"}, HOB_UNAVAILABLE},
      {{R"({"message":{"content":"a"},"done":false})" "\n"}, HOB_UNAVAILABLE}, {{R"({"error":"out of memory"})" "\n"}, HOB_UNAVAILABLE}};
  for (const auto& [pieces, code] : cases) {
    ScriptedHost host;
    REQUIRE(load_shipped(host, "provider_ollama").has_value());
    host.on_http = [&, &bytes = pieces](ScriptedHost::Request& request) { answer_http(host, request, 200, bytes); };
    const Answer& answer = complete(host, 1, kChat);
    INFO(answer.result);
    REQUIRE(answer.status == code);
    REQUIRE(answer.finishes == 1);
  }
}

TEST_CASE("provider_ollama lists models") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "provider_ollama").has_value());
  host.on_http = [&](ScriptedHost::Request& request) { answer_http(host, request, 200, {}, R"({"models":[{"name":"llama3.2:latest","size":1},{"name":"qwen3:8b"}]})"); };
  host.table<hob_ext_provider>(HOB_EXT_PROVIDER)->models(host.plugin, 1);
  host.run();
  REQUIRE(host.answers[1].result == R"({"models":[{"id":"llama3.2:latest"},{"id":"qwen3:8b"}]})");
}

TEST_CASE("channel_webhook takes messages with the secret and posts replies") {
  ScriptedHost host;
  REQUIRE(load_shipped(host, "channel_webhook", R"({"path":"home","secret":"0123456789abcdef","url":"http://127.0.0.1:9/r"})").has_value());
  hob_id call = 0;
  const auto post = [&](const std::string& name, const std::string& secret, const std::string& body) -> Answer& {
    const std::string head = json::serialize(json::object{{"method", "POST"}, {"path", "/hooks/" + name}, {"route", "/hooks/{config:path}"},
        {"params", json::object{}}, {"headers", {{"x-hob-secret", secret}}}, {"websocket", false}});
    host.table<hob_ext_routes>(HOB_EXT_ROUTES)->request(host.plugin, ++call, ScriptedHost::str(head), ScriptedHost::str(body));
    host.run();
    return host.answers[call];
  };
  const std::string good = R"({"id":"m1","sender":{"id":"anna","name":"Anna"},"text":"hi","thread":"kitchen","admin":true})";
  REQUIRE(post("home", "0123456789abcdef", good).result == R"({"body":{"accepted":true,"duplicate":false},"headers":{},"status":202})");
  REQUIRE(host.delivered == std::vector<std::string>{R"({"id":"m1","sender":{"id":"anna","name":"Anna"},"text":"hi","thread":"kitchen"})"});
  REQUIRE(post("home", "wrong", good).status == HOB_DENIED);
  for (const char* bad : {"", "[]", "null", "{}", R"({"id":1,"sender":{"id":"a"},"text":"x"})", R"({"id":"1","sender":"a","text":"x"})"})
    REQUIRE(post("home", "0123456789abcdef", bad).status == HOB_INVALID);
  REQUIRE(host.delivered.size() == 1);

  host.on_http = [&](ScriptedHost::Request& request) { answer_http(host, request, 200, {}, "thanks"); };
  const auto* channel = host.table<hob_ext_channel>(HOB_EXT_CHANNEL);
  channel->start(host.plugin, 90);
  channel->send(host.plugin, 91, ScriptedHost::str(R"({"id":"out1","to":{"id":"anna"},"text":"hello","kind":"reply"})"));
  host.run();
  REQUIRE(host.answers[90].result == "{}");
  REQUIRE(host.answers[91].result == R"({"message_id":"out1"})");
  REQUIRE(string_or(*object_at(parse_json_object(host.requests.at(0).request).value(), "headers"), "Idempotency-Key") == "out1");
  host.on_http = [&](ScriptedHost::Request& request) { answer_http(host, request, 503, {}, "down"); };
  channel->send(host.plugin, 92, ScriptedHost::str(R"({"id":"out2","to":{"id":"anna"},"text":"x","kind":"reply"})"));
  host.run();
  REQUIRE(host.answers[92].status == HOB_UNAVAILABLE);
}

TEST_CASE("an OpenAI-like provider fits in a screen of Lua") {
  ScriptedHost host;
  REQUIRE(host.load(R"(local hob = require "hob"
return hob.plugin { id = "test", provider = hob.http_provider {
  request = function(chat, config)
    return { url = config.base_url .. "/chat/completions", headers = { authorization = "Bearer ${secret:api_key}" },
      json = { model = chat.model, messages = chat.messages, stream = true } }
  end,
  event = function(event, out, state)
    local piece = hob.json.decode(event.data)
    local choice = piece.choices[1]
    if choice then
      out:text(choice.delta.content)
      if type(choice.finish_reason) == "string" then state.stop = choice.finish_reason == "length" and "length" or "end" end
    end
    if type(piece.usage) == "table" then out:usage { input_tokens = piece.usage.prompt_tokens, output_tokens = piece.usage.completion_tokens } end
  end } })", R"({"base_url":"http://x/v1"})").has_value());
  host.on_http = [&](ScriptedHost::Request& request) {
    answer_http(host, request, 200, {"message\n" R"({"choices":[{"delta":{"content":"Hi"},"finish_reason":null}],"usage":null})",
                                     "message\n" R"({"choices":[{"delta":{},"finish_reason":"stop"}]})", "message\n[DONE]"});
  };
  const Answer& answer = complete(host, 1, kChat);
  REQUIRE(answer.chunks == std::vector<std::string>{R"({"text":"Hi"})"});
  REQUIRE(answer.result == R"({"stop":"end"})");
  host.on_http = [&](ScriptedHost::Request& request) { answer_http(host, request, 200, {"message\n" R"({"choices":[{"delta":{"content":"Hi"}}]})"}); };
  REQUIRE(complete(host, 2, kChat).status == HOB_UNAVAILABLE);
}

TEST_CASE("the annotations name every function of the module, and no other") {
  std::stringstream meta;
  meta << std::ifstream(std::filesystem::path(HOB_SOURCE_DIR) / "sdk/lua/hob.meta.lua").rdbuf();
  const std::set<std::string> documented = names_after(meta.str(), "function hob.");
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(local hob = require "hob" local names = hob.json.array()
    local function walk(prefix, t) for k, v in pairs(t) do
      if type(v) == "function" then names[#names + 1] = prefix .. k
      elseif type(v) == "table" and prefix .. k ~= "hob.config" then walk(prefix .. k .. ".", v) end
    end end
    walk("hob.", hob) table.sort(names) return names)")).has_value());
  std::set<std::string> bound;
  const json::value names = parse_json(host.call_tool("t").result).value();
  for (const json::value& name : names.as_array()) bound.emplace(std::string_view(name.as_string()));
  REQUIRE(bound == documented);

  // Methods of objects: the prelude's "function Class:name" against the annotations'.
  std::stringstream prelude;
  for (const char* half : {"daemon/plugins/lua_prelude.cpp", "daemon/plugins/lua_prelude_calls.cpp"})
    prelude << std::ifstream(std::filesystem::path(HOB_SOURCE_DIR) / half).rdbuf();
  const auto methods = [](const std::string& source) {
    std::set<std::string> names = names_after(source, "function ");
    std::erase_if(names, [](const std::string& name) { return name.find(':') == std::string::npos; });
    return names;
  };
  std::set<std::string> in_prelude = methods(prelude.str());
  in_prelude.insert({"Call:event", "Request:json"});  // made for each call
  REQUIRE(in_prelude == methods(meta.str()));
}
