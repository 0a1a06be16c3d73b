// The memory group over a real database.
#include "memory_house.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::test;

TEST_CASE("a memory is added with the words it is given, found, and listed") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", " Likes tea "}, {"kind", "preference"}, {"topics", {"food"}}, {"importance", 0.7}});
  CHECK(added.at("text") == "Likes tea");
  CHECK(added.at("kind") == "preference");
  CHECK(added.at("sources").at(0).at("said_by") == "owner");
  CHECK(added.at("sources").at(0).at("message_id") == "");
  CHECK(added.at("superseded_at").is_null());
  const auto found = house.get("memory.get", {{"id", added.at("id")}});
  CHECK(found == added);
  CHECK(house.texts("memory.list", {{"topic", "Food"}}) == "Likes tea");
  CHECK(house.texts("memory.list", {{"kind", "fact"}}).empty());
}

TEST_CASE("parameters that make no memory are refused with their name") {
  MemoryHouse house;
  CHECK(house.fails("memory.add", {{"text", ""}}) == Code::invalid);
  CHECK(house.fails("memory.add", {{"text", "   "}}) == Code::invalid);
  CHECK(house.fails("memory.add", {{"text", "x"}, {"kind", "rumour"}}) == Code::invalid);
  CHECK(house.fails("memory.add", {{"text", "x"}, {"importance", 3}}) == Code::invalid);
  CHECK(house.fails("memory.add", {{"text", "x"}, {"valid_from", "last May"}}) == Code::invalid);
  CHECK(house.error.find("valid_from") != std::string::npos);
  CHECK(house.fails("memory.add", {{"text", "x"}, {"valid_from", "2026-02-01"}, {"valid_to", "2026-01-01"}}) == Code::invalid);
  CHECK(house.fails("memory.add", {{"text", "x"}, {"colour", "red"}}) == Code::invalid);
  CHECK(house.fails("memory.get", {{"id", "mem_none"}}) == Code::not_found);
  CHECK(house.fails("memory.delete", {{"id", "mem_none"}}) == Code::not_found);
}

TEST_CASE("a quote has to stand in the message it is taken from") {
  MemoryHouse house;
  const std::string message = house.say("I like green tea");
  const auto added = house.get("memory.add", {{"text", "likes tea"}, {"message_id", message}, {"quote", "green tea"}});
  CHECK(added.at("sources").at(0).at("message_id").as_string() == message);
  CHECK(house.fails("memory.add", {{"text", "likes tea"}, {"message_id", message}, {"quote", "black tea"}}) == Code::invalid);
  CHECK(house.fails("memory.add", {{"text", "likes tea"}, {"message_id", "msg_none"}, {"quote", "tea"}}) == Code::not_found);
}

TEST_CASE("an update keeps the id and what it doesn't name, and refuses an old version") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "lives in Paris"}, {"topics", {"home"}}, {"valid_to", "2030-01-01"}});
  const auto updated = house.get("memory.update", {{"id", added.at("id")}, {"text", "lives in Lyon"}, {"valid_to", nullptr}, {"version", 1}});
  CHECK(updated.at("id") == added.at("id"));
  CHECK(updated.at("text") == "lives in Lyon");
  CHECK(updated.at("topics").at(0) == "home");
  CHECK(updated.at("valid_to").is_null());
  CHECK(updated.at("version") == 2);
  CHECK(house.fails("memory.update", {{"id", added.at("id")}, {"text", "x"}, {"version", 1}}) == Code::invalid);
}

TEST_CASE("what was known at a time is asked with as_of") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "her name is Anna"}});
  const std::string before = format_time(house.clock.time);
  house.clock.time += std::chrono::hours(1);
  house.get("memory.update", {{"id", added.at("id")}, {"text", "her name is Ana"}});
  CHECK(house.get("memory.get", {{"id", added.at("id")}, {"as_of", before}}).at("text") == "her name is Anna");
  CHECK(house.texts("memory.list", {{"as_of", before}}) == "her name is Anna");
  CHECK(house.fails("memory.get", {{"id", added.at("id")}, {"as_of", "2001-01-01"}}) == Code::not_found);
}

TEST_CASE("an upsert of the same words adds a source, of other words a memory") {
  MemoryHouse house;
  const auto first = house.get("memory.upsert", {{"text", "Likes tea."}});
  const auto second = house.get("memory.upsert", {{"text", "likes  tea"}});
  CHECK(first.at("verdict") == "added");
  CHECK(second.at("verdict") == "merged");
  CHECK(second.at("memory").at("id") == first.at("memory").at("id"));
  CHECK(house.get("memory.upsert", {{"text", "likes jam"}}).at("verdict") == "added");
}

TEST_CASE("a removed memory comes back by undo, and goes again by undoing that") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "one"}});
  house.get("memory.delete", {{"id", added.at("id")}});
  CHECK(house.texts("memory.list").empty());
  const auto undone = house.get("memory.undo", {{"id", added.at("id")}});
  CHECK(undone.at("memories").at(0).at("now") == "restored");
  CHECK(house.texts("memory.list") == "one");
  house.get("memory.undo", {{"change_id", undone.at("change_id")}});
  CHECK(house.texts("memory.list").empty());
}

