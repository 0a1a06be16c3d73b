// block.* and conversation.summarize as a client sees them, on a real database.
#include "api/methods.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/blocks.hpp"
#include "memory/buffer.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace hobd;
using fakes::run;

struct Office {
  Office() {
    user = run(io, store->users().ensure("anna", false)).value();
    add_block_methods(table, {&blocks});
    add_conversation_methods(table, {.store = store.get(), .buffers = &buffers});
  }
  ~Office() {
    run(io, buffers.stop(std::chrono::milliseconds(0)));
    store->close();
  }
  Result<json::value> ask(const std::string& method, json::object params, std::set<std::string, std::less<>> scopes = {"memory", "conversations"}) {
    Principal who;
    who.user_id = user.id;
    who.user_name = user.name;
    who.scopes = std::move(scopes);
    return run(io, table.invoke(who, method, std::move(params), nullptr));
  }

  asio::io_context io;
  fakes::TempFolder folder;
  fakes::FakeClock clock;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<Store> store = open_sqlite_store({.file = folder.path() / "hob.db", .executor = io.get_executor(), .clock = &clock}).value();
  MemoryBlocks blocks{store->blocks(), config};
  SessionBuffers buffers{{io.get_executor(), store.get(), nullptr, &clock, config}};
  User user;
  MethodTable table;
};

TEST_CASE("a block is set, read, added to, taken back and deleted") {
  Office office;
  CHECK(office.ask("block.list", {})->at("items").as_array().size() == 4);
  CHECK(office.ask("block.set", {{"label", "human"}, {"text", "Anna"}})->at("text").as_string() == "Anna");
  CHECK(office.ask("block.append", {{"label", "human"}, {"text", "a vet"}})->at("text").as_string() == "Anna\na vet");
  const json::value got = office.ask("block.get", {{"label", "human"}}).value();
  CHECK(got.at("previous").as_string() == "Anna");
  CHECK(got.at("used").to_number<int>() == 10);
  CHECK(office.ask("block.undo", {{"label", "human"}})->at("text").as_string() == "Anna");
  CHECK(office.ask("block.delete", {{"label", "human"}})->at("deleted").as_bool());
  CHECK(office.ask("block.get", {{"label", "human"}})->at("text").as_string().empty());
}

TEST_CASE("an own block is made by setting it, with what it is for and how much fits") {
  Office office;
  const json::value made = office.ask("block.set", {{"label", "garden"}, {"text", "roses"}, {"limit", 100}, {"description", "what grows"}, {"read_only", true}}).value();
  CHECK(made.at("limit").to_number<int>() == 100);
  CHECK(made.at("read_only").as_bool());
  CHECK_FALSE(made.at("standard").as_bool());
  CHECK(office.ask("block.list", {})->at("items").as_array().size() == 5);
}

TEST_CASE("a block that can't be is refused with the reason") {
  Office office;
  CHECK(office.ask("block.get", {{"label", "nothing"}}).error().code == Code::not_found);
  CHECK(office.ask("block.set", {{"label", "Not A Label"}, {"text", "x"}}).error().code == Code::invalid);
  CHECK(office.ask("block.set", {{"label", "human"}, {"limit", -1}}).error().code == Code::invalid);
  CHECK(office.ask("block.set", {{"label", "human"}, {"limit", std::int64_t{1} << 40}}).error().code == Code::invalid);
  CHECK(office.ask("block.set", {{"label", "human"}, {"text", std::string(3000, 'x')}}).error().message.find("2000 are left") != std::string::npos);
  CHECK(office.ask("block.set", {{"label", "human"}, {"text", "x"}}, {"memory:read"}).error().code == Code::denied);
}

TEST_CASE("summarize gives the summary and the message that it reaches to") {
  Office office;
  Inbound in;
  in.user_id = office.user.id;
  in.channel = "http";
  Message message;
  message.text = "My sister Ana moved to Lyon.";
  in.messages.push_back(message);
  const Turn turn = run(office.io, office.store->journal().accept(in, Durability::journaled)).value().turn;
  json::object which{{"conversation_id", turn.conversation_id}};
  CHECK(office.ask("conversation.summarize", which).error().code == Code::invalid);  // it has not ended
  TurnEnd end;
  end.turn_id = turn.id;
  (void)run(office.io, office.store->journal().end_turn(end, Durability::journaled)).value();
  const json::value summary = office.ask("conversation.summarize", which).value();
  CHECK(std::string(summary.at("summary").as_string()).find("Ana moved to Lyon") != std::string::npos);
  CHECK(summary.at("upto_message_id").as_string() == turn.message_id);
  CHECK(summary.at("by").as_string() == "extract");
  CHECK(office.ask("conversation.summarize", {{"conversation_id", "conv_none"}}).error().code == Code::not_found);
}

}  // namespace
