#include "api/methods.hpp"
#include "api/schemas.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>

namespace hobd {
namespace {

/// Waits until `wake` is cancelled by whoever has news, or this coroutine is. false: it is time to stop.
awaitable<bool> wait_for_news(asio::steady_timer& wake) {
  wake.expires_at(asio::steady_timer::time_point::max());
  boost::system::error_code ignored;
  co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
  co_return cancelled == asio::cancellation_type::none;
}

json::object line_json(const log::Line& line) {
  return {{"number", line.number},
          {"at", format_time(line.at)},
          {"level", log::level_name(line.level)},
          {"part", line.part},
          {"text", line.text}};
}

/// Wakes a follower of the log, from whichever thread logs. shared: a line may be on its way when the
/// follower goes.
struct LogWake {
  explicit LogWake(asio::any_io_executor e) : executor(e), timer(e) {}
  asio::any_io_executor executor;
  asio::steady_timer timer;
  std::atomic<bool> posted = false;

  static void ring(const std::shared_ptr<LogWake>& self) {
    if (self->posted.exchange(true)) return;
    asio::post(self->executor, [self] {
      self->posted = false;
      self->timer.cancel();
    });
  }
};

struct LogListener {
  std::uint64_t id;
  ~LogListener() { log::forget(id); }
};

awaitable<Result<json::value>> logs(asio::any_io_executor core, MethodCall call) {
  CO_TRY(const log::Level least, log::parse_level(string_or(call.params, "level", "trace")));
  const auto count = static_cast<std::size_t>(int_or(call.params, "count", 100));
  std::uint64_t last = 0;
  json::array items;
  for (const log::Line& line : log::recent(count)) {
    last = line.number;
    if (line.level >= least) items.push_back(line_json(line));
  }
  if (!bool_or(call.params, "follow")) co_return json::object{{"items", std::move(items)}, {"next_cursor", nullptr}};

  for (const json::value& item : items) call.on_event(item);
  const auto wake = std::make_shared<LogWake>(core);
  const LogListener listener{log::listen([wake](const log::Line&) { LogWake::ring(wake); })};
  do {
    for (const log::Line& line : log::recent(1000, last)) {
      last = line.number;
      if (line.level >= least) call.on_event(line_json(line));
    }
  } while (co_await wait_for_news(wake->timer));
  co_return json::object{{"items", json::array{}}, {"next_cursor", nullptr}};
}

struct EventListener {
  Events& events;
  std::uint64_t id;
  ~EventListener() { events.forget(id); }
};

awaitable<Result<json::value>> events(SystemContext context, MethodCall call) {
  const bool sees_all = call.who.is_admin();
  const EventListener listener{
      *context.events,
      context.events->listen([&call, sees_all](const std::string& user_id, const json::object& event) {
        if (sees_all || (!user_id.empty() && user_id == call.who.user_id)) call.on_event(event);
      })};
  asio::steady_timer forever(context.core);
  while (co_await wait_for_news(forever)) {
  }
  co_return json::object{};
}

}  // namespace

void add_watch_methods(MethodTable& table, SystemContext context) {
  table.add({.name = "system.events",
             .scope = "chat",
             .doc = "What happens, as it happens: your turns; an admin sees everybody's.",
             .params = params({}),
             .result = result({}),
             .streaming = true},
            [context](MethodCall call) { return events(context, std::move(call)); });
  json::value logs_params = params({{"count", "integer", Need::optional, "how many lines back; 100"},
                                    {"level", "enum:trace,debug,info,warn,error", Need::optional, "this one and graver"},
                                    {"follow", "boolean", Need::optional, "go on with new lines, as events"}});
  logs_params.as_object()["properties"].as_object()["count"].as_object()["minimum"] = 0;
  table.add({.name = "system.logs",
             .scope = "admin",
             .doc = "The daemon's last log lines.",
             .params = std::move(logs_params),
             .result = list_result(),
             .streaming = true},
            [core = context.core](MethodCall call) { return logs(core, std::move(call)); });
}

}  // namespace hobd
