#include "store/blocks.hpp"
#include "store/lock_file.hpp"
#include "store/migrations.hpp"
#include "store/postings.hpp"
#include "store/sqlite_parts.hpp"
#include "store/vectors.hpp"
#include "store/summaries.hpp"
#include "store/terms.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace hobd {
namespace {

constexpr std::int64_t kApplicationId = 0x486f6221;  // "Hob!"
/// A file up to this size is read whole when it is opened; a larger one would delay the start.
constexpr std::uintmax_t kWholeCheckBytes = 2 << 20;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

std::filesystem::path wal_of(const std::filesystem::path& file) {
  std::filesystem::path wal = file;
  wal += "-wal";
  return wal;
}

Error damaged(const std::filesystem::path& file, const std::string& how) {
  return {Code::unavailable, "open " + file.string() + ": " + how +
                                 "; nothing was changed. Move it away and restore a backup, or start with a new one"};
}

/// Makes the folder, mode 0700, where it is missing.
Result<void> make_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (error) return Error{Code::unavailable, "make the folder " + folder.string() + ": " + error.message()};
  }
  return {};
}

/// Makes an empty file, mode 0600, where it is missing; SQLite itself would go by the umask.
Result<void> make_empty_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return Error{Code::unavailable, "open " + file.string() + ": " + std::strerror(errno) +
                                        "; check that hobd's user may write the file and its folder"};
  ::close(descriptor);
  return {};
}

