#include "store/support.hpp"

#include <set>

using namespace hobd;
using namespace hobd::testing;

namespace {

/// A turn of `text` and its reply in a conversation; a new one when `conversation_id` is "".
Turn exchange(TestStore& t, const std::string& user, const std::string& conversation_id, const std::string& text) {
  Inbound in = inbound(user, text);
  in.conversation_id = conversation_id;
  const auto turn = t.get(t.journal().accept(in, Durability::journaled)).turn;
  t.get(t.journal().end_turn(reply_to(turn, "re: " + text), Durability::journaled));
  return turn;
}

std::string texts(const std::vector<Message>& messages) {
  std::string all;
  for (const auto& m : messages) all += m.text + "|";
  return all;
}

}  // namespace

TEST_CASE("conversations are listed by their last use, page by page, each once though new ones come") {
  TestStore t;
  const auto user = t.user();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    t.clock.time += std::chrono::seconds(1);
    ids.push_back(exchange(t, user, "", "talk").conversation_id);
  }
  t.clock.time += std::chrono::seconds(1);
  exchange(t, user, ids[0], "again");
  std::vector<std::string> seen;
  PageRequest page{.limit = 2, .cursor = ""};
  do {
    const auto part = t.get(t.conversations().list(user, page));
    for (const auto& c : part.items) seen.push_back(c.id);
    page.cursor = part.next;
    t.clock.time += std::chrono::seconds(1);
    exchange(t, user, "", "came between");
  } while (!page.cursor.empty());
  REQUIRE(seen == std::vector<std::string>{ids[0], ids[4], ids[3], ids[2], ids[1]});
}

TEST_CASE("conversations of the same moment are paged without loss") {
  TestStore t;
  const auto user = t.user();
  for (int i = 0; i < 7; ++i) t.get(t.conversations().create(user, "same time", "http", ""));
  std::set<std::string> seen;
  PageRequest page{.limit = 3, .cursor = ""};
  do {
    const auto part = t.get(t.conversations().list(user, page));
    for (const auto& c : part.items) REQUIRE(seen.insert(c.id).second);
    page.cursor = part.next;
  } while (!page.cursor.empty());
  REQUIRE(seen.size() == 7);
}

TEST_CASE("a cursor that no list gave, another list's cursor and a bad limit are invalid") {
  TestStore t;
  const auto user = t.user();
  const auto turn = exchange(t, user, "", "one");
  exchange(t, user, turn.conversation_id, "two");
  for (const char* bad : {"x", "c", "c000000000000000g0000000000000000", "c0000000000000001000000000000000",
                          "'; DROP TABLE users; --"})
    REQUIRE(t.fails(t.conversations().list(user, {.limit = 2, .cursor = bad})) == Code::invalid);
  const auto messages = t.get(t.conversations().messages(user, turn.conversation_id, "", {.limit = 1, .cursor = ""}));
  REQUIRE(t.fails(t.conversations().list(user, {.limit = 2, .cursor = messages.next})) == Code::invalid);
  REQUIRE(t.fails(t.journal().list_turns(user, {}, {.limit = 2, .cursor = messages.next})) == Code::invalid);
  REQUIRE(t.fails(t.conversations().list(user, {.limit = 0, .cursor = ""})) == Code::invalid);
  REQUIRE(t.fails(t.conversations().list(user, {.limit = 501, .cursor = ""})) == Code::invalid);
}

TEST_CASE("messages are paged in the order they were stored") {
  TestStore t;
  const auto user = t.user();
  const auto turn = exchange(t, user, "", "1");
  exchange(t, user, turn.conversation_id, "2");
  const auto first = t.get(t.conversations().messages(user, turn.conversation_id, "", {.limit = 3, .cursor = ""}));
  REQUIRE(texts(first.items) == "1|re: 1|2|");
  const auto rest = t.get(t.conversations().messages(user, turn.conversation_id, "", {.limit = 3, .cursor = first.next}));
  REQUIRE(texts(rest.items) == "re: 2|");
  REQUIRE(rest.next.empty());
}

