#include "store/memory_support.hpp"
#include "store/sqlite.hpp"
#include "store/terms.hpp"

#include <set>

using namespace hobd;
using namespace hobd::testing;

namespace {

/// Whole days after the test clock's start.
Time day(int number) { return from_micros(1'700'000'000'000'000) + std::chrono::hours(24 * number); }

/// "lives in Paris" from day 0, ended on day 10 by "lives in Lyon", which Hob learned on day 12.
struct Moved : MemoryStore {
  Moved() {
    Memory paris = remembered("mem_paris", "lives in Paris");
    paris.valid_from = day(0);
    clock.time = day(1);
    change({put(paris)});
    clock.time = day(12);
    paris.valid_to = day(10);
    paris.superseded_at = day(12);
    paris.superseded_by = "mem_lyon";
    Memory lyon = remembered("mem_lyon", "lives in Lyon");
    lyon.valid_from = day(10);
    change({put(lyon, "new"), put(paris, "ended: I moved to Lyon")});
    clock.time = day(20);
  }
};

}  // namespace

TEST_CASE("a memory is stored with all that it holds and found again, also after a restart") {
  MemoryStore t;
  Memory m = remembered("", "Likes black tea");
  m.kind = MemoryKind::preference;
  m.importance = 0.7;
  m.topics = {"food", "tea"};
  m.people = {"Anna"};
  m.sources = {{.message_id = "msg_1", .quote = "I like black tea", .said_by = SaidBy::owner, .at = day(0)}};
  m.valid_from = day(-5);
  m.recorded_at = day(0);
  m.pii = {"email"};
  m.extra = {{"color", "red"}};
  MemoryChange change;
  change.user_id = t.anna;
  change.cause = "api";
  change.edits.push_back(put(m));
  const auto made = t.get(t.memories().apply(change, Durability::synced));
  REQUIRE(made.size() == 1);
  REQUIRE(made[0].id.starts_with("mem_"));
  t.reopen();
  const Memory found = t.memory(made[0].id);
  REQUIRE(found.text == m.text);
  REQUIRE(found.kind == MemoryKind::preference);
  REQUIRE(found.importance == 0.7);
  REQUIRE(found.topics == m.topics);
  REQUIRE(found.people == m.people);
  REQUIRE(found.sources == m.sources);
  REQUIRE(found.valid_from == m.valid_from);
  REQUIRE(found.recorded_at == m.recorded_at);
  REQUIRE(found.pii == m.pii);
  REQUIRE(found.extra == m.extra);
  REQUIRE(found.version == 1);
  REQUIRE(found.change_id == made[0].change_id);
}

TEST_CASE("what belongs to another user answers not_found and can't be changed") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "a secret"))});
  const auto ben = t.user("ben");
  REQUIRE(t.fails(t.memories().find(ben, "mem_1")) == Code::not_found);
  REQUIRE(t.fails(t.memories().history(ben, "mem_1")) == Code::not_found);
  REQUIRE(t.fails(t.memories().uses(ben, "mem_1")) == Code::not_found);
  REQUIRE(t.fails(t.memories().find_change(ben, "chg_1")) == Code::not_found);
  REQUIRE(t.fails(t.memories().undo(ben, "chg_1", "undo", Durability::journaled)) == Code::not_found);
  REQUIRE(t.get(t.memories().find_all(ben, {"mem_1"})).empty());
  for (auto edit : {put(remembered("mem_1", "mine now")), take_out("mem_1")}) {
    MemoryChange change;
    change.user_id = ben;
    change.edits.push_back(edit);
    REQUIRE(t.fails(t.memories().apply(change, Durability::journaled)) == Code::not_found);
  }
  REQUIRE(t.memory("mem_1").text == "a secret");
}

TEST_CASE("a new version keeps the id; the old text is seen by as_of and the history alone") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "my sister is Anna"))});
  const Time before = t.clock.time;
  t.change({put(remembered("mem_1", "my sister is Ana"), "corrected: no, Ana")});
  REQUIRE(t.memory("mem_1").text == "my sister is Ana");
  REQUIRE(t.memory("mem_1").version == 2);
  REQUIRE(t.listed() == "my sister is Ana");
  REQUIRE(t.listed({.as_of = before}) == "my sister is Anna");
  const auto history = t.get(t.memories().history(t.anna, "mem_1"));
  REQUIRE(history.size() == 2);
  REQUIRE(history[0].memory.text == "my sister is Anna");
  REQUIRE(history[0].memory.version_to == history[1].memory.version_from);
  REQUIRE(history[1].reason == "corrected: no, Ana");
  REQUIRE(history[1].cause == "api");
}

TEST_CASE("what another memory ended leaves the list, and is found in its own time") {
  Moved t;
  REQUIRE(t.listed() == "lives in Lyon");
  REQUIRE(t.listed({.include_superseded = true}) == "lives in Lyon|lives in Paris");
  REQUIRE(t.listed({.valid_at = day(5)}) == "lives in Paris");
  REQUIRE(t.listed({.valid_at = day(11)}) == "lives in Lyon");
  REQUIRE(t.memory("mem_paris").superseded_by == "mem_lyon");
}

