#include "store/cursor.hpp"

#include <charconv>
#include <cstdio>

namespace hobd {
namespace {

constexpr std::uint32_t kMostRows = 500;

}  // namespace

// The format: the list's letter, then both numbers as 16 hex digits.
std::string make_cursor(char list, CursorKey key) {
  std::array<char, 34> text{};
  std::snprintf(text.data(), text.size(), "%c%016llx%016llx", list, static_cast<unsigned long long>(key[0]),
                static_cast<unsigned long long>(key[1]));
  return std::string(text.data(), 33);
}

Result<CursorKey> read_page(char list, const PageRequest& page, CursorKey start) {
  if (page.limit < 1 || page.limit > kMostRows)
    return Error{Code::invalid, "limit " + std::to_string(page.limit) + " is not 1 to 500"};
  if (page.cursor.empty()) return start;
  const Error bad(Code::invalid, "the cursor is not one that this list gave: begin again without one");
  if (page.cursor.size() != 33 || page.cursor[0] != list) return bad;
  CursorKey key{};
  for (std::size_t i = 0; i < 2; ++i) {
    std::uint64_t number = 0;
    const char* first = page.cursor.data() + 1 + 16 * i;
    const auto [end, error] = std::from_chars(first, first + 16, number, 16);
    if (error != std::errc{} || end != first + 16) return bad;
    key[i] = static_cast<std::int64_t>(number);
  }
  return key;
}

}  // namespace hobd
