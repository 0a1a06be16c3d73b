#include "base/text.hpp"
#include "hobctl/command.hpp"
#include "hobctl/completion.hpp"
#include "hobctl/render.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::ctl;

namespace {

const json::array& methods() {
  static const json::array all = parse_json(R"([
    {"name":"chat.send","doc":"Say.","positional":["message"],
     "params":{"type":"object","required":["message"],"properties":{
       "message":{"type":"string"},"session_id":{"type":["string","null"]},"sampling":{"type":"object"},
       "promise_early":{"type":"boolean"}}}},
    {"name":"conversation.get","doc":"One.","positional":["conversation_id"],
     "params":{"type":"object","required":["conversation_id"],"properties":{
       "conversation_id":{"type":"string"},"limit":{"type":"integer","description":"how many"}}}},
    {"name":"conversation.list","doc":"All.","positional":[],"params":{"type":"object","properties":{}}},
    {"name":"key.create","doc":"Key.","positional":["name"],
     "params":{"type":"object","properties":{"name":{"type":"string"},"scopes":{"type":"array"}}}}
  ])")->as_array();
  return all;
}

Result<json::object> read(std::string_view group, std::string_view verb, std::vector<std::string> words) {
  return read_params(**find_method(methods(), group, verb), words);
}

/// The terminal's time zone while it lives.
struct TerminalIn {
  explicit TerminalIn(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  ~TerminalIn() {
    unsetenv("TZ");
    tzset();
  }
};

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  for (const std::string_view line : split(text, '\n')) widest = std::max(widest, line.size());
  return widest;
}

}  // namespace

TEST_CASE("options before the command are hobctl's own") {
  const std::vector<std::string> words{"--socket", "/s", "--json", "conversation", "list", "--limit", "3"};
  const auto line = parse_line(words);
  REQUIRE(line.has_value());
  CHECK(line->socket == "/s");
  CHECK(line->as_json);
  CHECK(line->words == std::vector<std::string>{"conversation", "list", "--limit", "3"});
  CHECK(parse_line(std::vector<std::string>{"--sockt", "x"}).has_error());
  CHECK(parse_line(std::vector<std::string>{"--socket"}).has_error());
}

TEST_CASE("positional words and options become what the schema says") {
  const auto get = read("conversation", "get", {"conv_1", "--limit=3"});
  REQUIRE(get.has_value());
  CHECK(get->at("conversation_id").as_string() == "conv_1");
  CHECK(get->at("limit").as_int64() == 3);
  const auto send = read("chat", "send", {"--promise-early", "--session-id", "null", "--sampling", R"({"temperature":0})", "good", "morning"});
  REQUIRE(send.has_value());
  CHECK(send->at("message").as_string() == "good morning");
  CHECK(send->at("session_id").is_null());
  CHECK(send->at("promise_early").as_bool());
  CHECK(send->at("sampling").at("temperature").as_int64() == 0);
  CHECK(read("key", "create", {"phone", "--scopes", "chat, memory"})->at("scopes").as_array().size() == 2);
}

TEST_CASE("after -- everything is text") {
  CHECK(read("chat", "send", {"--", "--json", "is", "an", "option"})->at("message").as_string() == "--json is an option");
}

TEST_CASE("a mistake on the line is named") {
  CHECK_THAT(read("conversation", "get", {"c", "--limt", "3"}).error().message, Catch::Contains("did you mean limit?"));
  CHECK_THAT(read("conversation", "get", {"c", "--limit", "x"}).error().message, Catch::Contains("a whole number"));
  CHECK_THAT(read("conversation", "get", {"c", "--limit"}).error().message, Catch::Contains("a value is wanted"));
  CHECK_THAT(read("conversation", "get", {}).error().message, Catch::Contains("conversation_id is missing"));
  CHECK_THAT(read("conversation", "list", {"x"}).error().message, Catch::Contains("one word too many"));
  CHECK_THAT(read("chat", "send", {"--sampling", "{", "x"}).error().message, Catch::Contains("JSON is wanted"));
}

