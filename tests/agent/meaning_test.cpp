// What a turn does with what models say, beyond what tests/scenarios can tell.
#include "fakes/house.hpp"
#include "fakes/recording_router.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

/// A house whose router is recorded.
struct Recorded {
  Recorded() {
    house.around_router = [this](std::unique_ptr<Router> real) { return std::make_unique<RecordingRouter>(std::move(real), record); };
    house.build();
    house.registry.add_tool(tool_manifest("add"), *house.tools);
  }
  TempFolder folder;
  RouterRecord record;
  House house{folder.path()};
};

ScriptedAnswer calls_add() { return calls_tool("c", "add", R"({"x":1})"); }

ScriptedAnswer hangs() {
  ScriptedAnswer answer;
  answer.hangs = true;
  return answer;
}

ScriptedAnswer stops(ScriptedAnswer answer, const std::string& why) {
  answer.result = "{\"stop\":\"" + why + "\"}";
  return answer;
}

/// Begins a turn in `house` that its last scripted answer holds up, and leaves it in the journal.
void leave_off(House& house, const std::string& text, std::size_t asked) {
  asio::co_spawn(house.io, house.agent->send(house.request(text), nullptr), [](std::exception_ptr, Result<TurnReply>) {});
  REQUIRE(run_until(house.io, [&] { return house.model.requests.size() == asked; }));
  run(house.io, house.agent->drain(std::chrono::milliseconds(0)));
}

/// The reply of the only turn, after a restart.
std::string resumed_reply(House& house) {
  run(house.io, house.agent->resume());
  REQUIRE(run_until(house.io, [&] { return house.agent->stats().replied == 1; }));
  const auto turns = run(house.io, house.store->journal().list_turns(house.user.id, {}, {})).value();
  REQUIRE(turns.items.size() == 1);
  return run(house.io, house.store->conversations().find_message(house.user.id, turns.items[0].reply_id)).value().text;
}

/// A tool of Hob's own that counts its runs.
void add_own(House& house, const std::string& name, ToolEffect effect, int& runs) {
  BuiltinTool tool;
  tool.manifest = tool_manifest(name, effect);
  tool.run = [&runs](ToolCall) -> awaitable<Result<json::value>> { co_return json::object{{"run", ++runs}}; };
  house.toolbox->add_builtin(std::move(tool));
}

json::array contents_of_tools(const json::object& request) {
  json::array contents;
  for (const json::value& message : request.at("messages").as_array())
    if (string_or(message.as_object(), "role") == "tool") contents.push_back(message.at("content"));
  return contents;
}

}  // namespace

TEST_CASE("each model call says what it is for and who pays") {
  Recorded on;
  on.house.model.answers = {calls_add(), says("done")};
  const TurnReply reply = on.house.say("add").value();
  REQUIRE(on.record.requests.size() == 2);
  for (const ModelRequest& request : on.record.requests) {
    CHECK(request.call.user_id == on.house.user.id);
    CHECK(request.call.channel == "http");
    CHECK(request.call.conversation_id == reply.conversation_id);
    CHECK(request.call.turn_id == reply.turn_id);
    CHECK(request.call.purpose == Purpose::chat);
    CHECK_FALSE(request.call.is_background);
  }
}

TEST_CASE("the tier that answered is told to the next turn and to a turn's later rounds") {
  Recorded on;
  on.house.model.answers = {says("hi"), calls_add(), says("done"), says("/help is a command"), says("bye")};
  on.record.tier = "fast";
  REQUIRE(on.house.say("hello").has_value());
  CHECK(on.record.requests[0].conversation_tier.empty());
  on.record.tier = "smart";
  REQUIRE(on.house.say("add").has_value());
  CHECK(on.record.requests[1].conversation_tier == "fast");
  CHECK(on.record.requests[2].conversation_tier == "smart");
  REQUIRE(on.house.say("/help").has_value());
  REQUIRE(on.house.say("and now").has_value());
  CHECK(on.record.requests[3].conversation_tier == "smart");
}

