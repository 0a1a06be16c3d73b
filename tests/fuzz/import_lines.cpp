// A line of an imported history: messages that may be stored as they are, or an error with words.
#include "api/import_lines.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  std::size_t at = 0;
  std::string_view line;
  std::size_t bytes = 0;
  while (hobd::next_line(text, at, line)) {
    bytes += line.size();
    const auto read = hobd::read_import_line(line, "ann");
    if (read.has_error()) {
      FUZZ_CHECK(read.error().code == hobd::Code::invalid && !read.error().message.empty());
      continue;
    }
    FUZZ_CHECK(read->unknown_fields >= 0);
    for (const hobd::ImportedMessage& item : read->messages) {
      FUZZ_CHECK(!item.conversation.empty() && item.conversation.size() <= 512);
      FUZZ_CHECK(!item.message.external_id.empty() && item.message.external_id.size() <= 512);
      FUZZ_CHECK(item.session.size() <= 512 && item.message.speaker.size() <= 512);
      FUZZ_CHECK(item.message.role == "user" || item.message.role == "assistant" || item.message.role == "tool" || item.message.role == "system");
      FUZZ_CHECK(hobd::is_valid_utf8(item.message.text));
    }
  }
  FUZZ_CHECK(bytes <= size);
  return 0;
}
