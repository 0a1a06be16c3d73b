// A thin RAII layer over SQLite's C API. Nothing outside this folder includes it.
//
//   auto rows = TRY(db.query("SELECT name FROM users WHERE uid = ?", user_id));
//   while (TRY(rows.next())) use(rows.text(0));
//
// Statements are prepared once a connection and kept; a Query borrows one and gives it back when it goes.
// A connection belongs to one thread at a time. No exception leaves this layer, and every failed call
// becomes an Error that names the file.
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace hobd {

class Connection;

/// Bytes that are stored as a BLOB.
struct Blob {
  std::string_view bytes;
};

/// A prepared statement, kept by its connection.
struct CachedStatement {
  sqlite3_stmt* handle = nullptr;
  bool in_use = false;
};

/// A running statement. Must not outlive its connection.
class Query {
 public:
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  /// Moves to the next row; false after the last.
  Result<bool> next();

  // Columns of the current row, from 0. NULL reads as 0 or "".
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  /// Lives until the next call of next().
  std::string_view view(int column) const;
  bool is_null(int column) const;
  Time time(int column) const { return from_micros(integer(column)); }

 private:
  friend class Connection;
  Query(Connection& connection, CachedStatement* cached, sqlite3_stmt* owned);
  /// Bound text is copied, because the caller's arguments may be gone before the first row is read.
  enum class Lifetime { copied, borrowed };
  void bind(int index, std::string_view text, Lifetime lifetime);
  void bind(int index, Blob blob, Lifetime lifetime);
  void bind(int index, std::int64_t value);
  void bind(int index, double value);
  void bind_null(int index);
  template <class T>
  void bind_any(int index, const T& value, Lifetime lifetime) {
    if constexpr (std::is_same_v<T, std::nullptr_t>) {
      bind_null(index);
    } else if constexpr (std::is_same_v<T, Blob>) {
      bind(index, value, lifetime);
    } else if constexpr (std::is_same_v<T, Time>) {
      bind(index, to_micros(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      bind(index, static_cast<double>(value));
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      bind(index, static_cast<std::int64_t>(value));
    } else if constexpr (requires { value.has_value(); }) {
      value ? bind_any(index, *value, lifetime) : bind_null(index);
    } else {
      bind(index, std::string_view(value), lifetime);
    }
  }

  Connection* connection_;
  CachedStatement* cached_;  // null: the statement is owned by this query alone
  sqlite3_stmt* handle_;
};

class Connection {
 public:
  enum class Mode { read_write, read_only };

  /// Opens an existing file, or an empty one. Doesn't touch its content yet.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Starts a statement with its parameters bound in order.
  template <class... Args>
  Result<Query> query(std::string_view sql, const Args&... args) {
    Query started = TRY(prepare(sql));
    int index = 0;
    (started.bind_any(++index, args, Query::Lifetime::copied), ...);
    return started;
  }

  /// Runs a statement to its end; how many rows it changed.
  template <class... Args>
  Result<std::int64_t> run(std::string_view sql, const Args&... args) {
    Query started = TRY(prepare(sql));
    int index = 0;
    (started.bind_any(++index, args, Query::Lifetime::borrowed), ...);
    return finish(started);
  }

  /// Runs statements that are used once (pragmas, migrations) and don't return what matters.
  Result<void> script(const std::string& sql);

  /// The first column of the first row as a number, 0 without a row.
  Result<std::int64_t> number(std::string_view sql);

  std::int64_t last_rowid() const;
  /// False too when SQLite gave up a transaction by itself, as it may when the disk is full.
  bool in_transaction() const;

  /// From now on a statement that still runs at `deadline` stops with timeout.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

  /// Calls back into `pages` with the WAL's length after each commit, instead of SQLite's own checkpoints.
  void watch_wal(int* pages);
  /// Copies WAL pages into the database: passive never waits for readers; truncate does, and empties the WAL.
  enum class Checkpoint { passive, truncate };
  Result<void> checkpoint(Checkpoint mode);

  /// A copy of the whole database as a new file, mode 0600, on disk when this returns.
  Result<void> copy_to(const std::filesystem::path& target);

  Error error(int code) const;
  /// Whether the last call failed because the file is no database, or a broken one.
  bool is_damaged() const;
  const std::filesystem::path& file() const { return file_; }
  sqlite3* handle() const { return handle_; }

 private:
  Connection(std::filesystem::path file, sqlite3* handle);
  Result<Query> prepare(std::string_view sql);
  Result<std::int64_t> finish(Query& query);

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::filesystem::path file_;
  sqlite3* handle_;
  std::unordered_map<std::string, CachedStatement, TextHash, std::equal_to<>> statements_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace hobd
