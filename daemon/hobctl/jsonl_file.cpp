#include "hobctl/jsonl_file.hpp"

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

}  // namespace

Result<std::string> read_text_file(std::string_view name) {
  if (name.starts_with('@')) name.remove_prefix(1);
  std::string text;
  if (name == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return text;
  }
  errno = 0;
  std::ifstream file{std::string(name), std::ios::binary};
  std::ostringstream content;
  if (file) content << file.rdbuf();
  text = std::move(content).str();
  // A folder opens, and fails at the first read.
  if (!file.is_open() || (text.empty() && errno != 0))
    return Error{Code::invalid, "read " + std::string(name) + ": " + std::strerror(errno)};
  return text;
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
