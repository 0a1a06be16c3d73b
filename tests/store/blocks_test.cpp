// Blocks and session summaries as they are stored.
#include "store/blocks.hpp"
#include "store/summaries.hpp"
#include "support.hpp"

namespace {

using namespace hobd;
using namespace hobd::testing;

StoredBlock block(const std::string& label, const std::string& text, std::int64_t version = 0) {
  StoredBlock one;
  one.label = label;
  one.text = text;
  one.version = version;
  return one;
}

TEST_CASE("a block comes back as it was stored, behind those that were there") {
  TestStore t;
  const std::string user = t.user();
  t.get(t.store->blocks().put(user, block("garden", "roses \xf0\x9f\x8c\xb9"), 10));
  StoredBlock second = block("car", "a red one");
  second.previous = "a blue one";
  second.read_only = true;
  second.from_outside = true;
  t.get(t.store->blocks().put(user, second, 10));
  t.reopen();
  const auto blocks = t.get(t.store->blocks().list(user));
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].label == "garden");
  CHECK(blocks[0].text == "roses \xf0\x9f\x8c\xb9");
  CHECK_FALSE(blocks[0].previous.has_value());
  CHECK(blocks[1].previous == "a blue one");
  CHECK(blocks[1].read_only);
  CHECK(blocks[1].from_outside);
  CHECK(blocks[1].version == 1);
}

TEST_CASE("a block that was changed meanwhile is not overwritten") {
  TestStore t;
  const std::string user = t.user();
  t.get(t.store->blocks().put(user, block("a", "one"), 10));
  CHECK(t.fails(t.store->blocks().put(user, block("a", "two"), 10)) == Code::overloaded);
  CHECK(t.get(t.store->blocks().put(user, block("a", "two", 1), 10)).version == 2);
}

TEST_CASE("one user's blocks are not another's, and go with the user") {
  TestStore t;
  const std::string anna = t.user("anna"), ben = t.user("ben");
  t.get(t.store->blocks().put(anna, block("a", "hers"), 10));
  CHECK(t.get(t.store->blocks().list(ben)).empty());
  CHECK(t.fails(t.store->blocks().remove(ben, "a")) == Code::not_found);
  t.get(t.store->users().remove(anna));
  CHECK(t.get(t.store->blocks().list(anna)).empty());
}

TEST_CASE("there are no more blocks than are allowed") {
  TestStore t;
  const std::string user = t.user();
  t.get(t.store->blocks().put(user, block("a", "1"), 1));
  CHECK(t.fails(t.store->blocks().put(user, block("b", "2"), 1)) == Code::overloaded);
  CHECK(t.get(t.store->blocks().put(user, block("a", "3", 1), 1)).text == "3");
}

/// A session with `turns` answered turns: messages "u0", "a0", "u1", ...
struct Talk {
  explicit Talk(int turns) {
    for (int i = 0; i < turns; ++i) say("u" + std::to_string(i), "a" + std::to_string(i));
  }
  Turn begin(const std::string& text) {
    Inbound in = inbound(user, text);
    in.conversation_id = conversation;
    Turn turn = t.get(t.journal().accept(in, Durability::journaled)).turn;
    conversation = turn.conversation_id;
    session = turn.session_id;
    return turn;
  }
  void end(const Turn& turn, const std::string& text) { t.get(t.journal().end_turn(reply_to(turn, text), Durability::journaled)); }
  void say(const std::string& text, const std::string& answer) { end(begin(text), answer); }
  SessionBuffer buffer(BufferQuery query = {}) {
    query.user_id = user;
    query.session_id = session;
    return t.get(t.store->summaries().buffer(query));
  }
  std::string texts(BufferQuery query = {}) {
    std::string all;
    for (const Message& message : buffer(query).messages) all += message.text + " ";
    return all;
  }
  SessionSummary cover(const std::string& text) {
    SessionBuffer now = buffer();
    for (const Message& message : now.messages)
      if (message.text == text) now.summary.upto_message_id = message.id;
    now.summary.text = "notes";
    now.summary.by = "extract";
    return t.get(t.store->summaries().put(user, now.summary));
  }
  TestStore t;
  std::string user = t.user(), conversation, session;
};

TEST_CASE("the buffer begins behind the summary's last turn") {
  Talk talk(4);
  CHECK(talk.texts() == "u0 a0 u1 a1 u2 a2 u3 a3 ");
  CHECK(talk.cover("a1").version == 1);
  CHECK(talk.texts() == "u2 a2 u3 a3 ");
  CHECK(talk.cover("u2").version == 2);  // its turn goes whole
  CHECK(talk.texts() == "u3 a3 ");
  talk.t.reopen();
  CHECK(talk.texts() == "u3 a3 ");
  CHECK(talk.buffer().summary.text == "notes");
}

