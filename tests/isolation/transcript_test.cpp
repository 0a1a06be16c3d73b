// The same plugins, driven by the same calls, inside the process and in processes of their own: everything that can be seen
// of them (answers, chunks, requests, delivered events, log lines) must be equal, byte for byte.
#include "isolation/every.hpp"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>

using namespace hobd;
using fakes::EveryHouse;

namespace {

/// One run. Each step adds what was seen to text().
class Play {
 public:
  explicit Play(Isolation isolation) : house_(isolation) {
    auto config = std::make_shared<Config>(*house_.config);
    const auto add = [](auto& into, const char* name, const char* plugin, json::object settings) {
      into[name] = PluginSettings{name, plugin, std::move(settings), {"hob.yaml", 1}};
    };
    add(config->models.providers, "openai", "provider_openai", {{"base_url", "http://127.0.0.1:9/v1"}, {"api_key", "sk-secret-of-the-test"}});
    add(config->models.providers, "ollama", "provider_ollama", {{"base_url", "http://127.0.0.1:9"}});
    add(config->channels, "hook", "channel_webhook",
        {{"path", "hook"}, {"secret", "secret-of-the-test"}, {"url", "http://127.0.0.1:9/back"}});
    config->plugins.settings["good"] = PluginSettings{"good", "good", {{"token", "a-raw-secret"}}, {"hob.yaml", 1}};
    house_.config = config;
    house_.context.bundled_paths.push_back(HOB_BUILD "/lib/hob/plugins");
    house_.context.bundled_paths.push_back(HOB_BUILD "/share/hob/lua");
    house_.install("good", fakes::kGoodTools,
                   R"(,"permissions":{"kv":"1KiB","http":["example.org"],"methods":["memory:read"],"secrets.read":["token"]},
                      "routes":[{"path":"/hooks/good","methods":["GET"],"websocket":true}],
                      "config_schema":{"type":"object","properties":{"token":{"type":"string"}}})");
    house_.start();
    REQUIRE(fakes::run_until(house_.io, [&] { return !house_.delivered.events.empty(); }));  // the channel has started
    note("start");
  }

  void call(const std::string& plugin, const std::string& extension, const std::string& function, const std::string& name = "",
            const std::string& payload = "{}", const std::string& extra = "") {
    PluginCall wanted;
    wanted.extension = extension;
    wanted.function = function;
    wanted.name = name;
    wanted.payload = payload;
    wanted.extra = extra;
    Principal user;
    user.user_id = "usr_1";
    user.scopes = {"memory:read", "chat"};
    wanted.principal = user;
    std::string chunks;
    wanted.on_chunk = [&](std::string chunk) {
      chunks += "  chunk " + chunk + "\n";
      return true;
    };
    Instance* instance = house_.registry->find(plugin);
    REQUIRE(instance);
    const Result<std::string> answer = fakes::run(house_.io, instance->async_call(std::move(wanted)));
    text_ += plugin + " " + extension + " " + function + " " + name + "\n" + chunks;
    text_ += answer.has_error() ? fmt::format("  {}: {}\n", code_name(answer.error().code), answer.error().message)
                                : "  ok " + *answer + "\n";
    note("");
  }
  void tool(const std::string& name, const std::string& arguments = "{}", const std::string& plugin = "good") {
    call(plugin, HOB_EXT_TOOL, "invoke", name, arguments);
  }
  /// What the next HTTP request is answered with.
  void script(int status, std::string body, std::vector<std::string> pieces = {}) {
    house_.http.answers.push_back({.status = status, .body = std::move(body), .pieces = std::move(pieces)});
  }
  void configure(const std::string& plugin, json::object settings) {
    auto config = std::make_shared<Config>(*house_.config);
    config->plugins.settings[plugin] = PluginSettings{plugin, plugin, std::move(settings), {"hob.yaml", 1}};
    for (const Error& error : fakes::run(house_.io, reconfigure(config))) text_ += "  " + error.message + "\n";
    note("configured");
  }
  void stop() {
    fakes::run(house_.io, house_.registry->stop(std::chrono::milliseconds(2000)));
    note("stopped");
  }

  /// With what differs between two runs of one thing taken out.
  std::string text() const {
    std::string out = text_;
    const std::string folder = house_.folder.path().string();
    for (std::size_t at = out.find(folder); at != std::string::npos; at = out.find(folder)) out.replace(at, folder.size(), "DIR");
    return out;
  }

 private:
  awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config> config) {
    co_return co_await house_.registry->reconfigure(std::move(config));
  }

  void note(const std::string& title) {
    if (!title.empty()) text_ += title + "\n";
    for (const HttpClientRequest& request : std::exchange(house_.http.requests, {})) {
      text_ += "  http " + request.method + " " + request.url + "\n";
      for (const auto& [name, value] : request.headers.fields()) text_ += "    " + name + ": " + value + "\n";
      text_ += "    " + request.body + "\n";
    }
    for (const std::string& event : std::exchange(house_.delivered.events, {})) text_ += "  delivered " + event + "\n";
    if (!house_.methods.name.empty()) text_ += "  method " + std::exchange(house_.methods.name, {}) + " as " + house_.methods.asked.via + "\n";
    std::vector<std::string> lines;
    for (const log::Line& line : lines_.take_all())
      lines.push_back(fmt::format("  log {} {}: {}\n", log::level_name(line.level), line.part, line.text));
    std::sort(lines.begin(), lines.end());  // of several plugins at once
    for (const std::string& line : lines) text_ += line;
  }

  fakes::LogLines lines_;
  EveryHouse house_;
  std::string text_;
};