TEST_CASE("as_of gives what Hob believed then, valid_at with it what it believed to be true at another time") {
  Moved t;
  REQUIRE(t.listed({.as_of = day(11)}) == "lives in Paris");
  REQUIRE(t.listed({.valid_at = day(11), .as_of = day(11)}) == "lives in Paris");
  REQUIRE(t.listed({.valid_at = day(11), .as_of = day(13)}) == "lives in Lyon");
  REQUIRE(t.listed({.as_of = day(0)}).empty());
}

TEST_CASE("an event that is over stays in the list, a fact that is over doesn't") {
  MemoryStore t;
  Memory event = remembered("mem_1", "went to the concert");
  event.kind = MemoryKind::event;
  Memory fact = remembered("mem_2", "works at the mill");
  event.valid_from = fact.valid_from = day(-3);
  event.valid_to = fact.valid_to = day(-2);
  t.change({put(event), put(fact)});
  REQUIRE(t.listed() == "went to the concert");
}

TEST_CASE("a removed memory is out of lists and lookups but in as_of and the history") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  const Time before = t.clock.time;
  t.change({take_out("mem_1")});
  REQUIRE(t.fails(t.memories().find(t.anna, "mem_1")) == Code::not_found);
  REQUIRE(t.listed({.include_superseded = true}).empty());
  REQUIRE(t.listed({.as_of = before}) == "one");
  const auto history = t.get(t.memories().history(t.anna, "mem_1"));
  REQUIRE(history.size() == 2);
  REQUIRE(history[1].removed);
  REQUIRE(history[1].memory.text == "one");
}

TEST_CASE("lists are filtered by kind, topic and person, without regard to case") {
  MemoryStore t;
  Memory tea = remembered("mem_1", "tea");
  tea.kind = MemoryKind::preference;
  tea.topics = {"Food"};
  Memory ben = remembered("mem_2", "ben");
  ben.people = {"Ben"};
  t.change({put(tea), put(ben)});
  REQUIRE(t.listed({.kind = MemoryKind::preference}) == "tea");
  REQUIRE(t.listed({.topic = "food"}) == "tea");
  REQUIRE(t.listed({.person = "BEN"}) == "ben");
  REQUIRE(t.listed({.topic = "drink"}).empty());
}

TEST_CASE("lists page newest first, each memory once though others are changed meanwhile") {
  MemoryStore t;
  for (int i = 0; i < 7; ++i) t.change({put(remembered("mem_" + std::to_string(i), std::to_string(i)))});
  std::string seen;
  PageRequest page{.limit = 3, .cursor = ""};
  do {
    const auto part = t.get(t.memories().list(t.anna, {}, page));
    for (const Memory& memory : part.items) seen += memory.id.substr(4);
    page.cursor = part.next;
    t.change({put(remembered("mem_0", "changed"))});
  } while (!page.cursor.empty());
  REQUIRE(seen == "6543210");
}

TEST_CASE("a change decided on an old version is refused whole") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  t.change({put(remembered("mem_1", "two"))});
  MemoryChange change;
  change.user_id = t.anna;
  change.edits = {put(remembered("mem_2", "new")), put(remembered("mem_1", "three"), "", 1)};
  REQUIRE(t.fails(t.memories().apply(change, Durability::journaled)) == Code::overloaded);
  REQUIRE(t.last_error.find("edit 2") != std::string::npos);
  REQUIRE(t.listed() == "two");
}

