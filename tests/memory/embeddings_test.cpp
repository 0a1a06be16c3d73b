// Embeddings over a real database, with embedders played from a script.
#include "fakes/fake_budget.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_registry.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/embeddings.hpp"
#include "store/memories.hpp"
#include "store/vectors.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <fstream>

using namespace hobd;
using namespace hobd::fakes;
using namespace std::chrono_literals;

namespace {

/// An embedder of four numbers: how often a text has a, b, c, and something else.
struct ScriptedEmbedder {
  std::string model = "letters";
  int dimension = 4, asked = 0, queries = 0;
  std::size_t max_batch = 8;
  std::function<Result<std::string>(const std::vector<std::string>&)> instead = {};  // of the answer to documents
  std::vector<std::string> models;  // what requests named

  static std::string vector_of(std::string_view text, int dimension) {
    std::vector<float> row(static_cast<std::size_t>(dimension), 0.0f);
    for (const char c : text) row[c >= 'a' && c <= 'c' ? std::size_t(c - 'a') : 3] += 1;
    return {reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)};
  }
  std::string rows_of(const std::vector<std::string>& texts) const {
    std::string rows;
    for (const auto& text : texts) rows += vector_of(text, dimension);
    return rows;
  }
  awaitable<Result<std::string>> answer(PluginCall call) {
    if (call.function == "describe")
      co_return json::serialize(json::object{{"model", model}, {"dimension", model.empty() ? 0 : dimension}, {"max_batch", max_batch}});
    const auto request = parse_json_object(call.payload).value();
    if (const auto* named = request.if_contains("model")) models.emplace_back(named->as_string());
    std::vector<std::string> texts;
    for (const auto& text : request.at("input").as_array()) texts.emplace_back(text.as_string());
    if (request.at("purpose") == "query") {
      ++queries;
      if (hangs) co_await hang();
      co_return rows_of(texts);
    }
    asked += static_cast<int>(texts.size());
    if (instead) co_return instead(texts);
    co_return rows_of(texts);
  }
  bool hangs = false;
};

struct House {
  House() {
    context.search_deadline = 20s;  // a loaded machine is slow, and no test but one is about that
    open();
  }
  ~House() { close(); }
  void open() {
    StoreOptions options;
    options.file = folder.path() / "hob.db";
    options.executor = io.get_executor();
    options.clock = &clock;
    store = open_sqlite_store(std::move(options)).value();
    anna = run(io, store->users().ensure("anna", false)).value().id;
    make();
  }
  void make() {
    context.core = io.get_executor();
    context.registry = &registry;
    context.store = &store->vectors();
    context.config = config();
    context.first_retry = 20ms;
    embeddings = make_embeddings(context);
  }
  void close() {
    if (embeddings) run(io, stopped(*embeddings));
    embeddings.reset();
    if (store) store->close();
    store.reset();
  }
  void reopen() {
    close();
    open();
  }
  static awaitable<bool> stopped(Embeddings& embeddings) {
    co_await embeddings.stop(2s);
    co_return true;
  }
  std::shared_ptr<const Config> config() const {
    auto made = std::make_shared<Config>();
    made->state_dir = folder.path();
    made->models.tiers["embed"] = tier;
    return made;
  }
  FakeInstance& add(const std::string& name, ScriptedEmbedder& embedder) {
    return registry.add(name, "hob.embedder/1", [&embedder](PluginCall call) { return embedder.answer(std::move(call)); });
  }
  std::string say(const std::string& text, const std::string& user = "") {
    Message message;
    message.text = text;
    message.speaker = "Anna";
    Inbound inbound;
    inbound.user_id = user.empty() ? anna : user;
    inbound.channel = "http";
    inbound.messages.push_back(message);
    return run(io, store->journal().accept(std::move(inbound), Durability::journaled)).value().message.id;
  }
  std::string conversation_of(const std::string& message) { return run(io, store->conversations().find_message(anna, message)).value().conversation_id; }
  /// Runs the loop until `holds`, at most some seconds.
  template <class Holds>
  void until(Holds holds) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    io.restart();
    while (!holds()) {
      if (std::chrono::steady_clock::now() > limit) FAIL("it never came: " << json::serialize(embeddings->status()));
      io.run_one_for(100ms);
      if (io.stopped()) io.restart();
    }
  }
  std::string state() { return std::string(embeddings->status().at("state").as_string()); }
  void wake_until_ready() {
    embeddings->wake();
    until([&] { return state() == "ready"; });
    settle();
  }
  /// Everything that waits is embedded, spaces that are left over are gone.
  void settle() {
    until([&] {
      const auto spaces = run(io, store->vectors().spaces()).value();
      return state() == "ready" && spaces.size() == 1 && waiting(spaces[0].id) == 0;
    });
  }
  std::size_t waiting(std::int64_t space) {
    return run(io, store->vectors().pending(space, VectorSource::messages, 0, 100)).value().texts.size() +
           run(io, store->vectors().pending(space, VectorSource::memories, 0, 100)).value().texts.size();
  }
  Result<std::vector<DenseHit>> nearest(const std::string& text, std::uint32_t limit = 10, EmbeddedSource source = EmbeddedSource::messages) {
    return run(io, embeddings->nearest(anna, text, source, limit));
  }
  std::size_t hits(const std::string& text) { return nearest(text).value().size(); }

  TempFolder folder;
  asio::io_context io;
  FakeClock clock;
  FakeRegistry registry;
  std::vector<std::string> tier{"embedder_letters"};
  std::unique_ptr<Store> store;
  std::string anna;
  EmbeddingsContext context;
  std::unique_ptr<Embeddings> embeddings;
};

}  // namespace