TEST_CASE("an unknown command gets a suggestion or the verbs there are") {
  CHECK_THAT(find_method(methods(), "conversatoin", "get").error().message, Catch::Contains("conversation"));
  CHECK_THAT(find_method(methods(), "conversation", "gett").error().message, Catch::Contains("get, list"));
  CHECK_THAT(find_method(methods(), "conversation", "").error().message, Catch::Contains("get, list"));
}

TEST_CASE("a mistyped command of hobctl's own is recognised too") {
  CHECK_THAT(find_method(methods(), "sned", "").error().message, Catch::Contains("did you mean send?") && Catch::Contains("hobctl help"));
}

TEST_CASE("the overview of a group has its verbs alone") {
  CHECK_THAT(overview(methods(), "key"), Catch::Contains("key create") && !Catch::Contains("chat send"));
  CHECK(overview(methods(), "nope").empty());
}

TEST_CASE("a list keeps the ids that the next command is given, and leaves out those of other things and empty columns") {
  const TerminalIn greenwich("UTC0");
  const std::string id(37, 'i'), other(37, 'o');
  json::array items;
  for (int i = 0; i < 2; ++i)
    items.push_back({{"id", id}, {"conversation_id", other}, {"external_id", ""}, {"reply_id", other}, {"state", "replied"}, {"error", nullptr}, {"created_at", "2026-11-21T08:30:00.5Z"}});
  const json::object list{{"items", items}, {"next_cursor", nullptr}};
  const std::string narrow = render(json::value(list), 80);
  CHECK_THAT(narrow, Catch::Contains(id + "  replied  2026-11-21 08:30\n") && !Catch::Contains("ooo") && !Catch::Contains("error") && !Catch::Contains("external_id"));
  CHECK_THAT(render(json::value(list), 110), Catch::Contains(other + "  replied"));
}

TEST_CASE("people get plain numbers, sizes in MiB and times without fractions") {
  const TerminalIn greenwich("UTC0");
  const json::value answer = *parse_json(
      R"({"items":[{"id":"a","session_id":"ses_1","cost_usd":0.000012,"bytes":3145728,"at":"2026-11-21T08:30:00.123456Z"}]})");
  const std::string text = render(answer, 200);
  CHECK_THAT(text, Catch::Contains("0.000012") && Catch::Contains("3.0 MiB") && Catch::Contains("2026-11-21 08:30"));
  CHECK_THAT(text, !Catch::Contains("ses_1"));
  CHECK_THAT(render(*parse_json(R"({"at":"2026-11-21T08:30:00.123456Z"})")), Catch::Contains("2026-11-21T08:30:00Z"));
}

TEST_CASE("usage names positionals and options") {
  const std::string text = usage(**find_method(methods(), "conversation", "get"));
  CHECK_THAT(text, Catch::Contains("hobctl conversation get CONVERSATION_ID [--options]"));
  CHECK_THAT(text, Catch::Contains("how many"));
}

TEST_CASE("a list becomes a table that fits the terminal") {
  const json::value list = *parse_json(R"({"items":[{"id":"a","title":"ein sehr langer Titel, der nicht passt und gekürzt wird","n":1},{"id":"bb","title":null,"n":20}],"next_cursor":"c1"})");
  const std::string text = render(list, 40);
  CHECK_THAT(text, Catch::Contains("id"));
  CHECK_THAT(text, Catch::Contains("…"));
  CHECK_THAT(text, Catch::Contains("more: --cursor c1"));
  CHECK(render(*parse_json(R"({"items":[],"next_cursor":null})")) == "nothing\n");
}