TEST_CASE("recent gives the newest of a session before a message, oldest first") {
  TestStore t;
  const auto user = t.user();
  const auto one = exchange(t, user, "", "1");
  exchange(t, user, one.conversation_id, "2");
  const auto third = t.get(t.journal().accept(inbound_to(one, "3"), Durability::journaled));
  REQUIRE(texts(t.get(t.conversations().recent(user, one.session_id, third.message.id, 3))) == "re: 1|2|re: 2|");
  REQUIRE(texts(t.get(t.conversations().recent(user, one.session_id, "", 1))) == "3|");
  REQUIRE(t.fails(t.conversations().recent(t.user("bert"), one.session_id, "", 9)) == Code::not_found);
}

TEST_CASE("a message that arrived while another was being answered comes behind that answer") {
  TestStore t;
  const auto user = t.user();
  const auto one = t.get(t.journal().accept(inbound(user, "1"), Durability::journaled));
  const auto two = t.get(t.journal().accept(inbound_to(one.turn, "2"), Durability::journaled));
  const auto three = t.get(t.journal().accept(inbound_to(one.turn, "3"), Durability::journaled));
  REQUIRE(t.get(t.conversations().recent(user, one.turn.session_id, one.message.id, 9)).empty());
  t.get(t.journal().end_turn(reply_to(one.turn, "re: 1"), Durability::journaled));
  REQUIRE(texts(t.get(t.conversations().recent(user, one.turn.session_id, two.message.id, 9))) == "1|re: 1|");
  t.get(t.journal().end_turn(reply_to(two.turn, "re: 2"), Durability::journaled));
  REQUIRE(texts(t.get(t.conversations().recent(user, one.turn.session_id, three.message.id, 9))) == "1|re: 1|2|re: 2|");
}

TEST_CASE("reset begins a session without the old messages and keeps the record") {
  TestStore t;
  const auto user = t.user();
  const auto turn = exchange(t, user, "", "before");
  const auto session = t.get(t.conversations().reset(user, turn.conversation_id));
  REQUIRE(t.get(t.conversations().recent(user, session.id, "", 10)).empty());
  exchange(t, user, turn.conversation_id, "after");
  REQUIRE(texts(t.get(t.conversations().recent(user, session.id, "", 10))) == "after|re: after|");
  REQUIRE(t.get(t.conversations().sessions(user, turn.conversation_id)).size() == 2);
  REQUIRE(t.get(t.conversations().messages(user, turn.conversation_id, "", {})).items.size() == 4);
  REQUIRE(t.get(t.conversations().messages(user, turn.conversation_id, turn.session_id, {})).items.size() == 2);
}

TEST_CASE("fork copies up to the message, under new ids, and leaves the original alone") {
  TestStore t;
  const auto user = t.user();
  const auto one = exchange(t, user, "", "1");
  const auto two = exchange(t, user, one.conversation_id, "2");
  const auto fork = t.get(t.conversations().fork(user, one.conversation_id, "msg_reply_" + one.id));
  REQUIRE(fork.id != one.conversation_id);
  REQUIRE(fork.message_count == 2);
  const auto copies = t.get(t.conversations().messages(user, fork.id, "", {})).items;
  REQUIRE(texts(copies) == "1|re: 1|");
  REQUIRE(copies[0].id != one.message_id);
  REQUIRE(copies[0].session_id == fork.session_id);
  exchange(t, user, fork.id, "other way");
  REQUIRE(t.get(t.conversations().messages(user, one.conversation_id, "", {})).items.size() == 4);
  REQUIRE(t.get(t.conversations().fork(user, one.conversation_id, "")).message_count == 4);
  REQUIRE(t.fails(t.conversations().fork(user, fork.id, two.message_id)) == Code::not_found);
}

