// What the host does for a plugin, asked through the real ABI.
#include "plugins/house.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using fakes::House;

namespace {

struct ServiceHouse : House {
  explicit ServiceHouse(std::string permissions = R"({"http":["api.example.org","*.wild.example","config:base_url"],
      "secrets":{"token":["api.example.org"]},"secrets.read":["token"],"kv":"64","methods":["memory:read","chat"]})") {
    install("good", fakes::kGoodTools, R"(,"config_schema":{"type":"object","additionalProperties":false,"properties":{
        "token":{"type":"string"},"base_url":{"type":"string"},"mood":{"type":"string"}}},"permissions":)" + permissions);
    set("good", {{"token", "sesame-open"}, {"base_url", "http://127.0.0.1:9999/v1"}});
    start();
  }
  std::string http_call(const std::string& request) { return call(tool("http", request)).value(); }
};

}  // namespace

TEST_CASE("a plugin gets the tables its manifest was granted, and no others") {
  ServiceHouse granted;
  const std::string all = granted.call(granted.tool("granted")).value();
  for (const char* id : {"hob.host.kv/1", "hob.host.http/1", "hob.host.websocket/1", "hob.host.secret/1", "hob.host.method/1"})
    REQUIRE(all.find(id) != std::string::npos);
  REQUIRE(all.find("channel") == std::string::npos);
  ServiceHouse bare("{}");
  REQUIRE(bare.call(bare.tool("granted")).value() ==
          "hob.host.call/1 hob.host.log/1 hob.host.clock/1 hob.host.timer/1 hob.host.executor/1 ");
}

TEST_CASE("secret settings are withheld from activate") {
  ServiceHouse house;
  const std::string config = house.call(house.tool("config")).value();
  REQUIRE(config.find("sesame") == std::string::npos);
  REQUIRE(config.find(R"("token":{"$secret":"token"})") != std::string::npos);
}

TEST_CASE("a request to a granted host goes out, with its secret filled in") {
  ServiceHouse house;
  house.http.answers.push_back({.body = "pong"});
  const std::string out = house.http_call(
      R"({"method":"POST","url":"https://api.example.org/a?k=${secret:token}","headers":{"x-key":{"$secret":"token"},"authorization":"Bearer ${secret:token}"}})");
  REQUIRE(out.ends_with("|0|pong"));
  REQUIRE(out.find("sesame") == std::string::npos);
  const HttpClientRequest& sent = house.http.requests.at(0);
  REQUIRE(sent.url == "https://api.example.org/a?k=sesame-open");
  REQUIRE(sent.headers.get("x-key") == "sesame-open");
  REQUIRE(sent.headers.get("authorization") == "Bearer sesame-open");
  REQUIRE(sent.body == "body");
  REQUIRE(sent.public_only);
}

TEST_CASE("a host that is not granted is denied with the line to add") {
  ServiceHouse house;
  for (const char* url : {"https://evil.example/", "https://api.example.org.evil.example/", "https://wild.example/",
                          "http://127.0.0.1:9998/", "https://notwild.example/"}) {
    const std::string out = house.http_call(std::string(R"({"url":")") + url + "\"}");
    REQUIRE(out.find("|4|") != std::string::npos);
    REQUIRE(out.find("\"permissions\": {\"http\": [\"") != std::string::npos);
  }
  REQUIRE(house.http.requests.empty());
}

TEST_CASE("URLs that two parsers could read differently are refused") {
  ServiceHouse house;
  for (const char* url : {"https://api.example.org@evil.example/", "https://user:pw@api.example.org/", "file:///etc/passwd",
                          "https://api.example.org\\\\@evil.example/", "nonsense"})
    REQUIRE(house.http_call(std::string(R"({"url":")") + url + "\"}").find("|0|") == std::string::npos);
  REQUIRE(house.http.requests.empty());
}

TEST_CASE("a host of the plugin's own config may be private") {
  ServiceHouse house;
  house.http.answers.push_back({.body = "ok"});
  REQUIRE(house.http_call(R"({"url":"http://127.0.0.1:9999/v1/models"})").ends_with("|0|ok"));
  REQUIRE_FALSE(house.http.requests.at(0).public_only);
}

TEST_CASE("a secret goes only to the hosts it is paired with") {
  ServiceHouse house;
  const std::string out = house.http_call(R"({"url":"https://a.wild.example/","headers":{"x":"${secret:token}"}})");
  REQUIRE(out.find("|4|secret token may not go to a.wild.example") != std::string::npos);
  REQUIRE(house.http.requests.empty());
}

TEST_CASE("a redirect is checked like the first request") {
  ServiceHouse house;
  house.http.answers.push_back({.redirect = "https://evil.example/"});
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/"})").find("|4|evil.example is not granted") != std::string::npos);
  house.http.answers.push_back({.redirect = "https://a.wild.example/"});
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/","headers":{"x":"${secret:token}"}})").find("|4|secret token") !=
          std::string::npos);
  house.http.answers.push_back({.body = "ok", .redirect = "https://a.wild.example/"});
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/"})").ends_with("|0|ok"));
}

TEST_CASE("a header can't begin another") {
  ServiceHouse house;
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/","headers":{"x":"a\r\nb: c"}})").find("|3|") != std::string::npos);
}

TEST_CASE("sse gives one event each, stream gives pieces") {
  ServiceHouse house;
  house.http.answers.push_back({.pieces = {"data: a\n\nda", "ta: b\n\nevent: end\ndata: c\n\n"}});
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/","mode":"sse"})").find("|message\na;message\nb;end\nc;|0|") !=
          std::string::npos);
  house.http.answers.push_back({.pieces = {"one", "two"}});
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/","mode":"stream"})").find("|one;two;|0|") != std::string::npos);
}

