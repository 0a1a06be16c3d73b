#include "memory/statements.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

void take(std::vector<bool>& foreign, std::size_t at, std::size_t end) {
  for (std::size_t i = at; i < std::min(end, foreign.size()); ++i) foreign[i] = true;
}

struct Line {
  std::size_t at = 0;
  std::string_view text;
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::size_t at = 0;
  for (const std::string_view line : split(text, '\n')) {
    lines.push_back({at, line});
    at += line.size() + 1;
  }
  return lines;
}

bool begins_mail(std::string_view line, std::string_view next) {
  const std::string low = to_lower_ascii(trim(line));
  const std::string_view text = low;
  if (text.starts_with("-----original message") || text.find("forwarded message") != std::string_view::npos ||
      text.starts_with("fwd:") || text.starts_with("fw:"))
    return true;
  if (text.starts_with("on ") && text.ends_with("wrote:")) return true;
  if (!text.starts_with("from:")) return false;
  const std::string below = to_lower_ascii(trim(next));
  return below.starts_with("to:") || below.starts_with("sent:") || below.starts_with("date:") || below.starts_with("subject:") ||
         text.find('@') != std::string_view::npos;
}

/// "Tom: I love golf": a line of a chat that was pasted.
bool is_chat_line(std::string_view line) {
  line = trim(line);
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos || colon < 2 || colon > 30) return false;
  const std::string_view name = line.substr(0, colon);
  if (!std::isupper(static_cast<unsigned char>(name[0])) || std::count(name.begin(), name.end(), ' ') > 1) return false;
  const std::string low = to_lower_ascii(name.substr(0, name.find(' ')));
  constexpr std::string_view kLabels[] = {"correction", "update", "note", "ps", "fyi",  "edit",   "reminder", "fact", "remember", "btw",
                                          "also",       "info",   "me",   "no", "well", "please", "important", "actually", "my", "i", "news", "fun",
                                          "name", "birthday", "home", "job", "the", "today", "tomorrow", "dinner", "plan", "plans"};
  return std::find(std::begin(kLabels), std::end(kLabels), low) == std::end(kLabels);
}

/// A line of code, of a log or of a shell.
bool is_machine_line(std::string_view line) {
  line = trim(line);
  if (line.size() < 2) return false;
  if (line.ends_with(';') || line.ends_with('{') || line.ends_with('}') || line.starts_with("$ ") || line.starts_with("#include") ||
      line.starts_with("Traceback") || line.starts_with("ERROR") || line.starts_with("WARN") || line.starts_with("INFO") ||
      line.starts_with("DEBUG") || line.starts_with("def ") || line.starts_with("class ") || line.starts_with("{\"") || line.starts_with("//"))
    return true;
  const bool has_stamp = line.size() > 12 && (line[0] == '[' || std::isdigit(static_cast<unsigned char>(line[0]))) &&
                         std::count(line.begin(), line.begin() + 12, '-') >= 2;
  if (has_stamp) return true;
  const auto signs = std::count_if(line.begin(), line.end(), [](char c) {
    return std::string_view("{}[]<>=;|\\$#%^&*_~").find(c) != std::string_view::npos;
  });
  return signs * 8 > static_cast<std::ptrdiff_t>(line.size());
}

/// Fenced and inline code.
void take_code(std::string_view text, std::vector<bool>& foreign) {
  for (std::size_t at = text.find("```"); at != std::string_view::npos;) {
    const std::size_t end = text.find("```", at + 3);
    take(foreign, at, end == std::string_view::npos ? text.size() : end + 3);
    at = end == std::string_view::npos ? end : text.find("```", end + 3);
  }
  for (std::size_t at = text.find('`'); at != std::string_view::npos;) {
    const std::size_t end = text.find('`', at + 1);
    if (end == std::string_view::npos || end - at > 400) break;
    take(foreign, at, end + 1);
    at = text.find('`', end + 1);
  }
}

/// Quotation marks around more than a name, or around anything that says "I" or "my".
void take_quotation(std::string_view text, std::vector<bool>& foreign, std::string_view open, std::string_view close) {
  for (std::size_t at = text.find(open); at != std::string_view::npos; at = text.find(open, at)) {
    // A straight single quote opens only behind a space, so that apostrophes don't.
    const bool is_single = open == "'";
    const bool opens = !is_single || at == 0 || std::string_view(" \n(:,").find(text[at - 1]) != std::string_view::npos;
    std::size_t end = opens ? text.find(close, at + open.size()) : std::string_view::npos;
    while (is_single && end != std::string_view::npos && end + 1 < text.size() && std::isalnum(static_cast<unsigned char>(text[end + 1])))
      end = text.find(close, end + 1);
    if (end == std::string_view::npos || end - at > 2000) {
      at += open.size();
      if (!opens) continue;
      if (end == std::string_view::npos) break;
      continue;
    }
    const std::string_view inside = text.substr(at + open.size(), end - at - open.size());
    const auto words = words_of_text(inside);
    const bool is_own = std::any_of(words.begin(), words.end(), [](const Word& word) { return word.text == "i" || word.text == "my"; });
    if (words.size() >= 3 || is_own) take(foreign, at, end + close.size());
    at = end + close.size();
  }
}

}  // namespace

std::vector<bool> foreign_bytes(std::string_view message) {
  std::vector<bool> foreign(message.size(), false);
  take_code(message, foreign);
  take_quotation(message, foreign, "\"", "\"");
  take_quotation(message, foreign, "\xe2\x80\x9c", "\xe2\x80\x9d");
  take_quotation(message, foreign, "\xe2\x80\x9e", "\xe2\x80\x9c");
  take_quotation(message, foreign, "\xc2\xab", "\xc2\xbb");
  take_quotation(message, foreign, "'", "'");
  take_quotation(message, foreign, "\xe2\x80\x98", "\xe2\x80\x99");
  const std::vector<Line> lines = lines_of(message);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto& [at, line] = lines[i];
    const std::string_view next = i + 1 < lines.size() ? lines[i + 1].text : std::string_view();
    if (begins_mail(line, next)) {
      take(foreign, at, message.size());
      break;
    }
    if (trim(line).starts_with('>') || is_chat_line(line) || is_machine_line(line)) take(foreign, at, at + line.size());
  }
  return foreign;
}

}  // namespace hobd
