#include "store/migrations.hpp"
#include "store/support.hpp"
#include "store/terms.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

using namespace hobd;
using namespace hobd::testing;

namespace {

/// Runs SQL on the file behind the store's back.
void meddle(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  char* message = nullptr;
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message);
  INFO((message ? message : ""));
  REQUIRE(code == SQLITE_OK);
  sqlite3_close(db);
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

void write_file(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

/// A closed database with one message in it.
struct Closed {
  Closed() {
    TestStore t(folder.path / "hob.db");
    user = t.user();
    t.get(t.journal().accept(inbound(user, "the kettle is blue"), Durability::synced));
  }
  TempFolder folder;
  std::filesystem::path file = folder.path / "hob.db";
  std::string user;
};

/// A database of an old schema with one user and one message.
struct Old {
  explicit Old(int version) {
    std::ofstream(file).close();
    const auto db = Connection::open(file, Connection::Mode::read_write).value();
    REQUIRE(add_terms_function(db->handle()) == 0);
    REQUIRE(migrate_to(*db, version).has_value());
    REQUIRE(db->script("INSERT INTO users(id, uid, name, admin, created_at) VALUES (1, 'usr_1', 'anna', 0, 0);"
                       "INSERT INTO conversations(id, cid, user, title, channel, thread, session, fingerprint, message_count, created_at, updated_at) VALUES (1, 'conv_1', 1, '', 'http', '', 1, '', 1, 0, 0);"
                       "INSERT INTO sessions(id, sid, conversation, created_at) VALUES (1, 'ses_1', 1, 0);"
                       "INSERT INTO messages(id, mid, user, conversation, session, turn, role, speaker, text, at, channel, external_id, attachments, extra) VALUES (1, 'msg_1', 1, 1, 1, NULL, 'user', 'anna', 'the kettle is blue', 0, 'http', '', '', '')")
                .has_value());
    REQUIRE(db->script("INSERT INTO message_fts(message_fts) VALUES ('rebuild')").has_value() == (version > 1));
  }
  std::string copy() const { return file.string() + ".v1.before-v" + std::to_string(newest_schema_version()); }
  TempFolder folder;
  std::filesystem::path file = folder.path / "hob.db";
};

Error open_error(const std::filesystem::path& file) {
  asio::io_context io;
  SystemClock clock;
  auto store = open_sqlite_store({.file = file, .readers = 1, .executor = io.get_executor(), .clock = &clock});
  REQUIRE(store.has_error());
  return store.error();
}

}  // namespace

TEST_CASE("a new database and its folder are for their owner alone") {
  TestStore t;
  t.user();
  REQUIRE(mode_of(t.file) == 0600);
  REQUIRE(mode_of(t.file.parent_path()) == 0700);
  REQUIRE(mode_of(t.file.string() + "-wal") == 0600);
}

TEST_CASE("a second opener is refused and told who holds the database") {
  TestStore t;
  auto second = t.try_open();
  REQUIRE(second.has_error());
  REQUIRE(second.error().code == Code::unavailable);
  REQUIRE(second.error().message.find("another hobd (pid " + std::to_string(::getpid()) + ")") != std::string::npos);
}

TEST_CASE("a database whose holder was killed opens again") {
  TempFolder folder;
  const auto file = folder.path / "hob.db";
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    asio::io_context io;
    SystemClock clock;
    auto store = open_sqlite_store({.file = file, .readers = 1, .executor = io.get_executor(), .clock = &clock});
    char ok = store.has_value() ? 'y' : 'n';
    (void)!::write(ready[1], &ok, 1);
    ::pause();
    ::_exit(0);
  }
  char ok = 0;
  REQUIRE(::read(ready[0], &ok, 1) == 1);
  REQUIRE(ok == 'y');
  REQUIRE(open_error(file).message.find("pid " + std::to_string(child)) != std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  TestStore t(file);
  REQUIRE(t.get(t.store->status()).schema_version == newest_schema_version());
}

TEST_CASE("a newer schema is refused and left alone") {
  Closed closed;
  meddle(closed.file, "PRAGMA user_version = 99");
  const auto error = open_error(closed.file);
  REQUIRE(error.code == Code::unsupported);
  REQUIRE(error.message.find("99") != std::string::npos);
  meddle(closed.file, "PRAGMA user_version = " + std::to_string(newest_schema_version()));
  TestStore t(closed.file);
  REQUIRE(t.get(t.store->status()).messages == 1);
}

TEST_CASE("every old schema is migrated and its rows are found again") {
  for (int version = 1; version < newest_schema_version(); ++version) {
    Old old(version);
    TestStore t(old.file);
    REQUIRE(t.get(t.store->status()).schema_version == newest_schema_version());
    REQUIRE(t.found("usr_1", "kettles").size() == 1);
  }
}

TEST_CASE("a new database is made in one transaction") {
  TempFolder folder;
  write_file(folder.path / "hob.db", "");
  const auto db = Connection::open(folder.path / "hob.db", Connection::Mode::read_write).value();
  REQUIRE(add_terms_function(db->handle()) == 0);
  REQUIRE(migrate(*db).has_value());
  // The head counts the transactions that changed the file.
  REQUIRE(content_of(folder.path / "hob.db").substr(24, 4) == std::string("\0\0\0\1", 4));
}

TEST_CASE("a copy of what is migrated is kept for its owner alone") {
  Old old(1);
  TestStore t(old.file);
  REQUIRE(mode_of(old.copy()) == 0600);
  meddle(old.copy(), "SELECT count(*) FROM messages");
}

TEST_CASE("a copy from before a migration is never replaced by a later one") {
  Old old(1);
  write_file(old.copy(), "the first copy");
  TestStore t(old.file);
  REQUIRE(t.get(t.store->status()).schema_version == newest_schema_version());
  REQUIRE(content_of(old.copy()) == "the first copy");
}

TEST_CASE("a file that is no database is refused and not overwritten") {
  TempFolder folder;
  const auto file = folder.path / "hob.db";
  const std::string garbage = "this is my shopping list\n" + std::string(5000, 'x');
  write_file(file, garbage);
  const auto error = open_error(file);
  REQUIRE(error.code == Code::unavailable);
  REQUIRE(error.message.find("not a database") != std::string::npos);
  REQUIRE(content_of(file) == garbage);
}

TEST_CASE("another program's database is refused and not overwritten") {
  TempFolder folder;
  const auto file = folder.path / "hob.db";
  meddle(file, "CREATE TABLE bookmarks(url)");
  const std::string before = content_of(file);
  REQUIRE(open_error(file).message.find("not Hob's") != std::string::npos);
  REQUIRE(content_of(file) == before);
}

TEST_CASE("a database that is cut short or overwritten in the middle is refused") {
  Closed closed;
  const std::string whole = content_of(closed.file);
  std::filesystem::resize_file(closed.file, whole.size() / 2);
  REQUIRE(open_error(closed.file).code == Code::unavailable);
  REQUIRE(std::filesystem::file_size(closed.file) == whole.size() / 2);

  std::string scribbled = whole;
  for (std::size_t i = 4096; i < 20 * 4096 && i < scribbled.size(); ++i) scribbled[i] = 'Z';
  write_file(closed.file, scribbled);
  const auto error = open_error(closed.file);
  REQUIRE(error.code == Code::unavailable);
  REQUIRE(error.message.find("damaged") != std::string::npos);
  REQUIRE(content_of(closed.file) == scribbled);
}

TEST_CASE("an empty file becomes a database") {
  TempFolder folder;
  write_file(folder.path / "hob.db", "");
  TestStore t(folder.path / "hob.db");
  REQUIRE(t.get(t.store->status()).users == 0);
}

TEST_CASE("a folder that can't be made is named") {
  TempFolder folder;
  write_file(folder.path / "file", "x");
  const auto error = open_error(folder.path / "file" / "state" / "hob.db");
  REQUIRE(error.code == Code::unavailable);
  REQUIRE(error.message.find((folder.path / "file").string()) != std::string::npos);
}

TEST_CASE("after close every call answers unavailable") {
  TestStore t;
  const auto user = t.user();
  t.store->close();
  REQUIRE(t.fails(t.store->users().list()) == Code::unavailable);
  REQUIRE(t.fails(t.journal().accept(inbound(user, "x"), Durability::synced)) == Code::unavailable);
}

TEST_CASE("status counts what is there") {
  TestStore t;
  const auto turn = t.get(t.journal().accept(inbound(t.user(), "x"), Durability::synced)).turn;
  t.get(t.journal().accept(inbound(turn.user_id, "y"), Durability::synced));
  t.get(t.journal().end_turn(reply_to(turn, "z"), Durability::synced));
  const auto status = t.get(t.store->status());
  REQUIRE(status.users == 1);
  REQUIRE(status.conversations == 2);
  REQUIRE(status.messages == 3);
  REQUIRE(status.turns_open == 1);
  REQUIRE(status.outbox_open == 0);
  REQUIRE(status.database_bytes > 0);
}
