// A whole assistant on a real database, with scripted plugins: everything above plugins/ as it runs in hobd.
#pragma once

#include "agent/agent.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_registry.hpp"
#include "fakes/faulty_store.hpp"
#include "fakes/plain_forgetting.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/blocks.hpp"
#include "memory/buffer.hpp"

namespace hobd::fakes {

inline ToolManifest tool_manifest(const std::string& name, ToolEffect effect = ToolEffect::read, bool idempotent = true) {
  ToolManifest tool;
  tool.name = name;
  tool.description = "does " + name;
  tool.parameters = parse_json(R"({"type":"object","properties":{"x":{"type":"integer"}},"additionalProperties":false})").value();
  tool.effect = effect;
  tool.idempotent = idempotent;
  return tool;
}

/// The parts of a daemon over the database in `folder`. A second House on the same folder is a restart, once the
/// first one is gone.
class House {
 public:
  explicit House(const std::filesystem::path& folder) {
    StoreOptions options;
    options.file = folder / "hob.db";
    options.executor = io.get_executor();
    options.clock = &clock;
    database = open_sqlite_store(std::move(options)).value();
    store = std::make_unique<FaultyStore>(*database);
    config = std::make_shared<Config>();
    config->models.tiers["fast"] = {"local/m"};
    config->models.tiers["smart"] = {"local/m"};
    config->models.times.retries = 0;  // a script's answer is one call's
    registry.add("local", "hob.provider/1", model.handler());
    tools = &registry.add("tools", "hob.tool/1", [this](PluginCall call) { return run_tool(std::move(call)); });
    channel = &registry.add("chan", "hob.channel/1", [this](PluginCall call) { return send_out(std::move(call)); });
    channel->manifest_.channel = ChannelManifest{};
    build();
  }
  ~House() {
    run(io, agent->drain(std::chrono::milliseconds(0)));
    run(io, buffers->stop(std::chrono::milliseconds(0)));
    run(io, outbox->stop(std::chrono::milliseconds(0)));
    store->close();
  }

  void build() {
    router = make_router({.core = io.get_executor(), .registry = &registry, .clock = &clock, .config = config});
    if (around_router) router = around_router(std::move(router));
    toolbox = make_toolbox(registry, config);
    OutboxOptions waits;
    waits.first_retry = std::chrono::milliseconds(1);
    outbox = make_outbox(io.get_executor(), registry, *store, clock, waits);
    blocks = std::make_unique<MemoryBlocks>(store->blocks(), config);
    // Without a model, so that a script's answers are the turns' own.
    buffers = std::make_unique<SessionBuffers>(BufferContext{io.get_executor(), store.get(), has_summary_model ? router.get() : nullptr, &clock, config, spare});
    AgentContext context;
    context.core = io.get_executor();
    context.store = store.get();
    context.router = router.get();
    context.tools = toolbox.get();
    context.outbox = outbox.get();
    context.clock = &clock;
    context.config = config;
    forgetting = std::make_unique<PlainForgetting>(*store);
    context.forgetting = forgetting.get();
    context.blocks = blocks.get();
    context.buffers = buffers.get();
    agent = make_agent(std::move(context));
    inbox = make_inbox(*store, *outbox, *agent, clock);
    user = run(io, store->users().ensure("anna", false)).value();
  }

  SendRequest request(const std::string& text) const {
    SendRequest request;
    request.user_id = user.id;
    request.user_name = "anna";
    request.channel = "http";
    request.text = text;
    return request;
  }
  Result<TurnReply> send(SendRequest request) {
    events.clear();
    std::function<void(const TurnEvent&)> on_event = [this](const TurnEvent& event) { events.push_back(event); };
    return run(io, agent->send(std::move(request), std::move(on_event)));
  }
  /// Says `text` in the conversation of the last reply.
  Result<TurnReply> say(const std::string& text) {
    SendRequest next = request(text);
    next.conversation_id = conversation;
    Result<TurnReply> reply = send(std::move(next));
    if (reply.has_value()) conversation = reply->conversation_id;
    return reply;
  }
  const TurnEvent* event(std::string_view name) const {
    for (const TurnEvent& each : events)
      if (each.name == name) return &each;
    return nullptr;
  }
  std::vector<std::string> step_kinds(const std::string& turn_id) {
    std::vector<std::string> kinds;
    for (const Step& step : run(io, store->journal().steps(user.id, turn_id)).value()) kinds.push_back(step.kind);
    return kinds;
  }

  asio::io_context io;
  FakeClock clock;
  FakeRegistry registry;
  ScriptedModel model;
  FakeInstance* tools = nullptr;
  FakeInstance* channel = nullptr;
  std::map<std::string, Result<std::string>> tool_results;  // by tool name
  bool tools_hang = false;
  std::vector<json::object> sent;                           // what the channel got
  std::deque<Error> send_faults;                            // given before it takes anything
  std::shared_ptr<Config> config;
  std::unique_ptr<Store> database;
  std::unique_ptr<FaultyStore> store;  // in front of it
  std::unique_ptr<Router> router;
  std::unique_ptr<Toolbox> toolbox;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<PlainForgetting> forgetting;
  std::unique_ptr<MemoryBlocks> blocks;
  std::unique_ptr<SessionBuffers> buffers;
  bool has_summary_model = false;  // set it and build() again
  SpareCalls spare;                // likewise
  std::function<std::unique_ptr<Router>(std::unique_ptr<Router>)> around_router;  // the same
  std::unique_ptr<Agent> agent;
  std::unique_ptr<ChannelSink> inbox;
  User user;
  std::string conversation;
  std::vector<TurnEvent> events;

 private:
  awaitable<Result<std::string>> run_tool(PluginCall call) {
    if (tools_hang) co_await hang();
    const auto result = tool_results.find(call.name);
    if (result == tool_results.end()) co_return std::string(R"({"value":42})");
    co_return result->second;
  }
  awaitable<Result<std::string>> send_out(PluginCall call) {
    if (!send_faults.empty()) {
      const Error fault = send_faults.front();
      send_faults.pop_front();
      co_return fault;
    }
    sent.push_back(parse_json_object(call.payload).value());
    co_return R"({"message_id":"p)" + std::to_string(sent.size()) + "\"}";
  }
};

}  // namespace hobd::fakes