/// Looks at the file's own header, before SQLite may touch anything.
Result<void> check_header(const std::filesystem::path& file) {
  if (size_of(file) == 0) return {};
  std::array<char, 16> header{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(header.data(), header.size());
  if (!stream || std::memcmp(header.data(), "SQLite format 3", header.size()) != 0)
    return damaged(file, "it is not a database");
  return {};
}

/// The cheap checks of a database that holds something.
Result<void> check_content(Connection& db) {
  const auto& file = db.file();
  const std::uint64_t bytes = size_of(file);
  const auto tables = db.number("SELECT count(*) FROM sqlite_schema");
  if (tables.has_error()) {
    if (db.is_damaged()) return damaged(file, "it can't be read (" + tables.error().message + ")");
    return tables.error().with_context("open " + file.string());
  }
  if (*tables == 0) return {};
  if (TRY(db.number("PRAGMA application_id")) != kApplicationId) return damaged(file, "it is not Hob's database");
  // With a WAL the file may rightly be shorter: the missing pages are there.
  const auto pages = TRY(db.number("PRAGMA page_count")) * TRY(db.number("PRAGMA page_size"));
  if (size_of(wal_of(file)) == 0 && bytes < static_cast<std::uint64_t>(pages)) return damaged(file, "it is cut short");
  if (bytes > kWholeCheckBytes) return {};
  auto rows = db.query("PRAGMA quick_check(1)");
  const auto failed = [&](const Error& error) {
    return db.is_damaged() ? damaged(file, "it is damaged (" + error.message + ")") : error.with_context("check " + file.string());
  };
  if (rows.has_error()) return failed(rows.error());
  const auto first = rows->next();
  if (first.has_error()) return failed(first.error());
  if (!*first || rows->view(0) != "ok") return damaged(file, "it is damaged (" + rows->text(0) + ")");
  return {};
}

Result<std::unique_ptr<Connection>> open_connection(const std::filesystem::path& file, Connection::Mode mode) {
  auto db = TRY(Connection::open(file, mode));
  if (add_terms_function(db->handle()) != SQLITE_OK)
    return Error{Code::internal, "open " + file.string() + ": can't add a function"};
  TRY(add_postings_function(*db));
  TRY(db->script("PRAGMA temp_store = MEMORY"));
  return db;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(StoreOptions options, LockFile lock, std::unique_ptr<Connection> writer,
              std::vector<std::unique_ptr<Connection>> readers)
      : file_(options.file),
        lock_(std::move(lock)),
        writer_(std::move(writer), options.executor),
        readers_(std::move(readers), options.executor) {
    const SqliteParts parts{writer_, readers_, options.clock ? *options.clock : system_clock_};
    journal_ = make_sqlite_journal(parts);
    conversations_ = make_sqlite_conversations(parts);
    users_ = make_sqlite_users(parts);
    kv_ = make_sqlite_kv(parts);
    searches_ = make_sqlite_searches(parts);
    imports_ = make_sqlite_imports(parts);
    consolidations_ = make_sqlite_consolidations(parts);
    erasures_ = make_sqlite_erasures(parts, options.file.parent_path() / "tombstones.jsonl");
    memories_ = make_sqlite_memories(parts);
    blocks_ = make_sqlite_blocks(parts);
    vectors_ = make_sqlite_vectors(parts);
    summaries_ = make_sqlite_summaries(parts);
    ledger_ = make_sqlite_ledger(parts);
  }
  ~SqliteStore() override { close(); }

  Journal& journal() override { return *journal_; }
  Conversations& conversations() override { return *conversations_; }
  Users& users() override { return *users_; }
  Kv& kv() override { return *kv_; }
  Searches& searches() override { return *searches_; }
  Consolidations& consolidations() override { return *consolidations_; }
  Erasures& erasures() override { return *erasures_; }
  Imports& imports() override { return *imports_; }
  Memories& memories() override { return *memories_; }
  Blocks& blocks() override { return *blocks_; }
  Vectors& vectors() override { return *vectors_; }
  Summaries& summaries() override { return *summaries_; }
  Ledger& ledger() override { return *ledger_; }

  awaitable<Result<StoreStatus>> status() override {
    return readers_.run<StoreStatus>([file = file_, is_writable = !writer_.is_failing()](Connection& db) -> Result<StoreStatus> {
      StoreStatus status;
      status.is_writable = is_writable;
      status.path = file.string();
      status.database_bytes = size_of(file);
      status.wal_bytes = size_of(wal_of(file));
      status.users = TRY(db.number("SELECT count(*) FROM users"));
      status.conversations = TRY(db.number("SELECT count(*) FROM conversations"));
      status.messages = TRY(db.number("SELECT coalesce(sum(message_count), 0) FROM conversations"));
      status.turns_open = TRY(db.number("SELECT count(*) FROM turns WHERE state < 2"));
      status.outbox_open = TRY(db.number("SELECT count(*) FROM outbox WHERE state < 2"));
      status.schema_version = static_cast<int>(TRY(db.number("PRAGMA user_version")));
      return status;
    });
  }

  void close() override {
    readers_.close();
    writer_.close();
  }

 private:
  std::filesystem::path file_;
  LockFile lock_;  // released last
  SystemClock system_clock_;
  Writer writer_;
  Readers readers_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Conversations> conversations_;
  std::unique_ptr<Users> users_;
  std::unique_ptr<Kv> kv_;
  std::unique_ptr<Searches> searches_;
  std::unique_ptr<Imports> imports_;
  std::unique_ptr<Consolidations> consolidations_;
  std::unique_ptr<Erasures> erasures_;
  std::unique_ptr<Memories> memories_;
  std::unique_ptr<Blocks> blocks_;
  std::unique_ptr<Vectors> vectors_;
  std::unique_ptr<Summaries> summaries_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(StoreOptions options) {
  // Savepoints keep their undo pages in memory up to 8 MiB, not in a temporary file a batch; and allocations are not
  // counted, since the count is one lock for all threads. Refused, to no harm, once SQLite runs in this process.
  sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 8 << 20);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

  const std::filesystem::path& file = options.file;
  TRY(make_folder(file));
  LockFile lock = TRY(LockFile::take(file));
  TRY(make_empty_file(file));
  TRY(check_header(file));
  auto writer = TRY(open_connection(file, Connection::Mode::read_write));
  TRY(check_content(*writer));
  TRY(migrate(*writer));
  TRY(writer->script("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; "
                     "PRAGMA cache_size = -4000; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON;"));
  std::vector<std::unique_ptr<Connection>> readers;
  for (int i = 0; i < std::max(1, options.readers); ++i)
    readers.push_back(TRY(open_connection(file, Connection::Mode::read_only)));
  return std::unique_ptr<Store>(
      std::make_unique<SqliteStore>(std::move(options), std::move(lock), std::move(writer), std::move(readers)));
}

}  // namespace hobd
