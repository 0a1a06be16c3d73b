#include "agent/context.hpp"
#include "fakes/house.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

/// Begins a send that nobody awaits yet.
struct Sending {
  std::optional<Result<TurnReply>> result;
  std::string turn_id;
  std::vector<TurnEvent> events;
};

void begin(House& house, SendRequest request, Sending& sending) {
  std::function<void(const TurnEvent&)> on_event = [&sending](const TurnEvent& event) {
    sending.events.push_back(event);
    if (event.name == "session") sending.turn_id = string_or(event.data, "turn_id");
  };
  asio::co_spawn(house.io, house.agent->send(std::move(request), std::move(on_event)),
                 [&sending](std::exception_ptr error, Result<TurnReply> result) {
                   if (!error) sending.result.emplace(std::move(result));
                 });
}

ScriptedAnswer says_then_hangs(const std::string& text) {
  ScriptedAnswer answer = says(text);
  answer.hangs = true;
  return answer;
}

}  // namespace

TEST_CASE("a cancelled turn keeps what was said so far") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says_then_hangs("Once upon"));
  Sending sending;
  begin(house, house.request("a story"), sending);
  REQUIRE(run_until(house.io, [&] { return !sending.events.empty() && sending.events.back().name == "text"; }));
  REQUIRE(house.agent->cancel("somebody else", sending.turn_id).error().code == Code::not_found);
  REQUIRE(house.agent->cancel(house.user.id, sending.turn_id).has_value());
  REQUIRE(run_until(house.io, [&] { return sending.result.has_value(); }));
  CHECK(sending.result->error().code == Code::cancelled);
  const Turn turn = run(house.io, house.store->journal().find_turn(house.user.id, sending.turn_id)).value();
  CHECK(turn.state == TurnState::cancelled);
  CHECK(run(house.io, house.store->conversations().find_message(house.user.id, turn.reply_id)).value().text == "Once upon");
  CHECK(house.agent->stats().cancelled == 1);
  CHECK(house.agent->cancel(house.user.id, sending.turn_id).error().code == Code::not_found);
}

TEST_CASE("/stop ends the turn before it, though turns of a conversation run one after another") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("hi"));
  REQUIRE(house.say("hello").has_value());
  house.model.answers.push_back(says_then_hangs("Once"));
  Sending story, stop;
  SendRequest request = house.request("a story");
  request.conversation_id = house.conversation;
  begin(house, request, story);
  REQUIRE(run_until(house.io, [&] { return !story.events.empty() && story.events.back().name == "text"; }));
  request.text = "/stop";
  begin(house, request, stop);
  REQUIRE(run_until(house.io, [&] { return stop.result.has_value(); }));
  CHECK(stop.result->value().reply == "Stopped.");
  CHECK(story.result->error().code == Code::cancelled);
}

TEST_CASE("a turn over its time fails and says which key raises it") {
  TempFolder folder;
  House house(folder.path());
  house.config->limits.turn_timeout = std::chrono::milliseconds(30);
  house.model.answers.push_back(says_then_hangs("I"));
  const Result<TurnReply> reply = house.say("think");
  REQUIRE(reply.has_error());
  CHECK(reply.error().code == Code::timeout);
  CHECK_THAT(reply.error().message, Catch::Contains("limits.turn_timeout"));
}

TEST_CASE("a repeated external id waits for the running turn, and later gets the stored reply") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("only once"));
  SendRequest request = house.request("hello");
  request.external_id = "client-1";
  Sending first, second;
  begin(house, request, first);
  begin(house, request, second);
  REQUIRE(run_until(house.io, [&] { return first.result && second.result; }));
  CHECK(first.result->value().message_id == second.result->value().message_id);
  const TurnReply third = house.send(request).value();
  CHECK(third.duplicate);
  CHECK(third.reply == "only once");
  CHECK(third.turn_id == first.result->value().turn_id);
  CHECK(house.model.requests.size() == 1);
}

