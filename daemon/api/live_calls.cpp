#include "api/live_calls.hpp"

#include <vector>

namespace hobd {

std::uint64_t LiveCalls::add(std::string credential, std::optional<Time> expires_at, std::weak_ptr<LiveCall> call) {
  if (credential.empty()) return 0;
  if (expires_at) expiries_.insert(*expires_at);
  calls_.emplace(++last_, Entry{std::move(credential), expires_at, std::move(call)});
  return last_;
}

void LiveCalls::remove(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  if (found->second.expires_at) expiries_.erase(expiries_.find(*found->second.expires_at));
  calls_.erase(found);
}

std::set<std::string> LiveCalls::credentials() const {
  std::set<std::string> all;
  for (const auto& [id, entry] : calls_) all.insert(entry.credential);
  return all;
}

std::optional<Time> LiveCalls::next_expiry() const {
  if (expiries_.empty()) return std::nullopt;
  return *expiries_.begin();
}

void LiveCalls::end(std::string_view credential, std::string_view why) {
  end_where([&](const Entry& entry) { return entry.credential == credential; }, why);
}

void LiveCalls::end_expired(Time now) {
  end_where([&](const Entry& entry) { return entry.expires_at && *entry.expires_at <= now; }, "the API key has expired");
}

template <class Predicate>
void LiveCalls::end_where(Predicate predicate, std::string_view why) {
  std::vector<std::pair<std::uint64_t, std::shared_ptr<LiveCall>>> ending;  // a call that ends may take itself out
  for (const auto& [id, entry] : calls_)
    if (predicate(entry)) ending.emplace_back(id, entry.call.lock());
  for (const auto& [id, call] : ending) {
    remove(id);
    if (call) call->end_early(why);
  }
}

}  // namespace hobd
