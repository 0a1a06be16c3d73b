// A house with the fixture "every" in it, inside the process or in one of its own.
#pragma once

#include "plugins/house.hpp"
#include "plugins/plugin_tables.hpp"

#include "base/log.hpp"

#include <mutex>

namespace hobd::fakes {

/// The log lines of one part, as they come.
class LogLines {
 public:
  LogLines() : id_(log::listen([this](const log::Line& line) { take(line); })) {}
  ~LogLines() { log::forget(id_); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  bool has(std::string_view part, std::string_view text) const {
    const std::lock_guard lock(mutex_);
    for (const log::Line& line : lines_)
      if (line.part == part && line.text.find(text) != std::string::npos) return true;
    return false;
  }
  std::vector<log::Line> take_all() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  void take(const log::Line& line) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() < 10'000) lines_.push_back(line);
  }
  mutable std::mutex mutex_;
  std::vector<log::Line> lines_;
  std::uint64_t id_;
};

/// Remembers what channels delivered.
class DeliveredEvents final : public ChannelSink {
 public:
  awaitable<Result<json::value>> deliver(std::string channel, json::object event) override {
    events.push_back(channel + " " + json::serialize(event));
    co_return json::value{{"accepted", true}, {"duplicate", events.size() > 1}};
  }
  std::vector<std::string> events;
};

/// A WebSocket whose other end answers each message with itself, then closes as it is asked to.
class EchoSocket final : public WebSocketClient {
 public:
  explicit EchoSocket(asio::any_io_executor executor) : wake_(executor, asio::steady_timer::time_point::max()) {}
  awaitable<Result<WebSocketClose>> async_run(WebSocketClientHandlers handlers) override {
    HttpHeaders headers;
    headers.add("x-greeting", "hello");
    handlers.open(headers);
    while (!closed_) {
      boost::system::error_code ignored;
      co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      for (auto& [message, is_text] : std::exchange(messages_, {})) handlers.message(std::move(message), is_text);
    }
    co_return *closed_;
  }
  Result<void> send(std::string_view message, bool is_text) override {
    messages_.emplace_back(message, is_text);
    wake_.cancel();
    return {};
  }
  void close(std::uint16_t code, std::string_view reason) override {
    closed_ = WebSocketClose{code, std::string(reason)};
    wake_.cancel();
  }

 private:
  asio::steady_timer wake_;
  std::vector<std::pair<std::string, bool>> messages_;
  std::optional<WebSocketClose> closed_;
};

struct RecordingOwner final : OwnerNotice {
  void tell_owner(std::string text, std::string not_on) override { notices.push_back(not_on + ": " + text); }
  std::vector<std::string> notices;
};

struct EveryHouse : House {
  explicit EveryHouse(Isolation isolation = Isolation::process, std::string_view channel = R"("idempotent_send":false)") {
    auto with = std::make_shared<Config>(*config);
    with->plugins.isolation_bundled = isolation;
    with->channels["every"] = PluginSettings{"every", "every", {}, {"hob.yaml", 1}};
    config = with;
    context.channels = &delivered;
    context.owner = &owner;
    context.remote.memory = 256 << 20;
    context.remote.first_wait = std::chrono::milliseconds(5);
    context.websockets = [](asio::any_io_executor executor, WebSocketClientOptions) {
      return std::make_shared<EchoSocket>(executor);
    };
    const auto place = folder.path() / "every";
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(std::filesystem::path(HOB_BROKEN) / "every.so", place / "every.so");
    std::ofstream(place / "plugin.json")
        << R"({"id":"every","version":"1.0.0","kind":["tool","channel","provider","embedder","method"],
              "tools":{"crash":{},"crash_again":{"effect":"read","idempotent":true},"look":{},"big":{},"size":{},"socket":{},"spin":{},"stream":{}},
              "channel":{)" << channel << R"(},
              "permissions":{"http":["example.org"]},
              "provides":{"methods":{"every.echo":{"scope":"every","doc":"Echoes."}}},
              "config_schema":{"type":"object","properties":{"word":{"type":"string"}}}})";
  }
  ~EveryHouse() {
    if (registry) run(io, registry->stop(std::chrono::milliseconds(500)));  // before those whom it tells
    registry.reset();
  }
  PluginCall ask(const std::string& extension, const std::string& function, const std::string& payload = "{}") {
    PluginCall call;
    call.extension = extension;
    call.function = function;
    call.payload = payload;
    return call;
  }
  Result<std::string> every(PluginCall wanted) { return call(std::move(wanted), "every"); }
  bool is_ready() { return plugin("every").state() == InstanceState::ready; }

  DeliveredEvents delivered;
  RecordingOwner owner;
};

}  // namespace hobd::fakes
