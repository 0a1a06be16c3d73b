#include "store/writer.hpp"

#include "base/log.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMostWaiting = 20'000;
/// Bounds what one commit failure can undo, and how long the first of a batch waits for the last.
constexpr std::size_t kMostInBatch = 1'000;
/// At 16 MiB the WAL is copied into the database without waiting for readers; at 64 MiB, because some reader
/// always held it, with waiting, which also cuts the file.
constexpr int kPassiveCheckpointPages = 4'096;
constexpr int kTruncateCheckpointPages = 16'384;
constexpr std::chrono::seconds kProbeInterval{3};
/// How long a write that can wait for the next one does.
constexpr std::chrono::milliseconds kLongestLate{5};

template <class Entry>
void post_completions(const asio::any_io_executor& executor, std::vector<Entry> batch) {
  asio::post(executor, [batch = std::move(batch)] {
    for (const Entry& entry : batch) entry.work->complete();
  });
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> db, asio::any_io_executor executor)
    : db_(std::move(db)), executor_(std::move(executor)) {
  db_->watch_wal(&wal_pages_);
  thread_ = std::thread([this] { loop(); });
  pthread_setname_np(thread_.native_handle(), "hob-writer");  // as top and perf show it
}

Writer::~Writer() { close(); }

void Writer::push(Durability durability, Item work, Place place) {
  std::unique_lock lock(mutex_);
  if (closing_ || waiting_.size() >= kMostWaiting) {
    work->fail(closing_ ? Error{Code::unavailable, "the store is closed"}
                        : Error{Code::overloaded, "too many writes wait for the disk; try again in a moment"});
    lock.unlock();
    std::vector<Entry> refused;
    refused.push_back({durability, std::move(work), place});
    post_completions(executor_, std::move(refused));
    return;
  }
  waiting_.push_back({durability, std::move(work), place});
  if (waiting_.size() == 1) due_ = std::chrono::steady_clock::now() + kLongestLate;
  if (place != Place::with_next) due_ = {};
  const bool wake = idle_;
  idle_ = false;
  lock.unlock();
  if (wake) wake_.notify_one();
}

void Writer::loop() {
  while (true) {
    std::vector<Entry> batch;
    {
      std::unique_lock lock(mutex_);
      await_work(lock);
      if (waiting_.empty() && closing_) return;
      if (waiting_.empty()) {
        idle_ = false;
        lock.unlock();
        note(probe());
        continue;
      }
      batch = take_batch();
    }
    if (batch.front().place == Place::alone)
      run_by_itself(batch.front());
    else
      write(batch);
    post_completions(executor_, std::move(batch));
    tidy_wal();
  }
}

/// Until a batch is due, the store closes, or, while writes fail, a probe is.
void Writer::await_work(std::unique_lock<std::mutex>& lock) {
  while (!closing_) {
    if (!waiting_.empty() && std::chrono::steady_clock::now() >= due_) return;
    idle_ = true;
    if (!waiting_.empty())
      wake_.wait_until(lock, due_);
    else if (!failing_)
      wake_.wait(lock);
    else if (wake_.wait_for(lock, kProbeInterval) == std::cv_status::timeout && waiting_.empty())
      return;
  }
}

/// The next batch, in the order of arrival; one that runs alone is a batch of its own.
std::vector<Writer::Entry> Writer::take_batch() {
  const auto most = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMostInBatch));
  auto end = std::find_if(waiting_.begin(), most, [](const Entry& entry) { return entry.place == Place::alone; });
  if (end == waiting_.begin()) end = std::next(end);
  std::vector<Entry> batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  due_ = {};  // what is left has waited enough
  return batch;
}

void Writer::run_by_itself(Entry& entry) {
  WriteBatch context(*db_);
  if (const auto set = set_synchronous(entry.durability); set.has_error())
    entry.work->fail(set.error());
  else
    (void)entry.work->run(context);
  if (db_->in_transaction()) (void)db_->run("ROLLBACK");
}

void Writer::write(std::vector<Entry>& batch) {
  const auto written = write_all(batch);
  note(written);
  if (written.has_value()) return;
  if (db_->in_transaction()) (void)db_->run("ROLLBACK");
  const Error error(Code::unavailable, "write " + written.error().message);
  for (Entry& entry : batch) entry.work->fail(error);
}

void Writer::note(const Result<void>& written) {
  const bool fails = written.has_error() && written.error().code == Code::unavailable;
  if (fails == failing_) return;
  failing_ = fails;
  if (failing_)
    log::error("store", "nothing can be stored any more: {}", written.error().message);
  else
    log::info("store", "the database takes writes again");
}

Result<void> Writer::probe() {
  TRY(set_synchronous(Durability::synced));
  TRY(db_->run("BEGIN IMMEDIATE"));
  // Setting the version to what it is writes the first page.
  auto written = db_->number("PRAGMA user_version");
  if (written.has_value()) {
    const auto set = db_->script("PRAGMA user_version = " + std::to_string(*written) + "; COMMIT");
    if (set.has_value()) return {};
    written = set.error();
  }
  if (db_->in_transaction()) (void)db_->run("ROLLBACK");
  return written.error();
}

Result<void> Writer::write_all(std::vector<Entry>& batch) {
  bool synced = false;
  for (const Entry& entry : batch) synced = synced || entry.durability == Durability::synced;
  TRY(set_synchronous(synced ? Durability::synced : Durability::journaled));
  TRY(db_->run("BEGIN IMMEDIATE"));
  WriteBatch context(*db_);
  // The transaction of a single write is undone as a whole: a savepoint would keep a copy of each page it changes.
  const bool is_single = batch.size() == 1;
  for (Entry& entry : batch) {
    const std::size_t messages = context.messages.mark(), memories = context.memories.mark();
    if (!is_single) TRY(db_->run("SAVEPOINT write"));
    if (!entry.work->run(context)) {
      // A full disk may have ended the whole transaction, and with it the writes before this one.
      if (!db_->in_transaction())
        return Error{Code::unavailable, db_->file().string() + ": the disk is full or failing; free some space"};
      // The disk's failure is the whole batch's: none of its writes would reach it.
      if (const Error error = entry.work->error(); error.code == Code::unavailable) return error;
      if (is_single) {
        TRY(db_->run("ROLLBACK"));
        return {};
      }
      TRY(db_->run("ROLLBACK TO write"));
      context.messages.rewind(messages);
      context.memories.rewind(memories);
    }
    if (!is_single) TRY(db_->run("RELEASE write"));
  }
  TRY(context.messages.flush());
  TRY(context.memories.flush());
  TRY(db_->run("COMMIT"));
  return {};
}

Result<void> Writer::set_synchronous(Durability durability) {
  if (durability == synchronous_) return {};
  TRY(db_->script(durability == Durability::synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  synchronous_ = durability;
  return {};
}

void Writer::tidy_wal() {
  if (wal_pages_ < kPassiveCheckpointPages) return;
  const bool full = wal_pages_ >= kTruncateCheckpointPages;
  const auto done = db_->checkpoint(full ? Connection::Checkpoint::truncate : Connection::Checkpoint::passive);
  wal_pages_ = 0;  // look again once a commit reports the length
  if (done.has_error() && done.error().code != Code::unavailable)
    log::warn("store", "checkpoint: {}", done.error().message);
}

void Writer::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (!thread_.joinable()) return;
  thread_.join();
  const auto done = db_->checkpoint(Connection::Checkpoint::truncate);
  if (done.has_error()) log::warn("store", "checkpoint before closing: {}", done.error().message);
  db_.reset();
}

}  // namespace hobd