TEST_CASE("a watcher that leaves changes nothing for the turn") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("done"));
  asio::cancellation_signal signal;
  bool has_left = false;
  asio::co_spawn(house.io, house.agent->send(house.request("hello"), nullptr),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, Result<TurnReply>) { has_left = true; }));
  REQUIRE(run_until(house.io, [&] { return house.agent->stats().running == 1 || house.agent->stats().replied == 1; }));
  signal.emit(asio::cancellation_type::terminal);
  REQUIRE(run_until(house.io, [&] { return has_left && house.agent->stats().replied == 1; }));
}

TEST_CASE("the caller's tools are shown, their calls handed back, and their results continue the conversation") {
  TempFolder folder;
  House house(folder.path());
  house.registry.add_tool(tool_manifest("add"), *house.tools);
  house.model.answers.push_back(calls_tool("c1", "lookup", R"({"q":"x"})"));
  SendRequest request = house.request("look it up");
  request.client_tools = parse_json(R"([{"name":"lookup","description":"d","parameters":{"type":"object"}}])").value().as_array();
  request.fingerprint = conversation_fingerprint({});
  const TurnReply reply = house.send(request).value();
  CHECK(reply.stop == "tool_calls");
  REQUIRE(reply.client_tool_calls.size() == 1);
  CHECK(string_or(reply.client_tool_calls[0].as_object(), "name") == "lookup");
  CHECK(house.model.requests[0]["tools"].as_array().size() == 2);

  // The second request names the conversation by its history, and brings the result.
  house.model.answers.push_back(says("It is 7."));
  SendRequest next = house.request("");
  Message question, call, result;
  question.role = "user";
  question.text = "look it up";
  call.role = "assistant";
  next.fingerprint = conversation_fingerprint({question, call});
  next.client_tools = request.client_tools;
  result.role = "tool";
  result.text = "7";
  result.extra["tool_call_id"] = "c1";
  next.messages = {result};
  const TurnReply answer = house.send(next).value();
  CHECK(answer.reply == "It is 7.");
  CHECK(answer.conversation_id == reply.conversation_id);
  const json::array& told = house.model.requests[1]["messages"].as_array();
  const json::object& last = told[told.size() - 1].as_object();
  CHECK(string_or(last, "role") == "tool");
  CHECK(string_or(last, "tool_call_id") == "c1");
  CHECK(told[told.size() - 2].as_object().contains("tool_calls"));
}

TEST_CASE("the same history continues a conversation, another one begins anew with its history stored") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {says("A1"), says("A2"), says("A3")};
  SendRequest request = house.request("Q1");
  request.fingerprint = conversation_fingerprint({});
  const TurnReply first = house.send(request).value();
  Message question, answer;
  question.role = "user";
  question.text = "Q1";
  answer.role = "assistant";
  answer.text = "A1";
  request.text = "Q2";
  request.history = {question, answer};
  request.fingerprint = conversation_fingerprint(request.history);
  CHECK(house.send(request).value().conversation_id == first.conversation_id);
  // The same request again: its history is no longer the newest state of that conversation.
  const TurnReply branch = house.send(request).value();
  CHECK(branch.conversation_id != first.conversation_id);
  const json::array& told = house.model.requests[2]["messages"].as_array();
  CHECK(json::serialize(told).find("A1") != std::string::npos);
}

TEST_CASE("a conversation is found by thread, and one that isn't the user's is not found") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {says("1"), says("2")};
  SendRequest request = house.request("hello");
  request.thread = "kitchen";
  const TurnReply first = house.send(request).value();
  CHECK(house.send(request).value().conversation_id == first.conversation_id);
  request.thread.clear();
  request.conversation_id = "conv_nobody";
  CHECK(house.send(request).error().code == Code::not_found);
}

TEST_CASE("an empty, a too long and an ill-formed message are refused before anything is stored") {
  TempFolder folder;
  House house(folder.path());
  for (const std::string& bad : {std::string("  "), std::string((1 << 20) + 1, 'x'), std::string("\xff")})
    CHECK(house.send(house.request(bad)).error().code == Code::invalid);
  CHECK(run(house.io, house.store->status()).value().messages == 0);
}