TEST_CASE("without an embedder nothing is found and nothing runs") {
  House house;
  house.tier.clear();
  house.make();
  house.embeddings->wake();
  CHECK(house.hits("aaa") == 0);
  CHECK(house.state() == "off");
  CHECK(house.embeddings->weight() == 0);
  CHECK(house.io.run_for(10ms) < 5);
}
TEST_CASE("what was said is embedded and found by its vector") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.say("bbbb");
  house.wake_until_ready();
  const auto hits = house.nearest("aaab").value();
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].row == 1);
  CHECK(hits[0].cosine == Approx(3 / std::sqrt(10.0)).epsilon(0.01));
}
TEST_CASE("memories are embedded and found apart from messages") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  MemoryChange change;
  change.user_id = house.anna;
  change.cause = "api";
  MemoryEdit edit;
  edit.memory.text = "aaaa";
  change.edits.push_back(edit);
  REQUIRE(run(house.io, house.store->memories().apply(std::move(change), Durability::journaled)).has_value());
  house.wake_until_ready();
  CHECK(house.nearest("aa", 10, EmbeddedSource::memories).value().size() == 1);
  CHECK(house.nearest("aa", 10, EmbeddedSource::messages).value().empty());
}
TEST_CASE("a message that comes later is found after a wake") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  REQUIRE(house.hits("aa") == 1);
  house.say("aab");
  house.embeddings->wake();
  house.settle();
  CHECK(house.hits("aa") == 2);
}
TEST_CASE("one user's vectors are not another's") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  const std::string ben = run(house.io, house.store->users().ensure("ben", false)).value().id;
  house.say("aaaa", ben);
  house.wake_until_ready();
  CHECK(house.hits("aaaa") == 0);
}
TEST_CASE("the same text is asked of the embedder once, over restarts too") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  for (int i = 0; i < 5; ++i) house.say("good night");
  house.wake_until_ready();
  CHECK(letters.asked == 1);
  house.reopen();
  house.say("good night");
  house.wake_until_ready();
  CHECK(letters.asked == 1);
  CHECK(house.hits("good night") == 6);
}
namespace {

/// Its embedder has a key, so it bills.
struct BilledHouse : House {
  BilledHouse() {
    billed->plugins.settings["embedder_letters"] = {"embedder_letters", "embedder_letters", {{"api_key", "k"}}, {}};
    budget.set_config(billed);
    add("embedder_letters", letters);
    context.spare.budget = &budget;
    reopen();
  }
  ~BilledHouse() { close(); }

  std::shared_ptr<Config> billed = std::make_shared<Config>();
  ScriptedEmbedder letters;
  FakeBudget budget;
};

}  // namespace

