#include "store/sqlite.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hobd {
namespace {

/// How many virtual machine steps pass between two looks at the deadline: about half a millisecond.
constexpr int kStepsBetweenDeadlineChecks = 4000;
/// No second process writes, so a lock is only ever held briefly, by a checkpoint or a copy.
constexpr int kBusyTimeoutMs = 5000;

Code code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM: return Code::unavailable;
    case SQLITE_INTERRUPT: return Code::timeout;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG: return Code::invalid;
    default: return Code::internal;
  }
}

/// What a person can do about it, as the last clause of a message.
std::string_view advice_for(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL: return "; free some space on its file system, nothing that was stored is lost";
    case SQLITE_IOERR: return "; check the disk and its free space, nothing that was stored is lost";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "; the file is damaged: stop hobd, keep a copy of the file, and restore a backup";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: return "; check that hobd's user may write the file and its folder";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "; another program holds it locked: close it";
    default: return "";
  }
}

}  // namespace

Query::Query(Connection& connection, CachedStatement* cached, sqlite3_stmt* owned)
    : connection_(&connection), cached_(cached), handle_(cached ? cached->handle : owned) {
  if (cached_) cached_->in_use = true;
}

Query::Query(Query&& other) noexcept
    : connection_(other.connection_), cached_(other.cached_), handle_(std::exchange(other.handle_, nullptr)) {}

Query::~Query() {
  if (!handle_) return;
  if (!cached_) {
    sqlite3_finalize(handle_);
    return;
  }
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  cached_->in_use = false;
}

Result<bool> Query::next() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->error(code);
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Query::real(int column) const { return sqlite3_column_double(handle_, column); }
std::string Query::text(int column) const { return std::string(view(column)); }
bool Query::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::string_view Query::view(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (!bytes) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

// A bind fails only for a wrong index or a text beyond 1 GB; the statement then runs with NULL there, which
// every column's NOT NULL refuses.
void Query::bind(int index, std::string_view text, Lifetime lifetime) {
  sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(),
                      lifetime == Lifetime::copied ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
}
void Query::bind(int index, Blob blob, Lifetime lifetime) {
  sqlite3_bind_blob64(handle_, index, blob.bytes.data() ? blob.bytes.data() : "", blob.bytes.size(),
                      lifetime == Lifetime::copied ? SQLITE_TRANSIENT : SQLITE_STATIC);
}
void Query::bind(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }
void Query::bind(int index, double value) { sqlite3_bind_double(handle_, index, value); }
void Query::bind_null(int index) { sqlite3_bind_null(handle_, index); }

Connection::Connection(std::filesystem::path file, sqlite3* handle) : file_(std::move(file)), handle_(handle) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  sqlite3_progress_handler(
      handle_, kStepsBetweenDeadlineChecks,
      [](void* self) {
        const auto deadline = static_cast<Connection*>(self)->deadline_;
        return deadline != std::chrono::steady_clock::time_point::max() && std::chrono::steady_clock::now() > deadline
                   ? 1
                   : 0;
      },
      this);
}

Connection::~Connection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement.handle);
  sqlite3_close_v2(handle_);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode) {
  // NOMUTEX: one thread at a time uses a connection, so SQLite needs no lock of its own.
  const int flags = SQLITE_OPEN_NOMUTEX | (mode == Mode::read_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  if (!handle) return Error{Code::unavailable, "open " + file.string() + ": out of memory"};
  auto connection = std::unique_ptr<Connection>(new Connection(file, handle));
  if (code != SQLITE_OK) return connection->error(code).with_context("open the database");
  return connection;
}

Result<Query> Connection::prepare(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end() && !known->second.in_use) return Query(*this, &known->second, nullptr);
  sqlite3_stmt* statement = nullptr;
  const bool keep = known == statements_.end();
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  if (code != SQLITE_OK) return error(code);
  if (!keep) return Query(*this, nullptr, statement);
  return Query(*this, &statements_.emplace(std::string(sql), CachedStatement{statement}).first->second, nullptr);
}

Result<std::int64_t> Connection::finish(Query& query) {
  while (TRY(query.next())) {
  }
  return sqlite3_changes64(handle_);
}

Result<void> Connection::script(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<std::int64_t> Connection::number(std::string_view sql) {
  auto rows = TRY(query(sql));
  if (!TRY(rows.next())) return 0;
  return rows.integer(0);
}

std::int64_t Connection::last_rowid() const { return sqlite3_last_insert_rowid(handle_); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

void Connection::watch_wal(int* pages) {
  sqlite3_wal_hook(
      handle_,
      [](void* counter, sqlite3*, const char*, int length) {
        *static_cast<int*>(counter) = length;
        return SQLITE_OK;
      },
      pages);
}

Result<void> Connection::checkpoint(Checkpoint mode) {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr,
                                mode == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE,
                                nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<void> Connection::copy_to(const std::filesystem::path& target) {
  // Written beside and renamed, so that a copy that exists is a whole one.
  std::filesystem::path partial = target;
  partial += ".partial";
  ::unlink(partial.c_str());
  const int descriptor = ::open(partial.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return Error{Code::unavailable, "create " + partial.string() + ": " + std::strerror(errno)};
  ::close(descriptor);
  {
    auto copy = TRY(open(partial, Mode::read_write));
    sqlite3_backup* backup = sqlite3_backup_init(copy->handle_, "main", handle_, "main");
    if (!backup) return copy->error(sqlite3_extended_errcode(copy->handle_)).with_context("copy the database");
    sqlite3_backup_step(backup, -1);
    const int code = sqlite3_backup_finish(backup);  // syncs the copy
    if (code != SQLITE_OK) {
      const Error failed = copy->error(code).with_context("copy the database");
      ::unlink(partial.c_str());
      return failed;
    }
  }
  if (::rename(partial.c_str(), target.c_str()) != 0)
    return Error{Code::unavailable, "rename " + partial.string() + ": " + std::strerror(errno)};
  return {};
}

bool Connection::is_damaged() const {
  const int code = sqlite3_errcode(handle_) & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

Error Connection::error(int code) const {
  if ((code & 0xff) == SQLITE_INTERRUPT) return {Code::timeout, file_.string() + ": the query took too long"};
  std::string message = file_.string() + ": " + sqlite3_errmsg(handle_);
  message += advice_for(code);
  return {code_of(code), std::move(message)};
}

}  // namespace hobd
