// A clock that only moves when told to.
#pragma once

#include "base/clock.hpp"

namespace hobd::fakes {

class FakeClock final : public Clock {
 public:
  Time now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override { return steady_; }
  void advance(Duration by) {
    now_ += by;
    steady_ += by;
  }
  /// The wall clock jumps, either way; the steady one never does.
  void set_now(Time now) { now_ = now; }

 private:
  Time now_ = parse_time("2026-11-21T08:00:00Z").value();
  std::chrono::steady_clock::time_point steady_ = std::chrono::steady_clock::now();
};

}  // namespace hobd::fakes
