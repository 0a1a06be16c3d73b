// Stand-ins for what lies around the API: a users table in memory, a registry with one scripted instance, an
// exchange that records what it is told, and a temporary folder.
#pragma once

#include "agent/agent.hpp"
#include "net/http_server.hpp"
#include "plugins/registry.hpp"
#include "store/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <unistd.h>

namespace hobd::test {

struct TempFolder {
  std::filesystem::path path;
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hob-api-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

struct FakeClock final : Clock {
  Time time = from_micros(1'700'000'000'000'000);
  std::chrono::steady_clock::time_point steady_time{};
  Time now() const override { return time; }
  std::chrono::steady_clock::time_point steady() const override { return steady_time; }
};

struct FakeUsers final : Users {
  std::vector<User> users;
  std::vector<ApiKey> keys;
  int key_queries = 0;

  User& make(const std::string& name, bool admin) {
    return users.emplace_back(User{.id = "usr_" + name, .name = name, .admin = admin});
  }
  awaitable<Result<std::vector<User>>> list() override { co_return users; }
  awaitable<Result<User>> find(std::string user_id) override {
    for (const User& user : users)
      if (user.id == user_id) co_return user;
    co_return Error{Code::not_found, "no user " + user_id};
  }
  awaitable<Result<User>> find_by_name(std::string name) override {
    for (const User& user : users)
      if (user.name == name) co_return user;
    co_return Error{Code::not_found, "no user " + name};
  }
  awaitable<Result<User>> ensure(std::string name, bool admin) override {
    for (const User& user : users)
      if (user.name == name) co_return user;
    co_return make(name, admin);
  }
  awaitable<Result<void>> remove(std::string user_id) override {
    std::erase_if(users, [&](const User& user) { return user.id == user_id; });
    co_return Result<void>{};
  }
  awaitable<Result<Identity>> ensure_identity(std::string, std::string, std::string, std::string) override { co_return Identity{}; }
  awaitable<Result<std::vector<Identity>>> list_identities() override { co_return std::vector<Identity>{}; }
  awaitable<Result<Identity>> approve_identity(std::string code, std::string user_id) override {
    if (code != "123456") co_return Error{Code::not_found, "no such code"};
    co_return Identity{.channel = "sms", .external_id = "+1", .display_name = "Ann", .user_id = user_id, .pairing_code = {}};
  }
  awaitable<Result<void>> remove_identity(std::string, std::string) override { co_return Result<void>{}; }
  awaitable<Result<Identity>> find_identity(std::string, std::string) override { co_return Identity{}; }
  awaitable<Result<void>> add_key(ApiKey key) override {
    keys.push_back(std::move(key));
    co_return Result<void>{};
  }
  awaitable<Result<std::vector<ApiKey>>> list_keys(std::string user_id) override {
    std::vector<ApiKey> found;
    for (const ApiKey& key : keys)
      if (user_id.empty() || key.user_id == user_id) found.push_back(key);
    co_return found;
  }
  awaitable<Result<ApiKey>> find_key(std::string hash) override {
    ++key_queries;
    for (const ApiKey& key : keys)
      if (key.hash == hash) co_return key;
    co_return Error{Code::not_found, "no such key"};
  }
  awaitable<Result<void>> remove_key(std::string key_id) override {
    std::erase_if(keys, [&](const ApiKey& key) { return key.id == key_id; });
    co_return Result<void>{};
  }
  awaitable<Result<void>> touch_key(std::string, Time) override { co_return Result<void>{}; }
};

/// Records the one call it gets; the test plays the plugin.
struct FakeInstance final : Instance {
  Manifest manifest_;
  std::string name_ = "channel_http", reason_;
  PluginCall call;
  std::function<void(Result<std::string>)> done;
  std::vector<std::uint64_t> cancelled;
  std::vector<std::string> messages;
  int calls = 0;

  const std::string& name() const override { return name_; }
  const Manifest& manifest() const override { return manifest_; }
  InstanceState state() const override { return InstanceState::ready; }
  const std::string& state_reason() const override { return reason_; }
  InstanceStats stats() const override { return {}; }
  bool offers(std::string_view) const override { return true; }
  awaitable<Result<std::string>> async_call(PluginCall wanted) override {
    call = std::move(wanted);
    if (call.on_chunk) call.on_chunk("{\"step\":1}");
    co_return std::string("{\"echo\":") + call.payload + "}";
  }
  std::uint64_t start_call(PluginCall wanted, std::function<void(Result<std::string>)> on_done) override {
    call = std::move(wanted);
    done = std::move(on_done);
    ++calls;
    return 7;
  }
  void cancel_call(std::uint64_t id) override { cancelled.push_back(id); }
  void send_message(std::uint64_t, std::string data, bool) override { messages.push_back(std::move(data)); }
};

/// Routes by exact path.
struct FakeRegistry final : Registry {
  FakeInstance instance;
  std::vector<RouteManifest> route_list;
  std::vector<MethodManifest> method_list;
  std::vector<PluginChange> changes;  // what reload() and set_enabled() answer

