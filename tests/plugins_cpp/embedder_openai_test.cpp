// embedder_openai, and provider_openai as an embedder, against what servers send and how they fail.
#include "embedder_host.hpp"

using namespace embedders;
using hob::test::Host;
using hob::test::HttpReply;

namespace {

const json::object kConfig{{"base_url", "http://127.0.0.1:1234/v1/"}, {"model", "m"}, {"dimensions", 2}};

std::string list_of(const std::string& rows) { return R"({"object":"list","model":"m","data":[)" + rows + "]}"; }
const std::string kTwo = list_of(R"({"index":0,"embedding":[1,0]},{"index":1,"embedding":[0.5,0.25]})");

struct Outcome {
  hob_status status;
  std::string result;
};
Outcome ask(HttpReply reply, const std::vector<std::string>& texts = {"a", "b"}, const json::object& config = kConfig) {
  Host host(plugin("embedder_openai", config));
  host.http.push_back(std::move(reply));
  const auto& answer = host.embed(request(texts));
  CHECK(answer.finishes == 1);
  return {answer.status, answer.result};
}
Outcome body(const std::string& text) { return ask({.body = text}); }

}  // namespace

TEST_CASE("an /embeddings answer becomes rows") {
  const auto answer = body(kTwo);
  CHECK(answer.status == HOB_OK);
  CHECK(floats(answer.result) == Vector{1, 0, 0.5, 0.25});
}
TEST_CASE("rows are ordered by their index") {
  CHECK(floats(body(list_of(R"({"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2]})")).result) == Vector{1, 2, 3, 4});
}
TEST_CASE("rows without an index are in the order of the texts") {
  CHECK(floats(body(list_of(R"({"embedding":[1,2]},{"embedding":[3,4]})")).result) == Vector{1, 2, 3, 4});
}
TEST_CASE("base64 vectors are read") {
  // 1.0f and 0.5f, then -2.0f and 0.0f, little-endian
  CHECK(floats(body(list_of(R"({"index":0,"embedding":"AACAPwAAAD8="},{"index":1,"embedding":"AAAAwAAAAAA="})")).result) == Vector{1, 0.5, -2, 0});
}
TEST_CASE("the request is what OpenAI documents") {
  Host host(plugin("embedder_openai", kConfig));
  host.http.push_back({.body = kTwo});
  host.embed(request({"a", "b\n\"c\""}));
  REQUIRE(host.requests.size() == 1);
  CHECK(host.requests[0].method == "POST");
  CHECK(host.requests[0].url == "http://127.0.0.1:1234/v1/embeddings");
  CHECK(json::parse(host.requests[0].body) == json::parse(R"({"model":"m","input":["a","b\n\"c\""],"dimensions":2})"));
}
TEST_CASE("the key is sent by reference") {
  Host host(plugin("embedder_openai", {{"model", "m"}, {"dimensions", 2}, {"api_key", json::object{{"$secret", "api_key"}}}}));
  host.http.push_back({.body = kTwo});
  host.embed(request({"a", "b"}));
  CHECK_THAT(host.requests.at(0).head, Catch::Contains("Bearer ${secret:api_key}"));
}
TEST_CASE("prefixes tell queries from documents, and are part of the model's name") {
  json::object config = kConfig;
  config["query_prefix"] = "query: ";
  config["document_prefix"] = "passage: ";
  Host host(plugin("embedder_openai", config));
  host.on_http = [](const auto&) { return HttpReply{.body = list_of(R"({"index":0,"embedding":[1,0]})")}; };
  host.embed(request({"a"}, "query"));
  host.embed(request({"a"}, "document"));
  CHECK_THAT(host.requests.at(0).body, Catch::Contains("\"query: a\""));
  CHECK_THAT(host.requests.at(1).body, Catch::Contains("\"passage: a\""));
  CHECK(json::parse(host.embedder().result).at("model") == "m:2+passage: ");
}
TEST_CASE("the dimension is asked of the server when the config doesn't say it") {
  Host host(plugin("embedder_openai", {{"model", "m"}}));
  host.http.push_back({.body = list_of(R"({"index":0,"embedding":[1,0,0]})")});
  CHECK(json::parse(host.embedder().result) == json::parse(R"({"model":"m","dimension":3,"max_batch":64})"));
  CHECK(json::parse(host.embedder().result).at("dimension") == 3);
  CHECK(host.requests.size() == 1);
}
TEST_CASE("blank texts are not sent and get zeros") {
  Host host(plugin("embedder_openai", kConfig));
  host.http.push_back({.body = list_of(R"({"index":0,"embedding":[1,0]})")});
  CHECK(floats(host.embed(request({" \n", "a", ""})).result) == Vector{0, 0, 1, 0, 0, 0});
  CHECK(json::parse(host.requests.at(0).body).at("input") == json::array{"a"});
}
TEST_CASE("no texts send nothing") {
  Host host(plugin("embedder_openai", kConfig));
  CHECK(host.embed(request({})).result.empty());
  CHECK(host.requests.empty());
}
TEST_CASE("a long text is cut between characters") {
  json::object config = kConfig;
  config["max_bytes"] = 101;
  Host host(plugin("embedder_openai", config));
  host.http.push_back({.body = list_of(R"({"index":0,"embedding":[1,0]})")});
  std::string text;
  for (int i = 0; i < 100; ++i) text += "é";
  CHECK(host.embed(request({text})).status == HOB_OK);
  CHECK(json::parse(host.requests.at(0).body).at("input").at(0).as_string() == text.substr(0, 100));
}
TEST_CASE("many texts go in batches") {
  Host host(plugin("embedder_openai", kConfig));
  host.on_http = [](const hob::test::HttpRequest& asked) {
    std::string rows;
    const std::size_t count = json::parse(asked.body).at("input").as_array().size();
    for (std::size_t i = 0; i < count; ++i) rows += (i ? "," : "") + std::string(R"({"index":)") + std::to_string(i) + R"(,"embedding":[1,0]})";
    return HttpReply{.body = list_of(rows)};
  };
  const auto& answer = host.embed(request(std::vector<std::string>(150, "a")));
  INFO(answer.result);
  CHECK(answer.result.size() == 300 * sizeof(float));
  CHECK(host.requests.size() == 3);
}
TEST_CASE("refusals of an embedding server are mapped") {
  const std::string words = R"({"error":{"message":"no such thing"}})";
  CHECK(ask({.status = 401, .body = words}).status == HOB_DENIED);
  CHECK(ask({.status = 403, .body = words}).status == HOB_DENIED);
  CHECK(ask({.status = 404, .body = words}).status == HOB_NOT_FOUND);
  CHECK(ask({.status = 400, .body = words}).status == HOB_INVALID);
  CHECK(ask({.status = 500, .body = words}).status == HOB_UNAVAILABLE);
  CHECK_THAT(ask({.status = 400, .body = words}).result, Catch::Contains("no such thing"));
}
TEST_CASE("a rate limit says when to come back") {
  const auto answer = ask({.status = 429, .headers = R"({"retry-after":"7"})", .body = "{}"});
  CHECK(answer.status == HOB_OVERLOADED);
  CHECK_THAT(answer.result, Catch::StartsWith("retry after 7 s: "));
}
TEST_CASE("what is no embedding answer is refused whole") {
  const std::pair<const char*, const char*> kBad[] = {
      {"<html>gateway</html>", "not JSON"},
      {"", "it is empty"},
      {R"({"ok":true})", "without vectors"},
      {R"({"data":[{"index":0,"embedding":[1,0]}]})", "1 vectors for 2 texts"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]})", "numbered"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":2,"embedding":[1,0]}]})", "numbered"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":-1,"embedding":[1,0]}]})", "numbered"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1]}]})", "different sizes"},
      {R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1]}]})", "asked for were 2"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[]}]})", "without numbers"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1,null]}]})", "no number"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1,1e300]}]})", "NaN or infinity"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"AADAfwAAAAA="}]})", "NaN or infinity"},
      {R"({"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"AAA"}]})", "base64"},
      {R"({"error":{"message":"overloaded model"}})", "overloaded model"}};
  for (const auto& [text, why] : kBad) {
    INFO(text);
    const auto answer = body(text);
    CHECK(answer.status == HOB_UNAVAILABLE);
    CHECK_THAT(answer.result, Catch::Contains(why));
  }
}
TEST_CASE("a provider instance embeds with the model that is named") {
  Host host(plugin("provider_openai", {{"base_url", "http://127.0.0.1:1234/v1"}}));
  CHECK(json::parse(host.embedder().result).at("model") == "");
  host.http.push_back({.body = kTwo});
  CHECK(floats(host.embed(request({"a", "b"}, "query", "text-embedding-x")).result) == Vector{1, 0, 0.5, 0.25});
  CHECK(json::parse(host.requests.at(0).body) == json::parse(R"({"model":"text-embedding-x","input":["a","b"]})"));
  CHECK(host.embed(request({"a"})).status == HOB_INVALID);
}