TEST_CASE("undo without a name takes the latest changes back one by one") {
  MemoryHouse house;
  house.get("memory.add", {{"text", "one"}});
  house.get("memory.add", {{"text", "two"}});
  house.get("memory.undo");
  CHECK(house.texts("memory.list") == "one");
  house.get("memory.undo");
  CHECK(house.texts("memory.list").empty());
  CHECK(house.fails("memory.undo") == Code::not_found);
  CHECK(house.fails("memory.undo", {{"id", "mem_1"}, {"change_id", "chg_1"}}) == Code::invalid);
}

TEST_CASE("undo refuses what a later change stands on, and names that") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "one"}});
  house.get("memory.update", {{"id", added.at("id")}, {"text", "two"}});
  const auto changes = house.get("memory.changes").at("items").as_array();
  REQUIRE(changes.size() == 2);
  CHECK(house.fails("memory.undo", {{"change_id", changes[1].at("change_id")}}) == Code::invalid);
  CHECK(house.error.find(changes[0].at("change_id").as_string()) != std::string::npos);
}

TEST_CASE("clear removes all, or what one conversation taught, and can be undone") {
  MemoryHouse house;
  const std::string message = house.say("I like tea");
  house.get("memory.add", {{"text", "likes tea"}, {"message_id", message}, {"quote", "tea"}});
  house.get("memory.add", {{"text", "by hand"}});
  const auto cleared = house.get("memory.clear", {{"conversation_id", house.conversation}});
  CHECK(cleared.at("success") == true);
  CHECK(cleared.at("memories_cleared") == 1);
  CHECK(house.texts("memory.list") == "by hand");
  CHECK(house.get("memory.clear").at("memories_cleared") == 1);
  house.get("memory.undo");
  house.get("memory.undo", {{"change_id", cleared.at("change_id")}});
  CHECK(house.texts("memory.list") == "by hand|likes tea");
}

TEST_CASE("a memory explains itself: quotes with their messages, changes with reasons, uses with turns") {
  MemoryHouse house;
  const std::string message = house.say("I live in Paris, you know");
  const auto added = house.get("memory.add", {{"text", "lives in Paris"}, {"message_id", message}, {"quote", "I live in Paris"}});
  const std::string id(added.at("id").as_string());
  house.get("memory.update", {{"id", id}, {"importance", 0.9}, {"reason", "matters more"}});
  house.await(house.store->memories().mark_used(house.who.user_id, {id}, house.turn));
  const auto why = house.get("memory.explain", {{"id", id}});
  const auto& source = why.at("sources").at(0);
  CHECK(source.at("quote") == "I live in Paris");
  CHECK(source.at("message").at("text") == "I live in Paris, you know");
  CHECK(source.at("message").at("conversation_id").as_string() == house.conversation);
  CHECK(source.at("message").at("speaker") == "Ann");
  CHECK(why.at("changes").at(1).at("reason") == "matters more");
  CHECK(why.at("uses").at(0).at("turn_id").as_string() == house.turn);
  CHECK(why.at("uses").at(0).at("conversation_id").as_string() == house.conversation);
  CHECK(why.at("memory").at("access_count") == 1);
}

TEST_CASE("a removed memory still explains itself, a forgotten one doesn't exist") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "one"}});
  house.get("memory.delete", {{"id", added.at("id")}});
  CHECK(house.get("memory.explain", {{"id", added.at("id")}}).at("removed") == true);
  CHECK(house.get("memory.history", {{"id", added.at("id")}}).at("items").as_array().size() == 2);
  CHECK(house.fails("memory.explain", {{"id", "mem_none"}}) == Code::not_found);
}

TEST_CASE("another user's memories are not there") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "one"}});
  house.become("ben");
  for (const char* method : {"memory.get", "memory.delete", "memory.history", "memory.explain", "memory.undo"})
    CHECK(house.fails(method, {{"id", added.at("id")}}) == Code::not_found);
  CHECK(house.fails("memory.update", {{"id", added.at("id")}, {"text", "mine"}}) == Code::not_found);
  CHECK(house.texts("memory.list").empty());
}

TEST_CASE("personal data is marked on a memory when it is written") {
  MemoryHouse house;
  const auto added = house.get("memory.add", {{"text", "my e-mail is ann@example.org"}});
  CHECK(added.at("pii").at(0) == "email");
  CHECK(house.get("memory.update", {{"id", added.at("id")}, {"text", "I have an e-mail address"}}).at("pii").as_array().empty());
}

TEST_CASE("statistics count kinds") {
  MemoryHouse house;
  house.get("memory.add", {{"text", "one"}, {"kind", "event"}});
  const auto stats = house.get("memory.stats");
  CHECK(stats.at("memories") == 1);
  CHECK(stats.at("by_kind").at("event") == 1);
  CHECK(stats.at("embeddings").is_null());
}
