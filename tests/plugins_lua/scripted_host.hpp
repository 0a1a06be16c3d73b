// A hob_host for Lua plugins: every service is scripted, every answer is queued and delivered by run(), never
// inside the function that asked for it.
#pragma once

#include "base/json.hpp"
#include "plugins/lua_runtime.hpp"

#include "hob/ext/channel.h"
#include "hob/ext/clock.h"
#include "hob/ext/config.h"
#include "hob/ext/embedder.h"
#include "hob/ext/http.h"
#include "hob/ext/kv.h"
#include "hob/ext/log.h"
#include "hob/ext/method.h"
#include "hob/ext/provider.h"
#include "hob/ext/routes.h"
#include "hob/ext/secret.h"
#include "hob/ext/timer.h"
#include "hob/ext/tool.h"
#include "hob/ext/websocket.h"

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace hobd {

struct Answer {
  int finishes = 0;
  hob_status status = -1;
  std::string result;
  std::vector<std::string> chunks;
};

class ScriptedHost {
 public:
  struct Request {
    hob_id operation;
    std::string request, body;
    bool cancelled = false;
  };

  ScriptedHost() {
    char name[] = "/tmp/hob-lua-XXXXXX";
    folder = mkdtemp(name);
    host = {sizeof(hob_host), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, this, &ScriptedHost::extension};
  }
  ~ScriptedHost() {
    if (plugin) plugin->destroy(plugin);
    std::filesystem::remove_all(folder);
  }
  ScriptedHost(const ScriptedHost&) = delete;
  ScriptedHost& operator=(const ScriptedHost&) = delete;

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder / name, std::ios::binary) << text; }

  Result<void> load(const std::string& script, const std::string& config = "{}", LuaLimits limits = {}) {
    write("main.lua", script);
    return load_file(folder / "main.lua", "test", config, limits);
  }
  Result<void> load_file(const std::filesystem::path& file, const std::string& id, const std::string& config = "{}",
                         LuaLimits limits = {}) {
    plugin = TRY(load_lua_plugin(file.string(), id, &host, limits));
    const hob_status status = plugin->activate(plugin, {config.data(), config.size()});
    if (status != HOB_OK) return Error{code_from_number(status), logs.empty() ? "" : logs.back()};
    return {};
  }

  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(plugin->get_extension(plugin, id));
  }
  const hob_ext_tool* tools() const { return table<hob_ext_tool>(HOB_EXT_TOOL); }

  hob_id invoke(const std::string& tool, const std::string& arguments = "{}", const std::string& context = "{}") {
    const hob_id call = ++last_call;
    tools()->invoke(plugin, call, str(tool), str(arguments), str(context));
    return call;
  }
  Answer& call_tool(const std::string& tool, const std::string& arguments = "{}") {
    const hob_id call = invoke(tool, arguments);
    run();
    return answers[call];
  }

  /// Delivers what is queued until nothing is left.
  void run() {
    while (!queue.empty()) {
      const auto next = std::move(queue.front());
      queue.pop_front();
      next();
    }
  }
  void event(hob_id operation, std::uint32_t kind, std::string data) {
    queue.push_back([this, operation, kind, data] {
      table<hob_ext_operation>(HOB_EXT_OPERATION)->event(plugin, operation, kind, str(data));
    });
  }
  void result(hob_id operation, hob_status status, std::string data = {}) {
    queue.push_back([this, operation, status, data] {
      table<hob_ext_operation>(HOB_EXT_OPERATION)->result(plugin, operation, status, str(data));
    });
  }
  void fire(hob_id timer) {
    queue.push_back([this, timer] { table<hob_ext_timer>(HOB_EXT_TIMER)->fire(plugin, timer); });
  }

  static hob_str str(const std::string& text) { return {text.data(), text.size()}; }
  static std::string text(hob_str s) { return s.data ? std::string(s.data, s.size) : std::string(); }

  hob_host host{};
  hob_plugin* plugin = nullptr;
  std::filesystem::path folder;
  std::set<std::string> withheld;  // extensions that this plugin is not granted
  hob_id last_call = 100;
  std::map<hob_id, Answer> answers;
  std::set<hob_id> cancelled;
  hob_status emit_status = HOB_OK;
  std::vector<std::string> logs;
  std::map<std::string, std::string> store;
  std::vector<Request> requests, sockets, methods;
  std::function<void(Request&)> on_http = [](Request&) {};
  std::function<void(Request&)> on_socket = [](Request&) {};
  std::function<void(Request&)> on_method = [](Request&) {};
  std::vector<std::string> sent;
  std::vector<std::string> delivered;
  std::map<hob_id, std::pair<std::uint64_t, std::uint64_t>> timers;
  hob_status timer_status = HOB_OK;
  std::int64_t now_us = 1'800'000'000'500'000;
  std::deque<std::function<void()>> queue;

 private:
  static ScriptedHost& of(const hob_host* host) { return *static_cast<ScriptedHost*>(host->host_data); }

  static void cancel_in(std::vector<Request>& requests, hob_id operation, ScriptedHost& self) {
    for (Request& request : requests)
      if (request.operation == operation && !request.cancelled) {
        request.cancelled = true;
        self.result(operation, HOB_CANCELLED, "cancelled");
      }
  }

  static const void* extension(const hob_host* h, const char* id) {
    static const hob_host_call kCall = {
        sizeof(hob_host_call), 0,
        [](const hob_host* host, hob_id call, hob_str chunk) {
          if (of(host).emit_status == HOB_OK) of(host).answers[call].chunks.push_back(text(chunk));
          return of(host).emit_status;
        },
        [](const hob_host* host, hob_id call, hob_status status, hob_str result) {
          Answer& answer = of(host).answers[call];
          if (answer.finishes++ > 0) return hob_status(HOB_NOT_FOUND);
          answer.status = status;
          answer.result = text(result);
          return hob_status(HOB_OK);
        },
        [](const hob_host* host, hob_id call) { return std::int32_t(of(host).cancelled.contains(call)); }};
    static const hob_host_http kHttp = {sizeof(hob_host_http), 0,
                                        [](const hob_host* host, hob_id operation, hob_str request, hob_str body) {
                                          of(host).requests.push_back({operation, text(request), text(body)});
                                          of(host).on_http(of(host).requests.back());
                                        },
                                        [](const hob_host* host, hob_id operation) {
                                          cancel_in(of(host).requests, operation, of(host));
                                        }};
    static const hob_host_kv kKv = {
        sizeof(hob_host_kv), 0,
        [](const hob_host* host, hob_id operation, hob_str key) {
          const auto found = of(host).store.find(text(key));
          if (found == of(host).store.end()) of(host).result(operation, HOB_NOT_FOUND, "no such key");
          else of(host).result(operation, HOB_OK, found->second);
        },
        [](const hob_host* host, hob_id operation, hob_str key, hob_str value) {
          of(host).store[text(key)] = text(value);
          of(host).result(operation, HOB_OK);
        },
        [](const hob_host* host, hob_id operation, hob_str key) {
          of(host).store.erase(text(key));
          of(host).result(operation, HOB_OK);
        },
        [](const hob_host* host, hob_id operation, hob_str prefix, hob_str after) {
          json::array keys;
          for (const auto& [key, value] : of(host).store)
            if (key.starts_with(text(prefix)) && key > text(after)) keys.emplace_back(key);
          of(host).result(operation, HOB_OK, json::serialize(json::object{{"keys", keys}}));
        }};
    static const hob_host_timer kTimer = {sizeof(hob_host_timer), 0,
                                          [](const hob_host* host, hob_id timer, std::uint64_t delay, std::uint64_t repeat) {
                                            if (of(host).timer_status == HOB_OK) of(host).timers[timer] = {delay, repeat};
                                            return of(host).timer_status;
                                          },
                                          [](const hob_host* host, hob_id timer) { of(host).timers.erase(timer); }};
    static const hob_host_method kMethod = {
        sizeof(hob_host_method), 0,
        [](const hob_host* host, hob_id operation, hob_str method, hob_str params, hob_str options) {
          of(host).methods.push_back({operation, text(method) + " " + text(params), text(options)});
          of(host).on_method(of(host).methods.back());
        },
        [](const hob_host* host, hob_id operation) { cancel_in(of(host).methods, operation, of(host)); }};
    static const hob_host_secret kSecret = {sizeof(hob_host_secret), 0,
                                            [](const hob_host* host, hob_id operation, hob_str name) {
                                              if (text(name) == "key") of(host).result(operation, HOB_OK, "s3cret");
                                              else of(host).result(operation, HOB_DENIED, "not listed");
                                            }};
    static const hob_host_channel kChannel = {sizeof(hob_host_channel), 0,
                                              [](const hob_host* host, hob_id operation, hob_str event) {
                                                of(host).delivered.push_back(text(event));
                                                of(host).result(operation, HOB_OK, R"({"accepted":true,"duplicate":false})");
                                              }};
    static const hob_host_websocket kSocket = {sizeof(hob_host_websocket), 0,
                                               [](const hob_host* host, hob_id operation, hob_str request) {
                                                 of(host).sockets.push_back({operation, text(request), {}});
                                                 of(host).on_socket(of(host).sockets.back());
                                               },
                                               [](const hob_host* host, hob_id, std::int32_t, hob_str data) {
                                                 of(host).sent.push_back(text(data));
                                                 return hob_status(HOB_OK);
                                               },
                                               [](const hob_host* host, hob_id operation, std::int32_t code, hob_str) {
                                                 of(host).result(operation, HOB_OK, R"({"code":)" + std::to_string(code) + "}");
                                               }};
    static const hob_host_log kLog = {sizeof(hob_host_log), 0, [](const hob_host* host, std::int32_t level, hob_str line) {
                                        of(host).logs.push_back(std::to_string(level) + " " + text(line));
                                      }};
    static const hob_host_clock kClock = {sizeof(hob_host_clock), 0, [](const hob_host* host) { return of(host).now_us; },
                                          [](const hob_host* host) { return of(host).now_us; }};
    static const std::map<std::string, const void*> kTables = {
        {HOB_HOST_CALL, &kCall},       {HOB_HOST_HTTP, &kHttp},     {HOB_HOST_KV, &kKv},
        {HOB_HOST_TIMER, &kTimer},     {HOB_HOST_METHOD, &kMethod}, {HOB_HOST_SECRET, &kSecret},
        {HOB_HOST_CHANNEL, &kChannel}, {HOB_HOST_WEBSOCKET, &kSocket}, {HOB_HOST_LOG, &kLog},
        {HOB_HOST_CLOCK, &kClock}};
    if (of(h).withheld.contains(id)) return nullptr;
    const auto found = kTables.find(id);
    return found == kTables.end() ? nullptr : found->second;
  }
};

/// A plugin of one tool "t" whose run has the given body.
inline std::string tool_script(const std::string& body) {
  return "local hob = require 'hob'\nreturn hob.plugin { id = 'test', tools = { hob.tool { name = 't', run = function(args, call)\n" +
         body + "\nend } } }";
}

}  // namespace hobd
