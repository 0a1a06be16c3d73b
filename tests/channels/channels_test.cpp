#include "channels/inbox.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_registry.hpp"
#include "fakes/faulty_store.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct Turns : TurnStarter {
  void start_turn(Turn turn, Message message) override {
    turns.push_back(std::move(turn));
    messages.push_back(std::move(message));
  }
  std::vector<Turn> turns;
  std::vector<Message> messages;
};

struct Channels {
  Channels() {
    StoreOptions options;
    options.file = folder.path() / "hob.db";
    options.executor = io.get_executor();
    options.clock = &clock;
    database = open_sqlite_store(std::move(options)).value();
    store = std::make_unique<FaultyStore>(*database);
    owner = run(io, store->users().ensure("owner", true)).value();
    channel = &registry.add("chan", "hob.channel/1", [this](PluginCall call) { return take(std::move(call)); });
    channel->manifest_.channel = ChannelManifest{};
    OutboxOptions waits;
    waits.first_retry = std::chrono::milliseconds(1);
    outbox = make_outbox(io.get_executor(), registry, *store, clock, waits);
    inbox = make_inbox(*store, *outbox, turns, clock);
    run(io, outbox->start());
  }
  ~Channels() {
    run(io, outbox->stop(std::chrono::milliseconds(0)));
    store->close();
  }
  void pair(const std::string& sender) {
    const Identity identity = run(io, store->users().ensure_identity("chan", sender, "Anna", "CODE" + sender)).value();
    REQUIRE(run(io, store->users().approve_identity(identity.pairing_code, owner.id)).has_value());
  }
  Result<json::value> deliver(const std::string& event) {
    return run(io, inbox->deliver("chan", parse_json_object(event).value()));
  }
  /// Stores and wakes messages to `recipient`.
  void post(const std::string& recipient, const std::string& text) {
    std::vector<OutboxItem> items = outbox->compose("chan", recipient, "", text, "reply");
    for (OutboxItem& item : items) item.user_id = owner.id;
    std::vector<OutboxItem> copy = items;
    REQUIRE(run(io, store->journal().add_outbox(std::move(copy), Durability::journaled)).has_value());
    outbox->wake(std::move(items));
  }
  bool settled() {
    return run_until(io, [this] { return outbox->pending() == 0; });
  }

  TempFolder folder;
  asio::io_context io;
  FakeClock clock;
  FakeRegistry registry;
  std::unique_ptr<Store> database;
  std::unique_ptr<FaultyStore> store;  // in front of it
  User owner;
  FakeInstance* channel = nullptr;
  std::vector<std::string> sent;
  std::deque<Error> faults;
  std::function<void()> on_send;
  std::unique_ptr<Outbox> outbox;
  Turns turns;
  std::unique_ptr<ChannelSink> inbox;

 private:
  awaitable<Result<std::string>> take(PluginCall call) {
    if (!faults.empty()) {
      const Error fault = faults.front();
      faults.pop_front();
      // Time passes while it waits: the outbox reads its own clock.
      clock.advance(std::chrono::seconds(10));
      co_return fault;
    }
    if (on_send) on_send();
    sent.emplace_back(string_or(parse_json_object(call.payload).value(), "text"));
    co_return std::string(R"({"message_id":"p"})");
  }
};

constexpr const char* kHello = R"({"id":"m1","sender":{"id":"s1","name":"Anna"},"text":"hello"})";

}  // namespace

TEST_CASE("a stranger gets a pairing code and nothing else, once an hour") {
  Channels channels;
  REQUIRE(channels.deliver(kHello).has_value());
  REQUIRE(channels.deliver(R"({"id":"m2","sender":{"id":"s1"},"text":"hello?"})").has_value());
  REQUIRE(channels.settled());
  CHECK(channels.turns.turns.empty());
  REQUIRE(channels.sent.size() == 1);
  const auto identities = run(channels.io, channels.store->users().list_identities()).value();
  REQUIRE(identities.size() == 1);
  CHECK(identities[0].pairing_code.size() == 8);
  CHECK_THAT(channels.sent[0], Catch::Contains(identities[0].pairing_code));
  channels.clock.advance(std::chrono::hours(2));
  REQUIRE(channels.deliver(R"({"id":"m3","sender":{"id":"s1"},"text":"hello??"})").has_value());
  REQUIRE(channels.settled());
  CHECK(channels.sent.size() == 2);
}

