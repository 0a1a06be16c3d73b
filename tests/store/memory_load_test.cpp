#include "store/memory_support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

/// All versions of a user, each as one line of JSON.
std::string lines(MemoryStore& t, const std::string& user, std::optional<Time> since = {}) {
  std::string all;
  PageRequest page{.limit = 2, .cursor = ""};
  do {
    const auto part = t.get(t.memories().versions(user, since, page));
    for (const MemoryVersion& version : part.items) all += json::serialize(to_json(version.memory)) + "\n";
    page.cursor = part.next;
  } while (!page.cursor.empty());
  return all;
}

std::vector<MemoryVersion> read_lines(const std::string& text) {
  std::vector<MemoryVersion> versions;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    MemoryVersion version;
    version.memory = memory_from_json(parse_json_object(text.substr(at, end - at)).value()).value();
    versions.push_back(std::move(version));
    at = end + 1;
  }
  return versions;
}

void live_a_little(MemoryStore& t) {
  Memory full = remembered("mem_1", "likes tea \xc3\xa9");
  full.importance = 0.3;
  full.topics = {"food"};
  full.people = {"Ana"};
  full.valid_from = t.clock.time - std::chrono::microseconds(1'234'567);
  full.extra = parse_json_object(R"({"rating":0.1,"nested":{"x":[1.1,2.675e-7,3]},"n":12345678901234})").value();
  full.sources = {{.message_id = "msg_1", .quote = "\"tea\"", .said_by = SaidBy::outside, .at = t.clock.time}};
  t.change({put(full), put(remembered("mem_2", "two"))});
  full.text = "likes green tea";
  full.superseded_by = "mem_2";
  t.change({put(full), take_out("mem_2")});
  t.change({put(remembered("mem_2", "two again"))});
  t.change({put(remembered("mem_3", "three"))});
  t.change({take_out("mem_3")});
  t.get(t.memories().mark_used(t.anna, {"mem_1"}, "turn_1"));
}

}  // namespace

TEST_CASE("what is exported, loaded into an empty store and exported again is the same, byte for byte") {
  MemoryStore from, to;
  live_a_little(from);
  const std::string first = lines(from, from.anna);
  const auto loaded = to.get(to.memories().load(to.anna, read_lines(first), Durability::journaled));
  REQUIRE(loaded.versions == 5);
  REQUIRE(loaded.memories == 3);
  REQUIRE(lines(to, to.anna) == first);
  REQUIRE(to.listed({.include_superseded = true}) == from.listed({.include_superseded = true}));
}

TEST_CASE("a loaded memory has its history, removals too") {
  MemoryStore from, to;
  live_a_little(from);
  to.get(to.memories().load(to.anna, read_lines(lines(from, from.anna)), Durability::journaled));
  for (const char* id : {"mem_1", "mem_2", "mem_3"}) {
    const auto a = from.get(from.memories().history(from.anna, id));
    const auto b = to.get(to.memories().history(to.anna, id));
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      REQUIRE(a[i].removed == b[i].removed);
      REQUIRE(a[i].at == b[i].at);
      REQUIRE(a[i].memory.text == b[i].memory.text);
    }
  }
}

TEST_CASE("loading the same again changes nothing, in one piece or in two") {
  MemoryStore from, to;
  live_a_little(from);
  const auto all = read_lines(lines(from, from.anna));
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    to.get(to.memories().load(to.anna, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut)}, Durability::journaled));
    to.get(to.memories().load(to.anna, {all.begin() + static_cast<std::ptrdiff_t>(cut), all.end()}, Durability::journaled));
  }
  const auto again = to.get(to.memories().load(to.anna, all, Durability::journaled));
  REQUIRE(again.versions == 0);
  REQUIRE(again.duplicates == 5);
  REQUIRE(again.change_id.empty());
  REQUIRE(lines(to, to.anna) == lines(from, from.anna));
}

TEST_CASE("what another user of the same store has gets ids of its own, the same each time") {
  MemoryStore t;
  live_a_little(t);
  const auto ben = t.user("ben");
  const auto all = read_lines(lines(t, t.anna));
  REQUIRE(t.get(t.memories().load(ben, all, Durability::journaled)).versions == 5);
  REQUIRE(t.get(t.memories().load(ben, all, Durability::journaled)).duplicates == 5);
  const auto page = t.get(t.memories().list(ben, {.include_superseded = true}, {.limit = 10, .cursor = ""}));
  REQUIRE(page.items.size() == 2);
  REQUIRE(page.items[1].id != "mem_1");
  REQUIRE(page.items[1].superseded_by == page.items[0].id);
  REQUIRE(t.memory("mem_1").text == "likes green tea");
}

