#include "api/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace hobd {
namespace {

constexpr std::size_t kBucketsBeforeCleaning = 1024;
constexpr std::chrono::seconds kCleanEvery{1};

}  // namespace

void RateLimiter::configure(std::uint32_t per_minute, std::uint32_t burst) {
  const double per_second = per_minute / 60.0;
  const double most = std::max<std::uint32_t>(burst, 1);
  if (per_second == per_second_ && most == burst_) return;
  per_second_ = per_second;
  burst_ = most;
  buckets_.clear();
}

double RateLimiter::refilled(const Bucket& bucket, TimePoint now) const {
  return std::min(burst_, bucket.tokens + per_second_ * std::chrono::duration<double>(now - bucket.at).count());
}

std::chrono::milliseconds RateLimiter::take(const std::string& user, TimePoint now) {
  if (per_second_ <= 0) return {};
  if (buckets_.size() >= kBucketsBeforeCleaning && now - cleaned_ >= kCleanEvery) {
    cleaned_ = now;
    forget_full(now);
  }
  Bucket& bucket = buckets_.try_emplace(user, Bucket{burst_, now}).first->second;
  bucket.tokens = refilled(bucket, now);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return {};
  }
  return until_one(bucket.tokens);
}

std::chrono::milliseconds RateLimiter::wait(const std::string& user, TimePoint now) const {
  const auto found = buckets_.find(user);
  if (per_second_ <= 0 || found == buckets_.end()) return {};
  const double tokens = refilled(found->second, now);
  return tokens >= 1 ? std::chrono::milliseconds(0) : until_one(tokens);
}

std::chrono::milliseconds RateLimiter::until_one(double tokens) const {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil((1 - tokens) / per_second_ * 1000)));
}

void RateLimiter::forget_full(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& entry) { return refilled(entry.second, now) >= burst_; });
}

}  // namespace hobd
