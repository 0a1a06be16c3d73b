// Two hundred turns at once against a cap that allows only some, over a whole daemon. A trigger in its database notes the
// highest that spent and reserved ever were together.
#include "support/daemon.hpp"
#include "support/http.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <sqlite3.h>

#include <atomic>
#include <thread>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr int kTurns = 200, kUsers = 23;
/// Of a day for all, and of each user; in nano-USD.
constexpr std::int64_t kDayCap = 60'000'000, kUserCap = 12'000'000;

/// The daemon's database while it doesn't run.
class Books {
 public:
  explicit Books(const hobtest::Daemon& daemon) {
    if (sqlite3_open_v2((daemon.state() / "hob.db").c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) throw std::runtime_error("no books");
  }
  ~Books() { sqlite3_close(db_); }
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;
  void run(const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) throw std::runtime_error(std::string("books: ") + error);
  }
  std::int64_t number(const std::string& sql) {
    sqlite3_stmt* rows = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &rows, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
    const std::int64_t value = sqlite3_step(rows) == SQLITE_ROW ? sqlite3_column_int64(rows, 0) : -1;
    sqlite3_finalize(rows);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

struct House {
  House() {
    daemon.start();
    daemon.stop();
    Books books(daemon);
    std::string sql = "CREATE TABLE peaks (scope TEXT PRIMARY KEY, peak INTEGER NOT NULL);";
    for (const std::string when : {"INSERT", "UPDATE"})
      sql += "CREATE TRIGGER peak_" + when + " AFTER " + when + " ON ledger_accounts WHEN new.window LIKE 'day %' BEGIN "
             "INSERT INTO peaks VALUES (new.scope, new.spent_nano + new.reserved_nano) ON CONFLICT(scope) DO UPDATE SET "
             "peak = max(peak, excluded.peak); END;";
    books.run(sql);
  }
  static std::string yaml(int port) {
    return hobtest::fake_models(port, "slow") +
           "  max_tokens: 500\n  prices: {local/slow: {input: 1, output: 2}}\n"
           "  budget: {daily: 0.06, per_user_daily: 0.012, monthly: 0, on_limit: deny}\n";
  }

  hobtest::TempDir dir;
  int port = 0;
  hobtest::Process model = hobtest::start_fake_openai(dir.path() / "model.log", port, {"--delay-ms", "40"});
  hobtest::Daemon daemon{{.models = yaml(port), .extra = "memory: {learn: off}\nproactive: {timezone: Europe/Berlin}\n"}};
};

struct Outcome {
  std::atomic<int> answered{0}, refused{0}, broken{0};
};

/// All turns at once, each on a connection and in a conversation of its own.
std::vector<std::thread> begin_turns(int port, Outcome& outcome) {
  std::vector<std::thread> all;
  for (int i = 0; i < kTurns; ++i)
    all.emplace_back([i, port, &outcome] {
      hobtest::HttpConnection connection(port, 60s);
      const json::object body{{"message", "message " + std::to_string(i)}, {"stream", false}};
      const auto response = connection.request("POST", "/chat", {{"Content-Type", "application/json"}, {"X-User-Id", "user" + std::to_string(i % kUsers)}},
                                               json::serialize(body));
      if (response.status == 200) ++outcome.answered;
      else if (response.status == 429) ++outcome.refused;
      else ++outcome.broken;
    });
  return all;
}

void check_books(hobtest::Daemon& daemon) {
  Books books(daemon);
  CHECK(books.number("SELECT peak FROM peaks WHERE scope = 'all'") <= kDayCap);
  CHECK(books.number("SELECT peak FROM peaks WHERE scope = 'all'") > 0);
  CHECK(books.number("SELECT peak FROM peaks WHERE scope = 'user'") <= kUserCap);
  CHECK(books.number("SELECT count(*) FROM ledger WHERE state = 0") == 0);
  CHECK(books.number("SELECT sum(reserved_nano) + sum(reserved_tokens) FROM ledger_accounts") == 0);
  CHECK(books.number("SELECT sum(spent_nano) FROM ledger_accounts WHERE scope = 'all' AND window LIKE 'day %'") ==
        books.number("SELECT sum(nano) FROM ledger"));
  CHECK(books.number("SELECT sum(spent_nano) FROM ledger_accounts WHERE scope = 'user' AND window LIKE 'month %'") ==
        books.number("SELECT sum(nano) FROM ledger"));
}

}  // namespace

TEST_CASE("two hundred turns at once on many users: some are answered, the rest refused, no cap is passed at any instant") {
  House house;
  house.daemon.start();
  Outcome outcome;
  for (std::thread& one : begin_turns(house.daemon.port(), outcome)) one.join();
  CHECK(house.daemon.stop() == 0);
  INFO(outcome.answered << " answered, " << outcome.refused << " refused, " << outcome.broken << " broken");
  CHECK(outcome.answered > 0);
  CHECK(outcome.refused > 0);
  CHECK(outcome.broken == 0);
  check_books(house.daemon);
}

TEST_CASE("killed in the midst of two hundred turns and started again, no cap was passed and no reservation is left") {
  House house;
  house.daemon.start();
  Outcome outcome;
  auto turns = begin_turns(house.daemon.port(), outcome);
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (outcome.answered == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  house.daemon.kill();
  for (std::thread& one : turns) one.join();
  REQUIRE(outcome.answered > 0);
  {
    Books books(house.daemon);
    CHECK(books.number("SELECT count(*) FROM ledger WHERE state = 0") > 0);  // the kill did come amid calls
  }
  house.daemon.start();
  const auto open_turns = [&] { return Books(house.daemon).number("SELECT count(*) FROM turns WHERE state < 2"); };
  while (open_turns() > 0 && std::chrono::steady_clock::now() < until + 30s) std::this_thread::sleep_for(20ms);
  CHECK(open_turns() == 0);
  CHECK(house.daemon.stop() == 0);
  check_books(house.daemon);
}
