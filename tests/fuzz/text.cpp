// The small parsers: durations, sizes, times, UTF-8, cursors, and the words of a search.
#include "base/clock.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"
#include "store/cursor.hpp"
#include "store/terms.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  if (const auto duration = hobd::parse_duration(text)) FUZZ_CHECK(duration->count() >= 0);
  (void)hobd::parse_size(text);
  if (const auto time = hobd::parse_time(text)) {
    const auto again = hobd::parse_time(hobd::format_time(*time));
    FUZZ_CHECK(again.has_value() && *again == *time);
  }
  const std::string repaired = hobd::to_valid_utf8(text);
  FUZZ_CHECK(hobd::is_valid_utf8(repaired));
  FUZZ_CHECK(!hobd::is_valid_utf8(text) || repaired == text);
  (void)hobd::read_page('m', {.limit = 10, .cursor = std::string(text)}, {0, 0});
  for (const std::string& term : hobd::terms(text))
    for (const char c : term) FUZZ_CHECK((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80);
  FUZZ_CHECK(hobd::query_terms(text).size() <= 64);
  return 0;
}
