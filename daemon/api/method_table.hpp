// The one table of methods: the control socket, HTTP, Lua, hobctl and the docs are views of it.
#pragma once

#include "base/json.hpp"
#include "base/principal.hpp"
#include "base/schema.hpp"
#include "base/task_group.hpp"
#include "plugins/host_services.hpp"

#include <functional>
#include <map>
#include <string>

namespace hobd {

struct MethodSpec {
  std::string name{};   // "conversation.list"
  std::string scope{};  // "chat", "admin", ...; "" is open to every user
  std::string doc{};    // one line
  json::value params{}; // JSON Schema of an object; additionalProperties false
  json::value result{}; // JSON Schema
  bool streaming = false;
  std::vector<std::string> positional{};  // the parameters hobctl takes without a flag, in order
  std::string provider{};                 // the plugin instance that provides it; "": the daemon
};

struct MethodCall {
  Principal who;
  json::object params;  // checked against the schema
  std::function<void(const json::value& event)> on_event;  // never null
};

using MethodFunction = std::function<awaitable<Result<json::value>>(MethodCall)>;

class MethodTable final : public MethodInvoker {
 public:
  MethodTable();
  ~MethodTable() override;
  /// A name is added once; a bad schema or a second add is a broken invariant.
  void add(MethodSpec spec, MethodFunction function);
  /// Takes one out; calls of it that run go on to their ends. Unknown names are ignored.
  void remove(std::string_view name);
  const std::vector<const MethodSpec*>& specs() const;  // sorted by name
  bool has(std::string_view method) const;

  /// not_found with the nearest name; denied with the scope that is missing; invalid with the parameter.
  awaitable<Result<json::value>> invoke(const Principal& who, std::string_view method, json::object params,
                                        std::function<void(const json::value& event)> on_event) override;
  std::optional<std::string> scope_of(std::string_view method) const override;

 private:
  struct Entry;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;  // shared with the calls that run
  std::vector<const MethodSpec*> specs_;
};

}  // namespace hobd