TEST_CASE("answers that come behind later messages stay with theirs") {
  Talk talk(1);
  const Turn first = talk.begin("u1"), second = talk.begin("u2");
  talk.end(first, "a1");
  CHECK(talk.texts() == "u0 a0 u1 a1 u2 ");
  BufferQuery ended;
  ended.ended_only = true;
  CHECK(talk.texts(ended) == "u0 a0 u1 a1 ");
  talk.cover("a1");
  CHECK(talk.texts() == "u2 ");
  talk.end(second, "a2");
  CHECK(talk.texts() == "u2 a2 ");
}

TEST_CASE("a page of the buffer holds whole turns") {
  Talk talk(0);
  const Turn first = talk.begin("u0");
  std::vector<Turn> rest;
  for (int i = 1; i < 5; ++i) rest.push_back(talk.begin("u" + std::to_string(i)));
  talk.end(first, "a0");
  BufferQuery page;
  page.limit = 2;
  CHECK(talk.buffer(page).has_more);
  CHECK(talk.texts(page) == "u0 a0 u1 ");
}

TEST_CASE("a page of the buffer is bounded in bytes") {
  Talk talk(0);
  talk.say(std::string(3000, 'x'), "a0");
  talk.say("u1", "a1");
  BufferQuery page;
  page.bytes = 1000;
  const SessionBuffer buffer = talk.buffer(page);
  CHECK(buffer.has_more);
  CHECK(buffer.messages.size() == 2);
}

TEST_CASE("a summary that was made from an older one is refused") {
  Talk talk(2);
  SessionSummary stale = talk.buffer().summary;
  talk.cover("a0");
  stale.upto_message_id = talk.buffer().messages.front().id;
  CHECK(talk.t.fails(talk.t.store->summaries().put(talk.user, stale)) == Code::overloaded);
}

TEST_CASE("a summary goes with its conversation, and nobody else reads it") {
  Talk talk(2);
  talk.cover("a0");
  const std::string ben = talk.t.user("ben");
  CHECK(talk.t.fails(talk.t.store->summaries().find(ben, talk.session)) == Code::not_found);
  talk.t.get(talk.t.conversations().remove(talk.user, talk.conversation));
  CHECK(talk.t.fails(talk.t.store->summaries().find(talk.user, talk.session)) == Code::not_found);
}

TEST_CASE("without its summary the buffer holds everything again") {
  Talk talk(2);
  talk.cover("a1");
  talk.t.get(talk.t.store->summaries().remove(talk.user, talk.session));
  CHECK(talk.texts() == "u0 a0 u1 a1 ");
}

TEST_CASE("a forked conversation's messages are in its buffer") {
  Talk talk(2);
  talk.cover("a1");
  const Conversation fork = talk.t.get(talk.t.conversations().fork(talk.user, talk.conversation, ""));
  talk.session = fork.session_id;
  CHECK(talk.texts() == "u0 a0 u1 a1 ");
  talk.cover("a0");
  CHECK(talk.texts() == "u1 a1 ");
}

TEST_CASE("a session that was silent for longer than the limit begins afresh") {
  Talk talk(1);
  talk.t.journal().set_session_ttl(std::chrono::minutes(30));
  const std::string first = talk.session;
  talk.t.clock.time += std::chrono::minutes(30);
  talk.say("still here", "yes");
  CHECK(talk.session == first);
  talk.t.clock.time += std::chrono::minutes(31);
  talk.say("back again", "hello");
  CHECK(talk.session != first);
  CHECK(talk.texts() == "back again hello ");
  CHECK(talk.t.get(talk.t.conversations().messages(talk.user, talk.conversation, "", {})).items.size() == 6);
}

TEST_CASE("a session that is named goes on however long it was silent") {
  Talk talk(1);
  talk.t.journal().set_session_ttl(std::chrono::minutes(30));
  const std::string first = talk.session;
  talk.t.clock.time += std::chrono::hours(100);
  Inbound in = inbound(talk.user, "go on");
  in.session = {SessionChoice::Kind::given, first};
  CHECK(talk.t.get(talk.t.journal().accept(in, Durability::journaled)).turn.session_id == first);
}

TEST_CASE("a clock that jumps back ends no session") {
  Talk talk(1);
  talk.t.journal().set_session_ttl(std::chrono::minutes(30));
  const std::string first = talk.session;
  talk.t.clock.time -= std::chrono::hours(1000);
  talk.say("hm", "yes");
  CHECK(talk.session == first);
}

}  // namespace
