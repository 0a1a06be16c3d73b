#include "plugins/host_service_set.hpp"

#include "base/text.hpp"
#include "plugins/host_operation.hpp"

#include "hob/ext/log.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {
constexpr std::size_t kMaxOperations = 1000;  // in flight, an instance
constexpr std::size_t kMaxKey = 512;          // bytes
}  // namespace

/// Makes sure that an operation ends once, whatever becomes of the coroutine that works on it.
class HostServiceSet::End {
 public:
  End(std::shared_ptr<HostServiceSet> set, hob_id operation) : set_(std::move(set)), operation_(operation) {}
  End(End&& other) noexcept = default;
  End& operator=(End&&) = delete;
  ~End() {
    if (set_) set_->end(operation_, std::move(result));
  }
  HostServiceSet& set() const { return *set_; }
  Result<std::string> result = Error{Code::cancelled, "cancelled"};

 private:
  std::shared_ptr<HostServiceSet> set_;
  hob_id operation_;
};

HostServiceSet::HostServiceSet(ServiceBackends backends, std::weak_ptr<PluginPort> port, std::string instance,
                               const Manifest& manifest, json::object settings)
    : backends_(std::move(backends)), port_(std::move(port)), instance_(std::move(instance)), log_(instance_), manifest_(manifest) {
  set_settings(std::move(settings));
}

void HostServiceSet::set_settings(json::object settings) {
  settings_ = std::move(settings);
  policy_ = std::make_shared<const UrlPolicy>(manifest_, settings_);
}

void HostServiceSet::log(std::int32_t level, std::string_view text) {
  log_.write(static_cast<log::Level>(std::clamp<std::int32_t>(level, HOB_LOG_TRACE, HOB_LOG_ERROR)), text);
}

void HostServiceSet::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& [id, operation] : operations_)
    asio::post(backends_.core, [operation = operation] {
      if (operation->tasks) operation->tasks->cancel();
    });
}

std::size_t HostServiceSet::in_flight() const {
  const std::lock_guard lock(mutex_);
  return operations_.size();
}

HostServiceSet::OperationPtr HostServiceSet::find(hob_id operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = operations_.find(operation);
  return found == operations_.end() ? nullptr : found->second;
}

void HostServiceSet::start(hob_id id, Work work) {
  const auto refuse = [&](hob_status status, std::string why) {
    if (const auto port = port_.lock()) port->operation_result(id, status, std::move(why));
  };
  OperationPtr operation;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return refuse(HOB_CANCELLED, "the plugin is being stopped");
    if (id == 0) return refuse(HOB_INVALID, "operation id 0 is none; choose another");
    if (operations_.contains(id)) return refuse(HOB_INVALID, fmt::format("operation {} is still in flight", id));
    if (operations_.size() >= kMaxOperations)
      return refuse(HOB_OVERLOADED, fmt::format("{} operations are in flight already", kMaxOperations));
    operation = std::make_shared<Operation>(id);
    operations_.emplace(id, operation);
  }
  asio::post(backends_.core, [self = shared_from_this(), operation, work = std::move(work)]() mutable {
    operation->tasks.emplace(self->backends_.core);
    const hob_id task = operation->id;
    operation->tasks->spawn(self->instance_ + " operation", run(End(self, task), operation, std::move(work)));
  });
}

awaitable<void> HostServiceSet::run(End end, OperationPtr operation, Work work) {
  try {
    Result<std::string> result = co_await work(end.set(), operation);
    end.result = std::move(result);
  } catch (const boost::system::system_error& e) {
    if (e.code() != boost::asio::error::operation_aborted) end.result = Error{Code::internal, e.what()};
  } catch (const std::exception& e) {
    end.result = Error{Code::internal, e.what()};
  }
}

void HostServiceSet::end(hob_id id, Result<std::string> result) {
  {
    const std::lock_guard lock(mutex_);
    operations_.erase(id);
  }
  const auto port = port_.lock();
  if (!port) return;
  if (result.has_error())
    port->operation_result(id, hob_status(result.error().code), std::move(result).error().message);
  else
    port->operation_result(id, HOB_OK, *std::move(result));
}

