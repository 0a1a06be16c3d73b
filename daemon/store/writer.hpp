// The writer: one thread that owns the only connection that writes. It takes every write that waits into one
// transaction, each in a savepoint of its own, commits once, and hands all results back in one posted handler.
//
// A write that fails undoes itself alone. When the commit fails (disk full, I/O error) the whole batch is undone
// and each of its writes answers unavailable; the writer goes on with the next batch.
#pragma once

#include "base/task_group.hpp"
#include "store/store.hpp"
#include "store/term_index.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace hobd {

/// What a write works on: the connection, inside the batch's transaction, and the search indexes.
struct WriteBatch {
  explicit WriteBatch(Connection& connection)
      : db(connection), messages(connection, "message_fts"), memories(connection, "memory_fts") {}
  Connection& db;
  TermIndex messages;  // rowid: the message's
  TermIndex memories;  // rowid: that of a memory's version
};

/// One queued piece of work and where its result goes. `Context` is WriteBatch or Connection.
template <class Context>
class QueuedWork {
 public:
  virtual ~QueuedWork() = default;
  /// Does the work, on the worker thread. False: it failed.
  virtual bool run(Context& context) = 0;
  /// Replaces the result by an error, if it isn't one.
  virtual void fail(const Error& error) = 0;
  /// The error of a run() that failed.
  virtual Error error() const = 0;
  /// Resumes who waits. On the core thread.
  virtual void complete() = 0;
};

template <class Context, class T, class Handler>
class Work final : public QueuedWork<Context> {
 public:
  Work(std::function<Result<T>(Context&)> work, Handler handler)
      : work_(std::move(work)), handler_(std::move(handler)), result_(Error{Code::internal, "the work never ran"}) {}

  bool run(Context& context) override {
    try {
      result_ = work_(context);
    } catch (const std::exception& e) {
      result_ = Error{Code::internal, std::string("store: ") + e.what()};
    }
    return result_.has_value();
  }
  void fail(const Error& error) override {
    if (result_.has_value() || result_.error().code == Code::internal) result_ = error;
  }
  Error error() const override { return result_.has_error() ? result_.error() : Error{}; }
  void complete() override {
    Handler handler = std::move(handler_);
    Result<T> result = std::move(result_);
    std::move(handler)(std::move(result));
  }

 private:
  std::function<Result<T>(Context&)> work_;
  Handler handler_;
  Result<T> result_;
};

class Writer {
 public:
  Writer(std::unique_ptr<Connection> db, asio::any_io_executor executor);
  ~Writer();

  /// Runs `work` in the next batch; resumes when it is committed, or with its error when it is undone.
  /// overloaded: 20,000 writes wait already. unavailable: the store is closed. Thread: the core.
  template <class T>
  awaitable<Result<T>> run(Durability durability, std::function<Result<T>(WriteBatch&)> work) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<T>)>(
        [this, durability](auto handler, std::function<Result<T>(WriteBatch&)> body) {
          push(durability, std::make_unique<Work<WriteBatch, T, decltype(handler)>>(std::move(body), std::move(handler)));
        },
        asio::use_awaitable, std::move(work));
  }

  /// The same for what nobody waits for: it is written with the next batch, which mostly comes at once, or after some
  /// milliseconds. Writes keep their order.
  template <class T>
  awaitable<Result<T>> run_with_next(Durability durability, std::function<Result<T>(WriteBatch&)> work) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<T>)>(
        [this, durability](auto handler, std::function<Result<T>(WriteBatch&)> body) {
          push(durability, std::make_unique<Work<WriteBatch, T, decltype(handler)>>(std::move(body), std::move(handler)), Place::with_next);
        },
        asio::use_awaitable, std::move(work));
  }

  /// Runs `work` between two batches, outside any transaction: for what SQLite does in none (VACUUM, checkpoints). All
  /// other writes wait meanwhile.
  template <class T>
  awaitable<Result<T>> run_alone(std::function<Result<T>(WriteBatch&)> work) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<T>)>(
        [this](auto handler, std::function<Result<T>(WriteBatch&)> body) {
          push(Durability::synced, std::make_unique<Work<WriteBatch, T, decltype(handler)>>(std::move(body), std::move(handler)), Place::alone);
        },
        asio::use_awaitable, std::move(work));
  }

  /// Whether the last batch could not be written: the disk is full or failing. Until one is, an idle writer tries an
  /// empty write every few seconds, so that the end of the trouble is seen. Thread: any.
  bool is_failing() const { return failing_; }

  /// Writes what waits, folds the WAL into the database, and ends the thread. Blocks.
  void close();

 private:
  using Item = std::unique_ptr<QueuedWork<WriteBatch>>;
  enum class Place { in_batch, with_next, alone };
  struct Entry {
    Durability durability;
    Item work;
    Place place = Place::in_batch;
  };
  void push(Durability durability, Item work, Place place = Place::in_batch);
  std::vector<Entry> take_batch();
  void loop();
  void await_work(std::unique_lock<std::mutex>& lock);
  void write(std::vector<Entry>& batch);
  void run_by_itself(Entry& entry);
  Result<void> write_all(std::vector<Entry>& batch);
  Result<void> set_synchronous(Durability durability);
  void tidy_wal();
  /// A write that changes nothing but takes the room of one.
  Result<void> probe();
  void note(const Result<void>& written);

  std::unique_ptr<Connection> db_;  // the writer thread's, after the constructor
  asio::any_io_executor executor_;
  Durability synchronous_ = Durability::journaled;  // what the pragma is set to
  int wal_pages_ = 0;
  std::atomic<bool> failing_ = false;  // written by the writer thread

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> waiting_;
  std::chrono::steady_clock::time_point due_{};  // when what waits is written, if nothing comes that takes it along
  bool idle_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace hobd
