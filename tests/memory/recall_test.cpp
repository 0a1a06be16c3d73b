#include "fakes/fake_clock.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/recall.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct World {
  World() {
    StoreOptions options;
    options.file = folder.path() / "hob.db";
    options.executor = io.get_executor();
    options.clock = &clock;
    store = open_sqlite_store(std::move(options)).value();
    anna = run(io, store->users().ensure("anna", false)).value();
    bert = run(io, store->users().ensure("bert", false)).value();
  }
  ~World() { store->close(); }
  Accepted say(const User& user, const std::string& text) {
    Message message;
    message.text = text;
    message.speaker = user.name;
    Inbound inbound;
    inbound.user_id = user.id;
    inbound.channel = "http";
    inbound.messages.push_back(message);
    return run(io, store->journal().accept(std::move(inbound), Durability::journaled)).value();
  }
  std::vector<RecalledItem> recall(RecallQuery query) {
    query.user_id = anna.id;
    if (query.session_id.empty())
      query.session_id = run(io, store->conversations().create(anna.id, "", "http", "")).value().session_id;
    query.now = clock.now();
    Recall recall(*store, nullptr);
    return run(io, recall.find(std::move(query))).value();
  }

  TempFolder folder;
  asio::io_context io;
  FakeClock clock;
  std::unique_ptr<Store> store;
  User anna, bert;
};

RecallQuery query(const std::string& text) {
  RecallQuery query;
  query.text = text;
  return query;
}

}  // namespace

TEST_CASE("recall finds what the user said in another conversation, with its date") {
  World memory;
  memory.say(memory.anna, "my favourite colour is teal");
  memory.say(memory.anna, "the bins go out on Monday");
  const auto items = memory.recall(query("which colour do I like?"));
  REQUIRE(items.size() == 1);
  CHECK(items[0].speaker == "anna");
  CHECK_THAT(render_recalled(items, 4096), Catch::Contains("2026-11-21, anna: my favourite colour is teal"));
}

TEST_CASE("recall never shows another user's words, commands, the asking turn or what is in context") {
  World memory;
  memory.say(memory.bert, "the colour is red");
  memory.say(memory.anna, "/search colour");
  const Accepted shown = memory.say(memory.anna, "colour blue");
  const Accepted asking = memory.say(memory.anna, "colour?");
  RecallQuery asks = query("colour");
  asks.turn_id = asking.turn.id;
  asks.session_id = shown.turn.session_id;
  asks.recent_count = 4;
  CHECK(memory.recall(asks).empty());
  asks.recent_count = 0;
  REQUIRE(memory.recall(asks).size() == 1);
  CHECK(memory.recall(asks)[0].id == shown.message.id);
}

TEST_CASE("what was said to a tier or behind an escape is recalled in the sender's own words, a command is not") {
  World memory;
  memory.say(memory.anna, "/smart my favourite colour is teal");
  memory.say(memory.anna, "//colour is what I call the palette");
  memory.say(memory.anna, "/search colour");
  std::vector<std::string> texts;
  for (const RecalledItem& item : memory.recall(query("which colour do I like?"))) texts.push_back(item.text);
  std::sort(texts.begin(), texts.end());
  CHECK(texts == std::vector<std::string>{"/colour is what I call the palette", "my favourite colour is teal"});
}

TEST_CASE("recall gives at most top_k, and nothing for no words") {
  World memory;
  for (int i = 0; i < 8; ++i) memory.say(memory.anna, "colour number " + std::to_string(i));
  RecallQuery few = query("colour");
  few.top_k = 3;
  CHECK(memory.recall(few).size() == 3);
  CHECK(memory.recall(query("   ")).empty());
}

TEST_CASE("the recalled block keeps to its bytes, one line an item, oldest first") {
  std::vector<RecalledItem> items(3);
  for (int i = 0; i < 3; ++i) {
    items[std::size_t(i)].text = "line\nbreak " + std::string(100, char('a' + i));
    items[std::size_t(i)].at = from_micros(3'000'000 - i * 1'000'000);
  }
  const std::string all = render_recalled(items, 4096);
  CHECK(std::count(all.begin(), all.end(), '\n') == 4);
  CHECK(all.find("ccc") < all.find("aaa"));
  CHECK(render_recalled(items, 260).size() <= 260);
  CHECK(render_recalled({}, 4096).empty());
}
