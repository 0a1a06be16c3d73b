#include "base/sent_text.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

TEST_CASE("what is no message for a tier stays a command") {
  CHECK(is_command("/help"));
  CHECK(is_command("/smart"));
  CHECK(is_command("/smart  \n"));
  CHECK(is_command("/model"));
  CHECK(is_command("/model claude hi"));
  CHECK(is_command("/model local/m"));
  for (const char* text : {"/SMART hi", "/model local/m hi", "//help", "/etc/passwd", "/", "", "help"}) CHECK_FALSE(is_command(text));
}

TEST_CASE("a message's own words are what stands behind who answers it, or behind the escape") {
  CHECK(own_words("/smart  /help ") == "/help");
  CHECK(own_words("/Fast hi") == "hi");
  CHECK(own_words("/model local/m and four?") == "and four?");
  CHECK(own_words("//smart hi") == "/smart hi");
  for (const char* text : {"/help", "/model claude hi", "hi", "", "/"}) CHECK(own_words(text) == text);
}
