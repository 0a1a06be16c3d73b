// A registry over real libraries in a temporary folder, with fakes around it.
#pragma once

#include "fakes/fake_clock.hpp"
#include "fakes/memory_kv.hpp"
#include "fakes/run.hpp"
#include "fakes/scripted_http.hpp"
#include "fakes/temp_folder.hpp"

#include "plugins/registry.hpp"

#include <fstream>

namespace hobd::fakes {

class RecordingMethods final : public MethodInvoker {
 public:
  awaitable<Result<json::value>> invoke(const Principal& who, std::string_view method, json::object,
                                        std::function<void(const json::value&)>) override {
    asked = who;
    name = method;
    co_return json::value{{"ok", true}};
  }
  std::optional<std::string> scope_of(std::string_view method) const override {
    const auto found = scopes.find(method);
    return found == scopes.end() ? std::nullopt : std::optional(found->second);
  }
  Principal asked;
  std::string name;
  std::map<std::string, std::string, std::less<>> scopes;  // of the methods that need one
};

class RecordingSink final : public ChannelSink {
 public:
  awaitable<Result<json::value>> deliver(std::string, json::object) override {
    co_return json::value{{"accepted", true}, {"duplicate", false}};
  }
};

inline const char* const kGoodTools =
    R"("echo":{"effect":"read"},"context":{},"config":{},"stream":{},"flood":{},"wait":{},"hold":{},"timer":{},"kv":{},
       "same_id":{},"http":{},"method":{},"secret":{},"blocking":{},"fail":{},"granted":{})";

/// The same suite runs over plugins inside the process and in processes of their own.
#ifdef HOB_TEST_ISOLATED
inline constexpr Isolation kIsolation = Isolation::process;
#else
inline constexpr Isolation kIsolation = Isolation::none;
#endif

struct House {
  House() {
    context.core = io.get_executor();
    context.clock = &clock;
    context.http = &http;
    context.kv = &kv;
    context.methods = &methods;
    context.channels = &channels;
    context.cancel_grace = std::chrono::milliseconds(50);
    context.bundled_paths = {folder.path()};
    auto start = std::make_shared<Config>();
    start->plugins.isolation_bundled = kIsolation;
    config = start;
  }
  ~House() {
    if (registry) run(io, registry->stop(std::chrono::milliseconds(500)));
  }

  /// Puts fixture `name` there with a manifest; `more` are further members, with a comma first.
  void install(const std::string& name, const std::string& tools, const std::string& more = "",
               const std::filesystem::path& from = HOB_FIXTURES) {
    const auto place = folder.path() / name;
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(from / (name + ".so"), place / (name + ".so"));
    std::ofstream(place / "plugin.json") << R"({"id":")" << name << R"(","version":"1.0.0","abi":"1.0","kind":["tool")"
                                         << (more.find("\"routes\"") != std::string::npos ? ",\"routes\"" : "")
                                         << "],\"tools\":{" << tools << "}" << more << "}";
  }
  void set(const std::string& plugin, json::object settings) {
    PluginSettings entry{plugin, plugin, std::move(settings), {"hob.yaml", 12, }};
    auto next = std::make_shared<Config>(*config);
    next->plugins.settings[plugin] = std::move(entry);
    config = next;
  }
  void start() {
    registry = make_registry(context);
    run(io, registry->start(config));
  }
  Instance& plugin(const std::string& name = "good") {
    Instance* found = registry->find(name);
    if (!found) throw std::runtime_error("no instance " + name);
    return *found;
  }
  PluginCall tool(const std::string& name, const std::string& arguments = "{}", const std::string& extra = "") {
    PluginCall call;
    call.extension = "hob.tool/1";
    call.function = "invoke";
    call.name = name;
    call.payload = arguments;
    call.extra = extra;
    return call;
  }
  Result<std::string> call(PluginCall wanted, const std::string& name = "good") {
    return run(io, plugin(name).async_call(std::move(wanted)));
  }
  std::string reason(const std::string& name) {
    for (const PluginReport& report : registry->reports())
      if (report.instance == name) return report.state + ": " + report.reason;
    return "no report";
  }

  asio::io_context io;
  TempFolder folder;
  FakeClock clock;
  ScriptedHttp http{io.get_executor()};
  MemoryKv kv;
  RecordingMethods methods;
  RecordingSink channels;
  RegistryContext context;
  std::shared_ptr<const Config> config = std::make_shared<Config>();
  std::unique_ptr<Registry> registry;
};

}  // namespace hobd::fakes
