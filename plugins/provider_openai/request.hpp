// The body of /chat/completions, written as text straight from the canonical request: on the hot path a second
// tree of values would cost more than all the rest of the translation.
#pragma once

#include <hob/cpp/json.hpp>

#include <set>
#include <utility>

namespace provider_openai {

/// How a server wants it.
struct Style {
  bool stream_usage = true;  // ask for usage at the end of a stream
  bool is_openai = false;    // OpenAI's own newer models take max_completion_tokens alone
};

/// What one model of the server was found not to take, or to demand. Remembered until the configuration changes.
struct Refusals {
  bool stream_options = false;
  bool max_tokens_name = false;  // the other name of max_tokens is wanted
  bool temperature = false;     // models that reason take their own only; top_p likewise
  bool long_ids = false;        // ids of tool calls as another server made them up
  bool reasoning = false;       // its reasoning_content back: DeepSeek's first versions
  bool no_reasoning = false;    // calls without any, if only empty: DeepSeek's thinking mode
  std::set<std::string, std::less<>> extra{};  // of what a caller added
};

namespace detail {

using hob::JsonRef;
using hob::detail::append_json;
using hob::detail::append_quoted;

/// OpenAI's models that reason, told from their name on whatever server: they take max_completion_tokens and no sampling.
inline bool reasons(std::string_view model) {
  model.remove_prefix(model.rfind('/') + 1);  // none: all of it stays
  if (model.find("-chat") != std::string_view::npos) return false;
  for (const std::string_view kind : {"gpt-5", "gpt-6"})
    if (model.starts_with(kind)) return true;
  const std::string_view family = model.substr(0, model.find('-'));
  return family == "o1" || family == "o3" || family == "o4";
}

/// A short id in the place of one: nine letters and digits are all that Mistral takes. FNV-1a, so that a call and its result agree.
inline std::string short_id(std::string_view id) {
  static constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::string out;
  for (int i = 0; i < 9; ++i, hash /= kDigits.size()) out += kDigits[hash % kDigits.size()];
  return out;
}

inline void append_part(std::string& out, JsonRef part) {
  if (part["type"].text() != "image") {
    out += R"({"type":"text","text":)";
    append_quoted(out, part["text"].text());
    out += '}';
    return;
  }
  out += R"({"type":"image_url","image_url":{"url":)";
  if (part.contains("data")) {
    // Base64 and MIME types need no escapes, but both come from outside.
    std::string url = "data:";
    url.append(part["mime"].text("image/png")).append(";base64,").append(part["data"].text());
    append_quoted(out, url);
  } else {
    append_quoted(out, part["url"].text());
  }
  out += "}}";
}

inline void append_content(std::string& out, JsonRef content) {
  if (!content.is_array()) {
    append_quoted(out, content.text());
    return;
  }
  char before = '[';
  for (const auto& part : content.items()) {
    out += before;
    append_part(out, part);
    before = ',';
  }
  out += before == '[' ? "[]" : "]";
}

inline void append_id(std::string& out, std::string_view id, const Refusals& refusals) {
  append_quoted(out, refusals.long_ids ? std::string_view(short_id(id)) : id);
}

/// What the server wants back with its tool calls, from the delta "carry".
inline void append_carried(std::string& out, JsonRef carry, const Refusals& refusals) {
  // OpenRouter's.
  if (carry["reasoning_details"].is_array()) {
    out += R"(,"reasoning_details":)";
    append_json(out, carry["reasoning_details"].value());
  }
  // DeepSeek's, Moonshot's.
  const JsonRef reasoning = carry["reasoning_content"];
  if (refusals.reasoning || (!reasoning.is_text() && !refusals.no_reasoning)) return;
  out += R"(,"reasoning_content":)";
  append_quoted(out, reasoning.text());
}

inline void append_message(std::string& out, JsonRef message, const Refusals& refusals) {
  out += R"({"role":)";
  append_quoted(out, message["role"].text("user"));
  const auto& calls = message["tool_calls"].items();
  const bool says_nothing = message["content"].is_null() || message["content"].text("x").empty();
  out += R"(,"content":)";
  if (!calls.empty() && says_nothing) {
    out += "null";
  } else {
    append_content(out, message["content"]);
  }
  if (message.contains("name")) {
    out += R"(,"name":)";
    append_quoted(out, message["name"].text());
  }
  if (message.contains("tool_call_id")) {
    out += R"(,"tool_call_id":)";
    append_id(out, message["tool_call_id"].text(), refusals);
  }
  if (!calls.empty()) {
    // Google's signatures of thoughts, where its models are asked over this API.
    const auto& kept = message["carry"]["extra_content"].items();
    std::size_t number = 0;
    out += R"(,"tool_calls":)";
    char before = '[';
    for (const auto& item : calls) {
      const JsonRef call(item);
      out += before;
      out += R"({"id":)";
      append_id(out, call["id"].text(), refusals);
      out += R"(,"type":"function","function":{"name":)";
      append_quoted(out, call["name"].text());
      out += R"(,"arguments":)";
      append_quoted(out, call["arguments"].text("{}"));
      out += '}';
      if (kept.size() == calls.size() && kept[number].is_object()) {
        out += R"(,"extra_content":)";
        append_json(out, kept[number]);
      }
      ++number;
      out += '}';
      before = ',';
    }
    out += ']';
    append_carried(out, message["carry"], refusals);
  }
  out += '}';
}

inline void append_tools(std::string& out, const hob::JsonArray& tools) {
  out += R"(,"tools":)";
  char before = '[';
  for (const auto& item : tools) {
    const JsonRef tool(item);
    out += before;
    out += R"({"type":"function","function":{"name":)";
    append_quoted(out, tool["name"].text());
    out += R"(,"description":)";
    append_quoted(out, tool["description"].text());
    out += R"(,"parameters":)";
    if (tool["parameters"].is_object()) {
      append_json(out, tool["parameters"].value());
    } else {
      out += R"({"type":"object","properties":{}})";
    }
    out += "}}";
    before = ',';
  }
  out += ']';
}

}  // namespace detail

inline std::string chat_body(const hob::Json& chat, const Style& style, const Refusals& refusals = {}) {
  using namespace detail;
  std::string out;
  out.reserve(4096);
  out += R"({"model":)";
  append_quoted(out, chat["model"].text());
  out += R"(,"messages":)";
  char before = '[';
  for (const auto& message : chat["messages"].items()) {
    out += before;
    append_message(out, message, refusals);
    before = ',';
  }
  out += before == '[' ? "[]" : "]";
  if (!chat["tools"].items().empty()) {
    append_tools(out, chat["tools"].items());
    const JsonRef choice = chat["tool_choice"];
    if (choice.is_object()) {
      out += R"(,"tool_choice":{"type":"function","function":{"name":)";
      append_quoted(out, choice["name"].text());
      out += "}}";
    } else if (choice.is_text()) {
      out += R"(,"tool_choice":)";
      append_quoted(out, choice.text());
    }
  }
  const auto copy = [&](const char* key, const char* as) {
    if (chat[key].is_null()) return;
    out.append(",\"").append(as).append("\":");
    append_json(out, chat[key].value());
  };
  const bool is_reasoner = reasons(chat["model"].text());
  copy("max_tokens", (style.is_openai || is_reasoner) != refusals.max_tokens_name ? "max_completion_tokens" : "max_tokens");
  if (!is_reasoner && !refusals.temperature) {
    copy("temperature", "temperature");
    copy("top_p", "top_p");
  }
  copy("stop", "stop");
  copy("response_format", "response_format");
  for (const auto& member : chat["extra"].members()) {
    if (member.key() == "parallel_tool_calls" && chat["tools"].items().empty()) continue;  // refused without tools
    if (refusals.extra.contains(std::string_view(member.key()))) continue;
    out += ',';
    append_quoted(out, member.key());
    out += ':';
    append_json(out, member.value());
  }
  const bool streams = chat["stream"].boolean(true);
  out += streams ? R"(,"stream":true)" : R"(,"stream":false)";
  if (streams && style.stream_usage && !refusals.stream_options) out += R"(,"stream_options":{"include_usage":true})";
  out += '}';
  return out;
}

/// Takes from the `words` of a refused request what the model doesn't take. False: they name nothing that was sent and could be
/// left out or named differently.
inline bool learn(Refusals& known, const hob::Json& chat, const Style& style, std::string_view words) {
  const auto names = [words](std::string_view name) { return words.find(name) != std::string_view::npos; };
  const auto once = [](bool& flag) { return !std::exchange(flag, true); };
  const bool is_about_name = names("nsupported") || names("not supported") || names("nrecognized") || names("nknown") || names("xtra inputs") || names("instead");
  if (names("reasoning_content")) {
    // "must be passed back", "missing": it is demanded of each message with calls. Other words: it must not be there.
    const bool is_missed = names("passed back") || names("issing");
    return once(is_missed ? known.no_reasoning : known.reasoning);
  }
  // OpenAI: at most 40 characters. Mistral: "Tool call id was x but must be a-z, A-Z, 0-9, with a length of 9".
  if ((names("tool_call") && names("string too long")) || names("Tool call id was")) return once(known.long_ids);
  if (names("stream_options") || names("include_usage")) {
    const bool was_sent = style.stream_usage && chat["stream"].boolean(true);
    return was_sent && once(known.stream_options);
  }
  if ((names("max_tokens") || names("max_completion_tokens")) && !chat["max_tokens"].is_null()) {
    return is_about_name && once(known.max_tokens_name);
  }
  const bool has_sampling = !chat["temperature"].is_null() || !chat["top_p"].is_null();
  if ((names("temperature") || names("top_p")) && has_sampling && (names("nsupported") || names("not support"))) return once(known.temperature);
  if (!is_about_name) return false;
  for (const auto& member : chat["extra"].members())
    if (names(member.key()) && known.extra.emplace(member.key()).second) return true;
  return false;
}

}  // namespace provider_openai
