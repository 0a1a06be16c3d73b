#include "store/memory_support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

bool is_same_content(const Memory& a, const Memory& b) {
  auto x = to_json(a), y = to_json(b);
  for (const char* own : {"version", "version_from", "version_to"}) {
    x.erase(own);
    y.erase(own);
  }
  return x == y;
}

}  // namespace

TEST_CASE("undo of an update brings the exact earlier state back as a new version") {
  MemoryStore t;
  Memory m = remembered("mem_1", "one");
  m.topics = {"a", "b"};
  m.sources = {{.message_id = "msg_1", .quote = "q", .said_by = SaidBy::outside, .at = t.clock.time}};
  m.importance = 0.123;
  t.change({put(m)});
  const Memory before = t.memory("mem_1");
  const auto update = t.change({put(remembered("mem_1", "two"))});
  t.undo(update);
  REQUIRE(is_same_content(t.memory("mem_1"), before));
  REQUIRE(t.memory("mem_1").version == 3);
  REQUIRE(t.get(t.memories().find_change(t.anna, update)).undone_by != "");
}

TEST_CASE("undo of a first version removes the memory; undo of that brings it back") {
  MemoryStore t;
  const auto added = t.change({put(remembered("mem_1", "one"))});
  const auto undone = t.undo(added);
  REQUIRE(t.fails(t.memories().find(t.anna, "mem_1")) == Code::not_found);
  t.undo(undone);
  REQUIRE(t.memory("mem_1").text == "one");
  REQUIRE(t.get(t.memories().find_change(t.anna, added)).undone_by.empty());
}

TEST_CASE("undo of a removal brings the memory back") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  t.undo(t.change({take_out("mem_1")}));
  REQUIRE(t.listed() == "one");
}

TEST_CASE("undo takes back all that a change touched, more than once each") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one")), put(remembered("mem_2", "two"))});
  const auto change = t.change({put(remembered("mem_1", "1a")), put(remembered("mem_1", "1b")), take_out("mem_2"),
                                put(remembered("mem_3", "three"))});
  t.undo(change);
  REQUIRE(t.listed() == "two|one");
}

TEST_CASE("undo is refused while a later change of the memory holds, and names it") {
  MemoryStore t;
  const auto first = t.change({put(remembered("mem_1", "one"))});
  const auto second = t.change({put(remembered("mem_1", "two"))});
  REQUIRE(t.undo_fails(first) == Code::invalid);
  REQUIRE(t.last_error.find(second) != std::string::npos);
  REQUIRE(t.memory("mem_1").text == "two");
  t.undo(second);
  t.undo(first);
  REQUIRE(t.listed().empty());
}

TEST_CASE("a refused undo changes none of the change's other memories") {
  MemoryStore t;
  const auto both = t.change({put(remembered("mem_1", "one")), put(remembered("mem_2", "two"))});
  t.change({put(remembered("mem_1", "later"))});
  REQUIRE(t.undo_fails(both) == Code::invalid);
  REQUIRE(t.listed() == "two|later");
}

TEST_CASE("what is undone can't be undone again until it is done again") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  const auto update = t.change({put(remembered("mem_1", "two"))});
  const auto undo = t.undo(update);
  REQUIRE(t.undo_fails(update) == Code::invalid);
  REQUIRE(t.last_error.find(undo) != std::string::npos);
  const auto redo = t.undo(undo);
  REQUIRE(t.memory("mem_1").text == "two");
  t.undo(redo);
  REQUIRE(t.memory("mem_1").text == "one");
  REQUIRE(t.undo_fails(update) == Code::invalid);
}

TEST_CASE("undo under an id of the caller's is done once") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  const auto update = t.change({put(remembered("mem_1", "two"))});
  const auto first = t.get(t.memories().undo_as("chg_turn", t.anna, update, "command", Durability::journaled));
  const auto second = t.get(t.memories().undo_as("chg_turn", t.anna, update, "command", Durability::journaled));
  REQUIRE(first.id == "chg_turn");
  REQUIRE(second.id == first.id);
  REQUIRE(t.memory("mem_1").version == 3);
}

TEST_CASE("a run is undone whole, or not at all") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one")), put(remembered("mem_2", "two"))});
  t.change({put(remembered("mem_1", "one and two"))}, "run_1");
  t.change({take_out("mem_2")}, "run_1");
  const auto later = t.change({put(remembered("mem_1", "later"))});
  REQUIRE(t.fails(t.memories().undo_run(t.anna, "run_1", "undo", Durability::journaled)) == Code::invalid);
  REQUIRE(t.listed() == "later");
  t.undo(later);
  REQUIRE(t.get(t.memories().undo_run(t.anna, "run_1", "undo", Durability::journaled)).size() == 2);
  REQUIRE(t.listed() == "two|one");
  REQUIRE(t.fails(t.memories().undo_run(t.anna, "run_1", "undo", Durability::journaled)) == Code::invalid);
  REQUIRE(t.fails(t.memories().undo_run(t.anna, "run_2", "undo", Durability::journaled)) == Code::not_found);
}

TEST_CASE("changes are listed newest first with their edits and reasons, and by run") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"), "because")});
  t.change({take_out("mem_1")}, "run_1");
  const auto all = t.get(t.memories().changes(t.anna, "", {.limit = 1, .cursor = ""}));
  REQUIRE(all.items.at(0).edits.at(0).kind == MemoryEdit::Kind::remove);
  const auto rest = t.get(t.memories().changes(t.anna, "", {.limit = 5, .cursor = all.next}));
  REQUIRE(rest.items.size() == 1);
  REQUIRE(rest.items.at(0).edits.at(0).reason == "because");
  REQUIRE(t.get(t.memories().changes(t.anna, "run_1", {.limit = 5, .cursor = ""})).items.size() == 1);
}

TEST_CASE("undo works over a restart, and when the clock has gone back") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "one"))});
  const auto update = t.change({put(remembered("mem_1", "two"))});
  t.reopen();
  t.clock.time -= std::chrono::hours(10'000);
  t.undo(update);
  REQUIRE(t.memory("mem_1").text == "one");
  REQUIRE(t.memory("mem_1").version_from > t.get(t.memories().history(t.anna, "mem_1")).at(1).memory.version_from);
}