bool HostServiceSet::event(const OperationPtr& operation, std::uint32_t kind, std::string data) {
  if (operation->waiting->load() + data.size() > kMaxWaitingBytes) {
    operation->overflowed = true;
    return false;
  }
  *operation->waiting += data.size();
  if (const auto port = port_.lock()) port->operation_event(operation->id, kind, std::move(data), operation->waiting);
  return true;
}

void HostServiceSet::cancel(hob_id id) {
  const OperationPtr operation = find(id);
  if (!operation) return;
  asio::post(backends_.core, [operation] {
    if (operation->tasks) operation->tasks->cancel();
  });
}

// ---- kv, secrets ----

namespace {
Result<void> check_key(std::string_view key) {
  if (key.empty() || key.size() > kMaxKey || !is_valid_utf8(key))
    return Error{Code::invalid, fmt::format("a key is 1 to {} bytes of UTF-8", kMaxKey)};
  return {};
}
}  // namespace

void HostServiceSet::kv_get(hob_id operation, std::string key) {
  start(operation, [key = std::move(key)](HostServiceSet& self, OperationPtr) { return self.do_kv_get(key); });
}
void HostServiceSet::kv_set(hob_id operation, std::string key, std::string value) {
  start(operation, [key = std::move(key), value = std::move(value)](HostServiceSet& self, OperationPtr) {
    return self.do_kv_set(key, value);
  });
}
void HostServiceSet::kv_remove(hob_id operation, std::string key) {
  start(operation, [key = std::move(key)](HostServiceSet& self, OperationPtr) { return self.do_kv_remove(key); });
}
void HostServiceSet::kv_list(hob_id operation, std::string prefix, std::string after) {
  start(operation, [prefix = std::move(prefix), after = std::move(after)](HostServiceSet& self, OperationPtr) {
    return self.do_kv_list(prefix, after);
  });
}
void HostServiceSet::secret_read(hob_id operation, std::string name) {
  start(operation, [name = std::move(name)](HostServiceSet& self, OperationPtr) { return self.do_secret(name); });
}

awaitable<Result<std::string>> HostServiceSet::do_kv_get(std::string key) {
  CO_CHECK(check_key(key));
  co_return co_await backends_.kv->get(instance_, std::move(key));
}
awaitable<Result<std::string>> HostServiceSet::do_kv_set(std::string key, std::string value) {
  CO_CHECK(check_key(key));
  const std::uint64_t quota = manifest_.permissions.kv;
  const Result<void> stored = co_await backends_.kv->set(instance_, std::move(key), std::move(value), quota);
  if (!stored.has_error()) co_return std::string();
  if (stored.error().code != Code::overloaded) co_return stored.error();
  co_return Error{Code::overloaded, fmt::format("{}; to have more, write \"permissions\": {{\"kv\": \"{}KiB\"}} in {}",
                                                stored.error().message, (quota * 2 + 1023) / 1024, manifest_.file.string())};
}
awaitable<Result<std::string>> HostServiceSet::do_kv_remove(std::string key) {
  CO_CHECK(check_key(key));
  CO_CHECK(co_await backends_.kv->remove(instance_, std::move(key)));
  co_return std::string();
}
awaitable<Result<std::string>> HostServiceSet::do_kv_list(std::string prefix, std::string after) {
  CO_TRY(const std::vector<std::string> keys, co_await backends_.kv->list(instance_, std::move(prefix), std::move(after)));
  json::array list;
  for (const std::string& key : keys) list.emplace_back(key);
  co_return json::serialize(json::object{{"keys", std::move(list)}});
}

awaitable<Result<std::string>> HostServiceSet::do_secret(std::string name) {
  const auto& granted = manifest_.permissions.secrets_read;
  if (std::find(granted.begin(), granted.end(), name) == granted.end())
    co_return Error{Code::denied, fmt::format("secret {} may not be read; to grant it, add \"permissions\": "
                                              "{{\"secrets.read\": [\"{}\"]}} to {}", name, name, manifest_.file.string())};
  const std::string_view value = string_or(settings_, name);
  if (value.empty()) co_return Error{Code::not_found, fmt::format("the setting {} is empty", name)};
  co_return std::string(value);
}

