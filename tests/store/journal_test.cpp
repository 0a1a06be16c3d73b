#include "store/support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {
constexpr auto kSynced = Durability::synced;
constexpr auto kJournaled = Durability::journaled;
}  // namespace

TEST_CASE("a first message makes a conversation, a session and an accepted turn") {
  TestStore t;
  const auto accepted = t.get(t.journal().accept(inbound(t.user(), "Hello there"), kSynced));
  REQUIRE(accepted.new_conversation);
  REQUIRE_FALSE(accepted.duplicate);
  REQUIRE(accepted.turn.state == TurnState::accepted);
  REQUIRE(accepted.message.turn_id == accepted.turn.id);
  const auto conversation = t.get(t.conversations().find(accepted.turn.user_id, accepted.turn.conversation_id));
  REQUIRE(conversation.title == "Hello there");
  REQUIRE(conversation.session_id == accepted.turn.session_id);
  REQUIRE(conversation.message_count == 1);
}

TEST_CASE("the same external id of a channel is stored once and answered with its turn") {
  TestStore t;
  const auto user = t.user();
  const auto first = t.get(t.journal().accept(inbound(user, "once", "m-1"), kSynced));
  const auto again = t.get(t.journal().accept(inbound(user, "once", "m-1"), kSynced));
  REQUIRE(again.duplicate);
  REQUIRE(again.turn.id == first.turn.id);
  REQUIRE(again.message.text == "once");
  REQUIRE(t.get(t.journal().list_turns(user, {}, {})).items.size() == 1);
}

TEST_CASE("two users, or two channels, may use the same external id") {
  TestStore t;
  t.get(t.journal().accept(inbound(t.user("anna"), "one", "m-1"), kSynced));
  REQUIRE_FALSE(t.get(t.journal().accept(inbound(t.user("bert"), "two", "m-1"), kSynced)).duplicate);
  Inbound other = inbound(t.user("anna"), "three", "m-1");
  other.channel = "sms";
  REQUIRE_FALSE(t.get(t.journal().accept(other, kSynced)).duplicate);
}

TEST_CASE("messages without an external id are never duplicates") {
  TestStore t;
  const auto user = t.user();
  t.get(t.journal().accept(inbound(user, "same"), kSynced));
  REQUIRE_FALSE(t.get(t.journal().accept(inbound(user, "same"), kSynced)).duplicate);
}

TEST_CASE("a thread leads back to its conversation") {
  TestStore t;
  Inbound in = inbound(t.user(), "one");
  in.thread = "room-7";
  const auto first = t.get(t.journal().accept(in, kSynced));
  const auto second = t.get(t.journal().accept(in, kSynced));
  REQUIRE(second.turn.conversation_id == first.turn.conversation_id);
  REQUIRE(t.get(t.conversations().find_by_thread(first.turn.user_id, "http", "room-7")).id ==
          first.turn.conversation_id);
  in.thread = "room-8";
  REQUIRE(t.get(t.journal().accept(in, kSynced)).turn.conversation_id != first.turn.conversation_id);
  REQUIRE(t.fails(t.conversations().find_by_thread(first.turn.user_id, "sms", "room-7")) == Code::not_found);
}

TEST_CASE("a message joins the latest, a fresh or a given session") {
  TestStore t;
  const auto first = t.get(t.journal().accept(inbound(t.user(), "one"), kSynced)).turn;
  Inbound in = inbound_to(first, "two");
  REQUIRE(t.get(t.journal().accept(in, kSynced)).turn.session_id == first.session_id);
  in.session.kind = SessionChoice::Kind::fresh;
  const auto fresh = t.get(t.journal().accept(in, kSynced)).turn;
  REQUIRE(fresh.session_id != first.session_id);
  REQUIRE(t.get(t.conversations().find(first.user_id, first.conversation_id)).session_id == fresh.session_id);
  in.session = {SessionChoice::Kind::given, first.session_id};
  REQUIRE(t.get(t.journal().accept(in, kSynced)).turn.session_id == first.session_id);
  in.conversation_id.clear();
  REQUIRE(t.get(t.journal().accept(in, kSynced)).turn.conversation_id == first.conversation_id);
}

TEST_CASE("conversations and sessions of another user are not found, and nothing is stored") {
  TestStore t;
  const auto annas = t.get(t.journal().accept(inbound(t.user("anna"), "secret"), kSynced)).turn;
  const auto bert = t.user("bert");
  Inbound in = inbound(bert, "hi");
  in.conversation_id = annas.conversation_id;
  REQUIRE(t.fails(t.journal().accept(in, kSynced)) == Code::not_found);
  in.conversation_id.clear();
  in.session = {SessionChoice::Kind::given, annas.session_id};
  REQUIRE(t.fails(t.journal().accept(in, kSynced)) == Code::not_found);
  REQUIRE(t.fails(t.journal().accept(inbound("usr_nobody", "hi"), kSynced)) == Code::not_found);
  REQUIRE(t.get(t.journal().list_turns(bert, {}, {})).items.empty());
  REQUIRE(t.fails(t.journal().find_turn(bert, annas.id)) == Code::not_found);
}