TEST_CASE("a turn's usage is that of all its calls") {
  Recorded on;
  ScriptedAnswer first = calls_add(), second = says("done");
  first.deltas.push_back(R"({"usage":{"input_tokens":10,"output_tokens":3,"cached_tokens":2}})");
  second.deltas.push_back(R"({"usage":{"input_tokens":20,"output_tokens":4,"cached_tokens":10}})");
  on.house.model.answers = {first, second};
  on.record.cache_write_tokens = 5;
  std::vector<TurnOutcome> outcomes;
  on.house.agent->on_outcome([&](const TurnOutcome& outcome) { outcomes.push_back(outcome); });
  const Usage usage = on.house.say("add").value().usage;
  CHECK(usage.input_tokens == 30);
  CHECK(usage.output_tokens == 7);
  CHECK(usage.cached_tokens == 12);
  CHECK(usage.cache_write_tokens == 10);
  CHECK(outcomes.at(0).usage.cache_write_tokens == 10);
}

TEST_CASE("what the router has to say stands beside the reply, and at its end on a channel") {
  Recorded on;
  on.record.notices = {"the answer is shortened: the budget is nearly used"};
  on.house.model.answers = {says("hi"), says("hi again")};
  const TurnReply reply = on.house.say("hello").value();
  CHECK(reply.reply == "hi");
  CHECK(reply.notice == "the answer is shortened: the budget is nearly used");
  CHECK(string_or(on.house.event("done")->data, "notice") == reply.notice);
  CHECK_FALSE(to_json(on.house.say("again").value()).contains("notice"));

  on.record.notices = {"a note"};
  on.house.model.answers = {says("out")};
  run(on.house.io, on.house.outbox->start());
  REQUIRE(run(on.house.io, on.house.store->users().ensure_identity("chan", "s1", "Anna", "CODE")).has_value());
  REQUIRE(run(on.house.io, on.house.store->users().approve_identity("CODE", on.house.user.id)).has_value());
  const json::object inbound = parse_json_object(R"({"id":"m1","sender":{"id":"s1","name":"Anna"},"text":"hello"})").value();
  REQUIRE(run(on.house.io, on.house.inbox->deliver("chan", inbound)).has_value());
  REQUIRE(run_until(on.house.io, [&] { return on.house.sent.size() == 1; }));
  CHECK(string_or(on.house.sent[0], "text") == "out\n\n(a note)");
}

TEST_CASE("a limit that the caller gave is kept: the answer ends there") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {stops(says("one two"), "length")};
  SendRequest request = house.request("count");
  request.sampling["max_tokens"] = 2;
  const TurnReply reply = house.send(request).value();
  CHECK(reply.reply == "one two");
  CHECK(reply.stop == "length");
  CHECK(reply.notice.empty());
  CHECK(house.model.requests.size() == 1);
}

TEST_CASE("ids that a model gives twice are made unlike, in one answer and over the turn") {
  Recorded on;
  ScriptedAnswer twice = calls_tool("c", "add", R"({"x":1})");
  twice.deltas.push_back(R"({"tool_call":{"index":1,"id":"c","name":"add","arguments":"{\"x\":2}"}})");
  on.house.model.answers = {twice, calls_tool("c", "add", R"({"x":3})"), says("done")};
  REQUIRE(on.house.say("add").has_value());
  std::vector<std::string> ids;
  for (const json::value& message : on.house.model.requests.back()["messages"].as_array())
    if (const std::string_view id = string_or(message.as_object(), "tool_call_id"); !id.empty()) ids.emplace_back(id);
  CHECK(ids == std::vector<std::string>{"c", "c_2", "c_3"});
}

TEST_CASE("a tool call that comes as text in small pieces is never shown") {
  Recorded on;
  ScriptedAnswer answer;
  const std::string text = "Let me see.\n\n<tool_call>\n{\"name\":\"add\",\"arguments\":{\"x\":1}}\n</tool_call>";
  for (const char c : text) answer.deltas.push_back(json::serialize(json::object{{"text", std::string(1, c)}}));
  on.house.model.answers = {answer, says("It is 42.")};
  const TurnReply reply = on.house.say("add").value();
  std::string shown;
  for (const TurnEvent& event : on.house.events)
    if (event.name == "text") shown += string_or(event.data, "delta");
  CHECK(shown == "Let me see.\n\nIt is 42.");
  CHECK(reply.reply == shown);
}

