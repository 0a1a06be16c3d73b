// Which models are worth asking. A model that failed rests, longer each time it fails again; then one call tries whether it
// answers, while the others go on to the next model. Held in memory alone: a restart begins with a clean sheet.
#pragma once

#include "base/clock.hpp"
#include "models/model_fault.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace hobd {

/// Thread: core.
class Health {
 public:
  explicit Health(const Clock& clock) : clock_(clock) {}

  /// What a call holds while it asks a model. The one that tries a rested model keeps the others away from it.
  class Permit {
   public:
    Permit() = default;
    explicit Permit(std::shared_ptr<void> held) : held_(std::move(held)) {}

   private:
    std::shared_ptr<void> held_;  // shared: a call may outlive the router at shutdown
  };

  /// The models in the order in which to ask: those that rest, or are being tried by another call, come last.
  std::vector<std::string> ordered(std::vector<std::string> names) const;
  Permit begin(const std::string& name);
  void answered(const std::string& name);
  /// It rests from now on. True: it did not before.
  bool failed(const std::string& name, const Error& error, const ModelFault& fault);
  bool is_resting(const std::string& name) const;
  /// Why its last call failed; "" it answered, or was not asked.
  std::string reason(const std::string& name) const;
  /// "NAME: why" of each that failed and has not answered since.
  std::vector<std::string> failures() const;
  void forget_all() { resting_.clear(); }

 private:
  struct Rest {
    std::chrono::steady_clock::time_point until;
    std::string reason;
    std::uint32_t times = 0;  // in a row
  };
  const Clock& clock_;
  std::map<std::string, Rest> resting_;
  std::shared_ptr<std::set<std::string>> tried_ = std::make_shared<std::set<std::string>>();  // shared with permits
};

}  // namespace hobd
