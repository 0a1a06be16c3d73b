#include "fakes/fake_clock.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/recall.hpp"
#include "store/imports.hpp"
#include "store/memories.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

using Texts = std::vector<std::string>;

struct Line {
  std::string text, speaker = "anna", role = "user";
};

/// An embedder that finds what it is told to.
class FakeEmbeddings final : public Embeddings {
 public:
  std::vector<DenseHit> near;
  bool is_broken = false;
  awaitable<Result<std::vector<DenseHit>>> nearest(std::string, std::string, EmbeddedSource source, std::uint32_t) override {
    if (is_broken) co_return Error{Code::timeout, "the embedder is slow"};
    std::vector<DenseHit> hits;
    if (source == EmbeddedSource::messages) hits = near;
    co_return hits;
  }
  double weight() const override { return 0.5; }
  void wake() override {}
  json::object status() const override { return {}; }
  void set_config(std::shared_ptr<const Config>) override {}
  awaitable<void> stop(std::chrono::milliseconds) override { co_return; }
};

struct World {
  World() {
    StoreOptions options;
    options.file = folder.path() / "hob.db";
    options.executor = io.get_executor();
    options.clock = &clock;
    store = open_sqlite_store(std::move(options)).value();
    anna = run(io, store->users().ensure("anna", false)).value().id;
  }
  ~World() { store->close(); }

  void talk(const std::string& session, const std::vector<Line>& lines, const std::string& day = "2026-11-01", const std::string& user = "") {
    std::vector<ImportedMessage> messages;
    for (const Line& line : lines) {
      ImportedMessage message;
      message.conversation = "c" + session;
      message.session = session;
      message.at = parse_time(day).value() + std::chrono::minutes(messages.size());
      message.message.role = line.role;
      message.message.speaker = line.speaker;
      message.message.text = line.text;
      message.message.external_id = session + std::to_string(messages.size());
      messages.push_back(std::move(message));
    }
    (void)run(io, store->imports().add(user.empty() ? anna : user, std::move(messages))).value();
  }
  Memory remember(const std::string& text, const std::string& message_id = "", double importance = 0.5) {
    MemoryChange change;
    change.user_id = anna;
    change.cause = "api";
    MemoryEdit edit;
    edit.memory.text = text;
    edit.memory.importance = importance;
    edit.memory.recorded_at = clock.now();
    edit.memory.sources.push_back({.message_id = message_id, .quote = "", .said_by = SaidBy::owner, .at = clock.now()});
    change.edits.push_back(std::move(edit));
    return run(io, store->memories().apply(std::move(change), Durability::journaled)).value().at(0);
  }
  std::vector<RecallHit> hits(SearchQuery query, Embeddings* embeddings = nullptr) {
    query.user_id = anna;
    query.now = clock.now();
    Recall recall(*store, embeddings);
    return run(io, recall.search(std::move(query))).value();
  }
  Texts search(const std::string& text, SearchQuery::In in = SearchQuery::In::all) {
    SearchQuery query;
    query.text = text;
    query.in = in;
    Texts texts;
    for (const RecallHit& hit : hits(query)) texts.push_back(hit.source == RecallHit::Source::memory ? "* " + hit.memory.text : hit.message.text);
    return texts;
  }

  TempFolder folder;
  asio::io_context io;
  FakeClock clock;
  std::unique_ptr<Store> store;
  std::string anna;
};

}  // namespace

TEST_CASE("the answer is found by its question's words") {
  World world;
  world.talk("1", {{"I was at the harbour"}, {"What did you paint there?", "bea"}, {"A sunset with two boats."}, {"Nice. See you!", "bea"}});
  world.talk("2", {{"The weather is fine today"}, {"Lunch was good"}});
  CHECK(world.search("what was painted at the harbour").size() >= 3);
  const Texts found = world.search("what did anna paint");
  REQUIRE(!found.empty());
  CHECK(found[0] == "A sunset with two boats.");
}

