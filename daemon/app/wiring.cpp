#include "app/wiring.hpp"

#include "app/systemd.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>

namespace hobd {

void StopSignal::ring() {
  rung_ = true;
  timer_.cancel();
}

awaitable<void> StopSignal::wait() {
  while (!rung_) {
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

ConfigLoad load_checked(const Options& options) {
  ConfigLoad load = load_from(options);
  if (!load.config) return load;
  // A registry that never starts: it reads manifests only.
  asio::io_context unused(1);
  const auto registry = make_registry({.core = unused.get_executor(), .bundled_paths = bundled_plugin_paths()});
  for (ConfigFault& fault : registry->check(*load.config)) load.faults.push_back(std::move(fault));
  return load;
}

Result<void> check_plugins(const Registry& registry, const Config& config) {
  const std::vector<ConfigFault> faults = registry.check(config);
  if (!faults.empty()) return Error{Code::invalid, fault_text(faults)};
  return {};
}

std::vector<std::filesystem::path> bundled_plugin_paths() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const std::filesystem::path prefix = program.parent_path().parent_path();
  return {prefix / "lib/hob/plugins", prefix / "share/hob/lua"};
}

HttpServerOptions http_options(const Config& config) {
  HttpServerOptions options;
  options.address = config.http.address;
  options.port = config.http.port;
  options.max_body = config.http.max_body;
  options.max_connections = config.http.max_connections;
  options.request_timeout = config.http.request_timeout;
  options.idle_timeout = config.http.idle_timeout;
  return options;
}

Result<void> listen(ControlSocket& control, HttpServer& http, int inherited_http) {
  TRY(control.listen());
  return inherited_http >= 0 ? http.adopt(inherited_http) : http.listen();
}

void count_outcomes(Agent& agent, Metrics& metrics, Events& events) {
  agent.on_outcome([&metrics, &events](const TurnOutcome& outcome) {
    metrics.count(outcome);
    events.publish("turn", outcome.user_id,
                   {{"turn_id", outcome.turn_id},
                    {"conversation_id", outcome.conversation_id},
                    {"channel", outcome.channel},
                    {"outcome", outcome.outcome},
                    {"total_ms", outcome.total.count() / 1000.0},
                    {"model_ms", outcome.model.count() / 1000.0},
                    {"tools_ms", outcome.tools.count() / 1000.0},
                    {"usage", to_json(outcome.usage)}});
  });
}

void learn_from_turns(Agent& agent, Learning& learning, Embeddings& embeddings) {
  // Also one that began and ended since the last look.
  learning.give_way_to([&agent, known = std::uint64_t{0}]() mutable {
    const AgentStats stats = agent.stats();
    const std::uint64_t ended = stats.replied + stats.failed + stats.cancelled;
    return std::exchange(known, ended) != ended || stats.running > 0;
  });
  agent.on_outcome([&learning, &embeddings](const TurnOutcome& outcome) {
    learning.wake(outcome.user_id);
    embeddings.wake();
  });
}

DaemonControl daemon_control(Settings& settings, StopSignal& stop, HttpServer& http, const Clock& clock) {
  return {.version = kVersion,
          .started = clock.steady(),
          .ready = [&stop] { return stop.is_ready(); },
          .config = [&settings] { return settings.current(); },
          .check_config = [&settings] { return settings.load(); },
          .reload = [&settings] { return settings.reload(); },
          .stop = [&stop] { stop.ring(); },
          .http = [&settings, &http]() -> json::object {
            const HttpServerStats stats = http.stats();
            return {{"address", settings.current()->http.address},
                    {"port", http.port()},
                    {"connections", stats.connections},
                    {"websockets", stats.websockets},
                    {"requests", stats.requests},
                    {"refused", stats.refused}};
          }};
}

namespace {

awaitable<void> reload_on_signal(Settings& settings, StopSignal& stop) {
  notify_systemd("RELOADING=1");
  const auto reloaded = co_await settings.reload();
  if (reloaded.has_error()) log::error("core", "reload: {}", reloaded.error().message);
  if (stop.is_ready()) notify_systemd("READY=1");
}

}  // namespace

awaitable<void> follow_signals(asio::any_io_executor core, Settings& settings, StopSignal& stop) {
  TaskGroup reloads(core);  // of their own: a stop is heard while one waits for a plugin
  asio::signal_set signals(core, SIGHUP, SIGTERM, SIGINT);
  std::optional<std::chrono::steady_clock::time_point> asked;
  for (;;) {
    const int number = co_await signals.async_wait(asio::use_awaitable);
    if (number != SIGHUP) {
      // Asked twice: now, without manners. Not when both come at once: a process group's signal and our own
      // (timeout(1), a terminal's Ctrl-C over a wrapper) are one wish.
      const auto now = std::chrono::steady_clock::now();
      if (asked && now - *asked >= std::chrono::seconds(1)) std::_Exit(static_cast<int>(Exit::failed));
      if (!asked) asked = now;
      stop.ring();
      continue;
    }
    reloads.spawn("reload", reload_on_signal(settings, stop));
  }
}

awaitable<void> report_failure(awaitable<Result<void>> task, asio::io_context& core, Exit& exit) {
  exit = Exit::failed;
  const auto result = co_await std::move(task);
  exit = !result.has_error() ? Exit::ok : result.error().code == Code::invalid ? Exit::config : Exit::failed;
  if (result.has_error()) log::error("core", "hobd can't start: {}", result.error().message);
  core.stop();
}

}  // namespace hobd
