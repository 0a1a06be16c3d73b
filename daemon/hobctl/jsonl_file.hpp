// Files of JSON lines as parameters: read, cut into pieces that a call can hold, and the pieces' answers made one.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hobd::ctl {

/// A line of the control socket has 16 MiB at most, and a text may double as a JSON string.
constexpr std::size_t kMostPieceBytes = 7 << 20;

/// The content of a file; "-" is standard input, and a '@' before the name is ignored. invalid: it can't be read.
Result<std::string> read_text_file(std::string_view name);

struct TextPiece {
  std::string_view text;
  std::int64_t first_line = 1;
};
/// Whole lines, in pieces of at most `most` bytes where a line is not longer by itself. One piece for an empty text.
std::vector<TextPiece> split_lines(std::string_view text, std::size_t most);

/// Adds `more` to `sum`: numbers are added; lists are joined, where objects of one "id" become one; of the rest the latest counts.
void merge_answers(json::object& sum, const json::object& more);

}  // namespace hobd::ctl
