#include "store/terms.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using Terms = std::vector<std::string>;

TEST_CASE("terms are stems without case and accents") {
  CHECK(terms("Running RUNS run café CAFÉ Cafe\u0301") == Terms{"run", "run", "run", "cafe", "cafe", "cafe"});
}

TEST_CASE("terms take compatibility forms for what they stand for") {
  CHECK(terms("ＡＢＣ ﬁne Ⅳ²") == Terms{"abc", "fine", "iv2"});
  CHECK(terms("Straße STRASSE") == Terms{"strass", "strass"});
}

TEST_CASE("terms drop what stands behind an English apostrophe, and split at a French one") {
  CHECK(terms("sister's sister’s didn't can't I'm l'eau 'quoted' l'œuf") ==
        Terms{"sister", "sister", "did", "ca", "i", "l", "eau", "quot", "l", "œuf"});
}

TEST_CASE("scripts without spaces give characters and pairs") {
  CHECK(terms("青緑") == Terms{"青", "青緑", "緑"});
  CHECK(terms("tea青 x") == Terms{"tea", "青", "x"});
  CHECK(terms("か\u3099") == terms("が"));
  CHECK(terms("ｶﾞ") == terms("ガ"));
}

TEST_CASE("words of other alphabets are folded and stay whole") {
  CHECK(terms("ЦВЕТ ё") == Terms{"цвет", "е"});
  CHECK(terms("ΧΡΏΜΑ χρώμα") == Terms{"χρωμα", "χρωμα"});
  CHECK(terms("고양이 \u1100\u1169\u110b\u1163\u11bc\u110b\u1175") == Terms{"고양이", "고양이"});
  CHECK(terms("हिन्दी") == Terms{"हिन्दी"});
  CHECK(terms("абcд") == Terms{"абcд"});
}

TEST_CASE("emoji, punctuation and ill-formed bytes separate") {
  CHECK(terms("a🐈b\xff" "c\xe2\x82 -- d_e \"f\" (g)*") == Terms{"a", "b", "c", "d", "e", "f", "g"});
  CHECK(terms("🙂🙂 ?!").empty());
  CHECK(terms("").empty());
}

TEST_CASE("a term is cut to 64 bytes, at a character") {
  CHECK(terms(std::string(5000, 'x')) == Terms{std::string(64, 'x')});
  std::string wide;
  for (int i = 0; i < 5000; ++i) wide += "ж";
  REQUIRE(terms(wide).size() == 1);
  CHECK(terms(wide)[0].size() == 64);
}

TEST_CASE("a mebibyte of marks, of one word, or of words is analysed") {
  std::string marks = "e";
  while (marks.size() < 1 << 20) marks += "\u0301\u0e48\u0323";
  REQUIRE(terms(marks).size() == 1);
  CHECK(terms(marks)[0].size() <= 64);
  CHECK(terms(std::string(1 << 20, 'a')).size() == 1);
  std::string words;
  while (words.size() < 1 << 20) words += "word ";
  CHECK(index_terms(1, words) == "1xword");
}

TEST_CASE("query terms come once, without stop words unless there is nothing else") {
  CHECK(query_terms("What is the anchor, the ANCHOR?") == Terms{"anchor"});
  CHECK(query_terms("what is it") == Terms{"what", "is", "it"});
  CHECK(query_terms("好きな") == Terms{"好き", "きな"});
  CHECK(query_terms("青") == Terms{"青"});
  std::string many;
  for (int i = 0; i < 500; ++i) many += "w" + std::to_string(i) + " ";
  CHECK(query_terms(many).size() == 64);
}

TEST_CASE("what the index holds of a text is its owner's") {
  CHECK(index_terms(12, "The car, the cars") == "12xthe 12xcar");
  CHECK(owned_term(12, "car") == "12xcar");
  CHECK(index_terms(1, "2xcar") == "1x2xcar");
}
