#include "agent/commands.hpp"
#include "fakes/house.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hobd;
using namespace hobd::fakes;

namespace {

std::string reply_to(House& house, const std::string& text) {
  const auto reply = house.say(text);
  return reply.has_value() ? reply->reply : "error: " + reply.error().message;
}

/// Answers a command of a stored turn that has no reply yet, as a start does after a crash.
struct Interrupted {
  Interrupted(House& house, const std::string& text) : house_(house) {
    Inbound in;
    in.user_id = house.user.id;
    in.channel = "http";
    Message& message = in.messages.emplace_back();
    message.role = "user";
    message.speaker = "anna";
    message.text = text;
    const auto accepted = run(house.io, house.store->journal().accept(std::move(in), Durability::journaled)).value();
    turn_ = accepted.turn;
    message_ = accepted.message;
    context_.store = house.store.get();
    context_.clock = &house.clock;
    context_.config = house.config;
  }
  std::string answer() { return run(house_.io, answer_command(context_, turn_, message_, 0)).value().text; }

 private:
  House& house_;
  Turn turn_;
  Message message_;
  AgentContext context_;
};

std::size_t count_of_memories(House& house) {
  return run(house.io, house.store->memories().list(house.user.id, MemoryFilter(), {})).value().items.size();
}

}  // namespace

TEST_CASE("a /remember that is answered twice keeps one memory, said once") {
  TempFolder folder;
  House house(folder.path());
  Interrupted turn(house, "/remember I like tea");
  const std::string first = turn.answer();
  CHECK(turn.answer() == first);
  const auto memories = run(house.io, house.store->memories().list(house.user.id, MemoryFilter(), {})).value().items;
  REQUIRE(memories.size() == 1);
  CHECK(memories[0].version == 1);
}

TEST_CASE("an /undo that is answered twice takes one change back") {
  TempFolder folder;
  House house(folder.path());
  reply_to(house, "/remember one");
  reply_to(house, "/remember two");
  Interrupted turn(house, "/undo");
  const std::string first = turn.answer();
  CHECK_THAT(first, Catch::Contains("two"));
  CHECK(turn.answer() == first);
  CHECK(count_of_memories(house) == 1);
}

TEST_CASE("what is undone comes back by the id that the undo names") {
  TempFolder folder;
  House house(folder.path());
  reply_to(house, "/remember one");
  const std::string undone = reply_to(house, "/undo");
  CHECK(count_of_memories(house) == 0);
  const std::size_t at = undone.find("/undo chg_");
  REQUIRE(at != std::string::npos);
  reply_to(house, undone.substr(at, undone.find(' ', at + 6) - at));
  CHECK(count_of_memories(house) == 1);
}

TEST_CASE("the question of a /forget is still answered after a restart") {
  TempFolder folder;
  std::string conversation;
  {
    House house(folder.path());
    reply_to(house, "/remember the kettle");
    CHECK_THAT(reply_to(house, "/forget kettle"), Catch::Contains("1. the kettle"));
    conversation = house.conversation;
  }
  House house(folder.path());
  house.conversation = conversation;
  CHECK_THAT(reply_to(house, "/forget yes"), Catch::Contains("Forgotten for good: 1 memory"));
  CHECK(count_of_memories(house) == 0);
}

TEST_CASE("a yes in another conversation deletes nothing") {
  TempFolder folder;
  House house(folder.path());
  reply_to(house, "/remember the kettle");
  reply_to(house, "/forget kettle");
  house.conversation.clear();
  CHECK_THAT(reply_to(house, "/forget yes"), Catch::Contains("Nothing waits"));
  CHECK(count_of_memories(house) == 1);
}

TEST_CASE("what is forgotten takes along the messages in which it was asked and shown, and the sources if that was said") {
  TempFolder folder;
  House house(folder.path());
  reply_to(house, "/remember the kettle");
  reply_to(house, "/forget kettle");
  reply_to(house, "/forget yes with messages");
  REQUIRE(house.forgetting->erased.size() == 1);
  const auto& ids = house.forgetting->erased[0];
  CHECK(std::ranges::count_if(ids, [](const std::string& id) { return id.starts_with("mem_"); }) == 1);
  CHECK(std::ranges::count_if(ids, [](const std::string& id) { return id.starts_with("msg_"); }) == 2);
  CHECK(house.forgetting->took_messages);
}

TEST_CASE("one user's numbers and words never reach another's memories") {
  TempFolder folder;
  House house(folder.path());
  reply_to(house, "/remember the kettle");
  house.user = run(house.io, house.store->users().ensure("ben", false)).value();
  house.conversation.clear();
  CHECK_THAT(reply_to(house, "/memories kettle"), Catch::Contains("nothing about"));
  CHECK_THAT(reply_to(house, "/undo"), Catch::Contains("Nothing was taken back"));
}
