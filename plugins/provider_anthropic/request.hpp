// The body of /v1/messages: https://platform.claude.com/docs/en/api/messages.
//
// What the canonical chat allows and this API does not is put right on the way: system messages go into a field of
// their own, messages of one role in a row become one, the first is a user's, each tool_use is followed by its
// tool_result, no text is empty, and max_tokens is always there.
//
// Prompt cache: at most four marks, each on the last block of a part that the next request repeats byte for byte: the
// system text (with the tools, which stand before it), the messages before the newest user message, and the last two
// rounds of a tool loop. What a mark holds is read at a tenth of the price for the next minutes.
#pragma once

#include "model.hpp"

#include <hob/cpp/data_url.hpp>
#include <hob/cpp/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace provider_anthropic {

/// What the configuration says.
struct Style {
  std::int64_t max_tokens = 8192;      // where the chat names none
  std::int64_t thinking_budget = 0;    // tokens; 0: the model's own default
  std::string effort;                  // "": the model's own default
  std::string prompt_cache = "5m";     // off, 5m, 1h
};

namespace detail {

using hob::JsonRef;
using hob::detail::append_json;
using hob::detail::append_quoted;

inline constexpr std::int64_t kLeastThinking = 1024;  // the API's own
inline constexpr std::int64_t kLeastAnswer = 1024;    // of max_tokens, that thinking leaves

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

inline std::string tool_use_block(JsonRef call) {
  std::string out = R"({"type":"tool_use","id":)";
  append_quoted(out, tool_id(call["id"].text()));
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
  append_quoted(out, tool_id(id));
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

/// A tool's JSON Schema as this API takes it: an object, with no alternatives at its top.
inline void append_schema(std::string& out, JsonRef schema) {
  if (!schema.is_object()) {
    out += R"({"type":"object","properties":{}})";
    return;
  }
  const bool fits = schema["type"].text() == "object" && !schema.contains("anyOf") && !schema.contains("oneOf") && !schema.contains("allOf");
  if (fits) return append_json(out, schema.value());
  hob::JsonObject object{{"type", "object"}};
  for (const auto& member : schema.members()) {
    if (member.key() != "type" && member.key() != "anyOf" && member.key() != "oneOf" && member.key() != "allOf") object[member.key()] = member.value();
  }
  append_json(out, object);
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
    std::string id;
    bool is_answered = false;
  };

  Message& of(bool is_user) {
    if (list.empty() || list.back().is_user != is_user) list.push_back({is_user, {}, 0});
    return list.back();
  }

  void take_assistant(JsonRef message, bool keeps_thoughts) {
    const auto& calls = message["tool_calls"].items();
    std::vector<std::string> blocks = keeps_thoughts ? carried_blocks(message) : std::vector<std::string>();
    if (blocks.empty()) {
      blocks = content_blocks(message["content"]);
      for (const auto& call : calls) blocks.push_back(tool_use_block(call));
    }
    if (blocks.empty()) return;
    for (std::string& block : blocks) of(false).blocks.push_back(std::move(block));
    for (const auto& item : calls) {
      const JsonRef call(item);
      open_.push_back({std::string(call["id"].text())});
      used_tools.emplace_back(call["name"].text());
    }
  }

  /// The blocks as the model wrote them, thoughts and signatures among them; empty: none were carried, or they are
  /// not of these calls.
  static std::vector<std::string> carried_blocks(JsonRef message) {
    std::vector<std::string> blocks;
    const auto& calls = message["tool_calls"].items();
    std::size_t used = 0;
    for (const auto& item : message["carry"]["anthropic"].items()) {
      const JsonRef block(item);
      if (block["type"].text() == "tool_use") {
        if (used == calls.size() || JsonRef(calls[used])["id"].text() != block["id"].text()) return {};
        blocks.push_back(tool_use_block(calls[used++]));
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
      add_result(tool_result_block(id, message["content"]));
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
      append_quoted(block, tool_id(call.id));
      add_result(block + R"(,"content":"no result came","is_error":true})");
    }
    open_.clear();
  }

  std::vector<OpenCall> open_;  // of the last assistant message
};

/// Whether each assistant message of the tool loop at the end begins with its thoughts: with a budget for
/// thinking the API demands it.
inline bool loop_has_thoughts(JsonRef messages) {
  const auto& items = messages.items();
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    const JsonRef message(*item);
    const std::string_view role = message["role"].text();
    if (role == "tool") continue;
    if (role != "assistant" || message["tool_calls"].items().empty()) return true;
    if (!message["carry"]["anthropic"][0]["type"].text().ends_with("thinking")) return false;
  }
  return true;
}

class Body {
 public:
  Body(const hob::Json& chat, const Style& style) : chat_(chat), style_(style), model_(model_of(chat["model"].text())) {}