void tools(Play& play) {
  play.tool("echo", R"({"a":[1,2,{"b":"ü"}]})");
  play.tool("echo", std::string(300'000, ' ') + "{}");
  play.call("good", HOB_EXT_TOOL, "invoke", "context", "{}", R"({"user_id":"usr_1"})");
  for (const char* name : {"config", "stream", "timer", "blocking", "fail", "granted", "secret", "no_such_tool"}) play.tool(name);
  play.tool("kv", "a value");
  play.tool("kv", std::string(2000, 'x'));
  play.tool("method", R"({"id":"m1"})");
  play.call("good", HOB_EXT_TOOL, "invoke", "method", "{}", "not as call");
  play.call("good", "hob.nothing/1", "invoke");
  play.tool("calculate", R"({"expression":"2*(3+4)^2"})", "tool_calculator");
  play.tool("calculate", R"({"expression":"2*("})", "tool_calculator");
  play.tool("roll_dice", R"({"dice":"0d6"})", "tool_dice");
  play.tool("roll_dice", R"({"dice":7})", "tool_dice");
  play.tool("socket", R"({"url":"wss://example.org/"})", "every");
  play.tool("socket", R"({"url":"wss://elsewhere.org/"})", "every");
}

void http(Play& play) {
  play.script(200, "whole body");
  play.tool("http", R"({"url":"https://example.org/a?b=c","method":"POST","headers":{"X-One":"1"}})");
  play.script(200, "", {"data: one\n\n", "event: two\ndata: 2\n\n"});
  play.tool("http", R"({"url":"https://example.org/","mode":"sse"})");
  play.script(200, "", {"piece", "piece"});
  play.tool("http", R"({"url":"https://example.org/","mode":"stream"})");
  play.script(503, "busy");
  play.tool("http", R"({"url":"https://example.org/","mode":"stream"})");
  play.tool("http", R"({"url":"https://elsewhere.org/"})");
  play.tool("http", R"({"url":"http://127.0.0.1/"})");
  play.tool("http", "not JSON");
}

void providers(Play& play) {
  const std::string chat = R"({"model":"m","messages":[{"role":"user","content":"Say hello"}],"stream":true})";
  play.script(200, "", {"data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n", "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},",
                        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"});
  play.call("openai", HOB_EXT_PROVIDER, "complete", "", chat);
  play.script(401, R"({"error":{"message":"bad key"}})");
  play.call("openai", HOB_EXT_PROVIDER, "complete", "", chat);
  play.script(200, R"({"data":[{"id":"one"},{"id":"two"}]})");
  play.call("openai", HOB_EXT_PROVIDER, "models");
  play.script(200, "", {"{\"message\":{\"content\":\"Hel\"}}\n{\"message\":{\"con", "tent\":\"lo\"},\"done\":true}\n"});
  play.call("ollama", HOB_EXT_PROVIDER, "complete", "", chat);
  play.call("ollama", HOB_EXT_PROVIDER, "complete", "", "{}");
  play.call("offline", HOB_EXT_PROVIDER, "complete", "", chat);
  play.call("offline", HOB_EXT_PROVIDER, "models");
  play.call("every", HOB_EXT_PROVIDER, "complete", "", chat);
  play.call("every", HOB_EXT_EMBEDDER, "describe");
  play.call("every", HOB_EXT_EMBEDDER, "embed", "", R"({"input":["a"],"purpose":"query"})");
}

void channels(Play& play) {
  const std::string head =
      R"({"id":"r","method":"POST","path":"/hooks/hook","route":"/hooks/{name}","params":{"name":"hook"},"query":{},"headers":{"x-hob-secret":"secret-of-the-test"}})";
  play.call("hook", HOB_EXT_ROUTES, "request", "", head, R"({"id":"e1","sender":{"id":"s"},"text":"hi"})");
  play.call("hook", HOB_EXT_ROUTES, "request", "", head, "rubbish");
  play.script(200, R"({"message_id":"out-1"})");
  play.call("hook", HOB_EXT_CHANNEL, "send", "", R"({"id":"o1","to":{"id":"s"},"text":"hello","kind":"reply"})");
  play.script(500, "no");
  play.call("hook", HOB_EXT_CHANNEL, "send", "", R"({"id":"o2","to":{"id":"s"},"text":"hello","kind":"reply"})");
  play.call("every", HOB_EXT_CHANNEL, "send", "", R"({"id":"o3","text":"hello"})");
  const auto get = [](const std::string& path) {
    return R"({"id":"r","method":"GET","path":")" + path + R"(","route":")" + path + R"(","params":{},"query":{},"headers":{}})";
  };
  for (const char* path : {"/", "/docs", "/health", "/openapi.json", "/ready"}) play.call("channel_http", HOB_EXT_ROUTES, "request", "", get(path));
  play.call("every", HOB_EXT_METHOD, "invoke", "every.echo", R"({"x":1})", R"({"id":"usr_1"})");
  play.configure("good", {{"token", "another-secret"}});
  play.tool("secret");
  play.configure("good", {{"token", "refuse-me"}});
  play.tool("config");
}

std::string transcript(Isolation isolation, void (*scene)(Play&)) {
  Play play(isolation);
  scene(play);
  play.stop();
  return play.text();
}

}  // namespace

TEST_CASE("a plugin can't be told apart by where it runs") {
  const auto scene = GENERATE(tools, http, providers, channels);
  const std::string inside = transcript(Isolation::none, scene), isolated = transcript(Isolation::process, scene);
  REQUIRE(inside.size() > 1000);
  REQUIRE(inside == isolated);
}
