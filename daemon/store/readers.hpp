// Readers: a few threads, each with a read-only connection. WAL mode lets them read what is committed while the
// writer writes.
#pragma once

#include "store/writer.hpp"

namespace hobd {

class Readers {
 public:
  /// One thread for each connection.
  Readers(std::vector<std::unique_ptr<Connection>> connections, asio::any_io_executor executor);
  ~Readers();

  /// Runs `work` on a reader; resumes with its result. timeout: it ran longer than `limit`.
  /// overloaded: 20,000 reads wait already. unavailable: the store is closed. Thread: the core.
  template <class T>
  awaitable<Result<T>> run(std::function<Result<T>(Connection&)> work, std::chrono::milliseconds limit = kLimit) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<T>)>(
        [this, limit](auto handler, std::function<Result<T>(Connection&)> body) {
          push(limit, std::make_unique<Work<Connection, T, decltype(handler)>>(std::move(body), std::move(handler)));
        },
        asio::use_awaitable, std::move(work));
  }

  /// Answers what waits and ends the threads. Blocks.
  void close();

  /// A list or a lookup takes milliseconds; this bounds a disk that hangs or a query nobody foresaw.
  static constexpr std::chrono::milliseconds kLimit{10'000};

 private:
  using Item = std::unique_ptr<QueuedWork<Connection>>;
  struct Entry {
    std::chrono::milliseconds limit;
    Item work;
  };
  void push(std::chrono::milliseconds limit, Item work);
  void loop(Connection& db);
  void answer(Item work);

  std::vector<std::unique_ptr<Connection>> connections_;
  asio::any_io_executor executor_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> waiting_;
  std::size_t idle_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hobd
