// JSON from clients, models and plugins: refused with a message, or a value whose text is JSON again.
#include "base/json.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = hobd::parse_json(text_of(data, size));
  if (value.has_error()) {
    FUZZ_CHECK(!value.error().message.empty() && hobd::is_valid_utf8(value.error().message));
    return 0;
  }
  const std::string text = boost::json::serialize(*value);
  FUZZ_CHECK(hobd::is_valid_utf8(text));
  FUZZ_CHECK(hobd::parse_json(text).has_value());  // Boost.JSON reads the last bit of a double anew
  return 0;
}
