// What a log line doesn't show.
#include "base/log.hpp"
#include "base/log_scrub.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

TEST_CASE("each line of the log goes through the scrubber") {
  log::set_scrubber([](std::string_view text) {
    std::string scrubbed(text);
    if (const std::size_t at = scrubbed.find("4111"); at != std::string::npos) scrubbed.replace(at, 4, "[card]");
    return scrubbed;
  });
  log::error("test", "paid with 4111");
  log::set_scrubber(nullptr);
  log::error("test", "paid with 4111 again");
  const auto lines = log::recent(2);
  CHECK(lines[0].text == "paid with [card]");
  CHECK(lines[1].text == "paid with 4111 again");
}
