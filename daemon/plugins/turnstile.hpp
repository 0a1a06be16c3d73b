// Lets one coroutine of the core thread through at a time, the others wait in any order.
#pragma once

#include "base/task_group.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace hobd {

class Turnstile {
 public:
  explicit Turnstile(asio::any_io_executor core) : state_(std::make_shared<State>(std::move(core))) {}

 private:
  struct State {
    explicit State(asio::any_io_executor core) : timer(std::move(core), asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    bool is_taken = false;
  };

 public:
  /// Being through; gone with it, the next one comes. May outlive the turnstile.
  class Passage {
   public:
    explicit Passage(std::shared_ptr<State> state) : state_(std::move(state)) { state_->is_taken = true; }
    Passage(Passage&& other) noexcept = default;
    Passage& operator=(Passage&&) = delete;
    ~Passage() {
      if (!state_) return;
      state_->is_taken = false;
      state_->timer.cancel();
    }

   private:
    std::shared_ptr<State> state_;
  };

  awaitable<Passage> async_pass() {
    const std::shared_ptr<State> state = state_;
    while (state->is_taken) {
      boost::system::error_code ignored;  // cancelled: somebody left
      co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return Passage(state);
  }

 private:
  std::shared_ptr<State> state_;  // shared with those who are through
};

}  // namespace hobd