  awaitable<void> start(std::shared_ptr<const Config>) override { co_return; }
  awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config>) override { co_return std::vector<Error>{}; }
  awaitable<std::vector<PluginChange>> rescan() override { co_return std::vector<PluginChange>{}; }
  awaitable<Result<std::vector<PluginChange>>> reload(std::string name) override {
    if (name != instance.name_) co_return Error{Code::not_found, "no plugin " + name};
    co_return changes;
  }
  awaitable<Result<std::vector<PluginChange>>> set_enabled(std::string name, bool) override { return reload(std::move(name)); }
  void on_change(std::function<void()>) override {}
  awaitable<void> stop(std::chrono::milliseconds) override { co_return; }
  std::vector<ConfigFault> check(const Config&) const override { return {}; }
  Instance* find(std::string_view name) const override {
    return name == instance.name_ ? const_cast<FakeInstance*>(&instance) : nullptr;
  }
  std::vector<Instance*> with_extension(std::string_view) const override { return {}; }
  std::vector<ToolEntry> tools() const override { return {}; }
  std::optional<ToolEntry> find_tool(std::string_view) const override { return std::nullopt; }
  Result<RouteEntry> match_route(std::string_view method, std::string_view path) const override {
    for (const RouteManifest& route : route_list) {
      if (route.path != path) continue;
      for (const std::string& one : route.methods)
        if (one == method) return RouteEntry{.route = &route, .instance = const_cast<FakeInstance*>(&instance), .params = {}};
      return Error{Code::unsupported, std::string(method) + " is not allowed here"};
    }
    return Error{Code::not_found, "no route"};
  }
  std::vector<std::string> route_methods(std::string_view path) const override {
    for (const RouteManifest& route : route_list)
      if (route.path == path) return route.methods;
    return {};
  }
  std::vector<RouteEntry> routes() const override {
    std::vector<RouteEntry> all;
    for (const RouteManifest& route : route_list) all.push_back({.route = &route, .instance = const_cast<FakeInstance*>(&instance), .params = {}});
    return all;
  }
  std::vector<std::pair<const MethodManifest*, Instance*>> methods() const override {
    std::vector<std::pair<const MethodManifest*, Instance*>> all;
    for (const MethodManifest& method : method_list) all.emplace_back(&method, const_cast<FakeInstance*>(&instance));
    return all;
  }
  std::vector<PluginReport> reports() const override {
    return {{.instance = "channel_http", .plugin = "channel_http", .version = "1", .language = "native", .state = "ready", .reason = {}, .kinds = {"routes"}, .isolation = {}},
            {.instance = "broken", .plugin = "broken", .version = "1", .language = "lua", .state = "failed", .reason = "main.lua:3: no", .kinds = {"tool"}, .isolation = {}}};
  }
};

struct FakeExchange final : HttpExchange {
  HttpRequest request_;
  int status = 0;
  HttpHeaders headers;
  std::string body;
  bool ended = false, aborted = false, accepted = false, full = false;
  std::uint16_t close_code = 0;
  std::function<void()> gone;
  WebSocketHandlers handlers;
  std::vector<std::string> sent;

  const HttpRequest& request() const override { return request_; }
  void respond(int s, HttpHeaders h, std::string b) override {
    status = s;
    headers = std::move(h);
    body = std::move(b);
    ended = true;
  }
  void begin(int s, HttpHeaders h) override {
    status = s;
    headers = std::move(h);
  }
  bool write(std::string_view piece) override {
    if (full) return false;
    body += piece;
    return true;
  }
  void end() override { ended = true; }
  void abort() override { aborted = true; }
  void accept(WebSocketHandlers h, HttpHeaders) override {
    accepted = true;
    handlers = std::move(h);
  }
  bool send(std::string_view message, bool) override {
    sent.emplace_back(message);
    return true;
  }
  void close(std::uint16_t code, std::string_view) override { close_code = code; }
  void on_gone(std::function<void()> handler) override { gone = std::move(handler); }
  std::size_t pending() const override { return 0; }
};

/// An agent that answers with what it was told, with one text event before.
struct FakeAgent final : Agent {
  SendRequest last;
  void start_turn(Turn, Message) override {}
  awaitable<Result<TurnReply>> send(SendRequest request, std::function<void(const TurnEvent&)> on_event) override {
    last = request;
    on_event({.name = "text", .data = {{"delta", "echo"}}});
    TurnReply reply;
    reply.reply = "echo: " + request.text;
    reply.conversation_id = "conv_1";
    reply.turn_id = "turn_1";
    co_return reply;
  }
  Result<void> cancel(std::string_view, std::string_view) override { return Error{Code::not_found, "no such turn runs"}; }
  awaitable<void> cancel_conversation(std::string, std::string) override { co_return; }
  awaitable<void> resume() override { co_return; }
  awaitable<void> drain(std::chrono::milliseconds) override { co_return; }
  AgentStats stats() const override { return {}; }
  void on_outcome(std::function<void(const TurnOutcome&)>) override {}
  void set_config(std::shared_ptr<const Config>) override {}
};

/// Runs one coroutine to its end.
template <class T>
T run(asio::io_context& core, awaitable<T> task) {
  std::optional<T> result;
  asio::co_spawn(core, std::move(task), [&](std::exception_ptr error, T value) {
    if (error) std::rethrow_exception(error);
    result = std::move(value);
  });
  core.restart();
  while (!result) core.run_one();
  return *std::move(result);
}

/// Runs one that must succeed; gives its value.
template <class T>
T value_of(asio::io_context& core, awaitable<Result<T>> operation) {
  core.restart();
  auto result = run(core, std::move(operation));
  if constexpr (std::is_void_v<T>)
    result.value();
  else
    return std::move(result).value();
}

}  // namespace hobd::test
