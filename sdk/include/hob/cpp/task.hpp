// hob::Task<T>: a coroutine on the plugin's strand. hob::Pending<T>: a host operation to co_await.
//
// A task is lazy: it runs when it is awaited, or when the wrapper starts it as the answer of a call. When
// that call is cancelled, the operation it waits for is asked to end and the co_await throws cancelled; so
// does every later one. A lambda that is a coroutine must outlive its task: those given to tool(), route()
// and the like do; others pass what they need as parameters.
#pragma once

#include "error.hpp"

#include <coroutine>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace hob {

namespace detail {

/// What all tasks of one call share: whether it was cancelled, and how to end what it waits for.
struct Scope {
  bool is_cancelled = false;
  std::function<void()> cancel_wait;

  void cancel() {
    is_cancelled = true;
    if (auto stop = std::exchange(cancel_wait, nullptr)) stop();
  }
};

struct PromiseBase {
  Scope* scope = nullptr;
  std::coroutine_handle<> continuation;
  std::function<void()> on_done;  // of a root task; may destroy it
  std::exception_ptr error;

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
      PromiseBase& promise = self.promise();
      if (promise.continuation) return promise.continuation;
      // The frame may be gone once `done` returns: nothing of it is touched after.
      auto done = std::move(promise.on_done);
      if (done) done();
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  template <class U>
  void return_value(U&& v) { value.emplace(std::forward<U>(v)); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};
template <>
struct Promise<void> : PromiseBase {
  void return_void() noexcept {}
  void take() {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };
  using value_type = T;

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) noexcept {
    handle_.promise().scope = parent.promise().scope;
    handle_.promise().continuation = parent;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

  /// Runs it as a root: `on_done` is called once at the end and may destroy the task. For the wrapper.
  void start(detail::Scope& scope, std::function<void()> on_done) {
    handle_.promise().scope = &scope;
    handle_.promise().on_done = std::move(on_done);
    handle_.resume();
  }
  /// The value of a root task that has ended; rethrows what it threw.
  T take() { return handle_.promise().take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

/// How an operation ended.
template <class T>
using Outcome = std::variant<std::conditional_t<std::is_void_v<T>, std::monostate, T>, Error>;

/// A host operation that starts when it is awaited, on the strand, and whose co_await throws its error.
template <class T>
class [[nodiscard]] Pending {
 public:
  using Done = std::function<void(Outcome<T>)>;
  /// Starts the operation and returns how to cancel it. `Done` is called once, later, on the strand.
  using Start = std::function<std::function<void()>(Done)>;
  explicit Pending(Start start) : start_(std::move(start)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> waiter) {
    detail::Scope* scope = waiter.promise().scope;
    if (scope->is_cancelled) {
      outcome_.emplace(std::in_place_index<1>, Error{cancelled, "the call was cancelled"});
      return false;
    }
    auto stop = start_([this, scope, waiter](Outcome<T> outcome) {
      scope->cancel_wait = nullptr;
      outcome_.emplace(std::move(outcome));
      waiter.resume();
    });
    scope->cancel_wait = std::move(stop);
    return true;
  }
  T await_resume() {
    if (Error* error = std::get_if<1>(&*outcome_)) throw Error(std::move(*error));
    if constexpr (!std::is_void_v<T>) return std::move(std::get<0>(*outcome_));
  }

  /// Starts it without a coroutine. `done` is called once, on the strand, never inside this function.
  void then(Done done) && { start_(std::move(done)); }

 private:
  Start start_;
  std::optional<Outcome<T>> outcome_;
};

}  // namespace hob
