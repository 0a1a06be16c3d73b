// hob/plugin.hpp: writing Hob plugins in C++20. Header-only, over the C ABI of plugin.h.
//
//   class Dice final : public hob::Plugin {
//     void setup() override { tool("roll_die", {{"sides", "integer?"}}, "Roll one die.", ...); }
//   };
//   HOB_PLUGIN("org.example.dice", Dice)
//
// Life: the plugin is constructed; setup() says what it offers (the config is not known yet); configure() runs once
// before anything is asked of it and again whenever the owner changes the config; then calls come. All of it on
// the plugin's strand: never two functions at once, so members need no lock. Handlers may block for a few
// milliseconds; longer work goes to run_blocking().
//
// A handler answers by returning a value or a Task of one, and fails by throwing (hob::Error with a
// code for the caller, anything else reads as internal). No exception crosses the C boundary.
#pragma once

#include "cpp/embedder.hpp"
#include "cpp/error.hpp"
#include "cpp/data_url.hpp"
#include "cpp/json.hpp"
#include "cpp/link.hpp"
#include "cpp/provider.hpp"
#include "cpp/routes.hpp"
#include "cpp/services.hpp"
#include "cpp/sse.hpp"
#include "cpp/task.hpp"

#include <any>
#include <bit>
#include <charconv>
#include <chrono>
#include <initializer_list>
#include <map>

namespace hob {

/// One argument of a tool. `type`: string, integer, number, boolean, array or object; a "?" at its end makes it
/// optional.
struct Arg {
  std::string_view name, type;
  std::string_view doc = {};
};

namespace detail {
struct Glue;

template <class T>
struct IsTask : std::false_type {};
template <class T>
struct IsTask<Task<T>> : std::true_type {};

inline std::string to_payload(const JsonValue& value) { return boost::json::serialize(value); }
inline std::string to_payload(const std::vector<float>& rows) {
  static_assert(std::endian::native == std::endian::little, "embeddings travel as little-endian float32");
  return {reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(float)};
}
inline std::string to_payload(const Response& response) { return response_json(response); }
inline std::string to_payload(const Completion& completion) {
  std::string out = "{\"stop\":";
  append_quoted(out, completion.stop);
  if (!completion.model.empty()) {
    out += ",\"model\":";
    append_quoted(out, completion.model);
  }
  out += '}';
  return out;
}
template <class T>
std::string payload_of(T&& value) {
  using V = std::remove_cvref_t<T>;
  if constexpr (std::same_as<V, std::vector<float>> || std::same_as<V, Response> || std::same_as<V, Completion> ||
                std::derived_from<V, JsonValue>) {
    return to_payload(value);
  } else {
    return to_payload(JsonValue(std::forward<T>(value)));
  }
}

/// A call whose handler is a coroutine, while it runs.
struct Frame {
  virtual ~Frame() = default;
  Scope scope;
};

Json tool_schema(std::initializer_list<Arg> args);

}  // namespace detail

class Plugin {
 public:
  Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

 protected:
  /// Says what the plugin offers: tool(), route(), provider(), ... Throwing refuses to load.
  virtual void setup() = 0;
  /// Takes config(). Throwing keeps the old one, so read everything first, then store it.
  virtual void configure() {}

  // ---- offers, for setup() ----

  /// fn(const Json& args [, Call& call]) -> anything that makes a Json, or Task<Json>. Streamed text: call.emit().
  template <class Fn>
  void tool(std::string name, std::initializer_list<Arg> args, std::string doc, Fn fn) {
    tool_with_schema(std::move(name), detail::tool_schema(args), std::move(doc), std::move(fn));
  }
  /// The same with a JSON Schema of its arguments.
  template <class Fn>
  void tool_with_schema(std::string name, Json parameters, std::string doc, Fn fn) {
    add(tools_, name,
        Tool{std::move(doc), std::move(parameters), json_handler(std::move(fn))});
  }
  /// fn(const Json& params [, Call& call]): a method that the manifest lists under "provides". call.context() is the user.
  template <class Fn>
  void method(std::string name, Fn fn) { add(methods_, name, json_handler(std::move(fn))); }