TEST_CASE("an object becomes a line for each member") {
  const std::string text = render(*parse_json(R"({"version":"1","ready":true,"turns":{"running":2}})"));
  CHECK_THAT(text, Catch::Contains("ready:   yes"));
  CHECK_THAT(text, Catch::Contains("  running: 2"));
}

TEST_CASE("a terminal is not driven by what a model says") {
  CHECK(printable("a\x1b[2Jb\nc") == "a\\x1b[2Jb\nc");
}

TEST_CASE("completion scripts know groups and verbs") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell, methods());
    REQUIRE(script.has_value());
    CHECK_THAT(*script, Catch::Contains("get list"));
  }
  CHECK(completion_script("tcsh", methods()).has_error());
}

TEST_CASE("memories are listed by what a person looks for, without columns that nothing fills") {
  const auto list = parse_json(R"({"items":[
    {"id":"mem_1","text":"likes tea","kind":"preference","importance":0.5,"topics":["food"],"people":[],"sources":[{"quote":"q"}],
     "valid_from":null,"valid_to":null,"superseded_by":null,"recorded_at":"2026-11-21T08:00:00Z","version":1}],"next_cursor":null})");
  const std::string shown = render(*list, 120);
  CHECK(shown.find("likes tea") != std::string::npos);
  CHECK(shown.find("food") != std::string::npos);
  for (const char* column : {"people", "valid_from", "recorded_at", "version", "sources"}) CHECK(shown.find(column) == std::string::npos);
}

TEST_CASE("usage.summary is shown as a table with its sum, what was saved and which prices are missing") {
  const TerminalIn greenwich("UTC0");
  const std::string text = render(*parse_json(R"({"items":[
      {"key":"usr_1","name":"anna","calls":2,"failed":0,"input_tokens":1200,"output_tokens":80,"cached_tokens":900,"cache_write_tokens":0,"cost_usd":0.0012,"reserved_usd":0,"estimated_calls":0},
      {"key":"","name":null,"calls":1,"failed":0,"input_tokens":10,"output_tokens":1,"cached_tokens":0,"cache_write_tokens":0,"cost_usd":1.5,"reserved_usd":0,"estimated_calls":0}],
    "total":{"calls":3,"failed":0,"input_tokens":1210,"output_tokens":81,"cached_tokens":900,"cache_write_tokens":0,"cost_usd":1.5012,"reserved_usd":0.25,"estimated_calls":0},
    "saved":{"routing_usd":0.75,"caching_usd":-0.002},"since":"2026-11-01T00:00:00Z","until":"2026-12-01T00:00:00Z","unknown_prices":["x/y"]})"), 120);
  CHECK(text.find("2026-11-01 00:00 to 2026-12-01 00:00") == 0);
  CHECK(text.find("anna      2       1200             900          80  0.0012\n") != std::string::npos);
  CHECK(text.find("all       3       1210             900          81  1.5012\n") != std::string::npos);
  CHECK(text.find("failed") == std::string::npos);
  CHECK(text.find("reserved for calls under way: 0.25 USD") != std::string::npos);
  CHECK(text.find("saved by routing 0.75 USD, by the providers' prompt caches -0.002 USD") != std::string::npos);
  CHECK(text.find("x/y") != std::string::npos);
}

TEST_CASE("budget.get is shown as a table: whose limit, what is left, when it begins anew") {
  const std::string text = render(*parse_json(R"({"daily":{},"monthly":{},"warn_at":0.8,"on_limit":"downgrade","limits":[
      {"scope":"all","name":null,"window":"day","limit_usd":0.5,"spent_usd":0.1,"reserved_usd":0.05,"remaining_usd":0.35,"limit_tokens":null,"used_tokens":9,"resets_at":"2026-11-22T00:00:00Z","is_set":false},
      {"scope":"user","name":"*","window":"day","limit_usd":null,"spent_usd":0,"reserved_usd":0,"remaining_usd":null,"limit_tokens":1000,"used_tokens":1200,"resets_at":"2026-11-22T00:00:00Z","is_set":true}]})"), 140);
  CHECK(text.find("the household") != std::string::npos);
  CHECK(text.find("0.15 USD") != std::string::npos);
  CHECK(text.find("0.35 USD") != std::string::npos);
  CHECK(text.find("each user") != std::string::npos);
  CHECK(text.find("0 tokens") != std::string::npos);
  CHECK(text.find("budget set") != std::string::npos);
  CHECK(text.find("the owner is told at 80 %; at a limit: downgrade") != std::string::npos);
}

