// A model folder's files: the first byte says which. Refused with a message, or read; a tokenizer that was read takes any text.
#include "embedder_static/safetensors.hpp"
#include "embedder_static/tokenizer.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = text_of(data + 1, size - 1);
  try {
    if (data[0] % 2 == 0) {
      std::uint64_t end = 8 + text.size(), bytes = 0;
      const std::uint64_t room = data[0] * 60;
      for (const auto& [name, tensor] : embedder_static::read_header(text, room)) {
        FUZZ_CHECK(tensor.offset >= end && tensor.offset + tensor.size <= end + room);
        bytes += tensor.size;
      }
      FUZZ_CHECK(bytes == room);
    } else {
      const auto tokenizer = embedder_static::Tokenizer::read(text);
      std::vector<std::uint32_t> ids;
      tokenizer.encode(text, 100, ids);
      FUZZ_CHECK(ids.size() <= 100);
      for (const std::uint32_t id : ids) FUZZ_CHECK(id <= tokenizer.vocabulary().highest_id());
    }
  } catch (const hob::Error& error) {
    FUZZ_CHECK(!error.message.empty());
  }
  return 0;
}