TEST_CASE("what an embedder costs is booked: documents in the background, a query on the one who asks") {
  BilledHouse house;
  house.say("good night");
  house.wake_until_ready();
  REQUIRE(house.budget.reserved.size() == 1);
  CHECK(house.budget.reserved[0].call.is_background);
  CHECK(house.budget.reserved[0].call.user_id == house.anna);
  CHECK(house.budget.reserved[0].call.purpose == Purpose::embedding);
  CHECK(house.budget.reserved[0].input_tokens >= 2);
  CHECK(house.budget.reserved[0].max_tokens == 0);
  CHECK(house.hits("good morning") == 1);
  REQUIRE(house.budget.reserved.size() == 2);
  CHECK_FALSE(house.budget.reserved[1].call.is_background);
  CHECK(house.budget.reserved[1].call.user_id == house.anna);
  REQUIRE(house.budget.settled.size() == 2);
  CHECK(house.budget.settled[0].outcome == CallOutcome::answered);
  CHECK(house.budget.settled[0].usage.cost_usd > 0);
}
TEST_CASE("without room in the budget a query finds nothing by vectors, documents wait, and nothing is sent") {
  BilledHouse house;
  house.say("good night");
  house.wake_until_ready();
  house.budget.full = Error{Code::overloaded, "the month's budget is used up"};
  CHECK(house.nearest("good morning").error().code == Code::overloaded);
  house.say("another thing");
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  CHECK(house.embeddings->status().at("error").as_string().find("budget") != json::string::npos);
  CHECK(house.letters.asked == 1);
  house.budget.full.reset();
  house.wake_until_ready();
  CHECK(house.letters.asked == 2);
}
TEST_CASE("documents that wait for the budget are embedded at once when there may be room again") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  auto config = std::make_shared<Config>();
  config->plugins.settings["embedder_letters"] = {"embedder_letters", "embedder_letters", {{"api_key", "k"}}, {}};
  FakeBudget budget(config);
  budget.full = Error{Code::overloaded, "the month's budget is used up"};
  house.context.spare.budget = &budget;
  house.context.first_retry = 1h;
  house.reopen();
  house.say("good night");
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  budget.full.reset();
  house.embeddings->room_again();
  house.until([&] { return house.state() == "ready"; });
  CHECK(letters.asked == 1);
}
TEST_CASE("with background work switched off no document is embedded for money") {
  BilledHouse house;
  house.billed->models.background.enabled = false;
  const auto lane = make_background_lane(house.io.get_executor(), &house.budget, house.billed);
  house.context.spare.lane = lane.get();
  house.reopen();
  house.say("good night");
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  CHECK(house.letters.asked == 0);
}
TEST_CASE("an embedder that costs nothing is not booked") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  FakeBudget budget;
  house.context.spare.budget = &budget;
  house.reopen();
  house.say("good night");
  house.say("good night");
  house.wake_until_ready();
  CHECK(budget.reserved.empty());
  CHECK(house.embeddings->status().at("reused") == 1);
}
TEST_CASE("under a limit in tokens an embedder that costs nothing is booked too") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  FakeBudget budget;
  budget.has_token_limit = true;
  house.context.spare.budget = &budget;
  house.reopen();
  house.say("good night");
  house.wake_until_ready();
  REQUIRE(budget.reserved.size() == 1);
  CHECK(budget.reserved[0].input_tokens >= 2);
  CHECK(budget.settled.size() == 1);
}
TEST_CASE("vectors that broke off on their way are booked, those that were never asked for are not") {
  BilledHouse house;
  int asked = 0;
  house.letters.instead = [&](const std::vector<std::string>& texts) -> Result<std::string> {
    if (++asked == 1) return Error{Code::unavailable, "the model server's answer ended in the middle"};
    if (asked == 2) return Error{Code::unavailable, "connect to 127.0.0.1:1: connection refused"};
    return house.letters.rows_of(texts);
  };
  house.say("good night");
  house.wake_until_ready();
  REQUIRE(asked == 3);
  CHECK(house.budget.released.size() == 1);
  REQUIRE(house.budget.settled.size() == 2);
  CHECK(house.budget.settled[0].outcome == CallOutcome::failed);
  CHECK(house.budget.settled[1].outcome == CallOutcome::answered);
}
TEST_CASE("a query is embedded once while it is remembered") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  house.hits("aa");
  house.hits("aa");
  CHECK(letters.queries == 1);
}
TEST_CASE("a search doesn't wait for an embedder that hangs") {
  House house;
  house.context.search_deadline = 30ms;
  ScriptedEmbedder letters;
  house.make();
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  letters.hangs = true;
  CHECK(house.nearest("ab").error().code == Code::timeout);
}
TEST_CASE("a blank query finds nothing and asks nobody") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.hits(" \n") == 0);
  CHECK(letters.queries == 0);
}
TEST_CASE("an embedder in trouble is asked again, and nothing is lost") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  int failures = 3;
  letters.instead = [&](const std::vector<std::string>& texts) -> Result<std::string> {
    if (failures-- > 0) return Error{Code::unavailable, "the model server answered 503"};
    return letters.rows_of(texts);
  };
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.hits("aa") == 1);
}
TEST_CASE("while an embedder is in trouble the status says why") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  letters.instead = [](const std::vector<std::string>&) -> Result<std::string> { return Error{Code::overloaded, "retry after 60 s: too many"}; };
  house.say("aaaa");
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  CHECK(house.embeddings->status().at("error") == "retry after 60 s: too many");
}
TEST_CASE("vectors of a wrong size or with NaN are not stored") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  std::string answer = "abc";
  SECTION("wrong size") {}
  SECTION("NaN") {
    const std::vector<float> rows(4, std::nanf(""));
    answer.assign(reinterpret_cast<const char*>(rows.data()), 16);
  }
  letters.instead = [&](const std::vector<std::string>&) -> Result<std::string> { return answer; };
  house.say("aaaa");
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  const auto spaces = run(house.io, house.store->vectors().spaces()).value();
  CHECK(run(house.io, house.store->vectors().counts(spaces.at(0).id)).value().embedded == 0);
  letters.instead = nullptr;
  house.until([&] { return house.state() == "ready"; });
  CHECK(house.hits("aa") == 1);
}
TEST_CASE("one text that the embedder refuses doesn't hold up the others") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  letters.instead = [&](const std::vector<std::string>& texts) -> Result<std::string> {
    for (const auto& text : texts)
      if (text == "poison") return Error{Code::invalid, "too long"};
    return letters.rows_of(texts);
  };
  house.say("aaaa");
  house.say("poison");
  house.say("aaab");
  house.wake_until_ready();
  CHECK(house.hits("aa") == 2);
  CHECK(house.embeddings->status().at("skipped") == 1);
}
TEST_CASE("a text that gives a zero vector is not found and not asked for again") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  letters.instead = [](const std::vector<std::string>& texts) -> Result<std::string> { return std::string(texts.size() * 16, '\0'); };
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.hits("aa") == 0);
  CHECK(letters.asked == 1);
}
TEST_CASE("a restart in the middle of embedding goes on where it was") {
  House house;
  ScriptedEmbedder letters;
  letters.max_batch = 2;
  house.add("embedder_letters", letters);
  for (int i = 0; i < 10; ++i) house.say("a" + std::to_string(i));
  int batches = 0;
  letters.instead = [&](const std::vector<std::string>& texts) -> Result<std::string> {
    if (++batches > 2) return Error{Code::unavailable, "gone"};
    return letters.rows_of(texts);
  };
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  letters.instead = nullptr;
  letters.asked = 0;
  house.reopen();
  house.wake_until_ready();
  CHECK(letters.asked == 6);
  CHECK(house.hits("a") == 10);
}
TEST_CASE("a changed embedder is swapped in when everything is embedded, and searches go on meanwhile") {
  House house;
  ScriptedEmbedder letters, other;
  other.model = "other";
  other.dimension = 6;
  house.add("embedder_letters", letters);
  house.add("embedder_other", other);
  for (int i = 0; i < 5; ++i) house.say("aaa" + std::to_string(i));
  house.wake_until_ready();
  REQUIRE(house.hits("aa") == 5);
  other.instead = [](const std::vector<std::string>&) -> Result<std::string> { return Error{Code::unavailable, "not yet"}; };
  house.tier = {"embedder_other"};
  house.embeddings->set_config(house.config());
  house.until([&] { return house.state() == "waiting"; });
  CHECK(house.embeddings->status().at("searched_meanwhile") == "letters");
  CHECK(house.hits("aab") == 5);
  CHECK(other.queries == 0);
  other.instead = nullptr;
  house.until([&] { return house.state() == "ready"; });
  house.settle();
  CHECK(house.hits("aac") == 5);
  CHECK(other.queries == 1);
  const auto spaces = run(house.io, house.store->vectors().spaces()).value();
  REQUIRE(spaces.size() == 1);
  CHECK(spaces[0].model == "other");
}
TEST_CASE("a changed model name of the same plugin is embedded anew") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  letters.model = "letters 2";
  house.reopen();
  house.wake_until_ready();
  CHECK(letters.asked == 2);
  CHECK(house.embeddings->status().at("model") == "letters 2");
  CHECK(house.hits("aa") == 1);
}
TEST_CASE("the next embedder of the tier stands in for one that isn't there") {
  House house;
  house.tier = {"embedder_missing", "embedder_letters"};
  house.make();
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.hits("aa") == 1);
}
TEST_CASE("an embedder that has embedded everything is waited for while it is away") {
  House house;
  ScriptedEmbedder letters, other;
  FakeInstance& first = house.add("embedder_letters", letters);
  house.add("embedder_other", other);
  house.say("aaaa");
  house.wake_until_ready();
  house.tier = {"embedder_letters", "embedder_other"};
  first.state_ = InstanceState::failed;
  house.reopen();
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  CHECK(other.asked == 0);
  first.state_ = InstanceState::ready;
  house.until([&] { return house.state() == "ready"; });
  CHECK(house.hits("aa") == 1);
}
TEST_CASE("a provider's model embeds when the tier names it") {
  House house;
  house.tier = {"local/text-embedding-x"};
  house.make();
  ScriptedEmbedder letters;
  letters.model = "";
  house.add("local", letters);
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.hits("aa") == 1);
  CHECK(std::all_of(letters.models.begin(), letters.models.end(), [](const auto& name) { return name == "text-embedding-x"; }));
  CHECK(house.embeddings->status().at("model") == "text-embedding-x");
}
TEST_CASE("an embedder that describes nonsense is not used") {
  House house;
  ScriptedEmbedder letters;
  letters.dimension = 0;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.embeddings->wake();
  house.until([&] { return house.state() == "waiting"; });
  CHECK(house.hits("aa") == 0);
}
TEST_CASE("messages of a removed conversation are not counted on, and their rows may be given to others") {
  House house;
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  const std::string first = house.say("aaaa");
  house.wake_until_ready();
  REQUIRE(house.hits("aa") == 1);
  REQUIRE(run(house.io, house.store->conversations().remove(house.anna, house.conversation_of(first))).has_value());
  house.embeddings->drop(house.anna);
  CHECK(house.hits("ab") == 0);
  house.say("bbbb");
  house.embeddings->wake();
  house.settle();
  const auto hits = house.nearest("bb").value();
  REQUIRE(hits.size() == 1);
  CHECK(hits[0].row == 1);
  CHECK(hits[0].cosine == Approx(1.0).epsilon(0.01));
}
TEST_CASE("hashing weighs little, a model more, nothing without a vector") {
  House house;
  house.tier = {"embedder_hashing"};
  house.make();
  ScriptedEmbedder letters;
  house.add("embedder_hashing", letters);
  CHECK(house.embeddings->weight() == 0);
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.embeddings->weight() == Approx(0.08));
}
TEST_CASE("a graph is kept in a file, taken up at the next start, and made anew when it is broken") {
  House house;
  house.context.binary_from = 10;
  house.context.graph_from = 20;
  house.make();
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  for (int i = 0; i < 40; ++i) house.say(std::string(std::size_t(i + 1), 'a') + "b");
  house.wake_until_ready();
  const auto graphs = [&] { return house.embeddings->status().at("index").at("graphs").to_number<int>(); };
  const auto file = house.folder.path() / "indexes" / ("vectors-1-" + house.anna + "-0.graph");
  CHECK(house.hits("aab") == 10);
  house.until([&] { return graphs() == 1 && std::filesystem::exists(file); });
  CHECK(house.hits("aabb") == 10);
  const auto stored = std::filesystem::last_write_time(file);

  house.reopen();
  house.wake_until_ready();
  CHECK(house.hits("aab") == 10);
  house.until([&] { return graphs() == 1; });
  CHECK(std::filesystem::last_write_time(file) == stored);

  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  house.reopen();
  house.wake_until_ready();
  CHECK(house.hits("aab") == 10);
  house.until([&] { return graphs() == 1; });
  CHECK(house.nearest("aab").value().size() == 10);

  house.embeddings->drop(house.anna);
  house.until([&] { return !std::filesystem::exists(file); });
}
TEST_CASE("an index that would be too large is refused in words") {
  House house;
  house.context.max_index_bytes = 10;
  house.make();
  ScriptedEmbedder letters;
  house.add("embedder_letters", letters);
  house.say("aaaa");
  house.wake_until_ready();
  CHECK(house.nearest("aa").error().code == Code::overloaded);
}