TEST_CASE("the person asked about speaks for themself") {
  World world;
  world.talk("1", {{"My garden has tulips and roses", "anna"}, {"ok", "bea"}, {"x", "anna"}, {"y", "bea"}, {"z", "anna"}, {"My garden has tulips and herbs", "bea"}});
  CHECK(world.search("Which tulips are in Bea's garden?")[0] == "My garden has tulips and herbs");
  CHECK(world.search("Which tulips are in Anna's garden?")[0] == "My garden has tulips and roses");
}

TEST_CASE("one's own words come before Hob's, and Hob's when he is asked about") {
  World world;
  world.talk("1", {{"The dentist is booked for the ninth, at noon"}, {"a"}, {"b"}, {"c"}, {"A good dentist to try is Weber in the old town", "Hob", "assistant"}});
  CHECK(world.search("when is my dentist booked")[0] == "The dentist is booked for the ninth, at noon");
  CHECK(world.search("which dentist did you suggest")[0] == "A good dentist to try is Weber in the old town");
}

TEST_CASE("a date in the question finds what was said then and what names it") {
  World world;
  world.talk("1", {{"We had a long walk in the forest"}}, "2026-05-08");
  world.talk("2", {{"We had a long walk in the forest again"}}, "2026-06-20");
  world.talk("3", {{"On 8 May 2026 the walk was muddy"}}, "2026-09-01");
  const Texts found = world.search("what walk did we have on 8 May 2026");
  REQUIRE(found.size() == 3);
  CHECK(found[2] == "We had a long walk in the forest again");
  const Texts then = world.search("what did I do on May 8th?");
  REQUIRE(then.size() >= 2);
  CHECK((then[0] == "We had a long walk in the forest" || then[1] == "We had a long walk in the forest"));
}

TEST_CASE("newer comes first among equals, and more so when the latest is asked for") {
  World world;
  world.talk("1", {{"My phone number ends in 77 now"}}, "2024-01-01");
  world.talk("2", {{"My phone number ends in 99 now"}}, "2026-11-01");
  CHECK(world.search("phone number")[0] == "My phone number ends in 99 now");
  world.talk("3", {{"My bike lock code, the one for the bike lock, is 1234"}}, "2020-01-01");
  world.talk("4", {{"The bike lock has been changed lately to 9876, by the way, after the old thing broke"}}, "2026-11-01");
  CHECK(world.search("latest bike lock code")[0].find("9876") != std::string::npos);
}

TEST_CASE("a question is no answer") {
  World world;
  world.talk("1", {{"Where is the blue umbrella?"}});
  world.talk("2", {{"The blue umbrella is in the car"}});
  CHECK(world.search("where is the blue umbrella")[0] == "The blue umbrella is in the car");
}

TEST_CASE("what says the same is one hit") {
  World world;
  world.talk("1", {{"The marmot lives under the old wooden bridge"}, {"Noted: the marmot lives under the old wooden bridge.", "Hob", "assistant"}});
  world.talk("2", {{"the marmot lives under the old wooden bridge!"}});
  world.talk("3", {{"The marmot lives under the old wooden bridge", "bea"}});
  CHECK(world.search("where does the marmot live").size() == 2);
}

TEST_CASE("a memory stands for the message it rests on") {
  World world;
  world.talk("1", {{"by the way I am allergic to peanuts"}, {"peanuts are tasty they say"}});
  SearchQuery query;
  query.text = "peanuts allergy";
  const auto before = world.hits(query);
  REQUIRE(before.size() == 2);
  const auto source = std::find_if(before.begin(), before.end(), [](const RecallHit& hit) { return hit.message.text.starts_with("by the way"); });
  REQUIRE(source != before.end());
  const Memory memory = world.remember("Allergic to peanuts", source->message.id);
  const Texts found = world.search("peanuts allergy");
  CHECK(found == Texts{"* Allergic to peanuts", "peanuts are tasty they say"});
  CHECK(world.search("peanuts allergy", SearchQuery::In::messages).size() == 2);
  CHECK(world.search("peanuts allergy", SearchQuery::In::memories) == Texts{"* Allergic to peanuts"});
}

