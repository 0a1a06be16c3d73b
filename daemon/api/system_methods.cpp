#include "api/methods.hpp"
#include "api/schemas.hpp"
#include "models/budget_notes.hpp"

#include <fmt/format.h>

#include <sys/statvfs.h>
#include <unistd.h>

#include <fstream>

namespace hobd {
namespace {

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::int64_t uptime_seconds(const DaemonControl& daemon) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - daemon.started).count();
}

awaitable<Result<json::value>> status(SystemContext context, MethodCall call) {
  CO_TRY(const StoreStatus store, co_await context.store->status());
  const AgentStats agent = context.agent->stats();
  json::object plugins{{"ready", 0}, {"failed", 0}};
  std::int64_t ready = 0, failed = 0, restarts = 0;
  json::array faults;
  for (const PluginReport& report : context.registry->reports()) {
    restarts += report.restarts;
    if (report.state == "stopped") continue;  // as the owner wants it
    ++(report.state == "ready" ? ready : failed);
    // One that serves may still have a reason: its changed files were not taken.
    if ((report.state != "ready" || !report.reason.empty()) && call.who.is_admin())
      faults.push_back(json::object{{"instance", report.instance}, {"state", report.state}, {"reason", report.reason}});
  }
  plugins["ready"] = ready;
  plugins["failed"] = failed;
  plugins["restarts"] = restarts;
  if (call.who.is_admin()) plugins["faults"] = std::move(faults);
  json::object object{{"version", context.daemon->version},
                      {"ready", context.daemon->ready()},
                      {"uptime_s", uptime_seconds(*context.daemon)},
                      {"llm", context.router->has_model()},
                      {"turns",
                       {{"running", agent.running},
                        {"replied", agent.replied},
                        {"failed", agent.failed},
                        {"cancelled", agent.cancelled},
                        {"resumed", agent.resumed}}},
                      {"plugins", std::move(plugins)},
                      {"outbox_pending", context.outbox->pending()},
                      {"conversations", store.conversations},
                      {"messages", store.messages},
                      {"users", store.users}};
  if (call.who.is_admin() && context.budget) {
    CO_TRY(const std::vector<Budget::LimitState> limits, co_await context.budget->limits(std::string()));
    object["budget"] = budget_line(limits, context.daemon->config()->models.budget.warn_at);
  }
  if (call.who.is_admin()) {
    object["pid"] = getpid();
    object["rss_bytes"] = resident_bytes();
    object["http"] = context.daemon->http();
    object["database"] = {{"path", store.path},
                          {"bytes", store.database_bytes},
                          {"wal_bytes", store.wal_bytes},
                          {"schema_version", store.schema_version},
                          {"turns_open", store.turns_open},
                          {"outbox_open", store.outbox_open}};
  }
  co_return object;
}

/// Open to everybody, so it tells nothing about anybody. A home without a model is whole: it answers offline.
awaitable<Result<json::value>> health(SystemContext context) {
  const auto store = co_await context.store->status();
  const bool database = store.has_value() && store->is_writable;
  bool plugins_ready = true;
  for (const PluginReport& report : context.registry->reports())
    plugins_ready = plugins_ready && report.state != "failed" && report.state != "stuck";
  co_return json::object{{"status", database && plugins_ready ? "healthy" : "degraded"},
                         {"version", context.daemon->version},
                         {"ready", context.daemon->ready() && database},
                         {"database", database},
                         {"llm", context.router->has_model()},
                         {"plugins", plugins_ready},
                         {"uptime_s", uptime_seconds(*context.daemon)}};
}

struct Finding {
  const char* check;
  const char* status;  // ok | warn | fail
  std::string message;
};

