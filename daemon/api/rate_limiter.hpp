// A token bucket for each user: limits.requests_per_minute, over a burst of limits.burst.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace hobd {

class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  void configure(std::uint32_t per_minute, std::uint32_t burst);
  /// Takes a token of `user`: zero when there was one, else the time until there is. A bucket that is full again
  /// is forgotten, so memory is bounded by the users of the last minutes.
  std::chrono::milliseconds take(const std::string& user, TimePoint now);
  std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint at{};
  };
  void forget_full(TimePoint now);
  double refilled(const Bucket& bucket, TimePoint now) const;

  double per_second_ = 0;  // 0: no limit
  double burst_ = 1;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace hobd
