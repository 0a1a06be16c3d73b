// A model server's event stream: the same events however the network cuts it.
#include "fuzz.hpp"
#include "hob/cpp/sse.hpp"

#include <algorithm>
#include <string>

namespace {

std::string events(std::string_view bytes, std::size_t step) {
  std::string seen;
  hob::SseReader reader;
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, step), [&](const hob::SseEvent& event) {
      seen.append(event.name).append("=").append(event.data).append("\x1e");
    });
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = text_of(data, size);
  const std::string whole = events(bytes, size + 1);
  FUZZ_CHECK(events(bytes, 1) == whole);
  FUZZ_CHECK(events(bytes, 5) == whole);
  return 0;
}