// ---- the daemon's methods, channel events ----

void HostServiceSet::method_invoke(hob_id operation, std::string method, std::string params, std::string options) {
  start(operation, [method = std::move(method), params = std::move(params), options = std::move(options)](
                       HostServiceSet& self, OperationPtr op) { return self.do_method(op, method, params, options); });
}

/// With as_call the user of that call, with no more scopes than the manifest's; else the plugin itself.
Result<Principal> HostServiceSet::asker(const json::object& options) const {
  const auto& granted = manifest_.permissions.methods;
  const bool everything = std::find(granted.begin(), granted.end(), "*") != granted.end();
  if (!options.contains("as_call")) {
    Principal self;
    self.via = "plugin:" + instance_;
    if (everything)
      self.scopes = {"admin"};
    else
      self.scopes.insert(granted.begin(), granted.end());
    return self;
  }
  const auto port = port_.lock();
  if (!port) return Error{Code::cancelled, "the plugin is being stopped"};
  Principal user = TRY(port->principal_of(hob_id(int_or(options, "as_call"))));
  if (everything) return user;
  Principal plugin;
  plugin.scopes.insert(granted.begin(), granted.end());
  std::set<std::string, std::less<>> both;
  for (const std::string& scope : granted)
    if (user.may(scope)) both.insert(scope);
  for (const std::string& scope : user.scopes)
    if (plugin.may(scope)) both.insert(scope);
  user.scopes = std::move(both);
  return user;
}

/// What the manifest doesn't grant is said in the manifest's words; what the user may not do, the method says.
Result<void> HostServiceSet::check_scope(const std::string& method) const {
  const std::optional<std::string> scope = backends_.methods->scope_of(method);
  Principal granted;
  granted.scopes.insert(manifest_.permissions.methods.begin(), manifest_.permissions.methods.end());
  if (!scope || granted.may(*scope) || granted.scopes.contains("*")) return {};
  return Error{Code::denied, fmt::format("{} needs the scope {}, which is not granted to this plugin; to grant it, add "
                                         "\"permissions\": {{\"methods\": [\"{}\"]}} to {}", method, *scope, *scope,
                                         manifest_.file.string())};
}

awaitable<Result<std::string>> HostServiceSet::do_method(OperationPtr operation, std::string method, std::string params,
                                                         std::string options) {
  if (params.empty()) params = "{}";
  if (options.empty()) options = "{}";
  CO_TRY(json::object arguments, parse_json_object(params));
  CO_TRY(const json::object chosen, parse_json_object(options));
  CO_TRY(const Principal who, asker(chosen));
  CO_CHECK(check_scope(method));
  auto self = shared_from_this();
  std::function<void(const json::value&)> on_event = [self, operation](const json::value& value) {
    if (!self->event(operation, HOB_EVENT_DATA, json::serialize(value))) operation->tasks->cancel();
  };
  Result<json::value> result = co_await backends_.methods->invoke(who, method, std::move(arguments), std::move(on_event));
  if (operation->overflowed) co_return Error{Code::overloaded, "the plugin doesn't take the events of " + method};
  if (result.has_error()) co_return std::move(result).error();
  co_return json::serialize(*result);
}

void HostServiceSet::channel_deliver(hob_id operation, std::string event_json) {
  start(operation, [event_json = std::move(event_json)](HostServiceSet& self, OperationPtr) {
    return self.do_deliver(event_json);
  });
}

awaitable<Result<std::string>> HostServiceSet::do_deliver(std::string event_json) {
  CO_TRY(json::object event, parse_json_object(event_json));
  CO_TRY(const json::value answer, co_await backends_.channels->deliver(instance_, std::move(event)));
  co_return json::serialize(answer);
}

}  // namespace hobd
