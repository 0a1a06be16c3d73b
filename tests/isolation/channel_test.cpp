// A channel plugin whose process is killed again and again, with the real inbox, outbox and database around it: no message is
// lost, none counts twice.
#include "channels/inbox.hpp"
#include "isolation/every.hpp"
#include "plugins/remote_instance.hpp"

#include <catch2/catch.hpp>

#include <signal.h>

#include <set>

using namespace hobd;

namespace {

/// The other end of channel_webhook: takes each message once by its key, as the plugin's README asks of a receiver, and pulls
/// the plug on the plugin every third time, before or after it has taken the message.
class Platform final : public HttpClient {
 public:
  std::function<void()> pull_the_plug;
  std::vector<std::string> taken;  // texts, in order
  int requests = 0;

  awaitable<Result<HttpClientResponse>> async_send(HttpClientRequest request) override {
    const auto body = parse_json_object(request.body).value();
    const std::string key(string_or(body, "id")), text(string_or(body, "text"));
    const int number = ++requests;
    if (number % 6 != 3 && keys_.insert(key).second) taken.push_back(text);
    if (number % 3 == 0 && number < 13) {
      pull_the_plug();
      co_return Error{Code::unavailable, "the line went dead"};
    }
    HttpClientResponse response;
    response.status = 200;
    response.body = R"({"message_id":"p"})";
    co_return response;
  }

 private:
  std::set<std::string> keys_;
};

struct Turns final : TurnStarter {
  void start_turn(Turn, Message message) override { texts.push_back(message.text); }
  std::vector<std::string> texts;
};

struct SinkTo final : ChannelSink {
  ChannelSink* target = nullptr;
  std::function<void()> after;
  awaitable<Result<json::value>> deliver(std::string channel, json::object event) override {
    Result<json::value> answer = co_await target->deliver(std::move(channel), std::move(event));
    if (after) after();
    co_return answer;
  }
};

struct ChannelHouse : fakes::House {
  ChannelHouse() {
    store = open_sqlite_store({.file = folder.path() / "hob.db", .executor = io.get_executor(), .clock = &clock}).value();
    owner = fakes::run(io, store->users().ensure("owner", true)).value();
    const Identity identity = fakes::run(io, store->users().ensure_identity("hook", "me", "Me", "CODE")).value();
    REQUIRE(fakes::run(io, store->users().approve_identity(identity.pairing_code, owner.id)).has_value());
    auto with = std::make_shared<Config>(*config);
    with->plugins.isolation_bundled = Isolation::process;
    with->channels["hook"] = PluginSettings{
        "hook", "channel_webhook", {{"path", "hook"}, {"secret", "secret-of-the-test"}, {"url", "http://127.0.0.1:9/back"}}, {"hob.yaml", 1}};
    config = with;
    context.bundled_paths = {HOB_BUILD "/share/hob/lua"};
    context.http = &platform;
    context.channels = &sink;
    context.remote.first_wait = std::chrono::milliseconds(5);
    start();
    outbox = make_outbox(io.get_executor(), *registry, *store, clock, {.first_retry = std::chrono::milliseconds(1)});
    inbox = make_inbox(*store, *outbox, turns, clock);
    sink.target = inbox.get();
    fakes::run(io, outbox->start());
  }
  ~ChannelHouse() {
    fakes::run(io, outbox->stop(std::chrono::milliseconds(0)));
    fakes::run(io, registry->stop(std::chrono::milliseconds(500)));
    registry.reset();
    store->close();
  }
  void pull_the_plug() {
    clock.advance(std::chrono::minutes(11));  // each is the first for the supervision
    ::kill(dynamic_cast<RemoteInstance&>(plugin("hook")).pid(), SIGKILL);
  }
  Result<std::string> hand_in(const std::string& id, const std::string& text) {
    PluginCall request;
    request.extension = HOB_EXT_ROUTES;
    request.function = "request";
    request.payload = R"({"id":"r","method":"POST","path":"/hooks/hook","route":"/hooks/{config:path}","params":{},"query":{},
                          "headers":{"x-hob-secret":"secret-of-the-test"}})";
    request.extra = R"({"id":")" + id + R"(","sender":{"id":"me"},"text":")" + text + R"("})";
    return call(std::move(request), "hook");
  }

  std::unique_ptr<Store> store;
  User owner;
  Platform platform;
  SinkTo sink;
  Turns turns;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<ChannelSink> inbox;
};

}  // namespace

TEST_CASE("replies reach the platform once each and in order, however often the channel's process dies") {
  ChannelHouse house;
  house.platform.pull_the_plug = [&] { house.pull_the_plug(); };
  std::vector<std::string> said;
  for (int i = 0; i < 10; ++i) {
    said.push_back("reply " + std::to_string(i));
    std::vector<OutboxItem> items = house.outbox->compose("hook", "me", "", said.back(), "reply");
    for (OutboxItem& item : items) item.user_id = house.owner.id;
    std::vector<OutboxItem> copy = items;
    REQUIRE(fakes::run(house.io, house.store->journal().add_outbox(std::move(copy), Durability::journaled)).has_value());
    house.outbox->wake(std::move(items));
  }
  REQUIRE(fakes::run_until(house.io, [&] { return house.outbox->pending() == 0; }));
  REQUIRE(house.platform.taken == said);
  REQUIRE(house.plugin("hook").stats().restarts >= 4);
}

TEST_CASE("a message that was handed in when the channel's process died is answered once when it is handed in again") {
  ChannelHouse house;
  house.sink.after = [&] { house.pull_the_plug(); };
  REQUIRE(house.hand_in("e1", "hello").error().code == Code::unavailable);
  house.sink.after = nullptr;
  REQUIRE(house.hand_in("e1", "hello").value().find(R"("duplicate":true)") != std::string::npos);
  REQUIRE(house.turns.texts == std::vector<std::string>{"hello"});
}