  /// `pattern` is "GET /path/{id}" or "/path/{id}" for every method, the path as in the manifest. Either
  /// fn(const Request&) -> Response or Task<Response>, or fn(Request, Responder), plain or a Task<>, that answers when it
  /// likes.
  template <class Fn>
  void route(std::string_view pattern, Fn fn) {
    const std::size_t space = pattern.find(' ');
    const std::string method(space == std::string_view::npos ? std::string_view() : pattern.substr(0, space));
    const std::string path(space == std::string_view::npos ? pattern : pattern.substr(space + 1));
    add(routes_[path], method, RouteHandler([this, fn = std::move(fn)](Request request, Call&& call) mutable {
      if constexpr (std::invocable<Fn&, Request, Responder>) {
        using R = std::invoke_result_t<Fn&, Request, Responder>;
        if constexpr (detail::IsTask<R>::value) {
          const hob_id id = call.id();
          run_task(fn(std::move(request), Responder(std::move(call))), id, [this, id](R& ended) {
            try {
              ended.take();
            } catch (...) {
              const Error error = detail::current_error();
              link_->finish(id, error.code == ok ? internal : error.code, error.message);
            }
          });
        } else {
          fn(std::move(request), Responder(std::move(call)));
        }
      } else {
        answer_with(std::move(call), std::move(request), fn);
      }
    }));
  }

  /// complete(const Json& chat, Deltas& out) -> Completion or Task<Completion>;
  /// models() -> {"models":[{"id","context_window"?}]} or a Task of it.
  template <class Complete, class Models>
  void provider(Complete complete, Models models) {
    complete_ = [this, complete = std::move(complete)](std::string_view request, Call&& call) mutable {
      Json chat = Json::parse(request, kDepth);
      answer_deltas(std::move(call), std::move(chat), complete);
    };
    models_ = simple_handler(std::move(models));
  }

  /// describe() -> {"model","dimension","max_batch"}; embed(const Json& request) -> std::vector<float>, rows x
  /// dimension in the order of request["input"]. Either may be a Task.
  template <class Describe, class Embed>
  void embedder(Describe describe, Embed embed) {
    describe_ = simple_handler(std::move(describe));
    embed_ = json_handler(std::move(embed));
  }

  /// start() and stop() return nothing or Task<>; send(const Json& message) -> {"message_id"} or a Task of it.
  template <class Start, class Stop, class Send>
  void channel(Start start, Stop stop, Send send) {
    start_ = simple_handler(std::move(start));
    stop_ = simple_handler(std::move(stop));
    send_ = json_handler(std::move(send));
  }

  // ---- services ----

  /// The config as the owner wrote it, checked against the manifest's schema. Empty until configure().
  const Json& config() const { return config_; }
  Log log() { return Log(*link_); }
  Http http() { return Http(*link_); }
  Kv kv() { return Kv(*link_); }
  Methods methods() { return Methods(*link_); }
  WebSocketClient open_websocket(const Json& request, WebSocketEvents events) {
    return WebSocketClient::open(*link_, request, std::move(events));
  }
  /// A raw secret. Prefer "${secret:name}" in an HTTP request. Manifest: "permissions": {"secrets.read": ["name"]}.
  Pending<std::string> secret(std::string name) {
    return detail::pending<std::string>(
        *link_,
        [this, name = std::move(name)](hob_id id) {
          link_->need<hob_host_secret>(HOB_HOST_SECRET, "reading secrets",
                                       R"(add "permissions": {"secrets.read": ["name"]} to plugin.json)")
              ->read(link_->host(), id, detail::borrow(name));
        },
        [](Outcome<std::string>& outcome, Code code, std::string_view value) {
          if (code == ok) outcome.emplace<0>(value);
        },
        detail::cannot_cancel);
  }
  /// Hands an inbound event up: see ext/channel.h. Once it returns the message is on disk.
  Pending<Json> deliver(Json event) {
    return detail::pending<Json>(
        *link_,
        [this, text = event.dump()](hob_id id) {
          link_->need<hob_host_channel>(HOB_HOST_CHANNEL, "delivering messages",
                                        R"(add "channel" to "kind" in plugin.json)")
              ->deliver(link_->host(), id, detail::borrow(text));
        },
        [](Outcome<Json>& outcome, Code code, std::string_view result) {
          if (code == ok) outcome.emplace<0>(Json::parse(result));
        },
        detail::cannot_cancel);
  }

  /// Wall time; a test's own in tests.
  std::chrono::system_clock::time_point now() const {
    const auto* table = link_->find<hob_host_clock>(HOB_HOST_CLOCK);
    if (!HOB_HAS(table, now_us)) return std::chrono::system_clock::now();
    return std::chrono::system_clock::time_point(std::chrono::microseconds(table->now_us(link_->host())));
  }
  /// Never goes back.
  std::chrono::microseconds monotonic() const {
    const auto* table = link_->find<hob_host_clock>(HOB_HOST_CLOCK);
    if (HOB_HAS(table, monotonic_us)) return std::chrono::microseconds(table->monotonic_us(link_->host()));
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }

  /// Timers on the strand. The id is for stop_timer(), which may be called at any time, also after it fired.
  hob_id after(std::chrono::milliseconds delay, std::function<void()> fire) {
    return link_->add_timer(static_cast<std::uint64_t>(delay.count()), 0, guarded(std::move(fire)));
  }
  hob_id every(std::chrono::milliseconds period, std::function<void()> fire) {
    const auto ms = static_cast<std::uint64_t>(period.count());
    return link_->add_timer(ms, ms, guarded(std::move(fire)));
  }
  void stop_timer(hob_id timer) { link_->stop_timer(timer); }
  /// co_await sleep(1s)
  Pending<void> sleep(std::chrono::milliseconds delay) {
    return Pending<void>([this, delay](Pending<void>::Done done) -> std::function<void()> {
      const auto shared = std::make_shared<Pending<void>::Done>(std::move(done));  // by timer and cancel
      const hob_id timer = after(delay, [shared] { (*shared)(Outcome<void>()); });
      return [this, timer, shared] {
        stop_timer(timer);
        (*shared)(Error{cancelled, "the call was cancelled"});
      };
    });
  }

  /// Runs `task` on the strand, soon. From any thread.
  void post(std::function<void()> task) { link_->post(guarded(std::move(task)), false); }
  /// co_await run_blocking([]{ ... }): runs off the strand, where it may block; its value comes back on the strand.
  template <class Fn>
  auto run_blocking(Fn fn) -> Pending<std::invoke_result_t<Fn&>> {
    using T = std::invoke_result_t<Fn&>;
    return Pending<T>([this, fn = std::move(fn)](typename Pending<T>::Done done) -> std::function<void()> {
      link_->post(
          [this, fn, done = std::move(done)]() mutable {
            auto outcome = std::make_shared<Outcome<T>>(Error{internal, ""});  // std::function must be copyable
            try {
              if constexpr (std::is_void_v<T>) {
                fn();
                outcome->template emplace<0>();
              } else {
                outcome->template emplace<0>(fn());
              }
            } catch (...) {
              outcome->template emplace<1>(detail::current_error());
            }
            link_->post([outcome, done = std::move(done)] { done(std::move(*outcome)); }, false);
          },
          true);
      return [] {};
    });
  }
  /// Runs a task that answers no call. What it throws is logged.
  void spawn(Task<void> task) {
    run_task(std::move(task), 0, [this](Task<void>& ended) {
      try {
        ended.take();
      } catch (...) {
        log_error("background task", detail::current_error());
      }
    });
  }

  /// Answers `call` with what fn(request, out) makes; for HttpProvider.
  // Handlers take a call over by moving from it; one that throws before leaves it to be answered.
  using CompleteHandler = std::function<void(std::string_view request, Call&& call)>;
  using SimpleHandler = std::function<void(Call&& call)>;
  void provider_handlers(CompleteHandler complete, SimpleHandler models) {
    complete_ = std::move(complete);
    models_ = std::move(models);
  }
  /// A handler that answers with what fn() returns.
  template <class Fn>
  SimpleHandler simple_handler(Fn fn) {
    return [this, fn = std::move(fn)](Call&& call) mutable { answer(std::move(call), [&] { return fn(); }); };
  }
  static constexpr std::size_t kDepth = 64;

 private:
  friend struct detail::Glue;

  using JsonHandler = std::function<void(std::string_view args, Call&& call)>;
  using RouteHandler = std::function<void(Request request, Call&& call)>;
  struct Tool {
    std::string doc;
    Json parameters;
    JsonHandler run;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  template <class T>
  using Names = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  template <class Map, class T>
  static void add(Map& map, const std::string& name, T value) {
    if (!map.emplace(name, std::move(value)).second) throw Error{invalid, "\"" + name + "\" is offered twice"};
  }

  /// Ends `call` with the value of `make()`, which may be void, a value, or a task of either.
  template <class Make>
  void answer(Call call, Make make) {
    using R = decltype(make());
    try {
      if constexpr (detail::IsTask<R>::value) {
        run_call(std::move(call), make());
      } else if constexpr (std::is_void_v<R>) {
        make();
        call.finish_bytes("{}");
      } else {
        call.finish_bytes(detail::payload_of(make()));
      }
    } catch (...) {
      call.fail(detail::current_error());
    }
  }
  template <class T>
  void run_call(Call call, Task<T> task) {
    const auto held = std::make_shared<Call>(std::move(call));  // std::function must be copyable
    run_task(std::move(task), held->id(), [held](Task<T>& ended) { finish_task(*held, ended); });
  }
  template <class T>
  static void finish_task(Call& call, Task<T>& ended) {
    try {
      if constexpr (std::is_void_v<T>) {
        ended.take();
        call.finish_bytes("{}");
      } else {
        call.finish_bytes(detail::payload_of(ended.take()));
      }
    } catch (...) {
      call.fail(detail::current_error());
    }
  }