TEST_CASE("a forked conversation doesn't take its thread away") {
  TestStore t;
  Inbound in = inbound(t.user(), "x");
  in.thread = "room";
  const auto turn = t.get(t.journal().accept(in, Durability::journaled)).turn;
  t.get(t.conversations().fork(turn.user_id, turn.conversation_id, ""));
  REQUIRE(t.get(t.conversations().find_by_thread(turn.user_id, "http", "room")).id == turn.conversation_id);
}

TEST_CASE("remove leaves nothing of a conversation, in the search neither") {
  TestStore t;
  const auto user = t.user();
  const auto gone = exchange(t, user, "", "the walrus sings");
  exchange(t, user, "", "the walrus sleeps");
  t.get(t.journal().accept(inbound_to(gone, "an open turn about the walrus"), Durability::journaled));
  OutboxItem item;
  item.id = "out_1";
  item.user_id = user;
  item.conversation_id = gone.conversation_id;
  t.get(t.journal().add_outbox({item}, Durability::journaled));
  t.get(t.conversations().remove(user, gone.conversation_id));
  REQUIRE(t.fails(t.conversations().find(user, gone.conversation_id)) == Code::not_found);
  REQUIRE(t.fails(t.conversations().find_message(user, gone.message_id)) == Code::not_found);
  REQUIRE(t.fails(t.journal().find_turn(user, gone.id)) == Code::not_found);
  REQUIRE(t.get(t.journal().unfinished_turns()).empty());
  REQUIRE(t.get(t.journal().open_outbox()).empty());
  REQUIRE(t.get(t.journal().steps(gone.user_id, gone.id)).empty());
  REQUIRE(t.found(user, "walrus").size() == 2);
}

TEST_CASE("another user's conversation can't be seen, changed or removed") {
  TestStore t;
  const auto anna = t.user("anna"), bert = t.user("bert");
  const auto turn = exchange(t, anna, "", "mine");
  auto& c = t.conversations();
  const auto& id = turn.conversation_id;
  REQUIRE(t.get(c.list(bert, {})).items.empty());
  REQUIRE(t.fails(c.find(bert, id)) == Code::not_found);
  REQUIRE(t.fails(c.messages(bert, id, "", {})) == Code::not_found);
  REQUIRE(t.fails(c.find_message(bert, turn.message_id)) == Code::not_found);
  REQUIRE(t.fails(c.sessions(bert, id)) == Code::not_found);
  REQUIRE(t.fails(c.reset(bert, id)) == Code::not_found);
  REQUIRE(t.fails(c.fork(bert, id, "")) == Code::not_found);
  REQUIRE(t.fails(c.set_title(bert, id, "x")) == Code::not_found);
  REQUIRE(t.fails(c.remove(bert, id)) == Code::not_found);
  REQUIRE(t.get(c.find(anna, id)).message_count == 2);
}

TEST_CASE("a title is the first 60 characters on one line, and can be set") {
  TestStore t;
  const auto user = t.user();
  std::string umlauts;
  for (int i = 0; i < 70; ++i) umlauts += "ü";
  const auto turn = exchange(t, user, "", "\n  " + umlauts);
  REQUIRE(t.get(t.conversations().find(user, turn.conversation_id)).title == umlauts.substr(0, 120));
  REQUIRE(t.get(t.conversations().find(user, exchange(t, user, "", "a\nb").conversation_id)).title == "a b");
  t.get(t.conversations().set_title(user, turn.conversation_id, "Dots"));
  REQUIRE(t.get(t.conversations().find(user, turn.conversation_id)).title == "Dots");
}

TEST_CASE("attachments and wire parts of a message come back as they were") {
  TestStore t;
  Inbound in = inbound(t.user(), "look");
  in.messages[0].attachments = {json::object{{"url", "file:///a.png"}}};
  in.messages[0].extra = {{"tool_calls", json::array{json::object{{"id", "c1"}}}}};
  const auto turn = t.get(t.journal().accept(in, Durability::journaled)).turn;
  const auto message = t.get(t.conversations().find_message(turn.user_id, turn.message_id));
  REQUIRE(message.attachments == in.messages[0].attachments);
  REQUIRE(message.extra == in.messages[0].extra);
}
