#include "store/memory_support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

struct Talk : MemoryStore {
  Turn begin(const std::string& text, const std::string& conversation_id = "") {
    Inbound in = inbound(anna, text);
    in.conversation_id = conversation_id;
    return get(journal().accept(in, Durability::journaled)).turn;
  }
  void end(const Turn& turn, const std::string& reply) { get(journal().end_turn(reply_to(turn, reply), Durability::journaled)); }
  std::vector<Message> waiting() { return get(memories().unlearned(anna, 100)); }
  std::string texts() {
    std::string all;
    for (const Message& message : waiting()) all += message.text + "|";
    return all;
  }
  void learn_upto(const std::string& message_id, std::vector<MemoryEdit> edits = {}) {
    MemoryChange change;
    change.user_id = anna;
    change.cause = "learning";
    change.edits = std::move(edits);
    change.learned_upto = message_id;
    get(memories().apply(change, Durability::journaled));
  }
};

}  // namespace

TEST_CASE("the messages of ended turns wait for learning, in order, up to a turn that still runs") {
  Talk t;
  t.end(t.begin("one"), "re one");
  const auto running = t.begin("two");
  t.end(t.begin("three"), "re three");
  REQUIRE(t.texts() == "one|re one|");
  t.end(running, "re two");
  REQUIRE(t.texts() == "one|re one|two|three|re three|re two|");
}

TEST_CASE("the mark moves with the change that was learned, and with none at all") {
  Talk t;
  t.end(t.begin("I like tea"), "good");
  t.learn_upto(t.waiting().at(0).id, {put(remembered("mem_1", "likes tea"))});
  REQUIRE(t.texts() == "good|");
  t.learn_upto(t.waiting().at(0).id);
  REQUIRE(t.texts().empty());
  t.reopen();
  REQUIRE(t.texts().empty());
  REQUIRE(t.listed() == "likes tea");
}

TEST_CASE("a refused change leaves the mark") {
  Talk t;
  t.end(t.begin("one"), "re one");
  MemoryChange change;
  change.user_id = t.anna;
  change.edits = {put(remembered("mem_1", ""))};
  change.learned_upto = t.waiting().back().id;
  REQUIRE(t.fails(t.memories().apply(change, Durability::journaled)) == Code::invalid);
  REQUIRE(t.texts() == "one|re one|");
}

TEST_CASE("messages without a turn never wait") {
  Talk t;
  const auto turn = t.begin("one");
  t.end(turn, "re one");
  t.get(t.conversations().fork(t.anna, turn.conversation_id, ""));
  REQUIRE(t.texts() == "one|re one|");
}

TEST_CASE("messages that come after the newest ones were removed are still learned from") {
  Talk t;
  const auto turn = t.begin("one");
  t.end(turn, "re one");
  t.learn_upto(t.waiting().back().id);
  t.get(t.conversations().remove(t.anna, turn.conversation_id));
  t.end(t.begin("new"), "re new");
  REQUIRE(t.texts() == "new|re new|");
}

TEST_CASE("the users who have something to learn are named") {
  Talk t;
  const auto ben = t.user("ben");
  REQUIRE(t.get(t.memories().users_to_learn()).empty());
  const auto turn = t.begin("one");
  REQUIRE(t.get(t.memories().users_to_learn()).empty());
  t.end(turn, "re one");
  REQUIRE(t.get(t.memories().users_to_learn()) == std::vector<std::string>{t.anna});
  t.learn_upto(t.waiting().back().id);
  REQUIRE(t.get(t.memories().users_to_learn()).empty());
}
