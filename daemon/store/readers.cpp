#include "store/readers.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

namespace hobd {
namespace {

constexpr std::size_t kMostWaiting = 20'000;

}  // namespace

Readers::Readers(std::vector<std::unique_ptr<Connection>> connections, asio::any_io_executor executor)
    : connections_(std::move(connections)), executor_(std::move(executor)) {
  for (auto& connection : connections_) {
    threads_.emplace_back([this, db = connection.get()] { loop(*db); });
    pthread_setname_np(threads_.back().native_handle(), "hob-reader");  // as top and perf show it
  }
}

Readers::~Readers() { close(); }

void Readers::push(std::chrono::milliseconds limit, Item work) {
  std::unique_lock lock(mutex_);
  if (closing_ || waiting_.size() >= kMostWaiting) {
    work->fail(closing_ ? Error{Code::unavailable, "the store is closed"}
                        : Error{Code::overloaded, "too many reads wait for the disk; try again in a moment"});
    lock.unlock();
    answer(std::move(work));
    return;
  }
  waiting_.push_back({limit, std::move(work)});
  const bool wake = idle_ > 0;
  lock.unlock();
  if (wake) wake_.notify_one();
}

void Readers::loop(Connection& db) {
  while (true) {
    std::unique_lock lock(mutex_);
    ++idle_;
    wake_.wait(lock, [this] { return !waiting_.empty() || closing_; });
    --idle_;
    if (waiting_.empty()) return;
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    db.set_deadline(std::chrono::steady_clock::now() + entry.limit);
    entry.work->run(db);
    answer(std::move(entry.work));
  }
}

void Readers::answer(Item work) {
  asio::post(executor_, [work = std::move(work)] { work->complete(); });
}

void Readers::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
  threads_.clear();
  connections_.clear();
}

}  // namespace hobd
