// What a provider's prompt cache sees of a chat request: its bytes, in parts that have names.
#pragma once

#include "base/json.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace hobd::fakes {

struct PromptPart {
  std::string name, bytes;
};

/// The request in the order of the vendors' templates: tools, the system message's parts, the messages; without the members that no
/// server gets.
inline std::vector<PromptPart> prompt_parts(const json::object& request) {
  std::vector<PromptPart> parts;
  if (const json::array* tools = array_at(request, "tools")) parts.push_back({"tools", json::serialize(*tools)});
  const json::array& messages = request.at("messages").as_array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    json::object message = messages[i].as_object();
    message.erase("at");
    message.erase("text");
    if (i > 0) {
      parts.push_back({"message " + std::to_string(i), json::serialize(message)});
      continue;
    }
    const std::string text(string_or(message, "content"));
    const std::size_t blocks = std::min(text.find("<blocks>"), text.size()), summary = std::min(text.find("<summary>"), text.size());
    const std::size_t persona = std::min(blocks, summary);
    parts.push_back({"persona", text.substr(0, persona)});
    if (blocks < summary) parts.push_back({"blocks", text.substr(blocks, summary - blocks)});
    if (summary < text.size()) parts.push_back({"summary", text.substr(summary)});
  }
  return parts;
}

/// The parts before the newest message, which is told without its recollections the next time.
inline std::vector<PromptPart> stable_parts(const json::object& request) {
  std::vector<PromptPart> parts = prompt_parts(request);
  const json::array& messages = request.at("messages").as_array();
  std::size_t after = 1;
  while (after < messages.size() && string_or(messages[messages.size() - after].as_object(), "role") != "user") ++after;
  parts.resize(parts.size() - after);
  return parts;
}

inline std::string bytes_of(const std::vector<PromptPart>& parts) {
  std::string bytes;
  for (const PromptPart& part : parts) bytes += part.bytes;
  return bytes;
}

struct PrefixBreak {
  std::size_t at = 0;  // the first byte that differs
  std::string part;    // of the earlier prompt; "" nothing differs
};

/// Where `next` ceases to begin with what was to stay of `before`.
inline PrefixBreak first_break(const json::object& before, const json::object& next) {
  const std::vector<PromptPart> kept = stable_parts(before);
  const std::string was = bytes_of(kept), is = bytes_of(prompt_parts(next));
  const std::size_t same = std::size_t(std::mismatch(was.begin(), was.begin() + std::ptrdiff_t(std::min(was.size(), is.size())), is.begin()).first - was.begin());
  PrefixBreak broken;
  if (same == was.size()) return broken;
  broken.at = same;
  std::size_t end = 0;
  for (const PromptPart& part : kept) {
    end += part.bytes.size();
    broken.part = part.name;
    if (same < end) break;
  }
  return broken;
}

}  // namespace hobd::fakes
