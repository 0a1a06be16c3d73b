// Plugins without plugin code: a registry of scripted instances, for the floors above plugins/.
#pragma once

#include "plugins/registry.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>

namespace hobd::fakes {

/// An instance whose calls are answered by a function. `calls` records them all.
class FakeInstance : public Instance {
 public:
  using Handler = std::function<awaitable<Result<std::string>>(PluginCall)>;

  FakeInstance(std::string name, std::string extension, Handler handler)
      : name_(std::move(name)), extension_(std::move(extension)), handler_(std::move(handler)) {
    manifest_.id = name_;
  }

  const std::string& name() const override { return name_; }
  const Manifest& manifest() const override { return manifest_; }
  InstanceState state() const override { return state_; }
  const std::string& state_reason() const override { return reason_; }
  InstanceStats stats() const override { return {}; }
  bool offers(std::string_view extension) const override { return extension == extension_; }
  awaitable<Result<std::string>> async_call(PluginCall call) override {
    calls.push_back(call);
    PluginCall copy = std::move(call);
    return handler_(std::move(copy));
  }
  std::uint64_t start_call(PluginCall, std::function<void(Result<std::string>)>) override { return 0; }
  void cancel_call(std::uint64_t) override {}
  void send_message(std::uint64_t, std::string, bool) override {}

  std::vector<PluginCall> calls;
  Manifest manifest_;
  InstanceState state_ = InstanceState::ready;
  std::string reason_;

 private:
  std::string name_, extension_;
  Handler handler_;
};

class FakeRegistry : public Registry {
 public:
  FakeInstance& add(std::string name, std::string extension, FakeInstance::Handler handler) {
    instances_.push_back(std::make_unique<FakeInstance>(std::move(name), std::move(extension), std::move(handler)));
    return *instances_.back();
  }
  void add_tool(ToolManifest tool, Instance& instance) {
    ToolEntry entry;
    entry.tool = std::move(tool);
    entry.instance = &instance;
    tools_.push_back(std::move(entry));
    std::sort(tools_.begin(), tools_.end(), [](const ToolEntry& a, const ToolEntry& b) { return a.tool.name < b.tool.name; });
  }

  awaitable<void> start(std::shared_ptr<const Config>) override { co_return; }
  awaitable<std::vector<Error>> reconfigure(std::shared_ptr<const Config>) override { co_return std::vector<Error>{}; }
  awaitable<std::vector<PluginChange>> rescan() override { co_return std::vector<PluginChange>{}; }
  awaitable<Result<std::vector<PluginChange>>> reload(std::string name) override {
    co_return Error{Code::not_found, "no plugin " + name};
  }
  awaitable<Result<std::vector<PluginChange>>> set_enabled(std::string name, bool) override {
    co_return Error{Code::not_found, "no plugin " + name};
  }
  void on_change(std::function<void()>) override {}
  awaitable<void> stop(std::chrono::milliseconds) override { co_return; }
  std::vector<ConfigFault> check(const Config&) const override { return {}; }
  Instance* find(std::string_view name) const override {
    for (const auto& instance : instances_)
      if (instance->name() == name) return instance.get();
    return nullptr;
  }
  std::vector<Instance*> with_extension(std::string_view extension) const override {
    std::vector<Instance*> found;
    for (const auto& instance : instances_)
      if (instance->offers(extension)) found.push_back(instance.get());
    return found;
  }
  std::vector<ToolEntry> tools() const override { return tools_; }
  std::optional<ToolEntry> find_tool(std::string_view name) const override {
    for (const ToolEntry& entry : tools_)
      if (entry.tool.name == name) return entry;
    return std::nullopt;
  }
  Result<RouteEntry> match_route(std::string_view, std::string_view) const override {
    return Error{Code::not_found, "no routes here"};
  }
  std::vector<RouteEntry> routes() const override { return {}; }
  std::vector<std::pair<const MethodManifest*, Instance*>> methods() const override { return {}; }
  std::vector<PluginReport> reports() const override { return {}; }

 private:
  std::vector<std::unique_ptr<FakeInstance>> instances_;
  std::vector<ToolEntry> tools_;
};

/// What a scripted model does with one request.
struct ScriptedAnswer {
  std::vector<std::string> deltas;  // JSON, as emitted
  Result<std::string> result = std::string(R"({"stop":"end"})");
  bool hangs = false;  // after the deltas, until cancelled
};

inline ScriptedAnswer says(const std::string& text) {
  json::object delta;
  delta["text"] = text;
  ScriptedAnswer answer;
  answer.deltas.push_back(json::serialize(delta));
  return answer;
}

inline ScriptedAnswer calls_tool(const std::string& id, const std::string& name, const std::string& arguments) {
  json::object call;
  call["index"] = 0;
  call["id"] = id;
  call["name"] = name;
  call["arguments"] = arguments;
  json::object delta;
  delta["tool_call"] = call;
  ScriptedAnswer answer;
  answer.deltas.push_back(json::serialize(delta));
  answer.result = std::string(R"({"stop":"tool_calls"})");
  return answer;
}

inline ScriptedAnswer fails(Code code, const std::string& message) {
  ScriptedAnswer answer;
  answer.result = Error{code, message};
  return answer;
}

/// Until the call is cancelled.
inline awaitable<void> hang() {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(asio::use_awaitable);
}

/// A provider that gives the scripted answers one after another; without one left it fails. `requests` is what it was asked.
class ScriptedModel {
 public:
  std::deque<ScriptedAnswer> answers;
  std::vector<json::object> requests;
  bool throws = false;

  FakeInstance::Handler handler() {
    return [this](PluginCall call) { return answer(std::move(call)); };
  }

 private:
  awaitable<Result<std::string>> answer(PluginCall call) {
    if (call.function == "models") co_return std::string(R"({"models":[{"id":"m"},{"id":"other"}]})");
    requests.push_back(parse_json_object(call.payload).value());
    if (throws) throw std::runtime_error("a broken provider");
    if (answers.empty()) co_return Error{Code::unavailable, "the script has no answer left"};
    const ScriptedAnswer next = answers.front();
    answers.pop_front();
    for (const std::string& delta : next.deltas)
      if (!call.on_chunk(delta)) co_return Error{Code::cancelled, "nobody listens"};
    if (next.hangs) co_await hang();
    co_return next.result;
  }
};

}  // namespace hobd::fakes