TEST_CASE("more than 32 waiting messages of a conversation are refused") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("hi"));
  REQUIRE(house.say("hello").has_value());
  house.model.answers.push_back(says_then_hangs("..."));
  SendRequest request = house.request("more");
  request.conversation_id = house.conversation;
  std::vector<std::unique_ptr<Sending>> waiting;
  for (int i = 0; i < 32; ++i) {
    waiting.push_back(std::make_unique<Sending>());
    begin(house, request, *waiting.back());
    Sending& last = *waiting.back();
    REQUIRE(run_until(house.io, [&] { return !last.turn_id.empty(); }));
  }
  CHECK(house.send(request).error().code == Code::overloaded);
  run(house.io, house.agent->drain(std::chrono::milliseconds(0)));
  for (const auto& sending : waiting) REQUIRE(run_until(house.io, [&] { return sending->result.has_value(); }));
}

TEST_CASE("the persona and the tools are the same bytes in every request") {
  TempFolder folder;
  House house(folder.path());
  house.registry.add_tool(tool_manifest("zeta"), *house.tools);
  house.registry.add_tool(tool_manifest("add"), *house.tools);
  house.model.answers = {says("1"), says("2")};
  REQUIRE(house.say("my favourite colour is teal").has_value());
  REQUIRE(house.say("and my favourite food is soup").has_value());
  auto& requests = house.model.requests;
  CHECK(json::serialize(requests[0]["tools"]) == json::serialize(requests[1]["tools"]));
  CHECK(json::serialize(requests[0]["messages"].as_array()[0]) == json::serialize(requests[1]["messages"].as_array()[0]));
  CHECK(string_or(requests[0]["tools"].as_array()[0].as_object(), "name") == "add");
}

TEST_CASE("a fork goes on with what was said, apart from the original") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {says("noted"), says("teal")};
  REQUIRE(house.say("it is teal").has_value());
  const Conversation fork = run(house.io, house.store->conversations().fork(house.user.id, house.conversation, "")).value();
  SendRequest request = house.request("which?");
  request.conversation_id = fork.id;
  REQUIRE(house.send(request).value().conversation_id == fork.id);
  CHECK(json::serialize(house.model.requests[1]["messages"]).find("it is teal") != std::string::npos);
}

TEST_CASE("each ended turn is told to the listeners with its times") {
  TempFolder folder;
  House house(folder.path());
  std::vector<TurnOutcome> outcomes;
  house.agent->on_outcome([&](const TurnOutcome& outcome) { outcomes.push_back(outcome); });
  house.model.answers = {says("hi"), fails(Code::denied, "bad key")};
  REQUIRE(house.say("hello").has_value());
  REQUIRE(house.say("again").has_error());
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].outcome == "replied");
  CHECK(outcomes[1].outcome == "failed");
  CHECK(outcomes[0].total >= outcomes[0].model);
}

TEST_CASE("after drain no turn begins, and one left over is answered after the restart") {
  TempFolder folder;
  std::string turn_id;
  {
    House house(folder.path());
    house.model.answers.push_back(says_then_hangs("half"));
    Sending sending;
    begin(house, house.request("hello"), sending);
    REQUIRE(run_until(house.io, [&] { return !sending.events.empty() && sending.events.back().name == "text"; }));
    run(house.io, house.agent->drain(std::chrono::milliseconds(1)));
    REQUIRE(run_until(house.io, [&] { return sending.result.has_value(); }));
    CHECK(sending.result->error().code == Code::unavailable);
    CHECK(house.send(house.request("more")).error().code == Code::unavailable);
    turn_id = sending.turn_id;
  }
  House house(folder.path());
  house.model.answers.push_back(says("whole"));
  run(house.io, house.agent->resume());
  REQUIRE(run_until(house.io, [&] { return house.agent->stats().replied == 1; }));
  const Turn turn = run(house.io, house.store->journal().find_turn(house.user.id, turn_id)).value();
  CHECK(turn.state == TurnState::replied);
  CHECK(house.agent->stats().resumed == 1);
}

