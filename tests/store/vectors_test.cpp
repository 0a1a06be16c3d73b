#include "store/vectors.hpp"

#include "store/memories.hpp"
#include "support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

struct VectorStore : TestStore {
  std::string anna = user();
  std::int64_t space = get(vectors().ensure_space("embedder_x", "m", 2)).id;
  Vectors& vectors() { return store->vectors(); }

  Turn say(const std::string& text, const std::string& who = "") { return get(journal().accept(inbound(who.empty() ? anna : who, text), Durability::journaled)).turn; }
  PendingTexts pending(VectorSource source = VectorSource::messages, std::int64_t after = 0, std::uint32_t limit = 100) {
    return get(vectors().pending(space, source, after, limit));
  }
  /// Gives every message that waits the vector `bytes`.
  void embed_all(const std::string& bytes = "abcd") {
    std::vector<StoredVector> made;
    for (const PendingText& one : pending().texts) made.push_back({one.row, one.hash, bytes});
    get(vectors().put(space, VectorSource::messages, std::move(made)));
  }
  std::vector<StoredVector> loaded(const std::string& who) { return get(vectors().load(space, who, VectorSource::messages, 0, 100)); }
  std::string remember(const std::string& text) {
    MemoryChange change;
    change.user_id = anna;
    change.cause = "api";
    MemoryEdit edit;
    edit.memory.text = text;
    change.edits.push_back(edit);
    return get(store->memories().apply(std::move(change), Durability::journaled)).at(0).id;
  }
};

}  // namespace

TEST_CASE("a space is made once and found again") {
  VectorStore t;
  CHECK(t.get(t.vectors().ensure_space("embedder_x", "m", 2)).id == t.space);
  CHECK(t.get(t.vectors().ensure_space("embedder_x", "m2", 2)).id != t.space);
  CHECK(t.get(t.vectors().ensure_space("embedder_x", "m", 3)).id != t.space);
  CHECK(t.get(t.vectors().spaces()).size() == 3);
}
TEST_CASE("a space is complete once it was said so, over restarts") {
  VectorStore t;
  CHECK_FALSE(t.get(t.vectors().spaces()).at(0).complete);
  t.get(t.vectors().set_complete(t.space));
  t.reopen();
  CHECK(t.get(t.vectors().spaces()).at(0).complete);
}
TEST_CASE("messages without a vector wait, those with one don't") {
  VectorStore t;
  t.say("one");
  t.say("two");
  REQUIRE(t.pending().texts.size() == 2);
  CHECK(t.pending().texts[0].text == "one");
  CHECK(t.pending().texts[0].user_id == t.anna);
  CHECK(t.pending().done);
  t.embed_all();
  CHECK(t.pending().texts.empty());
}
TEST_CASE("blank messages and what tools said want no vector") {
  VectorStore t;
  const Turn turn = t.say("  \n ");
  Inbound in = inbound_to(turn, "hello");
  in.messages.insert(in.messages.begin(), said("rows of a table", "tool"));
  t.get(t.journal().accept(std::move(in), Durability::journaled));
  REQUIRE(t.pending().texts.size() == 1);
  CHECK(t.pending().texts[0].text == "hello");
}
TEST_CASE("waiting texts come in pieces") {
  VectorStore t;
  for (const char* text : {"one", "two", "three"}) t.say(text);
  const PendingTexts first = t.pending(VectorSource::messages, 0, 2);
  CHECK(first.texts.size() == 2);
  CHECK_FALSE(first.done);
  const PendingTexts rest = t.pending(VectorSource::messages, first.upto, 2);
  REQUIRE(rest.texts.size() == 1);
  CHECK(rest.texts[0].text == "three");
  CHECK(rest.done);
}
TEST_CASE("a text that was embedded once brings its vector along") {
  VectorStore t;
  t.say("good night");
  t.embed_all("abcd");
  t.say("good night");
  const PendingTexts waiting = t.pending();
  REQUIRE(waiting.texts.size() == 1);
  CHECK(waiting.texts[0].is_known);
  CHECK(waiting.texts[0].vector == "abcd");
  t.space = t.get(t.vectors().ensure_space("embedder_x", "other", 2)).id;
  CHECK_FALSE(t.pending().texts.at(0).is_known);
}
TEST_CASE("versions of memories are embedded") {
  VectorStore t;
  t.remember("likes tea");
  const PendingTexts waiting = t.pending(VectorSource::memories);
  REQUIRE(waiting.texts.size() == 1);
  CHECK(waiting.texts[0].text == "likes tea");
  CHECK(t.get(t.vectors().put(t.space, VectorSource::memories, {{waiting.texts[0].row, waiting.texts[0].hash, "abcd"}})).size() == 1);
  CHECK(t.pending(VectorSource::memories).texts.empty());
}
TEST_CASE("vectors are loaded by user") {
  VectorStore t;
  const std::string ben = t.user("ben");
  t.say("anna's");
  t.say("ben's", ben);
  t.embed_all();
  CHECK(t.loaded(t.anna).size() == 1);
  CHECK(t.loaded(ben).size() == 1);
  CHECK(t.loaded("usr_nobody").empty());
}
TEST_CASE("a text without a vector is not asked for again and not loaded") {
  VectorStore t;
  t.say("refused");
  t.embed_all("");
  CHECK(t.pending().texts.empty());
  CHECK(t.loaded(t.anna).empty());
}
TEST_CASE("no vector survives its conversation, its user or its memory") {
  VectorStore t;
  const Turn turn = t.say("one");
  t.embed_all();
  t.get(t.store->conversations().remove(t.anna, turn.conversation_id));
  CHECK(t.get(t.vectors().counts(t.space)).embedded == 0);
  t.remember("likes tea");
  const PendingText one = t.pending(VectorSource::memories).texts.at(0);
  t.get(t.vectors().put(t.space, VectorSource::memories, {{one.row, one.hash, "abcd"}}));
  t.say("two");
  t.embed_all();
  CHECK(t.get(t.vectors().counts(t.space)).embedded == 2);
  t.get(t.store->users().remove(t.anna));
  CHECK(t.get(t.vectors().counts(t.space)).embedded == 0);
}
TEST_CASE("a vector whose message went while it was made is not stored") {
  VectorStore t;
  const Turn turn = t.say("one");
  const PendingText one = t.pending().texts.at(0);
  t.get(t.store->conversations().remove(t.anna, turn.conversation_id));
  CHECK(t.get(t.vectors().put(t.space, VectorSource::messages, {{one.row, one.hash, "abcd"}})).empty());
}
TEST_CASE("a vector is not given to another message that took the row") {
  VectorStore t;
  const Turn turn = t.say("one");
  const PendingTexts before = t.pending();
  t.get(t.store->conversations().remove(t.anna, turn.conversation_id));
  t.say("another");
  const PendingTexts after = t.pending();
  REQUIRE(after.texts.at(0).row == before.texts.at(0).row);
  CHECK(after.epoch > before.epoch);
  CHECK(t.get(t.vectors().put(t.space, VectorSource::messages, {{before.texts[0].row, before.texts[0].hash, "abcd"}})).empty());
}
TEST_CASE("a space goes in pieces and takes its vectors along") {
  VectorStore t;
  for (const char* text : {"one", "two", "three"}) t.say(text);
  t.embed_all();
  CHECK_FALSE(t.get(t.vectors().remove_space(t.space, 2)));
  CHECK(t.get(t.vectors().remove_space(t.space, 2)));
  CHECK(t.get(t.vectors().spaces()).empty());
  CHECK(t.get(t.vectors().counts(t.space)).embedded == 0);
}
