#include "plugins/plugin_strand.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace hobd {

struct PluginPool::State {
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0, lost = 0;
  std::vector<std::thread> threads;
};

namespace {
/// How long the destructor waits for threads beyond those that are known to be lost.
constexpr std::chrono::seconds kJoinLimit{2};
/// How long a thread looks for more work before it sleeps: on a virtual machine a processor that sleeps takes longer
/// than that to wake, and calls come in bursts.
constexpr std::chrono::microseconds kLookAgain{30};

void serve(asio::io_context& context) {
  const bool can_look_again = std::thread::hardware_concurrency() > 1;  // the core has another processor to run on
  while (context.run_one() > 0) {
    if (!can_look_again) continue;
    for (auto end = std::chrono::steady_clock::now() + kLookAgain; std::chrono::steady_clock::now() < end;)
      if (context.poll_one() > 0) end = std::chrono::steady_clock::now() + kLookAgain;
  }
}
}  // namespace

PluginPool::PluginPool(int threads) : state_(std::make_shared<State>()) {
  for (int i = 0; i < std::max(threads, 1); ++i) replace_thread();
  const std::lock_guard lock(state_->mutex);
  state_->lost = 0;  // those were the first, none is lost yet
}

void PluginPool::replace_thread() {
  const std::lock_guard lock(state_->mutex);
  ++state_->lost;
  ++state_->running;
  state_->threads.emplace_back([state = state_] {
    serve(state->context);
    const std::lock_guard done(state->mutex);
    --state->running;
    state->ended.notify_all();
  });
}

PluginPool::~PluginPool() {
  state_->work.reset();
  state_->context.stop();
  std::unique_lock lock(state_->mutex);
  const bool all = state_->ended.wait_for(lock, kJoinLimit, [&] { return state_->running <= state_->lost; }) &&
                   state_->running == 0;
  std::vector<std::thread> threads = std::move(state_->threads);
  lock.unlock();
  for (std::thread& thread : threads) {
    if (all)
      thread.join();
    else
      thread.detach();
  }
  if (!all) return;
  // What still waits holds instances, and those hold this context: run it to its end, or neither is ever freed.
  state_->context.restart();
  state_->context.poll();
}

std::shared_ptr<const void> PluginPool::keep_alive() const { return state_; }

asio::io_context::executor_type PluginPool::executor() const { return state_->context.get_executor(); }

}  // namespace hobd