TEST_CASE("a turn whose end can't be stored keeps its place and its answer, and ends when the disk has room") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("zero"));
  REQUIRE(house.say("hello").has_value());
  house.model.answers.push_back(says("one"));
  house.model.answers.push_back(says("two"));
  Sending first, second;
  SendRequest request = house.request("first");
  request.conversation_id = house.conversation;
  begin(house, request, first);
  REQUIRE(run_until(house.io, [&] {
    const bool is_asked = house.model.requests.size() == 2;
    if (is_asked) house.store->is_full = true;
    return is_asked;
  }));
  REQUIRE(run_until(house.io, [&] { return house.store->refused >= 1; }));
  house.store->is_full = false;
  request.text = "second";
  begin(house, request, second);
  CHECK(!first.result);
  REQUIRE(run_until(house.io, [&] { return first.result && second.result; }));
  CHECK(first.result->value().reply == "one");
  CHECK(second.result->value().reply == "two");
  CHECK(house.model.requests.size() == 3);
  REQUIRE(run(house.io, house.store->journal().unfinished_turns()).value().empty());
}

TEST_CASE("unfinished turns that could not be read at the start are read later") {
  TempFolder folder;
  House house(folder.path());
  Inbound inbound;
  inbound.user_id = house.user.id;
  inbound.channel = "chan";
  Message message;
  message.text = "hello";
  inbound.messages.push_back(message);
  REQUIRE(run(house.io, house.store->journal().accept(inbound, Durability::journaled)).has_value());
  house.model.answers.push_back(says("hi"));
  house.store->is_unreadable = true;
  run(house.io, house.agent->resume());
  house.store->is_unreadable = false;
  REQUIRE(run_until(house.io, [&] { return house.agent->stats().replied == 1; }));
}

TEST_CASE("a turn that a resume and its sender both begin runs once") {
  TempFolder folder;
  House house(folder.path());
  Inbound inbound;
  inbound.user_id = house.user.id;
  inbound.channel = "chan";
  Message message;
  message.text = "hello";
  inbound.messages.push_back(message);
  const Accepted accepted = run(house.io, house.store->journal().accept(inbound, Durability::journaled)).value();
  house.model.answers = {says("hi"), says("twice")};
  run(house.io, house.agent->resume());
  house.agent->start_turn(accepted.turn, accepted.message);
  REQUIRE(run_until(house.io, [&] { return house.agent->stats().replied == 1 && house.agent->stats().running == 0; }));
  run(house.io, house.agent->drain(std::chrono::seconds(5)));
  CHECK(house.model.requests.size() == 1);
}

TEST_CASE("/stop is taken though 32 messages wait, from callers and from channels") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("hi"));
  REQUIRE(house.say("hello").has_value());
  for (const bool is_channel : {false, true}) {
    house.model.answers.push_back(says_then_hangs("Once"));
    std::deque<Sending> waiting(32);
    Sending stop;
    SendRequest request = house.request("a story");
    request.conversation_id = house.conversation;
    for (Sending& one : waiting) begin(house, request, one);
    REQUIRE(run_until(house.io, [&] { return !waiting[31].turn_id.empty() && house.agent->stats().running == 1; }));
    CHECK(house.send(request).error().code == Code::overloaded);
    if (is_channel) {
      Inbound inbound;
      inbound.user_id = house.user.id;
      inbound.channel = "chan";
      inbound.conversation_id = house.conversation;
      Message message;
      message.text = "/stop";
      inbound.messages.push_back(message);
      const Accepted accepted = run(house.io, house.store->journal().accept(inbound, Durability::journaled)).value();
      house.agent->start_turn(accepted.turn, accepted.message);
    } else {
      request.text = "/stop";
      begin(house, request, stop);
      REQUIRE(run_until(house.io, [&] { return stop.result.has_value(); }));
      CHECK_THAT(stop.result->value().reply, Catch::Contains("Stopped"));
    }
    REQUIRE(run_until(house.io, [&] {
      return std::all_of(waiting.begin(), waiting.end(), [](const Sending& one) { return one.result.has_value(); });
    }));
    for (const Sending& one : waiting) CHECK(one.result->error().code == Code::cancelled);
  }
}

