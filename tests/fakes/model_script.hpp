// What the stand-ins for model servers answer, whatever their protocol. To the newest user message T:
//   T holds "CALL name {json}" and no tool has answered since: calls that tool (several CALLs: in parallel)
//   tools have answered since T:  "tools said: <their contents, joined by ' | '>"
//   else                          "echo: T"
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fakes {

struct ScriptedCall {
  std::string id, name, arguments;
};

/// The newest user message and what tools said since.
struct Situation {
  std::string said;
  std::string tools_said;
  std::size_t tool_answers = 0;

  void user(std::string text) {
    constexpr std::string_view kRecalledEnd = "</recalled>\n\n";  // what hobd recalled stands before the user's text
    if (const std::size_t end = text.find(kRecalledEnd); text.starts_with("<recalled>") && end != std::string::npos)
      text.erase(0, end + kRecalledEnd.size());
    said = std::move(text);
    tools_said.clear();
    tool_answers = 0;
  }
  void tool(std::string_view content) { tools_said.append(tool_answers++ ? " | " : "").append(content); }
  std::string reply() const { return tool_answers ? "tools said: " + tools_said : "echo: " + said; }
};

/// "CALL name {json}" wherever it stands in the text. `prefix` begins the ids.
inline std::vector<ScriptedCall> calls_in(const std::string& text, const std::string& prefix) {
  std::vector<ScriptedCall> calls;
  for (std::size_t at = text.find("CALL "); at != std::string::npos; at = text.find("CALL ", at + 5)) {
    const std::size_t space = text.find(' ', at + 5);
    const std::size_t open = text.find('{', at);
    if (space == std::string::npos || open == std::string::npos) break;
    std::size_t depth = 0, end = open;
    for (; end < text.size(); ++end) {
      if (text[end] == '{') ++depth;
      if (text[end] == '}' && --depth == 0) break;
    }
    calls.push_back({prefix + "_" + std::to_string(calls.size()), text.substr(at + 5, space - at - 5), text.substr(open, end - open + 1)});
  }
  return calls;
}

/// The text in about `count` pieces that are whole UTF-8.
inline std::vector<std::string> pieces_of(const std::string& text, std::size_t count) {
  std::vector<std::string> pieces;
  const std::size_t step = std::max<std::size_t>(1, (text.size() + count - 1) / std::max<std::size_t>(1, count));
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.size(), begin + step);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    pieces.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

}  // namespace fakes
