#include "api/method_table.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <stdexcept>

namespace hobd {

struct MethodTable::Entry {
  MethodSpec spec;
  Schema params;
  MethodFunction function;
};

MethodTable::MethodTable() = default;
MethodTable::~MethodTable() = default;

void MethodTable::add(MethodSpec spec, MethodFunction function) {
  if (entries_.contains(spec.name)) throw std::logic_error("method " + spec.name + " is added twice");
  auto params = Schema::compile(spec.params);
  if (params.has_error()) throw std::logic_error("method " + spec.name + ": params: " + params.error().message);
  const auto result = Schema::compile(spec.result);
  if (result.has_error()) throw std::logic_error("method " + spec.name + ": result: " + result.error().message);
  std::string name = spec.name;
  auto entry = std::make_shared<Entry>(Entry{std::move(spec), *std::move(params), std::move(function)});
  specs_.insert(std::upper_bound(specs_.begin(), specs_.end(), name,
                                 [](const std::string& n, const MethodSpec* s) { return n < s->name; }),
                &entry->spec);
  entries_.emplace(std::move(name), std::move(entry));
}

void MethodTable::remove(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  std::erase(specs_, &found->second->spec);
  entries_.erase(found);
}

std::optional<std::string> MethodTable::scope_of(std::string_view method) const {
  const auto found = entries_.find(method);
  if (found == entries_.end()) return std::nullopt;
  return found->second->spec.scope;
}

const std::vector<const MethodSpec*>& MethodTable::specs() const { return specs_; }

bool MethodTable::has(std::string_view method) const { return entries_.contains(method); }

awaitable<Result<json::value>> MethodTable::invoke(const Principal& who, std::string_view method, json::object params,
                                                   std::function<void(const json::value& event)> on_event) {
  const auto found = entries_.find(method);
  if (found == entries_.end()) {
    std::vector<std::string> names;
    for (const MethodSpec* spec : specs_) names.push_back(spec->name);
    const std::string_view near = nearest(method, names);
    std::string message = "no method \"" + std::string(utf8_prefix(method, 100)) + "\"";
    message += near.empty() ? "; api.describe lists them" : ", did you mean \"" + std::string(near) + "\"?";
    co_return Error{Code::not_found, std::move(message)};
  }
  const std::shared_ptr<Entry> held = found->second;  // a reload may take it out meanwhile
  const Entry& entry = *held;
  if (!who.may(entry.spec.scope))
    co_return Error{Code::denied, entry.spec.name + " needs the scope \"" + entry.spec.scope + "\""};
  json::value checked(std::move(params));
  CO_CHECK(entry.params.check(checked, "params"));
  MethodCall call;
  call.who = who;
  call.params = std::move(checked.as_object());
  call.on_event = on_event ? std::move(on_event) : [](const json::value&) {};
  co_return co_await entry.function(std::move(call));
}

}  // namespace hobd