  std::string write() {
    decide_thinking();
    Messages messages(chat_["messages"], thinks_ || model_.thinks_adaptively());
    if (messages.list.empty()) throw hob::Error{hob::invalid, "the chat has no message that says anything"};
    add_format_words(messages.system);
    mark(messages);
    out_.reserve(4096);
    out_ += R"({"model":)";
    append_quoted(out_, chat_["model"].text());
    out_ += R"(,"max_tokens":)" + std::to_string(max_tokens_);
    append_tools(messages);
    if (!messages.system.empty()) {
      std::string block = text_block(messages.system);
      cache(block);
      out_ += R"(,"system":[)" + block + ']';
    }
    append_messages(messages);
    append_sampling();
    append_thinking();
    append_extra();
    out_ += chat_["stream"].boolean(true) ? R"(,"stream":true})" : R"(,"stream":false})";
    return std::move(out_);
  }

 private:
  bool is_forced() const {
    const JsonRef choice = chat_["tool_choice"];
    return !chat_["tools"].items().empty() && (choice.is_object() || choice.text() == "required");
  }

  void decide_thinking() {
    const std::int64_t wanted = chat_["max_tokens"].integer();
    max_tokens_ = wanted > 0 ? wanted : style_.max_tokens + style_.thinking_budget;
    if (chat_["extra"].contains("thinking")) {
      thinks_ = chat_["extra"]["thinking"]["type"].text() != "disabled";
      return;
    }
    // A tool that must be called leaves no room for thoughts, says the API.
    if (style_.thinking_budget == 0 || is_forced()) return;
    if (model_.thinks_adaptively()) {
      thinks_ = true;
      return;
    }
    // max_tokens is what the caller reckons with at most, so thinking takes from it and never adds to it.
    budget_ = std::min(style_.thinking_budget, max_tokens_ - kLeastAnswer);
    thinks_ = budget_ >= kLeastThinking && loop_has_thoughts(chat_["messages"]);
  }

  /// Without a mode of its own for it, the model is told.
  void add_format_words(std::string& system) const {
    const JsonRef format = chat_["response_format"];
    const std::string_view type = format["type"].text();
    if (type != "json_object" && (type != "json_schema" || model_.has_json_schema())) return;
    if (!system.empty()) system += "\n\n";
    system += "Answer with one JSON object and nothing else: no words around it, no code fence.";
    if (type == "json_schema") {
      system += " It fits this JSON Schema: ";
      append_json(system, format["json_schema"]["schema"].value());
    }
  }

  void cache(std::string& block) const {
    if (style_.prompt_cache == "off") return;
    block.pop_back();
    block += style_.prompt_cache == "1h" ? R"(,"cache_control":{"type":"ephemeral","ttl":"1h"}})" : R"(,"cache_control":{"type":"ephemeral"}})";
  }
  void mark(Messages& messages) const {
    auto& list = messages.list;
    if (messages.stable > 0) {
      Message& last = list[messages.stable - 1];
      const std::size_t blocks = last.is_user ? messages.stable_blocks : last.blocks.size();
      if (blocks > 0) cache(last.blocks[blocks - 1]);
    }
    // The rounds of a loop: the newest, and the one before it, which this request reads.
    for (const std::size_t back : {1u, 3u}) {
      if (list.size() < back || list.size() - back < messages.stable) break;
      Message& round = list[list.size() - back];
      if (round.results == 0) break;
      cache(round.blocks.back());
    }
  }