TEST_CASE("what is shown of a continued answer is the reply") {
  Recorded on;
  ScriptedAnswer more;
  for (const char* piece : {"into", " the", " woods", " and"}) more.deltas.push_back(json::serialize(json::object{{"text", piece}}));
  on.house.model.answers = {stops(says("He went into the"), "length"), stops(more, "length"), says(" home.")};
  const TurnReply reply = on.house.say("a story").value();
  std::string shown;
  for (const TurnEvent& event : on.house.events)
    if (event.name == "text") shown += string_or(event.data, "delta");
  CHECK(reply.reply == "He went into the woods and home.");
  CHECK(shown == reply.reply);
}

TEST_CASE("a resumed turn has counted the calls before: the fourth is not run") {
  TempFolder folder;
  {
    House house(folder.path());
    house.registry.add_tool(tool_manifest("add"), *house.tools);
    house.model.answers = {calls_add(), calls_add(), calls_add(), hangs()};
    leave_off(house, "loop", 4);
    CHECK(house.tools->calls.size() == 3);
  }
  House house(folder.path());
  house.registry.add_tool(tool_manifest("add"), *house.tools);
  house.model.answers = {calls_add(), says("It is 42.")};
  CHECK(resumed_reply(house) == "It is 42.");
  CHECK(house.tools->calls.empty());
  CHECK(house.model.requests.size() == 2);
}

TEST_CASE("a resumed turn remembers what the model was told of a fault, and that an answer was cut") {
  for (const bool is_fault : {true, false}) {
    TempFolder folder;
    {
      House house(folder.path());
      house.registry.add_tool(tool_manifest("add"), *house.tools);
      house.model.answers = {is_fault ? calls_tool("c", "add", "oops") : stops(says("He went into the"), "length"), hangs()};
      leave_off(house, "go", 2);
    }
    House house(folder.path());
    house.registry.add_tool(tool_manifest("add"), *house.tools);
    house.model.answers = {is_fault ? calls_tool("c", "add", "oops again") : says("into the woods.")};
    const std::string reply = resumed_reply(house);
    if (is_fault) CHECK_THAT(reply, Catch::Contains("again with arguments that can't be read"));
    else CHECK(reply == "He went into the woods.");
    CHECK(house.model.requests.size() == 1);
  }
}

TEST_CASE("a search of Hob's own that was made in the turn is answered from its first result") {
  TempFolder folder;
  House house(folder.path());
  int searches = 0, writes = 0;
  add_own(house, "find", ToolEffect::read, searches);
  add_own(house, "note", ToolEffect::write, writes);
  const auto find = [](const std::string& arguments) { return calls_tool("c", "find", arguments); };
  house.model.answers = {find(R"({"x":1})"), find(R"({ "x": 1 })"), find(R"({"x":2})"), says("done")};
  REQUIRE(house.say("find").has_value());
  CHECK(searches == 2);
  CHECK(json::serialize(contents_of_tools(house.model.requests.back())) == R"(["{\"run\":1}","{\"run\":1}","{\"run\":2}"])");

  house.model.answers = {find(R"({"x":1})"), calls_tool("c", "note", "{}"), find(R"({"x":1})"), says("done")};
  REQUIRE(house.say("find, note, find").has_value());
  CHECK(searches == 4);
  CHECK(writes == 1);
}

TEST_CASE("the same search twice in one answer runs once, unless something is written between") {
  TempFolder folder;
  House house(folder.path());
  int searches = 0, writes = 0;
  add_own(house, "find", ToolEffect::read, searches);
  add_own(house, "note", ToolEffect::write, writes);
  const auto several = [](std::vector<std::string> names) {
    ScriptedAnswer answer = calls_tool("c", names[0], "{}");
    for (std::size_t i = 1; i < names.size(); ++i) {
      const json::object call{{"index", i}, {"id", "c" + std::to_string(i)}, {"name", names[i]}, {"arguments", "{}"}};
      answer.deltas.push_back(json::serialize(json::object{{"tool_call", call}}));
    }
    return answer;
  };
  house.model.answers = {several({"find", "find"}), says("done")};
  REQUIRE(house.say("find twice").has_value());
  CHECK(searches == 1);
  CHECK(contents_of_tools(house.model.requests.back()).size() == 2);
  house.model.answers = {several({"find", "note", "find"}), says("done")};
  REQUIRE(house.say("find, note, find").has_value());
  CHECK(searches == 3);
}

