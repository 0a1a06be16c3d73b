// Lets one coroutine of the core thread through at a time, the others wait in any order.
#pragma once

#include "base/task_group.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hobd {

class Turnstile {
 public:
  explicit Turnstile(asio::any_io_executor core) : timer_(core, asio::steady_timer::time_point::max()) {}

  /// Being through; gone with it, the next one comes. The turnstile outlives it.
  class Passage {
   public:
    explicit Passage(Turnstile& turnstile) : turnstile_(&turnstile) { turnstile.is_taken_ = true; }
    Passage(Passage&& other) noexcept : turnstile_(std::exchange(other.turnstile_, nullptr)) {}
    Passage& operator=(Passage&&) = delete;
    ~Passage() {
      if (!turnstile_) return;
      turnstile_->is_taken_ = false;
      turnstile_->timer_.cancel();
    }

   private:
    Turnstile* turnstile_;
  };

  awaitable<Passage> async_pass() {
    while (is_taken_) {
      boost::system::error_code ignored;  // cancelled: somebody left
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return Passage(*this);
  }

 private:
  asio::steady_timer timer_;
  bool is_taken_ = false;
};

}  // namespace hobd