void check_disk(const Config& config, std::vector<Finding>& findings) {
  struct statvfs disk {};
  if (statvfs(config.state_dir.c_str(), &disk) != 0) {
    findings.push_back({"disk", "fail", fmt::format("can't look at {}", config.state_dir.string())});
    return;
  }
  const std::uint64_t free_mib = std::uint64_t{disk.f_bavail} * disk.f_frsize >> 20;
  const char* status = free_mib < 64 ? "fail" : free_mib < 512 ? "warn" : "ok";
  findings.push_back({"disk", status, fmt::format("{} MiB free under {}", free_mib, config.state_dir.string())});
}

/// What to do about a plugin that doesn't run, when its reason doesn't say it.
std::string advice_for(const PluginReport& report) {
  if (report.instance.empty() || report.is_quarantined || report.state != "failed") return {};
  return fmt::format("; mend it, then run hobctl plugin reload {}, or switch it off with hobctl plugin disable {}", report.instance,
                     report.instance);
}

void check_plugins(const Registry& registry, std::vector<Finding>& findings) {
  std::size_t ready = 0;
  bool all_ready = true;
  for (const PluginReport& report : registry.reports()) {
    if (report.state == "stopped") continue;  // as the owner wants it
    ready += report.state == "ready" ? 1 : 0;
    if (report.state == "ready" && report.reason.empty()) continue;
    all_ready = false;
    const std::string name = report.instance.empty() ? std::string() : report.instance + ": ";
    findings.push_back({"plugin", report.state == "ready" ? "warn" : "fail",
                        fmt::format("{}{}{}{}{}", name, report.is_quarantined ? "" : report.state,
                                    report.reason.empty() || report.is_quarantined ? "" : ": ", report.reason, advice_for(report))});
  }
  if (all_ready) findings.push_back({"plugins", "ok", fmt::format("{} run", ready)});
}

awaitable<void> check_budget(Budget& budget, std::shared_ptr<const Config> config, std::vector<Finding>& findings) {
  const auto limits = co_await budget.limits(std::string());
  if (limits.has_error()) {
    findings.push_back({"budget", "fail", limits.error().message});
    co_return;
  }
  const double warn_at = config->models.budget.warn_at;
  const std::vector<std::string> near = limits_near(*limits, warn_at), notes = budget_notes(*config, budget.prices(), *limits);
  for (const std::vector<std::string>* texts : {&near, &notes})
    for (const std::string& text : *texts) findings.push_back({"budget", "warn", text});
  if (near.empty() && notes.empty()) findings.push_back({"budget", "ok", budget_line(*limits, warn_at)});
}

awaitable<Result<json::value>> doctor(SystemContext context) {
  const std::shared_ptr<const Config> config = context.daemon->config();
  std::vector<Finding> findings;
  const auto store = co_await context.store->status();
  if (store && !store->is_writable)
    findings.push_back({"database", "fail", fmt::format("{}: writes fail; free some space, or check the disk", store->path)});
  else if (store)
    findings.push_back({"database", "ok", fmt::format("{}, schema {}", store->path, store->schema_version)});
  else
    findings.push_back({"database", "fail", store.error().message});
  check_disk(*config, findings);

  check_plugins(*context.registry, findings);

  const std::vector<std::string> failures = context.router->failures();
  for (const std::string& failure : failures) findings.push_back({"models", "fail", failure});
  for (const auto& [name, unused] : config->models.providers) {
    const auto models = co_await context.router->provider_models(name);
    if (models)
      findings.push_back({"models", "ok", fmt::format("{} answers", name)});
    else
      findings.push_back({"models", models.error().code == Code::unsupported ? "warn" : "fail", models.error().message});
  }
  if (!context.router->has_model() && failures.empty())
    findings.push_back({"models", "warn", "no model is connected: Hob answers offline; name one under models.providers and models.tiers"});

  if (context.budget) co_await check_budget(*context.budget, config, findings);

  if (config->auth.mode == AuthMode::none)
    findings.push_back({"auth", "warn", "auth.mode is none: every program of this machine can be any user"});
  else
    findings.push_back({"auth", "ok", "callers need an API key (hobctl key create)"});

  const ConfigLoad load = context.daemon->check_config();
  for (const ConfigFault& fault : load.faults) findings.push_back({"config", "fail", fault.text()});
  if (load.config && load.faults.empty()) {
    const auto waiting = restart_keys(*config, *load.config);
    findings.push_back({"config", waiting.empty() ? "ok" : "warn",
                        waiting.empty() ? "the file is in order" : fmt::format("{} changed and waits for a restart", fmt::join(waiting, ", "))});
  }
  if (const std::size_t pending = context.outbox->pending(); pending > 100)
    findings.push_back({"outbox", "warn", fmt::format("{} messages wait for their channels", pending)});

  json::array checks;
  bool ok = true;
  for (const Finding& finding : findings) {
    ok = ok && std::string_view(finding.status) != "fail";
    checks.push_back(json::object{{"check", finding.check}, {"status", finding.status}, {"message", finding.message}});
  }
  co_return json::object{{"ok", ok}, {"items", std::move(checks)}};
}

