// hobd: builds the object graph top to bottom, runs it, and takes it down in reverse.

#include "agent/agent.hpp"
#include "api/control_socket.hpp"
#include "api/http_gate.hpp"
#include "api/methods.hpp"
#include "app/first_start.hpp"
#include "app/options.hpp"
#include "app/owner_notice.hpp"
#include "app/settings.hpp"
#include "app/systemd.hpp"
#include "app/ties.hpp"
#include "app/wiring.hpp"
#include "memory/buffer.hpp"
#include "memory/builtin_tools.hpp"
#include "memory/forgetting.hpp"
#include "memory/consolidation.hpp"
#include "memory/embeddings.hpp"
#include "models/background.hpp"
#include "models/budget.hpp"
#include "store/vectors.hpp"

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace hobd {
namespace {

using std::chrono::seconds;

/// Runs the daemon until it is asked to stop. An error is a start that failed.
awaitable<Result<void>> serve(asio::any_io_executor core, const Options& options, std::shared_ptr<const Config> config) {
  const InheritedSockets inherited = take_inherited_sockets();
  Settings settings(options, config);
  const SystemClock clock;
  StopSignal stop(core);
  CO_CHECK(ensure_directories(*config));
  CO_TRY(const auto store, open_sqlite_store({.file = config->state_dir / "hob.db", .executor = core, .clock = &clock}));
  CO_CHECK(co_await ensure_default_user(store->users(), config->auth.mode));

  const auto http_client = make_http_client(core);
  MethodTie method_tie;
  SinkTie sink_tie(core);
  OutboxNotice notice(core, *store);
  const auto registry = make_registry({.core = core,
                                       .clock = &clock,
                                       .http = http_client.get(),
                                       .kv = &store->kv(),
                                       .methods = &method_tie,
                                       .channels = &sink_tie,
                                       .bundled_paths = bundled_plugin_paths(),
                                       .owner = &notice,
                                       .watch_files = true});
  CO_CHECK(check_plugins(*registry, *config));
  const auto budget = make_budget({.core = core, .store = store.get(), .clock = &clock, .config = config});
  budget->on_notice([&notice](std::string text) { notice.tell_owner(std::move(text), ""); });
  CO_CHECK(co_await budget->start());
  const auto background = make_background_lane(core, budget.get(), config);
  const SpareCalls spare{background.get(), budget.get()};
  const auto routing = make_routing(config);
  const auto router = make_router({.core = core,
                                   .registry = registry.get(),
                                   .clock = &clock,
                                   .config = config,
                                   .budget = budget.get(),
                                   .background = background.get(),
                                   .routing = routing.get()});
  router->on_notice([&notice](std::string text) { notice.tell_owner(std::move(text), ""); });
  const auto embeddings = make_embeddings(
      {.core = core, .registry = registry.get(), .store = &store->vectors(), .config = config, .spare = spare});
  const auto forgetting = make_forgetting({core, store.get(), embeddings.get(), config->state_dir, router.get()});
  CO_CHECK(co_await forgetting->start());
  const auto toolbox = make_toolbox(*registry, config);
  const auto outbox = make_outbox(core, *registry, *store, clock);
  const auto learning = make_learning({core, store.get(), router.get(), &clock, config, spare});
  MemoryBlocks blocks(store->blocks(), config);
  SessionBuffers buffers({core, store.get(), router.get(), &clock, config, spare});
  add_memory_tools(*toolbox, {.blocks = &blocks,
                              .store = store.get(),
                              .clock = &clock,
                              .config = [&settings] { return settings.current(); },
                              .learning = learning.get(),
                              .embeddings = embeddings.get()});
  const auto agent = make_agent({.core = core,
                                 .store = store.get(),
                                 .router = router.get(),
                                 .tools = toolbox.get(),
                                 .outbox = outbox.get(),
                                 .clock = &clock,
                                 .config = config,
                                 .embeddings = embeddings.get(),
                                 .blocks = &blocks,
                                 .buffers = &buffers,
                                 .learning = learning.get(),
                                 .forgetting = forgetting.get(),
                                 .budget = budget.get()});
  learn_from_turns(*agent, *learning, *embeddings);
  const auto inbox = make_inbox(*store, *outbox, *agent, clock);

  Metrics metrics(kVersion);
  Events events(clock);
  count_outcomes(*agent, metrics, events);
  metrics.judge_models([&](std::string_view model) { return standing_of(*settings.current(), budget->prices(), model); });
  router->on_call([&metrics](const CallReport& call) { metrics.count_call(call); });
  notice.set_ways(outbox.get(), &events);
  HttpGate gate({core, registry.get(), &store->users(), &clock, [&](int status) { metrics.count_request(status); }}, config);
  const auto http = make_http_server(core, http_options(*config), gate);
  MethodTable methods;
  settings.set_users({registry.get(), routing.get(), router.get(), toolbox.get(), learning.get(), agent.get(), embeddings.get(), &gate, budget.get(), background.get()});
  DaemonControl daemon = daemon_control(settings, stop, *http, clock);
  const auto consolidation = make_consolidation({.core = core,
                                                 .store = store.get(),
                                                 .router = router.get(),
                                                 .learning = learning.get(),
                                                 .clock = &clock,
                                                 .config = daemon.config,
                                                 .spare = spare});
  budget->on_room([&] {
    learning->room_again();
    embeddings->room_again();
  });
  agent->on_outcome([&](const TurnOutcome& outcome) { consolidation->touch(outcome.user_id); });
  add_system_methods(methods, {core, &daemon, store.get(), registry.get(), router.get(), outbox.get(), agent.get(), &events, &metrics, budget.get()});
  add_watch_methods(methods, {core, &daemon, store.get(), registry.get(), router.get(), outbox.get(), agent.get(), &events, &metrics});
  add_api_methods(methods, *registry, kVersion);
  add_chat_methods(methods, {agent.get(), &store->users(), [&](const std::string& user) { return gate.take_turn(user); }});
  add_conversation_methods(methods, {.store = store.get(), .agent = agent.get(), .buffers = &buffers, .router = router.get()});
  add_import_methods(methods, {.store = store.get(), .imported = [&] { embeddings->wake(); }});
  add_forget_methods(methods, {forgetting.get()});
  add_consolidate_methods(methods, {consolidation.get()});
  add_turn_methods(methods, {store.get()});
  add_memory_methods(methods, {store.get(), &clock, daemon.config, learning.get(), embeddings.get()});
  add_block_methods(methods, {&blocks});
  add_tool_methods(methods, {toolbox.get()});
  add_plugin_methods(methods, {registry.get()});
  add_model_methods(methods, {router.get(), &clock, budget.get(), routing.get(), daemon.config, registry.get()});
  add_usage_methods(methods, {store.get(), budget.get(), &clock, daemon.config});
  add_budget_methods(methods, {store.get(), budget.get(), daemon.config});
  add_user_methods(methods, {&store->users(), &clock, [&] {
                             gate.forget_users();
                             router->forget_answers();
                           }});
  add_key_methods(methods, {&store->users(), &clock, [&] { gate.forget_users(); }});
  add_config_methods(methods, daemon);
  method_tie.target = &methods;

  const auto control = make_control_socket(core, methods, store->users(),
                                           {.path = config->runtime_dir / "hob.sock", .adopted_fd = inherited.control});
  registry->on_change([&] { update_provided_methods(methods, *registry); });
  co_await registry->start(config);
  embeddings->wake();
  // The last run's turns have their places before a channel or the listener brings new ones.
  co_await agent->resume();
  co_await learning->resume();
  sink_tie.open(*inbox);
  co_await outbox->start();
  const Result<void> listening = listen(*control, *http, inherited.http);
  TaskGroup tasks(core);
  if (listening.has_value()) {
    tasks.spawn("signals", follow_signals(core, settings, stop));
    tasks.spawn("watchdog", feed_watchdog(core));
    consolidation->start();
    stop.set_ready();
    log::info("core", "hobd {}: http on {}:{}, socket {}", kVersion, config->http.address, http->port(), (config->runtime_dir / "hob.sock").string());
    log::info("core", "ready in {} ms", milliseconds_since_exec());
    notify_systemd("READY=1");
    co_await stop.wait();
  }
  notify_systemd("STOPPING=1");
  log::info("core", "stopping");
  // Before systemd's TimeoutStopSec of 30 s. What is unfinished then is in the journal.
  asio::steady_timer overdue(core, seconds(25));
  overdue.async_wait([](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    log::error("core", "stopping took over 25 s: gone without waiting for the rest");
    std::_Exit(static_cast<int>(Exit::failed));
  });
  co_await agent->drain(seconds(8));
  co_await consolidation->stop(seconds(1));
  co_await learning->stop(seconds(1));
  co_await forgetting->stop(seconds(2));
  co_await buffers.stop(seconds(1));
  co_await http->drain(seconds(3));
  co_await control->stop(seconds(1));
  notice.close();
  co_await outbox->stop(seconds(1));
  co_await embeddings->stop(seconds(1));
  co_await registry->stop(seconds(3));
  co_await budget->stop(seconds(1));
  tasks.cancel();
  co_await tasks.async_wait(seconds(1));
  method_tie.target = nullptr;
  sink_tie.target = nullptr;
  store->close();
  log::info("core", "stopped");
  co_return listening;
}

Exit run(const Options& options) {
  const bool only_check = options.check || options.print_config;
  const ConfigLoad load = only_check ? load_checked(options) : load_from(options);  // a start asks its own registry
  if (!load.config || !load.faults.empty()) {
    fmt::print(stderr, "{}\n", fault_text(load.faults));
    return Exit::config;
  }
  if (only_check)
    for (const ConfigFault& warning : load.warnings) fmt::print(stderr, "{}\n", warning.text());
  if (options.print_config) fmt::print("{}\n", json::serialize(load.config->shown));
  if (options.check && !options.print_config) fmt::print("{}: in order\n", options.config.string());
  if (only_check) return Exit::ok;
  configure_log(*load.config);
  for (const ConfigFault& warning : load.warnings) log::warn("config", "{}", warning.text());

  asio::io_context core(1);
  Exit exit = Exit::ok;
  TaskGroup root(core.get_executor());
  root.spawn("hobd", report_failure(serve(core.get_executor(), options, load.config), core, exit));
  core.run();
  return exit;
}

}  // namespace
}  // namespace hobd

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto options = hobd::parse_options(argc, argv);
  if (const auto* exit = std::get_if<hobd::Exit>(&options)) return static_cast<int>(*exit);
  return static_cast<int>(hobd::run(std::get<hobd::Options>(options)));
}