  void append_tools(const Messages& messages) {
    const auto& tools = chat_["tools"].items();
    if (tools.empty()) return append_used_tools(messages);
    out_ += R"(,"tools":)";
    char before = '[';
    for (const auto& item : tools) {
      const JsonRef tool(item);
      std::string one = R"({"name":)";
      append_quoted(one, tool["name"].text());
      if (!tool["description"].text().empty()) {
        one += R"(,"description":)";
        append_quoted(one, tool["description"].text());
      }
      one += R"(,"input_schema":)";
      append_schema(one, tool["parameters"]);
      one += '}';
      if (&item == &tools.back() && messages.system.empty()) cache(one);
      out_.append(1, before).append(one);
      before = ',';
    }
    out_ += ']';
    append_choice();
  }
  void append_choice() {
    const JsonRef choice = chat_["tool_choice"];
    const bool is_single = !chat_["extra"]["parallel_tool_calls"].boolean(true);
    if (choice.is_null() && !is_single) return;
    std::string_view type = "auto";
    if (choice.is_object()) type = "tool";
    if (choice.text() == "required") type = "any";
    if (choice.text() == "none") type = "none";
    out_.append(R"(,"tool_choice":{"type":")").append(type).append("\"");
    if (choice.is_object()) {
      out_ += R"(,"name":)";
      append_quoted(out_, choice["name"].text());
    }
    if (is_single && type != "none") out_ += R"(,"disable_parallel_tool_use":true)";
    out_ += '}';
  }
  /// Calls in the history want their tools declared, also when none is offered any more.
  void append_used_tools(const Messages& messages) {
    std::vector<std::string> names = messages.used_tools;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (names.empty()) return;
    out_ += R"(,"tools":)";
    char before = '[';
    for (const std::string& name : names) {
      out_.append(1, before).append(R"({"name":)");
      append_quoted(out_, name);
      out_ += R"(,"input_schema":{"type":"object","properties":{}}})";
      before = ',';
    }
    out_ += R"(],"tool_choice":{"type":"none"})";
  }

  void append_messages(const Messages& messages) {
    out_ += R"(,"messages":)";
    char before = '[';
    for (const Message& message : messages.list) {
      out_.append(1, before).append(message.is_user ? R"({"role":"user","content":)" : R"({"role":"assistant","content":)");
      char between = '[';
      for (const std::string& block : message.blocks) {
        out_.append(1, between).append(block);
        between = ',';
      }
      out_ += "]}";
      before = ',';
    }
    out_ += ']';
  }

  void append_sampling() {
    const JsonRef temperature = chat_["temperature"];
    const JsonRef top_p = chat_["top_p"];
    if (model_.has_sampling() && !thinks_) {
      if (temperature.is_number()) {
        out_ += R"(,"temperature":)";
        append_json(out_, std::clamp(temperature.number(), 0.0, 1.0));
      }
      if (top_p.is_number() && (!temperature.is_number() || model_.has_both_samplings())) {
        out_ += R"(,"top_p":)";
        append_json(out_, top_p.value());
      }
    }
    char before = '[';
    for (const auto& item : chat_["stop"].items()) {
      if (is_blank(JsonRef(item).text())) continue;  // the API refuses them
      if (before == '[') out_ += R"(,"stop_sequences":)";
      out_ += before;
      append_quoted(out_, JsonRef(item).text());
      before = ',';
    }
    if (before == ',') out_ += ']';
  }

  void append_thinking() {
    const JsonRef extra = chat_["extra"];
    if (thinks_ && !extra.contains("thinking")) {
      out_ += model_.thinks_adaptively() ? R"(,"thinking":{"type":"adaptive"})"
                                         : R"(,"thinking":{"type":"enabled","budget_tokens":)" + std::to_string(budget_) + "}";
    }
    const JsonRef schema = chat_["response_format"]["json_schema"]["schema"];
    const bool has_format = schema.is_object() && model_.has_json_schema();
    if (extra.contains("output_config") || (style_.effort.empty() && !has_format)) return;
    out_ += R"(,"output_config":{)";
    if (!style_.effort.empty()) out_ += R"("effort":")" + style_.effort + '"';
    if (has_format) {
      out_ += style_.effort.empty() ? R"("format":{"type":"json_schema","schema":)" : R"(,"format":{"type":"json_schema","schema":)";
      append_json(out_, schema.value());
      out_ += '}';
    }
    out_ += '}';
  }

  /// Of what a caller adds, the members that this API knows: it refuses all others.
  void append_extra() {
    for (const char* key : {"top_k", "thinking", "output_config", "metadata", "service_tier", "speed", "inference_geo", "container"}) {
      const JsonRef value = chat_["extra"][key];
      if (value.is_null()) continue;
      out_.append(",\"").append(key).append("\":");
      append_json(out_, value.value());
    }
  }

  const hob::Json& chat_;
  const Style& style_;
  const Model model_;
  bool thinks_ = false;
  std::int64_t budget_ = 0, max_tokens_ = 0;
  std::string out_;
};

}  // namespace detail

/// The body for a canonical chat. Throws invalid where nothing is asked.
inline std::string messages_body(const hob::Json& chat, const Style& style) { return detail::Body(chat, style).write(); }

}  // namespace provider_anthropic