TEST_CASE("a session of another conversation is not found") {
  TestStore t;
  const auto user = t.user();
  const auto one = t.get(t.journal().accept(inbound(user, "one"), kSynced)).turn;
  const auto two = t.get(t.journal().accept(inbound(user, "two"), kSynced)).turn;
  Inbound in = inbound_to(one, "three");
  in.session = {SessionChoice::Kind::given, two.session_id};
  REQUIRE(t.fails(t.journal().accept(in, kSynced)) == Code::not_found);
}

TEST_CASE("history is stored before the message of a new conversation, and only there") {
  TestStore t;
  Inbound in = inbound(t.user(), "third");
  in.history = {said("first"), said("second", "assistant")};
  in.fingerprint = "abc";
  const auto turn = t.get(t.journal().accept(in, kSynced)).turn;
  in.conversation_id = turn.conversation_id;
  in.messages = {said("fourth")};
  t.get(t.journal().accept(in, kSynced));
  std::string all;
  for (const auto& m : t.get(t.conversations().messages(turn.user_id, turn.conversation_id, "", {})).items)
    all += m.text + " ";
  REQUIRE(all == "first second third fourth ");
  REQUIRE(t.get(t.conversations().find_by_fingerprint(turn.user_id, "abc")).id == turn.conversation_id);
  REQUIRE(t.get(t.conversations().find(turn.user_id, turn.conversation_id)).title == "first");
}

TEST_CASE("a turn without a message is refused") {
  TestStore t;
  Inbound in = inbound(t.user(), "x");
  in.messages.clear();
  REQUIRE(t.fails(t.journal().accept(in, kSynced)) == Code::invalid);
}