awaitable<Result<json::value>> metrics(SystemContext context) {
  context.metrics->set_plugins(context.registry->reports());
  context.metrics->set_outbox_pending(context.outbox->pending());
  const json::object http = context.daemon->http();
  context.metrics->set_connections(static_cast<std::uint32_t>(int_or(http, "connections")),
                                   static_cast<std::uint32_t>(int_or(http, "websockets")));
  if (context.budget) {
    const auto limits = co_await context.budget->limits(std::string());
    if (limits.has_value())
      for (const Budget::LimitState& limit : *limits)
        if (limit.scope == "all" && limit.state.account.cap_nano >= 0)
          context.metrics->set_budget_left(limit.window, static_cast<double>(limit.state.account.cap_nano - limit.state.spent_nano -
                                                                             limit.state.reserved_nano) / static_cast<double>(kNanoPerUsd));
  }
  if (const auto store = co_await context.store->status()) context.metrics->set_users(store->users, store->messages);
  co_return json::object{{"content_type", "text/plain; version=0.0.4; charset=utf-8"}, {"text", context.metrics->text()}};
}

awaitable<Result<json::value>> shutdown(SystemContext context) {
  context.daemon->stop();
  co_return json::object{{"stopping", true}};
}

awaitable<Result<json::value>> version(SystemContext context) {
  co_return json::object{{"version", context.daemon->version}};
}

}  // namespace

void add_system_methods(MethodTable& table, SystemContext context) {
  const auto add = [&](MethodSpec spec, auto function) {
    spec.params = params({});
    table.add(std::move(spec), [context, function](MethodCall) { return function(context); });
  };
  table.add({.name = "system.status",
             .doc = "What runs here, in numbers.",
             .params = params({}),
             .result = result({{"version", "string", Need::required}, {"ready", "boolean", Need::required}, {"turns", "object"}, {"budget", "string", Need::optional, "admins: what is spent of the household's limits"}})},
            [context](MethodCall call) { return status(context, std::move(call)); });
  add({.name = "system.health",
       .doc = "Whether the daemon can do its work.",
       .result = result({{"status", "enum:healthy,degraded", Need::required}, {"version", "string"}, {"database", "boolean"}, {"llm", "boolean"}})},
      health);
  add({.name = "system.version", .doc = "Which Hob this is.", .result = result({{"version", "string", Need::required}})}, version);
  add({.name = "system.doctor",
       .scope = "admin",
       .doc = "Look for what is wrong and say what to do.",
       .result = result({{"ok", "boolean", Need::required}, {"items", "array", Need::required}})},
      doctor);
  add({.name = "system.metrics",
       .scope = "metrics",
       .doc = "The numbers for Prometheus.",
       .result = result({{"content_type", "string", Need::required}, {"text", "string", Need::required}})},
      metrics);
  add({.name = "system.shutdown",
       .scope = "admin",
       .doc = "Finish what runs and stop the daemon.",
       .result = result({{"stopping", "boolean"}})},
      shutdown);
}

}  // namespace hobd
