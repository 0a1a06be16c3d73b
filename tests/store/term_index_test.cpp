#include "store/term_index.hpp"

#include "store/support.hpp"
#include "store/sqlite.hpp"
#include "store/terms.hpp"

#include <fstream>

using namespace hobd;
using namespace hobd::testing;

namespace {

struct Indexed {
  Indexed() {
    REQUIRE(add_terms_function(db->handle()) == 0);
    run("CREATE TABLE note(id INTEGER PRIMARY KEY, user INTEGER, text TEXT);"
        "CREATE VIEW note_terms AS SELECT id, index_terms(user, text) AS terms FROM note;"
        "CREATE VIRTUAL TABLE note_fts USING fts5(terms, content = 'note_terms', content_rowid = 'id', tokenize = 'ascii',"
        " detail = none, columnsize = 0);");
  }
  void run(const std::string& sql) { REQUIRE(db->script(sql).has_value()); }
  void add(std::int64_t row, std::int64_t user, const std::string& text) {
    REQUIRE(db->run("INSERT INTO note VALUES (?, ?, ?)", row, user, text).has_value());
    index.add(row, user, text);
  }
  void remove(std::int64_t row, std::int64_t user, const std::string& text) {
    index.remove(row, user, text);
    REQUIRE(db->run("DELETE FROM note WHERE id = ?", row).has_value());
  }
  std::vector<std::int64_t> rows(std::int64_t user, const std::string& term) {
    REQUIRE(index.flush().has_value());
    auto found = db->query("SELECT rowid FROM note_fts WHERE note_fts MATCH ?", "\"" + owned_term(user, term) + "\"").value();
    std::vector<std::int64_t> all;
    while (found.next().value()) all.push_back(found.integer(0));
    return all;
  }
  bool is_sound() { return db->script("INSERT INTO note_fts(note_fts, rank) VALUES ('integrity-check', 1)").has_value(); }
  /// Whether the index's own pages hold these bytes.
  bool holds(const std::string& bytes) {
    return db->number("SELECT count(*) FROM note_fts_data WHERE instr(block, CAST('" + bytes + "' AS BLOB)) > 0").value() > 0;
  }

  static std::unique_ptr<Connection> open(const std::filesystem::path& file) {
    std::ofstream(file).close();
    return Connection::open(file, Connection::Mode::read_write).value();
  }

  TempFolder folder;
  std::unique_ptr<Connection> db = open(folder.path / "test.db");
  TermIndex index{*db, "note_fts"};
};

using Rows = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("each user has posting lists of their own") {
  Indexed t;
  t.add(1, 7, "The heron waits");
  t.add(2, 8, "herons everywhere");
  CHECK(t.rows(7, "heron") == Rows{1});
  CHECK(t.rows(8, "heron") == Rows{2});
  CHECK(t.rows(9, "heron").empty());
  CHECK(t.is_sound());
}

TEST_CASE("what a failed write added is not indexed") {
  Indexed t;
  t.add(1, 7, "heron");
  const std::size_t mark = t.index.mark();
  t.index.add(2, 7, "never stored heron");
  t.index.rewind(mark);
  CHECK(t.rows(7, "heron") == Rows{1});
  CHECK(t.is_sound());
}

TEST_CASE("a removal by a write that failed takes nothing out, nor what waited before it") {
  Indexed t;
  t.add(1, 7, "heron");
  const std::size_t mark = t.index.mark();
  t.index.remove(1, 7, "heron");
  t.index.rewind(mark);
  CHECK(t.rows(7, "heron") == Rows{1});
  CHECK(t.is_sound());
}

TEST_CASE("a removed row leaves no posting, and once scrubbed no term") {
  Indexed t;
  for (int i = 1; i <= 500; ++i) {
    t.add(i, 7, "common text number " + std::to_string(i) + (i == 250 ? " ocelot" : ""));
    REQUIRE(t.index.flush().has_value());
  }
  t.remove(250, 7, "common text number 250 ocelot");
  CHECK(t.rows(7, "ocelot").empty());
  CHECK(t.rows(7, "common").size() == 499);
  CHECK(t.is_sound());
  int steps = 0;
  while (!t.index.scrub(8).value()) REQUIRE(++steps < 1'000);
  CHECK_FALSE(t.holds("ocelot"));
  CHECK(t.rows(7, "common").size() == 499);
  CHECK(t.is_sound());
}

TEST_CASE("the index built anew from its view is the same") {
  Indexed t;
  t.add(1, 7, "Über 青緑 l'eau heron");
  t.add(2, 7, "");
  CHECK(t.rows(7, "heron") == Rows{1});
  t.run("INSERT INTO note_fts(note_fts) VALUES ('rebuild')");
  CHECK(t.rows(7, "青緑") == Rows{1});
  CHECK(t.is_sound());
}
