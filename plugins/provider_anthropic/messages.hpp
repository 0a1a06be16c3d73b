// The canonical messages as the blocks of the Messages API: https://platform.claude.com/docs/en/api/messages.
//
// What the canonical chat allows and this API does not is put right on the way: system messages go into a field of
// their own, messages of one role in a row become one, the first is a user's, each tool_use is followed by its
// tool_result, and no text is empty.
#pragma once

#include <hob/cpp/data_url.hpp>
#include <hob/cpp/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace provider_anthropic::detail {

using hob::JsonRef;
using hob::detail::append_json;
using hob::detail::append_quoted;

inline bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

inline std::string text_block(std::string_view text) {
  std::string out = R"({"type":"text","text":)";
  append_quoted(out, text);
  return out += '}';
}

inline std::string image_block(JsonRef part) {
  std::string out = R"({"type":"image","source":)";
  const hob::DataUrl inlined = hob::read_data_url(part["url"].text());
  if (part.contains("data") || !inlined.data.empty()) {
    out += R"({"type":"base64","media_type":)";
    append_quoted(out, inlined.data.empty() ? part["mime"].text("image/png") : inlined.mime);
    out += R"(,"data":)";
    append_quoted(out, inlined.data.empty() ? part["data"].text() : inlined.data);
  } else {
    out += R"({"type":"url","url":)";
    append_quoted(out, part["url"].text());
  }
  return out += "}}";
}

inline std::vector<std::string> content_blocks(JsonRef content) {
  std::vector<std::string> blocks;
  if (!content.is_array()) {
    if (!is_blank(content.text())) blocks.push_back(text_block(content.text()));
    return blocks;
  }
  for (const auto& item : content.items()) {
    const JsonRef part(item);
    if (part["type"].text() == "image") {
      blocks.push_back(image_block(part));
    } else if (!is_blank(part["text"].text())) {
      blocks.push_back(text_block(part["text"].text()));
    }
  }
  return blocks;
}

/// The texts of a content, for the system field.
inline std::string plain_text(JsonRef content) {
  if (!content.is_array()) return std::string(content.text());
  std::string text;
  for (const auto& part : content.items()) {
    if (!text.empty()) text += '\n';
    text += JsonRef(part)["text"].text();
  }
  return text;
}

/// Ids of other providers may hold what this one refuses.
inline std::string tool_id(std::string_view id) {
  std::string out(id);
  for (char& c : out) {
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!is_allowed) c = '_';
  }
  return out.empty() ? "call" : out;
}

inline std::string tool_use_block(std::string_view id, JsonRef call) {
  std::string out = R"({"type":"tool_use","id":)";
  append_quoted(out, id);
  out += R"(,"name":)";
  append_quoted(out, call["name"].text());
  out += R"(,"input":)";
  const std::string_view arguments = call["arguments"].text("{}");
  try {
    if (hob::Json::parse(arguments).is_object()) return out.append(arguments) += '}';
  } catch (const hob::Error&) {
    // The model wrote no JSON. The API takes objects only; the model shall still see what it wrote.
  }
  if (is_blank(arguments)) return out += "{}}";
  out += R"({"invalid_json":)";
  append_quoted(out, arguments);
  return out += "}}";
}

inline std::string tool_result_block(std::string_view id, JsonRef content) {
  std::string out = R"({"type":"tool_result","tool_use_id":)";
  append_quoted(out, id);
  out += R"(,"content":)";
  if (!content.is_array()) {
    append_quoted(out, content.text());
  } else {
    char before = '[';
    for (const std::string& block : content_blocks(content)) {
      out.append(1, before).append(block);
      before = ',';
    }
    out += before == '[' ? "[]" : "]";
  }
  return out += '}';
}

/// One message of the request, its blocks as text.
struct Message {
  bool is_user;
  std::vector<std::string> blocks;
  std::size_t results = 0;  // tool_result blocks, which stand first
};

/// The canonical messages in the order and roles that this API takes.
class Messages {
 public:
  /// `keeps_thoughts`: the thinking of a tool loop goes back with it.
  Messages(JsonRef messages, bool keeps_thoughts) {
    for (const auto& item : messages.items()) {
      const JsonRef message(item);
      const std::string_view role = message["role"].text("user");
      if (role == "system" || role == "developer") {
        const std::string text = plain_text(message["content"]);
        if (!system.empty() && !text.empty()) system += "\n\n";
        system += text;
      } else if (role == "assistant") {
        answer_open_calls();
        take_assistant(message, keeps_thoughts);
      } else if (role == "tool") {
        take_result(message);
      } else {
        answer_open_calls();
        stable = list.size();
        stable_blocks = list.empty() ? 0 : list.back().blocks.size();
        for (std::string& block : content_blocks(message["content"])) of(true).blocks.push_back(std::move(block));
      }
    }
    answer_open_calls();
    if (!list.empty() && !list.front().is_user) {
      list.insert(list.begin(), {true, {text_block("(The conversation so far began with you.)")}, 0});
      if (stable > 0) ++stable;
    }
  }

