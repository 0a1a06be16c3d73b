// A token bucket for each user (or address): so many a minute, over a burst.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace hobd {

class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// Unchanged limits leave the buckets as they are.
  void configure(std::uint32_t per_minute, std::uint32_t burst);
  /// Takes a token of `user`: zero when there was one, else the time until there is. A bucket that is full again
  /// is forgotten, so memory is bounded by the users of the last minutes.
  std::chrono::milliseconds take(const std::string& user, TimePoint now);
  /// The same answer without taking one.
  std::chrono::milliseconds wait(const std::string& user, TimePoint now) const;
  std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint at{};
  };
  void forget_full(TimePoint now);
  double refilled(const Bucket& bucket, TimePoint now) const;
  std::chrono::milliseconds until_one(double tokens) const;

  double per_second_ = 0;  // 0: no limit
  double burst_ = 1;
  std::unordered_map<std::string, Bucket> buckets_;
  TimePoint cleaned_{};  // looking at all of them costs their number: at most once a second
};

}  // namespace hobd
