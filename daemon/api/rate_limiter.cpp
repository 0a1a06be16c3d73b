#include "api/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

constexpr std::size_t kBucketsBeforeCleaning = 1024;

}  // namespace

void RateLimiter::configure(std::uint32_t per_minute, std::uint32_t burst) {
  per_second_ = per_minute / 60.0;
  burst_ = std::max<std::uint32_t>(burst, 1);
  buckets_.clear();
}

double RateLimiter::refilled(const Bucket& bucket, TimePoint now) const {
  return std::min(burst_, bucket.tokens + per_second_ * std::chrono::duration<double>(now - bucket.at).count());
}

std::chrono::milliseconds RateLimiter::take(const std::string& user, TimePoint now) {
  if (per_second_ <= 0) return {};
  if (buckets_.size() >= kBucketsBeforeCleaning) forget_full(now);
  Bucket& bucket = buckets_.try_emplace(user, Bucket{burst_, now}).first->second;
  bucket.tokens = refilled(bucket, now);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return {};
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) / per_second_ * 1000)));
}

void RateLimiter::forget_full(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& entry) { return refilled(entry.second, now) >= burst_; });
}

}  // namespace hobd