TEST_CASE("steps are numbered within their turn and set it running") {
  TestStore t;
  const auto turn = t.get(t.journal().accept(inbound(t.user(), "x"), kSynced)).turn;
  t.get(t.journal().add_steps(turn.id, one_step("recalled"), kJournaled));
  t.get(t.journal().add_steps(turn.id, {one_step("model_called")[0], one_step("model_answered")[0]}, kJournaled));
  const auto steps = t.get(t.journal().steps(turn.user_id, turn.id));
  REQUIRE(steps.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(steps[i].seq == std::int64_t(i + 1));
  REQUIRE(steps[2].kind == "model_answered");
  REQUIRE(steps[2].data.at("n") == 1);
  REQUIRE(t.get(t.journal().find_turn(turn.user_id, turn.id)).state == TurnState::running);
  REQUIRE(t.fails(t.journal().add_steps("turn_none", one_step("recalled"), kJournaled)) == Code::not_found);
}

TEST_CASE("a turn ends once, with its reply, steps and outbox together") {
  TestStore t;
  const auto turn = t.get(t.journal().accept(inbound(t.user(), "question"), kSynced)).turn;
  TurnEnd end = reply_to(turn, "answer");
  end.steps = one_step("replied");
  end.usage.input_tokens = 7;
  end.usage.cost_usd = 0.25;
  end.usage.model = "offline/offline";
  OutboxItem item;
  item.id = "out_1";
  item.channel = "sms";
  item.message = {{"text", "answer"}};
  end.outbox = {item};
  const auto ended = t.get(t.journal().end_turn(end, kSynced));
  REQUIRE(ended.state == TurnState::replied);
  const auto found = t.get(t.journal().find_turn(turn.user_id, turn.id));
  REQUIRE(found.reply_id == end.reply->id);
  REQUIRE(found.usage.input_tokens == 7);
  REQUIRE(found.usage.cost_usd == 0.25);
  REQUIRE(t.get(t.journal().steps(turn.user_id, turn.id)).back().kind == "replied");
  const auto open = t.get(t.journal().open_outbox());
  REQUIRE(open.size() == 1);
  REQUIRE(open[0].turn_id == turn.id);
  REQUIRE(open[0].conversation_id == turn.conversation_id);
  const auto reply = t.get(t.conversations().find_message(turn.user_id, end.reply->id));
  REQUIRE(reply.role == "assistant");
  REQUIRE(reply.turn_id == turn.id);

  end.reply->id = "msg_other";
  end.outbox[0].id = "out_2";
  REQUIRE(t.fails(t.journal().end_turn(end, kSynced)) == Code::invalid);
  REQUIRE(t.fails(t.conversations().find_message(turn.user_id, "msg_other")) == Code::not_found);
  REQUIRE(t.get(t.journal().open_outbox()).size() == 1);
  REQUIRE(t.fails(t.journal().add_steps(turn.id, one_step("late"), kJournaled)) == Code::cancelled);
}

TEST_CASE("a turn can't end as running") {
  TestStore t;
  const auto turn = t.get(t.journal().accept(inbound(t.user(), "x"), kSynced)).turn;
  TurnEnd end = reply_to(turn, "y");
  end.state = TurnState::running;
  REQUIRE(t.fails(t.journal().end_turn(end, kSynced)) == Code::invalid);
}

TEST_CASE("unfinished turns come oldest first, after a reopening too") {
  TestStore t;
  const auto user = t.user();
  std::vector<Turn> turns;
  for (int i = 0; i < 4; ++i) turns.push_back(t.get(t.journal().accept(inbound(user, "x"), kSynced)).turn);
  t.get(t.journal().add_steps(turns[2].id, one_step("recalled"), kJournaled));
  t.get(t.journal().end_turn(reply_to(turns[1], "done"), kSynced));
  t.reopen();
  const auto open = t.get(t.journal().unfinished_turns());
  REQUIRE(open.size() == 3);
  REQUIRE(open[0].id == turns[0].id);
  REQUIRE(open[1].id == turns[2].id);
  REQUIRE(open[1].state == TurnState::running);
  REQUIRE(open[2].id == turns[3].id);
}

TEST_CASE("the options and the error of a turn come back as they were") {
  TestStore t;
  Inbound in = inbound(t.user(), "x");
  in.request = {{"model", "tier/fast"}, {"tools", json::array{1, 2}}};
  const auto turn = t.get(t.journal().accept(in, kSynced)).turn;
  TurnEnd end;
  end.turn_id = turn.id;
  end.state = TurnState::failed;
  end.error = "unavailable: no model";
  t.get(t.journal().end_turn(end, kSynced));
  const auto found = t.get(t.journal().find_turn(turn.user_id, turn.id));
  REQUIRE(found.request == in.request);
  REQUIRE(found.state == TurnState::failed);
  REQUIRE(found.error == "unavailable: no model");
}

TEST_CASE("data that is not UTF-8 is stored repaired and can be read again") {
  TestStore t;
  Inbound in = inbound(t.user(), "bad \xff byte");
  const auto turn = t.get(t.journal().accept(in, kSynced)).turn;
  Step step;
  step.kind = "tool_finished";
  step.data = {{"output", "\xc3("}};
  t.get(t.journal().add_steps(turn.id, {step}, kJournaled));
  REQUIRE(t.get(t.journal().steps(turn.user_id, turn.id))[0].data.at("output") == "\xef\xbf\xbd(");
  REQUIRE(t.get(t.conversations().find_message(turn.user_id, turn.message_id)).text == "bad \xef\xbf\xbd byte");
}

TEST_CASE("outbox items keep their order until they are sent") {
  TestStore t;
  const auto user = t.user();
  std::vector<OutboxItem> items(3);
  for (int i = 0; i < 3; ++i) {
    items[std::size_t(i)].id = "out_" + std::to_string(9 - i);
    items[std::size_t(i)].user_id = user;
    items[std::size_t(i)].order_key = "k";
  }
  t.get(t.journal().add_outbox(items, kSynced));
  items[0].state = OutboxState::sent;
  items[0].receipt = "r-1";
  t.get(t.journal().update_outbox(items[0], kSynced));
  items[1].state = OutboxState::sending;
  items[1].attempts = 2;
  items[1].last_error = "timeout";
  t.get(t.journal().update_outbox(items[1], kSynced));
  const auto open = t.get(t.journal().open_outbox());
  REQUIRE(open.size() == 2);
  REQUIRE(open[0].id == "out_8");
  REQUIRE(open[0].attempts == 2);
  REQUIRE(open[0].last_error == "timeout");
  REQUIRE(open[1].id == "out_7");
  items[0].id = "out_none";
  REQUIRE(t.fails(t.journal().update_outbox(items[0], kSynced)) == Code::not_found);
}

TEST_CASE("turns are listed newest first by page, filtered by state and conversation") {
  TestStore t;
  const auto user = t.user();
  std::vector<Turn> turns;
  for (int i = 0; i < 5; ++i) turns.push_back(t.get(t.journal().accept(inbound(user, "x"), kSynced)).turn);
  t.get(t.journal().end_turn(reply_to(turns[3], "done"), kSynced));
  const auto first = t.get(t.journal().list_turns(user, {}, {.limit = 2, .cursor = ""}));
  REQUIRE(first.items.size() == 2);
  REQUIRE(first.items[0].id == turns[4].id);
  t.get(t.journal().accept(inbound(user, "came between"), kSynced));
  const auto second = t.get(t.journal().list_turns(user, {}, {.limit = 3, .cursor = first.next}));
  REQUIRE(second.items.size() == 3);
  REQUIRE(second.items[0].id == turns[2].id);
  REQUIRE(second.next.empty());
  const auto replied = t.get(t.journal().list_turns(user, {.conversation_id = "", .state = TurnState::replied}, {}));
  REQUIRE(replied.items.size() == 1);
  REQUIRE(t.get(t.journal().list_turns(user, {.conversation_id = turns[0].conversation_id, .state = {}}, {})).items.size() == 1);
}
