// The body of /v1/messages: https://platform.claude.com/docs/en/api/messages.
//
// Prompt cache: at most four marks, each on the last block of a part that the next request repeats byte for byte: the
// system text (with the tools, which stand before it), the messages before the newest user message, and the last two
// rounds of a tool loop. What a mark holds is read at a tenth of the price for the next minutes.
#pragma once

#include "messages.hpp"
#include "model.hpp"
#include "schema.hpp"

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
  bool has_sampling = true;            // the API's version takes temperature, top_p, top_k
};

/// How a schema for the answer goes along: in a field of the API, or in words where the API refused it.
enum class SchemaWay { native, words };

namespace detail {

inline constexpr std::int64_t kLeastThinking = 1024;  // the API's own
inline constexpr const char* kGoOn = "(Your answer broke off here. Go on with its very next character, and repeat nothing.)";
inline constexpr std::int64_t kLeastAnswer = 1024;    // of max_tokens, that thinking leaves

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

class Body {
 public:
  Body(const hob::Json& chat, const Style& style, SchemaWay way)
      : chat_(chat), style_(style), model_(model_of(chat["model"].text())), has_schema_(way == SchemaWay::native && model_.has_json_schema()) {}

  std::string write() {
    decide_thinking();
    Messages messages(chat_["messages"], thinks_ || model_.thinks_adaptively());
    if (messages.list.empty()) throw hob::Error{hob::invalid, "the chat has no message that says anything"};
    // Thoughts, too, leave no room for a beginning that is given.
    if (!messages.list.back().is_user && (thinks_ || !model_.has_prefill())) messages.list.push_back({true, {text_block(kGoOn)}});
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
  bool has_sampling() const { return style_.has_sampling && model_.has_sampling() && !thinks_; }
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
    if (type != "json_object" && (type != "json_schema" || has_schema_)) return;
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
    if (has_sampling()) {
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
    const bool has_format = schema.is_object() && has_schema_;
    if (extra.contains("output_config") || (style_.effort.empty() && !has_format)) return;
    out_ += R"(,"output_config":{)";
    if (!style_.effort.empty()) out_ += R"("effort":")" + style_.effort + '"';
    if (has_format) {
      out_ += style_.effort.empty() ? R"("format":{"type":"json_schema","schema":)" : R"(,"format":{"type":"json_schema","schema":)";
      append_json(out_, closed_schema(schema.value()));
      out_ += '}';
    }
    out_ += '}';
  }

  /// Of what a caller adds, the members that this API knows: it refuses all others.
  void append_extra() {
    for (const char* key : {"top_k", "thinking", "output_config", "metadata", "service_tier", "speed", "inference_geo", "container"}) {
      const JsonRef value = chat_["extra"][key];
      if (value.is_null() || (std::string_view(key) == "top_k" && !has_sampling())) continue;
      out_.append(",\"").append(key).append("\":");
      append_json(out_, value.value());
    }
  }

  const hob::Json& chat_;
  const Style& style_;
  const Model model_;
  const bool has_schema_;
  bool thinks_ = false;
  std::int64_t budget_ = 0, max_tokens_ = 0;
  std::string out_;
};

}  // namespace detail

/// The body for a canonical chat. Throws invalid where nothing is asked.
inline std::string messages_body(const hob::Json& chat, const Style& style, SchemaWay way = SchemaWay::native) {
  return detail::Body(chat, style, way).write();
}

}  // namespace provider_anthropic