TEST_CASE("a known sender's message begins a turn that knows where its reply goes") {
  Channels channels;
  channels.pair("s1");
  const json::value answer = channels.deliver(kHello).value();
  CHECK(json::serialize(answer) == R"({"accepted":true,"duplicate":false})");
  REQUIRE(channels.turns.turns.size() == 1);
  CHECK(json::serialize(channels.turns.turns[0].request.at("reply_to")) == R"({"channel":"chan","to":"s1"})");
  CHECK(channels.turns.messages[0].text == "hello");
}

TEST_CASE("the same event again begins nothing") {
  Channels channels;
  channels.pair("s1");
  REQUIRE(channels.deliver(kHello).has_value());
  CHECK(channels.deliver(kHello).value().at("duplicate").as_bool());
  CHECK(channels.turns.turns.size() == 1);
}

TEST_CASE("without a thread a sender has one conversation, each thread has its own") {
  Channels channels;
  channels.pair("s1");
  for (const char* event : {kHello, R"({"id":"m2","sender":{"id":"s1"},"text":"more"})",
                            R"({"id":"m3","sender":{"id":"s1"},"text":"elsewhere","thread":"t"})"})
    REQUIRE(channels.deliver(event).has_value());
  const auto& turns = channels.turns.turns;
  CHECK(turns[0].conversation_id == turns[1].conversation_id);
  CHECK(turns[0].conversation_id != turns[2].conversation_id);
}

TEST_CASE("an event that is malformed is refused with what it needs") {
  Channels channels;
  for (const char* bad : {R"({})", R"({"id":"","sender":{"id":"s"},"text":"x"})", R"({"id":"m","text":"x"})",
                          R"({"id":"m","sender":{"id":7},"text":"x"})", R"({"id":"m","sender":{"id":"s"}})",
                          R"({"id":"m","sender":{"id":"s"},"text":"  "})"})
    CHECK(channels.deliver(bad).error().code == Code::invalid);
  json::object big = parse_json_object(kHello).value();
  big["text"] = std::string((1 << 20) + 1, 'x');
  CHECK(run(channels.io, channels.inbox->deliver("chan", big)).error().code == Code::invalid);
  big["text"] = "\xff";
  CHECK(run(channels.io, channels.inbox->deliver("chan", big)).error().code == Code::invalid);
}

TEST_CASE("what a channel can't take now is tried again, in order") {
  Channels channels;
  channels.faults = {{Code::unavailable, "gateway down"}, {Code::overloaded, "retry after 2 s: slow down"}};
  channels.post("s1", "one");
  channels.post("s1", "two");
  REQUIRE(channels.settled());
  CHECK(channels.sent == std::vector<std::string>{"one", "two"});
  CHECK(run(channels.io, channels.store->journal().open_outbox()).value().empty());
}

TEST_CASE("a refusal ends the message, and the next one goes out") {
  Channels channels;
  channels.faults = {{Code::denied, "the bot was blocked"}};
  channels.post("s1", "one");
  channels.post("s1", "two");
  REQUIRE(channels.settled());
  CHECK(channels.sent == std::vector<std::string>{"two"});
}

TEST_CASE("a send whose outcome is unknown is repeated only where the channel tells repeats apart") {
  for (const bool idempotent : {false, true}) {
    Channels channels;
    channels.channel->manifest_.channel->idempotent_send = idempotent;
    channels.faults = {{Code::timeout, "no answer"}};
    channels.post("s1", "once");
    REQUIRE(channels.settled());
    CHECK(channels.sent.size() == (idempotent ? 1 : 0));
    CHECK(channels.channel->calls.size() == (idempotent ? 2 : 1));
  }
}