TEST_CASE("usage.list is a table that fits a terminal: when where one is, who, what for, tokens, cost, outcome") {
  const TerminalIn berlin("CET-1");
  const std::string text = render(*parse_json(R"({"items":[
      {"id":"led_2","at":"2026-11-21T08:30:12.123456Z","model":"anthropic/claude-sonnet-4-5","tier":"smart","purpose":"chat","background":false,"state":"reserved","input_tokens":0,"output_tokens":0,
       "cached_tokens":0,"cache_write_tokens":0,"cost_usd":0,"reserved_usd":0.0345,"estimated":false,"user_id":"usr_0123456789abcdef","user":"anna","channel":"http","conversation_id":"con_1","turn_id":"turn_1","job":null,"settled_at":null},
      {"id":"led_1","at":"2026-11-21T08:29:00Z","model":"anthropic/claude-haiku-4-5","tier":"fast","purpose":"consolidation","background":true,"state":"answered","input_tokens":12345,"output_tokens":80,
       "cached_tokens":1024,"cache_write_tokens":0,"cost_usd":0.000012,"reserved_usd":0,"estimated":true,"user_id":"usr_gone","user":null,"channel":null,"conversation_id":null,"turn_id":null,"job":null,"settled_at":"2026-11-21T08:29:02Z"}],
    "next_cursor":"c1"})"), 120);
  CHECK(text ==
        "at                who       channel  for            model                           in  cached  out       USD  outcome\n"
        "2026-11-21 09:30  anna      http     chat           anthropic/claude-sonnet-4-5      0            0    0.0345  under way\n"
        "2026-11-21 09:29  usr_gone           consolidation  anthropic/claude-haiku-4-5   12345    1024   80  0.000012  estimated\n"
        "more: --cursor c1\n");
  CHECK(widest_line(text) <= 120);
}

TEST_CASE("model.list tells what a model costs, whether it is well, and what its trouble is") {
  const std::string text = render(*parse_json(R"({"items":[
      {"name":"a/m","provider":"a","model":"m","tiers":["fast","smart"],"healthy":false,"trouble":"the model server answered 401: no","input_usd":0.15,"output_usd":0.6,"price":"table"},
      {"name":"offline/offline","provider":"offline","model":"offline","tiers":[],"healthy":true,"trouble":null,"input_usd":0,"output_usd":0,"price":"local"}],"next_cursor":null})"), 120);
  CHECK_THAT(text, Catch::Contains("a/m") && Catch::Contains("fast, smart  no") && Catch::Contains("0.15") && Catch::Contains("answered 401"));
  CHECK_THAT(text, !Catch::Contains("provider"));
}

TEST_CASE("model.routes tells the order of each tier and how messages were routed") {
  const std::string text = render(*parse_json(R"({"tiers":{"fast":["a/small","b/small"],"smart":["b/big"]},"mode":"auto",
      "stats":{"decisions":{"user":1,"rule":2,"score":0,"model":0,"cache":0},"tiers":{"fast":2,"smart":1},"escalated":0,"cached":7}})"));
  CHECK(text ==
        "fast:   a/small, then b/small\n"
        "smart:  b/big\n"
        "mode:   auto\n"
        "routed since the start: fast 2, smart 1\n"
        "decided by: user 1, rule 2\n"
        "asked again of the smart tier: 0; decisions kept in the cache: 7\n");
}