TEST_CASE("a repeat after a failure that may pass runs again, and after a reply does not") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {fails(Code::unavailable, "down"), says("now it is up")};
  SendRequest request = house.request("hello");
  request.external_id = "key-1";
  REQUIRE(house.send(request).error().code == Code::unavailable);
  const TurnReply again = house.send(request).value();
  CHECK(again.reply == "now it is up");
  CHECK(house.send(request).value().message_id == again.message_id);
  CHECK(house.model.requests.size() == 2);
  const std::vector<std::string> kinds = house.step_kinds(again.turn_id);
  CHECK(std::find(kinds.begin(), kinds.end(), "retried") != kinds.end());
}

TEST_CASE("a key that named another message is refused") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("hi"));
  SendRequest request = house.request("hello");
  request.external_id = "key-1";
  REQUIRE(house.send(request).has_value());
  request.text = "transfer everything";
  const Result<TurnReply> reply = house.send(request);
  REQUIRE(reply.has_error());
  CHECK(reply.error().code == Code::invalid);
  CHECK_THAT(reply.error().message, Catch::Contains("key-1"));
}

TEST_CASE("a conversation is deleted while its turn runs: the turn ends as cancelled") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says("hi"));
  REQUIRE(house.say("hello").has_value());
  house.model.answers.push_back(says_then_hangs("Once"));
  Sending story;
  SendRequest request = house.request("a story");
  request.conversation_id = house.conversation;
  begin(house, request, story);
  REQUIRE(run_until(house.io, [&] { return !story.events.empty() && story.events.back().name == "text"; }));
  run(house.io, house.agent->cancel_conversation(house.user.id, house.conversation));
  REQUIRE(run(house.io, house.store->conversations().remove(house.user.id, house.conversation)).has_value());
  REQUIRE(run_until(house.io, [&] { return story.result.has_value(); }));
  CHECK(story.result->error().code == Code::cancelled);
}

TEST_CASE("a turn whose conversation is gone at its end was cancelled") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers.push_back(says_then_hangs("Once"));
  Sending story;
  begin(house, house.request("a story"), story);
  REQUIRE(run_until(house.io, [&] { return !story.events.empty() && story.events.back().name == "text"; }));
  const Turn turn = run(house.io, house.store->journal().find_turn(house.user.id, story.turn_id)).value();
  REQUIRE(run(house.io, house.store->conversations().remove(house.user.id, turn.conversation_id)).has_value());
  REQUIRE(house.agent->cancel(house.user.id, story.turn_id).has_value());
  REQUIRE(run_until(house.io, [&] { return story.result.has_value(); }));
  CHECK(story.result->error().code == Code::cancelled);
}

TEST_CASE("a watcher that throws wedges nothing") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {says("one"), says("two")};
  std::function<void(const TurnEvent&)> throws = [](const TurnEvent& event) {
    if (event.name == "text") throw std::runtime_error("a broken watcher");
  };
  const TurnReply first = run(house.io, house.agent->send(house.request("hello"), throws)).value();
  CHECK(first.reply == "one");
  house.conversation = first.conversation_id;
  CHECK(house.say("and now?").value().reply == "two");
}

TEST_CASE("an exception inside a turn ends it as internal, and the next one runs") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {says("one")};
  REQUIRE(house.say("hello").has_value());
  house.model.throws = true;
  CHECK(house.say("break").error().code == Code::internal);
  house.model.throws = false;
  house.model.answers = {says("two")};
  CHECK(house.say("go on").value().reply == "two");
  CHECK(run(house.io, house.store->journal().unfinished_turns()).value().empty());
}

TEST_CASE("buffer_messages 0 shows the model no earlier message") {
  TempFolder folder;
  House house(folder.path());
  house.config->memory.buffer_messages = 0;
  house.config->memory.recall_top_k = 0;
  house.model.answers = {says("one"), says("two")};
  REQUIRE(house.say("first words").has_value());
  REQUIRE(house.say("other words").has_value());
  CHECK(json::serialize(house.model.requests[1]["messages"]).find("first words") == std::string::npos);
}