TEST_CASE("a status that is not 2xx comes whole in every mode") {
  ServiceHouse house;
  house.http.answers.push_back({.status = 429, .body = "slow down", .pieces = {"never"}});
  const std::string out = house.http_call(R"({"url":"https://api.example.org/","mode":"sse"})");
  REQUIRE(out.find("\"status\":429") != std::string::npos);
  REQUIRE(out.ends_with("||0|slow down"));
}

TEST_CASE("a request that hangs ends when the call is cancelled") {
  ServiceHouse house;
  house.http.answers.push_back({.hang = true});
  std::optional<Result<std::string>> answer;
  const auto id = house.plugin().start_call(house.tool("http", R"({"url":"https://api.example.org/"})"),
                                            [&](Result<std::string> r) { answer = std::move(r); });
  REQUIRE(fakes::run_until(house.io, [&] { return house.http.requests.size() == 1; }));
  house.plugin().cancel_call(id);
  REQUIRE(fakes::run_until(house.io, [&] { return answer.has_value(); }));
}

TEST_CASE("kv keeps a value under the instance's name, up to its quota") {
  ServiceHouse house;
  REQUIRE(house.call(house.tool("kv", "value")).value() == "value");
  REQUIRE(house.kv.values.at({"good", "k"}) == "value");
  REQUIRE(house.call(house.tool("kv", std::string(100, 'x'))).error().code == Code::overloaded);
}

TEST_CASE("an operation id in flight is refused as invalid") {
  ServiceHouse house;
  house.http.answers.push_back({.hang = true});
  REQUIRE(house.call(house.tool("same_id", R"({"url":"https://api.example.org/"})")).value() == "3");
}

TEST_CASE("timers fire on the strand until they are stopped") {
  ServiceHouse house;
  REQUIRE(house.call(house.tool("timer")).value() == "3");
}

TEST_CASE("a blocking task leaves the strand and comes back by post") {
  ServiceHouse house;
  REQUIRE(house.call(house.tool("blocking")).value() == "back");
}

TEST_CASE("a raw secret is read when the manifest lists it") {
  ServiceHouse house;
  REQUIRE(house.call(house.tool("secret")).value() == "0|sesame-open");
}

TEST_CASE("as_call asks in the user's name, with no more than the manifest's scopes") {
  ServiceHouse house;
  PluginCall call = house.tool("method");
  call.principal = Principal{"u1", "ann", {"chat", "memory", "tools"}, "http"};
  REQUIRE(house.call(std::move(call)).value() == R"(0|{"ok":true})");
  REQUIRE(house.methods.asked.user_id == "u1");
  REQUIRE(house.methods.asked.scopes == std::set<std::string, std::less<>>{"chat", "memory:read"});
}

TEST_CASE("without as_call the plugin asks for itself") {
  ServiceHouse house;
  REQUIRE(house.call(house.tool("method", "{}", "own")).value() == R"(0|{"ok":true})");
  REQUIRE(house.methods.asked.user_id.empty());
  REQUIRE(house.methods.asked.via == "plugin:good");
  REQUIRE(house.methods.asked.scopes == std::set<std::string, std::less<>>{"chat", "memory:read"});
}

TEST_CASE("as_call of a call without a user is denied") {
  ServiceHouse house;
  REQUIRE(house.call(house.tool("method")).value().starts_with("4|as_call"));
}

TEST_CASE("a default base_url of a bundled plugin is granted although the config has none") {
  House house;
  house.install("good", fakes::kGoodTools, R"(,"permissions":{"http":["config:base_url"]},"config_schema":{"type":"object",
      "properties":{"base_url":{"type":"string","default":"http://127.0.0.1:11434"}}})");
  house.start();
  house.http.answers.push_back({.body = "pong"});
  REQUIRE(house.call(house.tool("http", R"({"url":"http://127.0.0.1:11434/api/tags"})")).value().ends_with("|0|pong"));
  REQUIRE(house.call(house.tool("config")).value() == R"({"base_url":"http://127.0.0.1:11434"})");
}

TEST_CASE("JSON in answer to a request for server-sent events is the result") {
  ServiceHouse house;
  house.http.answers.push_back({.headers = {{"Content-Type", "application/json"}}, .pieces = {"{\"choices\"", ":[]}"}});
  REQUIRE(house.http_call(R"({"url":"https://api.example.org/","mode":"sse"})").ends_with("|0|{\"choices\":[]}"));
}

TEST_CASE("a plugin that floods the log is cut, and says so") {
  std::vector<std::string> lines;
  const auto id = log::listen([&](const log::Line& line) { if (line.part == "flood") lines.push_back(line.text); });
  {
    log::Throttle throttle("flood", 10, 1000);
    const auto start = std::chrono::steady_clock::time_point{} + std::chrono::hours(1);
    for (int i = 0; i < 1000; ++i) throttle.write(log::Level::warn, "x", start);
    REQUIRE(lines.size() == 10);
    throttle.write(log::Level::warn, "after", start + std::chrono::seconds(1));
    REQUIRE(lines.size() == 12);
    REQUIRE(lines[10] == "990 lines dropped: it logs too much");
    throttle.write(log::Level::warn, std::string(2000, 'y'), start + std::chrono::seconds(2));  // over the bytes
    REQUIRE(lines.size() == 12);
  }
  REQUIRE(lines.back() == "1 lines dropped: it logs too much");
  log::forget(id);
}