  std::string system;
  std::vector<Message> list;
  std::size_t stable = 0;         // messages before the newest user message,
  std::size_t stable_blocks = 0;  // and blocks of the last of these
  std::vector<std::string> used_tools;

 private:
  struct OpenCall {
    std::string id;       // as the chat has it
    std::string wire_id;  // as this API takes it
    bool is_answered = false;
  };

  Message& of(bool is_user) {
    if (list.empty() || list.back().is_user != is_user) list.push_back({is_user, {}, 0});
    return list.back();
  }

  void take_assistant(JsonRef message, bool keeps_thoughts) {
    const auto& calls = message["tool_calls"].items();
    for (const auto& item : calls) {
      const JsonRef call(item);
      open_.push_back({std::string(call["id"].text()), unique_id(call["id"].text())});
      used_tools.emplace_back(call["name"].text());
    }
    std::vector<std::string> blocks = keeps_thoughts ? carried_blocks(message) : std::vector<std::string>();
    if (blocks.empty()) {
      blocks = content_blocks(message["content"]);
      for (std::size_t i = 0; i < calls.size(); ++i) blocks.push_back(tool_use_block(open_[i].wire_id, calls[i]));
    }
    for (std::string& block : blocks) of(false).blocks.push_back(std::move(block));
  }

  /// Servers that number the calls of each answer anew give the same id twice, which this API refuses.
  std::string unique_id(std::string_view id) {
    const std::string plain = tool_id(id);
    std::string unique = plain;
    for (int number = 2; !used_ids_.insert(unique).second; ++number) unique = plain + "_" + std::to_string(number);
    return unique;
  }

  /// The blocks as the model wrote them, thoughts and signatures among them; empty: none were carried, or they are
  /// not of these calls.
  std::vector<std::string> carried_blocks(JsonRef message) const {
    std::vector<std::string> blocks;
    const auto& calls = message["tool_calls"].items();
    std::size_t used = 0;
    for (const auto& item : message["carry"]["anthropic"].items()) {
      const JsonRef block(item);
      if (block["type"].text() == "tool_use") {
        if (used == calls.size() || JsonRef(calls[used])["id"].text() != block["id"].text()) return {};
        blocks.push_back(tool_use_block(open_[used].wire_id, calls[used]));
        ++used;
      } else {
        blocks.emplace_back();
        append_json(blocks.back(), item);
      }
    }
    if (used != calls.size()) return {};
    return blocks;
  }

  void take_result(JsonRef message) {
    const std::string_view id = message["tool_call_id"].text();
    for (OpenCall& call : open_) {
      if (call.id != id || call.is_answered) continue;
      call.is_answered = true;
      add_result(tool_result_block(call.wire_id, message["content"]));
      return;
    }
    // The call was cut off the history: the API refuses a result without it.
    for (std::string& block : content_blocks(message["content"])) of(true).blocks.push_back(std::move(block));
  }

  void add_result(std::string block) {
    Message& user = of(true);
    user.blocks.insert(user.blocks.begin() + static_cast<std::ptrdiff_t>(user.results++), std::move(block));
  }

  void answer_open_calls() {
    for (const OpenCall& call : open_) {
      if (call.is_answered) continue;
      std::string block = R"({"type":"tool_result","tool_use_id":)";
      append_quoted(block, call.wire_id);
      add_result(block + R"(,"content":"no result came","is_error":true})");
    }
    open_.clear();
  }

  std::vector<OpenCall> open_;  // of the last assistant message
  std::set<std::string, std::less<>> used_ids_;
};

/// Whether each assistant message of the last tool loop begins with its thoughts, if no answer followed it: with a budget
/// for thinking the API demands it, also where the user has said something since.
inline bool loop_has_thoughts(JsonRef messages) {
  const auto& items = messages.items();
  bool is_in_loop = false;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    const JsonRef message(*item);
    const std::string_view role = message["role"].text();
    if (role == "tool" || (!is_in_loop && role != "assistant")) continue;
    is_in_loop = true;
    if (role != "assistant" || message["tool_calls"].items().empty()) return true;
    if (!message["carry"]["anthropic"][0]["type"].text().ends_with("thinking")) return false;
  }
  return true;
}

}  // namespace provider_anthropic::detail