TEST_CASE("a turn that fails in the middle keeps what it had said in its journal") {
  TempFolder folder;
  House house(folder.path());
  house.config->limits.turn_timeout = std::chrono::milliseconds(500);
  house.model.answers.push_back(says_then_hangs("Half of"));
  Sending sending;
  begin(house, house.request("hello"), sending);
  REQUIRE(run_until(house.io, [&] { return sending.result.has_value(); }));
  REQUIRE(sending.result->has_error());
  const std::vector<Step> steps = run(house.io, house.store->journal().steps(house.user.id, sending.turn_id)).value();
  CHECK(steps.back().kind == "failed");
  CHECK(string_or(steps.back().data, "said") == "Half of");
}

TEST_CASE("an answer that broke off, with nobody to go on, stands with a notice and is not asked for again") {
  TempFolder folder;
  House house(folder.path());
  ScriptedAnswer answer = says("Half of");
  answer.result = Error{Code::unavailable, "the line broke"};
  house.model.answers = {answer, fails(Code::unavailable, "still broken")};
  const TurnReply reply = house.say("hello").value();
  CHECK(reply.reply == "Half of");
  CHECK(reply.stop == "length");
  CHECK_FALSE(reply.notice.empty());
  CHECK(house.model.requests.size() == 2);
}

TEST_CASE("an image that is none is refused where it enters, and named where it is there already") {
  TempFolder folder;
  House house(folder.path());
  for (const char* part : {R"({"type":"image","mime":"application/pdf","data":"AAAA"})", R"({"type":"image","url":"data:audio/wav;base64,AAAA"})"}) {
    SendRequest request = house.request("what is this?");
    request.attachments.push_back(parse_json(part).value());
    CHECK(house.send(request).error().code == Code::invalid);
    Message message;
    message.text = "and this?";
    message.attachments = request.attachments;
    SendRequest several = house.request("");
    several.messages.push_back(message);
    CHECK(house.send(several).error().code == Code::invalid);
    CHECK(house.model.requests.empty());
    ContextParts parts;
    parts.message = message;
    CHECK(build_chat(parts).at("messages").as_array().back().at("content") == "and this?\n[attached: image]");
  }
  house.model.answers = {says("a cat")};
  SendRequest request = house.request("what is this?");
  request.attachments.push_back(parse_json(R"({"type":"image","mime":"image/png","data":"AAAA"})").value());
  CHECK(house.send(request).has_value());
}

TEST_CASE("an attachment of no known shape is refused where a caller waits") {
  TempFolder folder;
  House house(folder.path());
  for (const char* part : {R"("https://example.org/cat.png")", "7", "{}", R"({"image_url":{"url":"https://example.org/cat.png"}})"}) {
    SendRequest request = house.request("what is this?");
    request.attachments.push_back(parse_json(part).value());
    const Error refused = house.send(request).error();
    CHECK(refused.code == Code::invalid);
    CHECK_THAT(refused.message, Catch::Contains("attachments[0]: not an attachment"));
  }
  CHECK(house.model.requests.empty());
}

TEST_CASE("who sends what can't be read through a channel is told so with the answer") {
  TempFolder folder;
  House house(folder.path());
  house.model.answers = {says("A nice day.")};
  run(house.io, house.outbox->start());
  REQUIRE(run(house.io, house.store->users().ensure_identity("chan", "s1", "Anna", "CODE")).has_value());
  REQUIRE(run(house.io, house.store->users().approve_identity("CODE", house.user.id)).has_value());
  const json::object inbound = parse_json_object(R"({"id":"m1","sender":{"id":"s1"},"text":"look","attachments":["cat.png"]})").value();
  REQUIRE(run(house.io, house.inbox->deliver("chan", inbound)).has_value());
  REQUIRE(run_until(house.io, [&] { return house.sent.size() == 1; }));
  CHECK_THAT(std::string(string_or(house.sent[0], "text")), Catch::StartsWith("A nice day.\n\n(Something that came with your message could not be read"));
  CHECK_THAT(json::serialize(house.model.requests.at(0)), Catch::Contains("[attached: file]"));
}