TEST_CASE("filters of memories leave messages out, and as_of finds what was known") {
  World world;
  world.talk("1", {{"I live in Paris"}});
  const Memory memory = world.remember("Lives in Paris");
  const Time then = world.clock.now();
  world.clock.advance(std::chrono::hours(24));
  MemoryChange change;
  change.user_id = world.anna;
  change.cause = "api";
  MemoryEdit edit;
  edit.memory = memory;
  edit.memory.text = "Lives in Lyon";
  change.edits.push_back(edit);
  (void)run(world.io, world.store->memories().apply(std::move(change), Durability::journaled)).value();
  SearchQuery query;
  query.text = "lives where Paris Lyon";
  query.filter.kind = MemoryKind::fact;
  REQUIRE(world.hits(query).size() == 1);
  CHECK(world.hits(query)[0].memory.text == "Lives in Lyon");
  query.filter.as_of = then + std::chrono::hours(1);
  REQUIRE(world.hits(query).size() == 1);
  CHECK(world.hits(query)[0].memory.text == "Lives in Paris");
  query.filter.as_of.reset();
  query.filter.kind = MemoryKind::event;
  CHECK(world.hits(query).empty());
}

TEST_CASE("a vector finds what no word does, and an embedder that fails costs nothing") {
  World world;
  world.talk("1", {{"My car broke down"}, {"The soup is hot"}});
  FakeEmbeddings embeddings;
  embeddings.near = {{1, 0.9F}, {2, 0.1F}};
  SearchQuery query;
  query.text = "automobile";
  const auto found = world.hits(query, &embeddings);
  REQUIRE(!found.empty());
  CHECK(found[0].message.text == "My car broke down");
  CHECK(found[0].why.dense == 1);
  embeddings.is_broken = true;
  query.text = "soup";
  CHECK(world.hits(query, &embeddings).size() >= 1);
}

TEST_CASE("hits come with their neighbours in order, and with reasons") {
  World world;
  world.talk("1", {{"one"}, {"two"}, {"the zebra"}, {"four"}, {"five"}});
  SearchQuery query;
  query.text = "zebra";
  query.neighbours = 1;
  const auto found = world.hits(query);
  REQUIRE(found[0].neighbours.size() == 2);
  CHECK(found[0].neighbours[0].text == "two");
  CHECK(found[0].neighbours[1].text == "four");
  CHECK(found[0].why.lexical > 0);
  CHECK(found[0].why.factor > 0);
}

TEST_CASE("a search never finds another user's words") {
  World world;
  const std::string bert = run(world.io, world.store->users().ensure("bert", false)).value().id;
  world.talk("1", {{"my pin is 4711"}}, "2026-11-01", bert);
  CHECK(world.search("what is my pin 4711").empty());
}

TEST_CASE("any text may be searched for") {
  World world;
  world.talk("1", {{"🙂"}, {"青い海 and the sea"}, {std::string(1 << 20, 'x')}, {"plain words"}});
  CHECK(world.search("").empty());
  CHECK(world.search("🙂🙂").empty());
  CHECK(world.search("青い").size() >= 1);
  (void)world.search(std::string(1 << 20, 'x') + " plain \"AND NOT (");
  CHECK(!world.search("\"plain* AND").empty());
}

TEST_CASE("of a word like any other nothing stands out, and the search answers") {
  World world;
  std::vector<Line> lines;
  for (int i = 0; i < 3'000; ++i) lines.push_back({"the cat number " + std::to_string(i)});
  lines[1'500].text = "the cat is called Miso";
  world.talk("1", lines);
  CHECK(world.search("cat").size() == 10);
  CHECK(world.search("cat called")[0] == "the cat is called Miso");
}
