// The small parts of hobd's object graph: paths, signals, what the methods ask of the daemon as a whole.
#pragma once

#include "api/control_socket.hpp"
#include "api/methods.hpp"
#include "app/settings.hpp"
#include "memory/embeddings.hpp"
#include "memory/learning.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace hobd {

/// Rings once, when the daemon shall stop. Core thread.
class StopSignal {
 public:
  explicit StopSignal(asio::any_io_executor core) : timer_(core, asio::steady_timer::time_point::max()) {}
  void ring();
  awaitable<void> wait();
  void set_ready() { ready_ = true; }
  bool is_ready() const { return ready_ && !rung_; }

 private:
  asio::steady_timer timer_;
  bool ready_ = false, rung_ = false;
};

/// load_from() and the plugins' own checks of their settings, without loading any code: what --check does.
ConfigLoad load_checked(const Options& options);
/// The same check at a start. invalid: every fault.
Result<void> check_plugins(const Registry& registry, const Config& config);

/// <prefix>/lib/hob/plugins and <prefix>/share/hob/lua, where <prefix>/bin holds this program.
std::vector<std::filesystem::path> bundled_plugin_paths();

HttpServerOptions http_options(const Config& config);
/// Opens both doors. `inherited_http` is systemd's socket, -1: bind.
Result<void> listen(ControlSocket& control, HttpServer& http, int inherited_http);

/// Ended turns go to the metrics and to those who watch events.
void count_outcomes(Agent& agent, Metrics& metrics, Events& events);

/// After each ended turn Hob learns from it, and what was said is embedded.
void learn_from_turns(Agent& agent, Learning& learning, Embeddings& embeddings);

DaemonControl daemon_control(Settings& settings, StopSignal& stop, HttpServer& http, const Clock& clock);

/// SIGTERM and SIGINT stop, another one a second or more later at once; SIGHUP reloads.
awaitable<void> follow_signals(asio::any_io_executor core, Settings& settings, StopSignal& stop);

/// Runs `task`; a failure is said once, on the log, and becomes the exit status (invalid: the config's fault). Then
/// the core stops.
awaitable<void> report_failure(awaitable<Result<void>> task, asio::io_context& core, Exit& exit);

}  // namespace hobd