TEST_CASE("a resumed turn has its searches' results from the journal") {
  TempFolder folder;
  int searches = 0;
  {
    House house(folder.path());
    add_own(house, "find", ToolEffect::read, searches);
    house.model.answers = {calls_tool("c", "find", "{}"), hangs()};
    leave_off(house, "find", 2);
  }
  House house(folder.path());
  add_own(house, "find", ToolEffect::read, searches);
  house.model.answers = {calls_tool("c", "find", "{}"), says("found")};
  CHECK(resumed_reply(house) == "found");
  CHECK(searches == 1);
}

TEST_CASE("a plugin's tool is asked each time: what it reads may have changed") {
  Recorded on;
  on.house.model.answers = {calls_add(), calls_add(), says("done")};
  REQUIRE(on.house.say("add twice").has_value());
  CHECK(on.house.tools->calls.size() == 2);
}

TEST_CASE("a caller's tools are called as text too, and handed back") {
  Recorded on;
  on.house.model.answers = {says(R"(<tool_call>{"name":"lookup","arguments":{"q":"x"}}</tool_call>)")};
  SendRequest request = on.house.request("look it up");
  request.client_tools = parse_json(R"([{"name":"lookup","description":"d","parameters":{"type":"object"}}])").value().as_array();
  const TurnReply reply = on.house.send(request).value();
  CHECK(reply.stop == "tool_calls");
  CHECK(reply.reply.empty());
  REQUIRE(reply.client_tool_calls.size() == 1);
  CHECK(string_or(reply.client_tool_calls[0].as_object(), "arguments") == R"({"q":"x"})");
  CHECK_FALSE(string_or(reply.client_tool_calls[0].as_object(), "id").empty());
}

TEST_CASE("a continuation is routed by the user's words, and stays on the tier that began the answer") {
  Recorded on;
  on.record.tier = "fast";
  on.record.routed_by = "score";
  on.house.model.answers = {stops(says("He went into the"), "length"), says(" woods.")};
  REQUIRE(on.house.say("a story").has_value());
  REQUIRE(on.record.requests.size() == 2);
  CHECK(on.record.requests[0].model.empty());
  CHECK(on.record.requests[1].model == "tier/fast");
  CHECK(on.record.requests[1].goes_on_by == "score");
  CHECK(on.record.requests[1].chat.at("messages").as_array().back().at("text") == "a story");
}

TEST_CASE("a call that came as text counts as one after text from outside, unless its tool only reads") {
  TempFolder folder;
  House house(folder.path());
  std::map<std::string, bool> after_outside;
  for (const auto& [name, effect] : {std::pair{"note", ToolEffect::write}, std::pair{"look", ToolEffect::read}}) {
    BuiltinTool tool;
    tool.manifest = tool_manifest(name, effect);
    tool.run = [&after_outside](ToolCall call) -> awaitable<Result<json::value>> {
      after_outside[call.name] = call.after_outside;
      co_return json::object{};
    };
    house.toolbox->add_builtin(std::move(tool));
  }
  house.model.answers = {says("<tool_call>{\"name\":\"note\",\"arguments\":{\"x\":1}}</tool_call>\n<tool_call>{\"name\":\"look\",\"arguments\":{\"x\":1}}</tool_call>"), says("done")};
  REQUIRE(house.say("go").has_value());
  CHECK(after_outside == std::map<std::string, bool>{{"look", false}, {"note", true}});
  house.model.answers = {calls_tool("c", "note", R"({"x":2})"), says("done")};
  REQUIRE(house.say("again").has_value());
  CHECK_FALSE(after_outside["note"]);
}
