#include "api/events.hpp"

namespace hobd {

void Events::publish(std::string_view name, const std::string& user_id, json::object data) {
  if (listeners_.empty()) return;
  const json::object event{{"event", name}, {"at", format_time(clock_.now())}, {"data", std::move(data)}};
  for (const auto& [id, listener] : listeners_) listener(user_id, event);
}

std::uint64_t Events::listen(Listener listener) {
  listeners_.emplace(next_, std::move(listener));
  return next_++;
}

void Events::forget(std::uint64_t listener) { listeners_.erase(listener); }

}  // namespace hobd