TEST_CASE("a message that can't be sent for a day expires") {
  Channels channels;
  channels.faults = {{Code::unavailable, "down"}};
  std::vector<OutboxItem> items = channels.outbox->compose("chan", "s1", "", "late", "reply");
  items[0].user_id = channels.owner.id;
  items[0].expires_at = channels.clock.now() + std::chrono::seconds(5);
  std::vector<OutboxItem> copy = items;
  REQUIRE(run(channels.io, channels.store->journal().add_outbox(std::move(copy), Durability::journaled)).has_value());
  channels.outbox->wake(std::move(items));
  REQUIRE(channels.settled());
  CHECK(channels.sent.empty());
}

TEST_CASE("a long reply goes out in pieces that the channel takes") {
  Channels channels;
  channels.channel->manifest_.channel->max_message = 8;
  channels.post("s1", "one two three");
  REQUIRE(channels.settled());
  CHECK(channels.sent == std::vector<std::string>{"one two", "three"});
}

TEST_CASE("a recipient whose message could not be noted gets it, and the next one, once the disk has room") {
  Channels channels;
  channels.store->is_full = true;
  channels.post("s1", "one");
  channels.post("s1", "two");
  REQUIRE(run_until(channels.io, [&] { return channels.store->refused >= 3; }));
  CHECK(channels.sent.empty());
  channels.store->is_full = false;
  REQUIRE(channels.settled());
  CHECK(channels.sent == std::vector<std::string>{"one", "two"});
}

TEST_CASE("a message that was sent while the disk filled up is not sent again when its receipt is stored") {
  Channels channels;
  channels.on_send = [&] { channels.store->is_full = true; };
  channels.post("s1", "one");
  REQUIRE(run_until(channels.io, [&] { return channels.store->refused >= 2; }));
  channels.on_send = nullptr;
  channels.store->is_full = false;
  channels.post("s1", "two");
  REQUIRE(channels.settled());
  CHECK(channels.sent == std::vector<std::string>{"one", "two"});
  CHECK(run(channels.io, channels.store->journal().open_outbox()).value().empty());
}

TEST_CASE("a channel that throws wedges nobody") {
  Channels channels;
  channels.on_send = [&] {
    channels.on_send = nullptr;
    throw std::runtime_error("a broken channel");
  };
  channels.post("s1", "lost");
  channels.post("s1", "two");
  REQUIRE(channels.settled());
  CHECK(channels.sent.back() == "two");
}

TEST_CASE("a message that comes while the outbox reads the database is sent once") {
  Channels channels;
  run(channels.io, channels.outbox->stop(std::chrono::milliseconds(0)));
  std::vector<OutboxItem> items = channels.outbox->compose("chan", "s1", "", "once", "reply");
  items[0].user_id = channels.owner.id;
  std::vector<OutboxItem> copy = items;
  REQUIRE(run(channels.io, channels.store->journal().add_outbox(std::move(copy), Durability::journaled)).has_value());
  channels.store->after_open_outbox = [&] { channels.outbox->wake(items); };
  run(channels.io, channels.outbox->start());
  REQUIRE(channels.settled());
  channels.post("s2", "another");
  REQUIRE(channels.settled());
  CHECK(channels.sent == std::vector<std::string>{"once", "another"});
}

TEST_CASE("an outbox that could not be read at the start is read later") {
  Channels channels;
  run(channels.io, channels.outbox->stop(std::chrono::milliseconds(0)));
  channels.post("s1", "one");  // stopped: it stays in the database
  channels.store->is_unreadable = true;
  run(channels.io, channels.outbox->start());
  channels.store->is_unreadable = false;
  REQUIRE(run_until(channels.io, [&] { return channels.sent.size() == 1; }));
}

TEST_CASE("receipts older than a week are removed, younger ones stay") {
  Channels channels;
  channels.post("s1", "old");
  REQUIRE(channels.settled());
  channels.clock.advance(std::chrono::hours(8 * 24));
  channels.post("s1", "new");
  REQUIRE(channels.settled());
  CHECK(run(channels.io, channels.store->journal().prune_outbox(channels.clock.now() - std::chrono::hours(7 * 24), 500)).value() == 1);
  CHECK(run(channels.io, channels.store->journal().prune_outbox(channels.clock.now() - std::chrono::hours(7 * 24), 500)).value() == 0);
}
