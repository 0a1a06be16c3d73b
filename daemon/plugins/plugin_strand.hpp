// The threads that plugins run on, and the strand of one instance on them.
#pragma once

#include "base/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace hobd {

namespace asio = boost::asio;

/// A few threads. A plugin that never comes back keeps the thread it holds; replace_thread() makes up for
/// it, and the destructor then leaves that one thread behind instead of waiting for ever. The threads share
/// the pool's state, so it lives as long as the last of them.
class PluginPool {
 public:
  explicit PluginPool(int threads);
  ~PluginPool();
  PluginPool(const PluginPool&) = delete;
  PluginPool& operator=(const PluginPool&) = delete;

  asio::io_context::executor_type executor() const;
  /// Holds the context while something refers to it: strands and timers may outlive the pool.
  std::shared_ptr<const void> keep_alive() const;
  /// One thread is lost to a plugin: starts another. Core thread.
  void replace_thread();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// One symbolic thread: functions that are posted run one after another, on any thread of the pool. A function
/// that holds it over 100 ms is logged with its name.
class PluginStrand {
 public:
  PluginStrand(const PluginPool& pool, std::string owner)
      : pool_(pool.keep_alive()), strand_(asio::make_strand(pool.executor())), state_(std::make_shared<State>(std::move(owner))) {}

  asio::strand<asio::io_context::executor_type> executor() const { return strand_; }
  /// Whether a function is inside the plugin now. Thread: any.
  bool held() const { return state_->function.load() != nullptr; }
  /// The name of that function, or "". Thread: any.
  std::string_view holder() const {
    const char* name = state_->function.load();
    return name ? name : "";
  }

  /// Runs `work` later. `name` (a literal) is what the log calls it. Exceptions of the plugin end here. Thread: any.
  template <class Work>
  void post(const char* name, Work work) {
    asio::post(strand_, [state = state_, name, work = std::move(work)]() mutable { run(*state, name, work); });
  }
  /// Runs `work` now: the caller is on the strand already.
  template <class Work>
  void enter(const char* name, Work work) {
    run(*state_, name, work);
  }

 private:
  struct State {
    explicit State(std::string o) : owner(std::move(o)) {}
    std::string owner;
    std::atomic<const char*> function{nullptr};
  };
  static constexpr std::chrono::milliseconds kLongHold{100};

  template <class Work>
  static void run(State& state, const char* name, Work& work) {
    const auto began = std::chrono::steady_clock::now();
    state.function.store(name);
    try {
      work();
    } catch (const std::exception& e) {
      log::error(state.owner, "{} threw: {}", name, e.what());
    } catch (...) {
      log::error(state.owner, "{} threw something that is no std::exception", name);
    }
    state.function.store(nullptr);
    const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    if (held > kLongHold)
      log::warn(state.owner, "{} held the plugin's strand for {} ms; use executor.run_blocking to block", name,
                held.count());
  }

  std::shared_ptr<const void> pool_;  // shared: the strand's own destructor needs its context
  asio::strand<asio::io_context::executor_type> strand_;
  std::shared_ptr<State> state_;  // shared with posted functions, which may outlive the instance
};

}  // namespace hobd
