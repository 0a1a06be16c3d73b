#include "store/sqlite.hpp"
#include "store/support.hpp"

#include <fstream>

using namespace hobd;
using namespace hobd::testing;

namespace {

struct OpenFile {
  OpenFile() {
    std::ofstream(folder.path / "test.db").close();
    db = Connection::open(folder.path / "test.db", Connection::Mode::read_write).value();
  }
  TempFolder folder;
  std::unique_ptr<Connection> db;
};

}  // namespace

TEST_CASE("a query past its deadline stops with timeout, and the next one runs") {
  OpenFile file;
  constexpr auto kEndless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  file.db->set_deadline(std::chrono::steady_clock::now());
  const auto endless = file.db->number(kEndless);
  REQUIRE(endless.has_error());
  REQUIRE(endless.error().code == Code::timeout);
  file.db->set_deadline(std::chrono::steady_clock::time_point::max());
  REQUIRE(file.db->number("SELECT 7").value() == 7);
}

TEST_CASE("the same statement may run inside itself") {
  OpenFile file;
  auto outer = file.db->query("SELECT value FROM (SELECT 1 AS value UNION ALL SELECT 2)").value();
  REQUIRE(outer.next().value());
  auto inner = file.db->query("SELECT value FROM (SELECT 1 AS value UNION ALL SELECT 2)").value();
  REQUIRE(inner.next().value());
  REQUIRE(outer.next().value());
  REQUIRE(outer.integer(0) == 2);
  REQUIRE(inner.integer(0) == 1);
}

TEST_CASE("a database limited in size answers unavailable with what to do") {
  OpenFile file;
  REQUIRE(file.db->script("PRAGMA max_page_count = 10; CREATE TABLE t(x)").has_value());
  const auto full = file.db->run("INSERT INTO t VALUES (?)", std::string(1 << 20, 'x'));
  REQUIRE(full.has_error());
  REQUIRE(full.error().code == Code::unavailable);
  REQUIRE(full.error().message.find("free some space") != std::string::npos);
  REQUIRE(full.error().message.find("test.db") != std::string::npos);
}
