// Bytes from a socket: whatever comes, in whatever pieces, the parser takes the same requests out of it.
#include "fuzz.hpp"
#include "net/http_parser.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace {

/// Every request in `bytes`, presented `step` bytes at a time, as one text.
std::string requests(std::string_view bytes, std::size_t step) {
  std::string seen, waiting;
  std::optional<hobd::RequestParser> parser(std::in_place, 8 << 10, 64 << 10);
  while (true) {
    const std::size_t taken = parser->feed(waiting);
    FUZZ_CHECK(taken <= waiting.size());
    waiting.erase(0, taken);
    if (parser->state() == hobd::RequestParser::State::failed) {
      FUZZ_CHECK(parser->error_status() >= 400 && parser->error_status() < 600);
      FUZZ_CHECK(!parser->error_message().empty());
      return seen;  // whether it waits or fails at the end of a request that isn't whole depends on the pieces
    }
    if (parser->state() == hobd::RequestParser::State::complete) {
      const bool keeps = parser->keep_alive();
      const hobd::HttpRequest request = parser->take();
      FUZZ_CHECK(request.body.size() <= (64 << 10));
      for (const auto& [name, value] : request.headers.fields())
        FUZZ_CHECK(value.find_first_of("\r\n") == std::string::npos && name.find_first_of(" \r\n:") == std::string::npos);
      seen += request.method + " " + request.target + " " + std::to_string(request.body.size()) + "\n";
      if (!keeps) return seen + "closed";
      parser.emplace(8 << 10, 64 << 10);
      continue;
    }
    if (bytes.empty()) return seen;
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 32 << 10) return 0;
  const std::string_view bytes = text_of(data, size);
  const std::string whole = requests(bytes, size + 1);
  FUZZ_CHECK(requests(bytes, 7) == whole);
  return 0;
}