TEST_CASE("a load is taken back whole") {
  MemoryStore from, to;
  live_a_little(from);
  const auto loaded = to.get(to.memories().load(to.anna, read_lines(lines(from, from.anna)), Durability::journaled));
  to.undo(loaded.change_id);
  REQUIRE(to.listed({.include_superseded = true}).empty());
}

TEST_CASE("one bad version keeps all out, and is named") {
  MemoryStore t;
  std::vector<MemoryVersion> versions(2);
  versions[0].memory = remembered("mem_1", "good");
  versions[1].memory = remembered("mem_2", " ");
  REQUIRE(t.fails(t.memories().load(t.anna, versions, Durability::journaled)) == Code::invalid);
  REQUIRE(t.last_error.find("memory 2") != std::string::npos);
  REQUIRE(t.listed().empty());
}

TEST_CASE("a line that only has a text becomes a memory") {
  MemoryStore t;
  std::vector<MemoryVersion> versions(2);
  versions[0].memory = remembered("", "one");
  versions[1].memory = remembered("", "two");
  t.get(t.memories().load(t.anna, versions, Durability::journaled));
  REQUIRE(t.listed() == "two|one");
}

TEST_CASE("versions since a time are those that began or ended after it") {
  MemoryStore t;
  t.change({put(remembered("mem_1", "old")), put(remembered("mem_2", "kept"))});
  t.clock.time += std::chrono::hours(1);
  const Time since = t.clock.time;
  t.change({put(remembered("mem_1", "new"))});
  const std::string changed = lines(t, t.anna, since);
  REQUIRE(changed.find("\"old\"") != std::string::npos);
  REQUIRE(changed.find("\"new\"") != std::string::npos);
  REQUIRE(changed.find("\"kept\"") == std::string::npos);
}

TEST_CASE("all memories are cleared as one change, or those that one conversation taught") {
  MemoryStore t;
  const auto one = t.get(t.journal().accept(inbound(t.anna, "I like tea"), Durability::journaled));
  const auto two = t.get(t.journal().accept(inbound(t.anna, "and jam"), Durability::journaled));
  Memory tea = remembered("mem_tea", "tea"), both = remembered("mem_both", "both"), by_hand = remembered("mem_hand", "hand");
  const MemorySource first{.message_id = one.message.id, .quote = "tea", .said_by = SaidBy::owner, .at = t.clock.time};
  const MemorySource second{.message_id = two.message.id, .quote = "jam", .said_by = SaidBy::owner, .at = t.clock.time};
  tea.sources = {first};
  both.sources = {first, second};
  by_hand.sources = {first, {.message_id = "", .quote = "", .said_by = SaidBy::owner, .at = t.clock.time}};
  t.change({put(tea), put(both), put(by_hand)});
  const auto some = t.get(t.memories().clear(t.anna, one.turn.conversation_id, "api", Durability::journaled));
  REQUIRE(some.edits.size() == 1);
  REQUIRE(t.listed() == "hand|both");
  const auto all = t.get(t.memories().clear(t.anna, "", "api", Durability::journaled));
  REQUIRE(all.edits.size() == 2);
  REQUIRE(t.listed().empty());
  REQUIRE(t.get(t.memories().clear(t.anna, "", "api", Durability::journaled)).id.empty());
  t.undo(all.id);
  t.undo(some.id);
  REQUIRE(t.listed() == "hand|both|tea");
  REQUIRE(t.fails(t.memories().clear(t.anna, "conv_none", "api", Durability::journaled)) == Code::not_found);
}

TEST_CASE("the last change that holds is found, of a memory or of all") {
  MemoryStore t;
  REQUIRE(t.fails(t.memories().last_change(t.anna, "")) == Code::not_found);
  const auto first = t.change({put(remembered("mem_1", "one"))});
  const auto second = t.change({put(remembered("mem_2", "two"))});
  REQUIRE(t.get(t.memories().last_change(t.anna, "")).id == second);
  REQUIRE(t.get(t.memories().last_change(t.anna, "mem_1")).id == first);
  t.undo(second);
  REQUIRE(t.get(t.memories().last_change(t.anna, "")).id == first);
  REQUIRE(t.fails(t.memories().last_change(t.anna, "mem_2")) == Code::not_found);
}

TEST_CASE("a memory names what it took the place of") {
  MemoryStore t;
  Memory old = remembered("mem_1", "lives in Paris");
  old.superseded_by = "mem_2";
  t.change({put(remembered("mem_2", "lives in Lyon")), put(old)});
  REQUIRE(t.get(t.memories().superseded_by(t.anna, "mem_2")).at(0).id == "mem_1");
  REQUIRE(t.memory("mem_1").superseded_at.has_value());
}