  template <class T, class Done>
  void run_task(Task<T> task, hob_id call, Done done) {
    struct TaskFrame : detail::Frame {
      Task<T> task;
    };
    auto frame = std::make_unique<TaskFrame>();
    frame->task = std::move(task);
    TaskFrame& running = *frame;
    const hob_id key = ++last_frame_;
    frames_.emplace(key, std::move(frame));
    if (call) frame_of_call_[call] = key;
    running.task.start(running.scope, [this, key, call, done = std::move(done)]() mutable {
      const auto node = frames_.extract(key);  // freed at the end of this, after `done`
      if (call) frame_of_call_.erase(call);
      done(static_cast<TaskFrame&>(*node.mapped()).task);
    });
  }

  /// Arguments that a handler's coroutine reads: kept alive beside it.
  template <class Fn>
  JsonHandler json_handler(Fn fn) {
    return [this, fn = std::move(fn)](std::string_view text, Call&& call) mutable {
      Json args = text.empty() ? Json(JsonObject()) : Json::parse(text, kDepth);
      if constexpr (std::invocable<Fn&, const Json&, Call&>) {
        using R = std::invoke_result_t<Fn&, const Json&, Call&>;
        if constexpr (detail::IsTask<R>::value) {
          auto kept = std::make_shared<std::pair<Json, Call>>(std::move(args), std::move(call));
          try {
            run_task(fn(kept->first, kept->second), kept->second.id(),
                     [kept](R& ended) { finish_task(kept->second, ended); });
          } catch (...) {
            kept->second.fail(detail::current_error());
          }
        } else {
          try {
            call.finish_bytes(detail::payload_of(fn(args, call)));
          } catch (...) {
            call.fail(detail::current_error());
          }
        }
      } else {
        answer_with(std::move(call), std::move(args), fn);
      }
    };
  }
  /// answer() for fn(const Subject&), the subject kept alive while a task runs.
  template <class Subject, class Fn>
  void answer_with(Call call, Subject subject, Fn& fn) {
    using R = std::invoke_result_t<Fn&, const Subject&>;
    if constexpr (detail::IsTask<R>::value) {
      auto kept = std::make_shared<std::pair<Subject, Call>>(std::move(subject), std::move(call));
      try {
        run_task(fn(kept->first), kept->second.id(), [kept](R& ended) { finish_task(kept->second, ended); });
      } catch (...) {
        kept->second.fail(detail::current_error());
      }
    } else {
      answer(std::move(call), [&]() -> R { return fn(subject); });
    }
  }
  template <class Fn>
  void answer_deltas(Call call, Json chat, Fn& fn) {
    struct Kept {
      Json chat;
      Call call;
      Deltas out;
      Kept(Json c, Call k) : chat(std::move(c)), call(std::move(k)), out(call) {}
    };
    auto kept = std::make_shared<Kept>(std::move(chat), std::move(call));
    using R = std::invoke_result_t<Fn&, const Json&, Deltas&>;
    try {
      if constexpr (detail::IsTask<R>::value) {
        run_task(fn(kept->chat, kept->out), kept->call.id(), [kept](R& ended) { finish_task(kept->call, ended); });
      } else {
        kept->call.finish_bytes(detail::payload_of(fn(kept->chat, kept->out)));
      }
    } catch (...) {
      kept->call.fail(detail::current_error());
    }
  }

  std::function<void()> guarded(std::function<void()> fn) {
    return [this, fn = std::move(fn)] {
      try {
        fn();
      } catch (...) {
        log_error("callback", detail::current_error());
      }
    };
  }
  void log_error(const char* where, const Error& error) noexcept {
    link_->log(HOB_LOG_ERROR, std::string(where) + ": " + error.message);
  }

  std::unique_ptr<detail::Link> link_;
  hob_plugin abi_{};
  Json config_ = Json(JsonObject());
  std::map<std::string, Tool> tools_;
  Names<JsonHandler> methods_;
  Names<std::map<std::string, RouteHandler>> routes_;
  CompleteHandler complete_;
  SimpleHandler models_, describe_, start_, stop_;
  JsonHandler embed_, send_;
  std::unordered_map<hob_id, std::unique_ptr<detail::Frame>> frames_;
  std::unordered_map<hob_id, hob_id> frame_of_call_;
  hob_id last_frame_ = 0;
};

}  // namespace hob

#include "cpp/glue.hpp"
#include "cpp/http_provider.hpp"

/// Defines the entry of a plugin: `id` as in plugin.json, `Type` a default-constructible hob::Plugin.
#define HOB_PLUGIN(id, Type)                                                                       \
  extern "C" {                                                                                     \
  extern HOB_EXPORT const hob_entry hob_plugin_entry;                                              \
  const hob_entry hob_plugin_entry = {sizeof(hob_entry), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, id,      \
                                      &hob::detail::Glue::create<Type>};                           \
  }
