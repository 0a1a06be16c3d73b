#include "models/health.hpp"

#include <algorithm>

namespace hobd {
namespace {

using std::chrono::seconds;

constexpr seconds kFirstRest{30};
constexpr seconds kLongestRest{600};
/// Of a model whose key is refused or that isn't there: only a person can help, so it isn't asked every minute.
constexpr seconds kRefusedRest{1800};

seconds rest_of(const ModelFault& fault, std::uint32_t times) {
  if (fault.kind == ModelFault::Kind::refused_key) return kRefusedRest;
  if (fault.retry_after) return std::clamp(*fault.retry_after, seconds(1), kLongestRest);
  return std::min(kLongestRest, kFirstRest * (1 << std::min<std::uint32_t>(times, 5)));
}

}  // namespace

std::vector<std::string> Health::ordered(std::vector<std::string> names) const {
  std::stable_partition(names.begin(), names.end(), [this](const std::string& name) { return !is_resting(name) && !tried_->contains(name); });
  return names;
}

Health::Permit Health::begin(const std::string& name) {
  if (!resting_.contains(name) || !tried_->insert(name).second) return {};
  return Permit(std::shared_ptr<void>(nullptr, [tried = tried_, name](void*) { tried->erase(name); }));
}

void Health::answered(const std::string& name) { resting_.erase(name); }

bool Health::failed(const std::string& name, const Error& error, const ModelFault& fault) {
  const bool was_resting = is_resting(name);
  const auto [at, is_new] = resting_.try_emplace(name);
  at->second.reason = error.message;
  if (was_resting) return false;  // another call that was under way, or one without a better choice
  at->second.until = clock_.steady() + rest_of(fault, at->second.times);
  ++at->second.times;
  return is_new;
}

bool Health::is_resting(const std::string& name) const {
  const auto at = resting_.find(name);
  return at != resting_.end() && clock_.steady() < at->second.until;
}

std::string Health::reason(const std::string& name) const {
  const auto at = resting_.find(name);
  return at == resting_.end() ? std::string() : at->second.reason;
}

std::vector<std::string> Health::failures() const {
  std::vector<std::string> texts;
  for (const auto& [name, rest] : resting_) texts.push_back(name + ": " + rest.reason);
  return texts;
}

}  // namespace hobd
