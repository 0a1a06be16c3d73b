#include "hobctl/jsonl_file.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

namespace hobd::ctl {
namespace {

void join(json::array& sum, const json::array& more) {
  std::map<std::string, std::size_t, std::less<>> places;
  const auto id_of = [](const json::value& value) { return value.is_object() ? string_or(value.get_object(), "id") : std::string_view{}; };
  for (std::size_t i = 0; i < sum.size(); ++i)
    if (const std::string_view id = id_of(sum[i]); !id.empty()) places.emplace(id, i);
  for (const json::value& value : more) {
    const auto known = places.find(id_of(value));
    if (known == places.end())
      sum.push_back(value);
    else
      merge_answers(sum[known->second].as_object(), value.as_object());
  }
}

/// A line that is not UTF-8 can't travel in JSON: words that are no JSON stand in its place, so that the daemon names its number.
std::string with_ill_lines_marked(std::string text) {
  if (is_valid_utf8(text)) return text;
  std::string marked;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    marked += is_valid_utf8(line) ? line : std::string_view("(this line is not UTF-8)");
    if (end == std::string_view::npos) break;
    marked += '\n';
    rest.remove_prefix(end + 1);
  }
  return marked;
}

}  // namespace

Result<std::string> read_text_file(std::string_view name) {
  if (name.starts_with('@')) name.remove_prefix(1);
  std::string text;
  if (name == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return with_ill_lines_marked(std::move(text));
  }
  errno = 0;
  std::ifstream file{std::string(name), std::ios::binary};
  std::ostringstream content;
  if (file) content << file.rdbuf();
  text = std::move(content).str();
  // A folder opens, and fails at the first read.
  if (!file.is_open() || (text.empty() && errno != 0))
    return Error{Code::invalid, "read " + std::string(name) + ": " + std::strerror(errno)};
  return with_ill_lines_marked(std::move(text));
}

std::vector<TextPiece> split_lines(std::string_view text, std::size_t most) {
  std::vector<TextPiece> pieces;
  std::int64_t line = 1;
  do {
    std::size_t size = text.size();
    if (size > most) {
      const std::size_t before = text.rfind('\n', most - 1);
      const std::size_t end = before == std::string_view::npos ? text.find('\n', most) : before;
      size = std::min(end == std::string_view::npos ? text.size() : end + 1, text.size());
    }
    const std::string_view piece = text.substr(0, size);
    pieces.push_back({piece, line});
    line += std::count(piece.begin(), piece.end(), '\n');
    text.remove_prefix(size);
  } while (!text.empty());
  return pieces;
}

void merge_answers(json::object& sum, const json::object& more) {
  for (const auto& member : more) {
    json::value* before = sum.if_contains(member.key());
    const json::value& value = member.value();
    if (before && before->is_int64() && value.is_int64())
      *before = before->get_int64() + value.get_int64();
    else if (before && before->is_array() && value.is_array())
      join(before->get_array(), value.get_array());
    else
      sum[member.key()] = value;
  }
}

}  // namespace hobd::ctl
