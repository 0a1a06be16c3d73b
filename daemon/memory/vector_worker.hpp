// One thread beside the core, for searches in indexes and for building them; made at the first piece of work.
#pragma once

#include "base/task_group.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace hobd {

/// Work runs in the order it came. Functions: core thread.
class VectorWorker {
 public:
  explicit VectorWorker(asio::any_io_executor core) : core_(std::move(core)) {}
  ~VectorWorker() { close(); }
  VectorWorker(const VectorWorker&) = delete;

  /// Runs `work` on the thread and resumes with its value. `work` throws nothing.
  template <class T>
  awaitable<T> run(std::function<T()> work) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(T)>(
        [this](auto handler, std::function<T()> body) {
          // The core has work as long as somebody waits for this.
          auto core = asio::prefer(core_, asio::execution::outstanding_work.tracked);
          asio::post(pool(), [core, body = std::move(body), handler = std::move(handler)]() mutable {
            T value = body();
            body = nullptr;
            asio::post(core, [handler = std::move(handler), value = std::move(value)]() mutable { std::move(handler)(std::move(value)); });
          });
        },
        asio::use_awaitable, std::move(work));
  }
  /// Runs `work` there, and nobody waits for it.
  void post(std::function<void()> work) { asio::post(pool(), std::move(work)); }
  /// Ends the thread once what runs is done; what waits is left undone. Blocks.
  void close() {
    if (!pool_) return;
    pool_->stop();
    pool_->join();
  }

 private:
  asio::thread_pool& pool() {
    if (!pool_) pool_.emplace(1);
    return *pool_;
  }
  asio::any_io_executor core_;
  std::optional<asio::thread_pool> pool_;
};

}  // namespace hobd