TEST_CASE("an edit without words, with times in the wrong order or an importance out of range is invalid") {
  MemoryStore t;
  Memory backwards = remembered("mem_1", "x");
  backwards.valid_from = day(2);
  backwards.valid_to = day(1);
  Memory heavy = remembered("mem_1", "x");
  heavy.importance = 1.5;
  for (const Memory& bad : {remembered("mem_1", "  \n"), backwards, heavy, remembered("mem_1", std::string(100'000, 'x'))}) {
    MemoryChange change;
    change.user_id = t.anna;
    change.edits.push_back(put(bad));
    REQUIRE(t.fails(t.memories().apply(change, Durability::journaled)) == Code::invalid);
  }
  REQUIRE(t.listed().empty());
}

TEST_CASE("a change that is applied twice under one id is applied once") {
  MemoryStore t;
  MemoryChange change;
  change.id = "chg_turn_1";
  change.user_id = t.anna;
  change.edits.push_back(put(remembered("", "one")));
  const auto first = t.get(t.memories().apply(change, Durability::journaled));
  const auto second = t.get(t.memories().apply(change, Durability::journaled));
  REQUIRE(first.at(0).id == second.at(0).id);
  REQUIRE(t.listed() == "one");
}

TEST_CASE("when the clock goes back, versions still follow each other") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  t.clock.time -= std::chrono::hours(1000);
  t.change({put(remembered("mem_1", "two"))});
  t.change({take_out("mem_1")});
  t.change({put(remembered("mem_1", "three"))});
  const auto history = t.get(t.memories().history(t.anna, "mem_1"));
  REQUIRE(history.size() == 4);
  REQUIRE(history[1].memory.version_from > history[0].memory.version_from);
  REQUIRE(history[2].at > history[1].memory.version_from);
  REQUIRE(history[3].memory.version_from > history[2].at);
  REQUIRE(history[3].memory.version == 3);
}

TEST_CASE("ill-formed UTF-8 in a memory is repaired") {
  MemoryStore t;
  Memory bad = remembered("mem_1", "caf\xe9");
  bad.topics = {"\xff"};
  t.change({put(bad)});
  REQUIRE(t.memory("mem_1").text == "caf\xef\xbf\xbd");
  REQUIRE(t.memory("mem_1").topics.at(0) == "\xef\xbf\xbd");
}

TEST_CASE("the memories that rest on a message are found by it") {
  MemoryStore t;
  Memory m = remembered("mem_1", "one");
  m.sources = {{.message_id = "msg_1", .quote = "q", .said_by = SaidBy::owner, .at = day(0)}};
  t.change({put(m), put(remembered("mem_2", "two"))});
  REQUIRE(t.get(t.memories().from_message(t.anna, "msg_1")).at(0).id == "mem_1");
  m.sources.clear();
  t.change({put(m)});
  REQUIRE(t.get(t.memories().from_message(t.anna, "msg_1")).empty());
}

TEST_CASE("a use counts once a turn; the latest come first and the counter survives a restart") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  for (const char* turn : {"turn_1", "turn_2", "turn_2"}) {
    t.clock.time += std::chrono::seconds(1);
    t.get(t.memories().mark_used(t.anna, {"mem_1", "mem_unknown"}, turn));
  }
  t.reopen();
  REQUIRE(t.memory("mem_1").access_count == 2);
  const auto uses = t.get(t.memories().uses(t.anna, "mem_1"));
  REQUIRE(uses.size() == 2);
  REQUIRE(uses[0].turn_id == "turn_2");
  REQUIRE(t.memory("mem_1").last_used_at == uses[0].at);
}

TEST_CASE("only some fifty uses are kept, the newest") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  for (int i = 100; i < 160; ++i) {
    t.clock.time += std::chrono::seconds(1);
    t.get(t.memories().mark_used(t.anna, {"mem_1"}, "turn_" + std::to_string(i)));
  }
  const auto uses = t.get(t.memories().uses(t.anna, "mem_1"));
  REQUIRE(uses.size() == 50);
  REQUIRE(uses.front().turn_id == "turn_159");
  REQUIRE(t.memory("mem_1").access_count == 60);
}

TEST_CASE("statistics count current and superseded memories apart") {
  Moved t;
  t.change({put(remembered("mem_3", "three")), take_out("mem_lyon")});
  const auto stats = t.get(t.memories().stats(t.anna));
  REQUIRE(stats.memories == 1);
  REQUIRE(stats.superseded == 1);
  REQUIRE(stats.versions == 4);
  REQUIRE(stats.by_kind.at("fact") == 1);
}

TEST_CASE("a user's memories go with the user") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  t.get(t.store->users().remove(t.anna));
  const auto anna = t.user();
  REQUIRE(t.fails(t.memories().find(anna, "mem_1")) == Code::not_found);
  MemoryChange change;
  change.user_id = anna;
  change.edits.push_back(put(remembered("mem_1", "again")));
  t.get(t.memories().apply(change, Durability::journaled));
}

TEST_CASE("every version of a memory is in the index, and a user's go with the user") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "the old kettle"))});
  t.change({put(remembered("mem_1", "the new kettle"))});
  t.change({take_out("mem_1")});
  MemoryChange bad;
  bad.user_id = t.anna;
  bad.edits = {put(remembered("mem_2", "kettle too")), put(remembered("mem_3", ""))};
  REQUIRE(t.fails(t.memories().apply(bad, Durability::journaled)) == Code::invalid);
  const auto count = [&](const std::string& word) {
    t.store->close();
    const auto db = Connection::open(t.file, Connection::Mode::read_write).value();
    REQUIRE(add_terms_function(db->handle()) == 0);
    REQUIRE(db->script("INSERT INTO memory_fts(memory_fts, rank) VALUES ('integrity-check', 1)").has_value());
    const auto rows = db->number("SELECT count(*) FROM memory_fts WHERE memory_fts MATCH '" + owned_term(1, word) + "'").value();
    return rows;
  };
  REQUIRE(count("kettl") == 2);
  t.store.reset();
  t.open();
  t.get(t.store->users().remove(t.anna));
  REQUIRE(count("kettl") == 0);
}
