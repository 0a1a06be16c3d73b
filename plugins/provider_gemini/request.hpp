// The body of models/{model}:generateContent: https://ai.google.dev/api/generate-content.
//
// Roles are user and model; system messages go into a field of their own; the results of one round of tools stand
// together in one user turn, as many as there were calls. Signatures of thoughts go back in the parts that they came
// with: https://ai.google.dev/gemini-api/docs/thought-signatures.
#pragma once

#include "schema.hpp"

#include <hob/cpp/data_url.hpp>
#include <hob/cpp/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace provider_gemini {

/// What the configuration says.
struct Style {
  std::optional<std::int64_t> thinking_budget;  // tokens; -1: as many as it likes
  std::string thinking_level;
  bool include_thoughts = false;
  std::string safety;  // a threshold; "": the service's own
  OpenObjects open_objects = OpenObjects::as_they_are;
};

namespace detail {

using hob::detail::append_json;
using hob::detail::append_quoted;

inline constexpr std::size_t kMaxStops = 5;  // the API's own
/// What the API takes in place of a signature, for calls that no Gemini made.
inline constexpr const char* kNoSignature = "skip_thought_signature_validator";

inline bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// From Gemini 3 on, a call of the turn that runs must have a signature. Names without a number are of the newest.
inline bool wants_signatures(std::string_view model) {
  for (const char* old : {"gemini-1", "gemini-2", "gemma", "learnlm"})
    if (model.find(old) != std::string_view::npos) return false;
  return true;
}

inline std::string text_part(std::string_view text) {
  std::string out = R"({"text":)";
  append_quoted(out, text);
  return out += '}';
}

inline std::string_view mime_of(std::string_view url) {
  static constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
      {".png", "image/png"}, {".webp", "image/webp"}, {".gif", "image/gif"}, {".heic", "image/heic"}};
  for (const auto& [end, mime] : kEndings)
    if (url.substr(0, url.find('?')).ends_with(end)) return mime;
  return "image/jpeg";
}

inline std::string image_part(JsonRef part) {
  const std::string_view url = part["url"].text();
  const hob::DataUrl inlined = hob::read_data_url(url);
  const bool is_inline = part.contains("data") || !inlined.data.empty();
  // The API reads documents and sounds as well, at a price of theirs.
  const std::string_view mime = inlined.data.empty() ? part["mime"].text("image/png") : inlined.mime;
  if (is_inline && !hob::is_image_mime(mime)) throw hob::Error{hob::invalid, "\"" + std::string(mime) + "\" is no image that the model takes"};
  std::string out = is_inline ? R"({"inlineData":{"mimeType":)" : R"({"fileData":{"mimeType":)";
  if (!is_inline) {
    append_quoted(out, mime_of(url));
    out += R"(,"fileUri":)";
    append_quoted(out, url);
  } else {
    append_quoted(out, mime);
    out += R"(,"data":)";
    append_quoted(out, inlined.data.empty() ? part["data"].text() : inlined.data);
  }
  return out += "}}";
}

inline std::string plain_text(JsonRef content) {
  if (!content.is_array()) return std::string(content.text());
  std::string text;
  for (const auto& part : content.items()) {
    if (!text.empty()) text += '\n';
    text += JsonRef(part)["text"].text();
  }
  return text;
}

inline std::vector<std::string> content_parts(JsonRef content) {
  std::vector<std::string> parts;
  if (!content.is_array()) {
    if (!is_blank(content.text())) parts.push_back(text_part(content.text()));
    return parts;
  }
  for (const auto& item : content.items()) {
    const JsonRef part(item);
    if (part["type"].text() == "image") {
      parts.push_back(image_part(part));
    } else if (!is_blank(part["text"].text())) {
      parts.push_back(text_part(part["text"].text()));
    }
  }
  return parts;
}

/// A model's call. The id goes along only where the service gave it.
inline std::string call_part(JsonRef call, std::string_view id, std::string_view signature) {
  std::string out = R"({"functionCall":{)";
  if (!id.empty()) {
    out += R"("id":)";
    append_quoted(out, id);
    out += ',';
  }
  out += R"("name":)";
  append_quoted(out, call["name"].text());
  out += R"(,"args":)";
  const std::string_view arguments = call["arguments"].text("{}");
  bool is_object = false;
  try {
    is_object = hob::Json::parse(arguments).is_object();
  } catch (const hob::Error&) {
    // The model wrote no JSON. The API takes objects only; the model shall still see what it wrote.
  }
  if (is_object) {
    out += arguments;
  } else if (is_blank(arguments)) {
    out += "{}";
  } else {
    out += R"({"invalid_json":)";
    append_quoted(out, arguments);
    out += '}';
  }
  out += '}';
  if (!signature.empty()) {
    out += R"(,"thoughtSignature":)";
    append_quoted(out, signature);
  }
  return out += '}';
}

inline std::string result_part(std::string_view name, std::string_view id, JsonRef content, bool is_missing) {
  std::string out = R"({"functionResponse":{)";
  if (!id.empty()) {
    out += R"("id":)";
    append_quoted(out, id);
    out += ',';
  }
  out += R"("name":)";
  append_quoted(out, name);
  out += is_missing ? R"(,"response":{"error":)" : R"(,"response":{"result":)";
  append_quoted(out, is_missing ? "no result came" : plain_text(content));
  return out += "}}}";
}

struct Content {
  bool is_user;
  std::vector<std::string> parts;
};

class Contents {
 public:
  Contents(JsonRef messages, bool wants_signatures) : wants_signatures_(wants_signatures) {
    const auto& items = messages.items();
    // Signatures are wanted of the turn that runs: since the newest message of the user.
    std::size_t turn = 0;
    for (std::size_t i = 0; i < items.size(); ++i)
      if (JsonRef(items[i])["role"].text("user") == "user") turn = i;
    for (std::size_t i = 0; i < items.size(); ++i) take(items[i], i > turn);
    answer_open_calls();
    if (!list.empty() && !list.front().is_user) list.insert(list.begin(), {true, {text_part("(The conversation so far began with you.)")}});
  }

  std::string system;
  std::vector<Content> list;

 private:
  struct OpenCall {
    std::string id, service_id, name;
    std::string result;  // the part, once it is there
  };

  std::vector<std::string>& of(bool is_user) {
    if (list.empty() || list.back().is_user != is_user) list.push_back({is_user, {}});
    return list.back().parts;
  }

  void take(JsonRef message, bool is_this_turn) {
    const std::string_view role = message["role"].text("user");
    if (role == "system" || role == "developer") {
      const std::string text = plain_text(message["content"]);
      if (!system.empty() && !text.empty()) system += "\n\n";
      system += text;
    } else if (role == "assistant") {
      answer_open_calls();
      take_model(message, is_this_turn);
    } else if (role == "tool") {
      take_result(message);
    } else {
      answer_open_calls();
      for (std::string& part : content_parts(message["content"])) of(true).push_back(std::move(part));
    }
  }

  void take_model(JsonRef message, bool is_this_turn) {
    const auto& calls = message["tool_calls"].items();
    if (take_carried(message)) return;
    for (std::string& part : content_parts(message["content"])) of(false).push_back(std::move(part));
    bool is_first = true;
    for (const auto& item : calls) {
      const JsonRef call(item);
      const bool needs_one = is_first && is_this_turn && wants_signatures_;
      of(false).push_back(call_part(call, "", needs_one ? kNoSignature : ""));
      open_.push_back({std::string(call["id"].text()), "", std::string(call["name"].text()), ""});
      is_first = false;
    }
  }

  /// The parts as the model wrote them, signatures included. False: none were carried, or they are not of these calls.
  bool take_carried(JsonRef message) {
    const auto& calls = message["tool_calls"].items();
    std::vector<std::string> parts;
    std::vector<OpenCall> open;
    for (const auto& item : message["carry"]["gemini"].items()) {
      const JsonRef part(item);
      if (!part.contains("functionCall")) {
        if (!says_something(part)) continue;
        parts.emplace_back();
        append_json(parts.back(), item);
        continue;
      }
      if (open.size() == calls.size()) return false;
      const JsonRef call(calls[open.size()]);
      const std::string_view id = part["functionCall"]["id"].text();
      if (call["name"].text() != part["functionCall"]["name"].text() || (!id.empty() && call["id"].text() != id)) return false;
      parts.push_back(call_part(call, id, part["thoughtSignature"].text()));
      open.push_back({std::string(call["id"].text()), std::string(id), std::string(call["name"].text()), ""});
    }
    if (parts.empty() || open.size() != calls.size()) return false;
    for (std::string& part : parts) of(false).push_back(std::move(part));
    open_ = std::move(open);
    return true;
  }

  /// A stream's last part is often an empty text, which the API refuses to get back.
  static bool says_something(JsonRef part) { return !part["text"].is_text() || !part["text"].text().empty() || part.contains("thoughtSignature"); }

  void take_result(JsonRef message) {
    const std::string_view id = message["tool_call_id"].text();
    for (OpenCall& call : open_) {
      if (call.id != id || !call.result.empty()) continue;
      call.result = result_part(call.name, call.service_id, message["content"], false);
      return;
    }
    // The call was cut off the history: the API refuses a result without it.
    for (std::string& part : content_parts(message["content"])) of(true).push_back(std::move(part));
  }

  /// All results of a round at once, in the order of the calls.
  void answer_open_calls() {
    for (OpenCall& call : open_) of(true).push_back(call.result.empty() ? result_part(call.name, call.service_id, {}, true) : std::move(call.result));
    open_.clear();
  }

  bool wants_signatures_;
  std::vector<OpenCall> open_;  // of the last model turn
};

class Body {
 public:
  Body(const hob::Json& chat, const Style& style) : chat_(chat), style_(style) {}

  std::string write() {
    Contents contents(chat_["messages"], wants_signatures(chat_["model"].text()));
    if (contents.list.empty()) throw hob::Error{hob::invalid, "the chat has no message that says anything"};
    add_format_words(contents.system);
    out_.reserve(4096);
    append_contents(contents);
    if (!contents.system.empty()) out_ += R"(,"systemInstruction":{"parts":[)" + text_part(contents.system) + "]}";
    append_tools();
    append_generation();
    append_safety();
    for (const char* key : {"cachedContent", "safetySettings"}) {
      if (chat_["extra"][key].is_null()) continue;
      out_.append(",\"").append(key).append("\":");
      append_json(out_, chat_["extra"][key].value());
    }
    return std::move(out_ += '}');
  }

 private:
  bool has_tools() const { return !chat_["tools"].items().empty(); }

  /// Beside functions the API has no JSON mode, so the model is told.
  void add_format_words(std::string& system) const {
    const JsonRef format = chat_["response_format"];
    const std::string_view type = format["type"].text();
    if (!has_tools() || (type != "json_object" && type != "json_schema")) return;
    if (!system.empty()) system += "\n\n";
    system += "Answer with one JSON object and nothing else: no words around it, no code fence.";
    if (type == "json_schema") {
      system += " It fits this JSON Schema: ";
      append_json(system, format["json_schema"]["schema"].value());
    }
  }

  void append_contents(const Contents& contents) {
    out_ += R"({"contents":)";
    char before = '[';
    for (const Content& content : contents.list) {
      out_.append(1, before).append(content.is_user ? R"({"role":"user","parts":)" : R"({"role":"model","parts":)");
      char between = '[';
      for (const std::string& part : content.parts) {
        out_.append(1, between).append(part);
        between = ',';
      }
      out_ += "]}";
      before = ',';
    }
    out_ += ']';
  }

  void append_tools() {
    if (!has_tools()) return;
    out_ += R"(,"tools":[{"functionDeclarations":)";
    char before = '[';
    for (const auto& item : chat_["tools"].items()) {
      const JsonRef tool(item);
      out_.append(1, before).append(R"({"name":)");
      append_quoted(out_, tool["name"].text());
      out_ += R"(,"description":)";
      append_quoted(out_, tool["description"].text());
      // An object without properties is refused: a function without parameters has no such member.
      const JsonObject parameters = gemini_schema(tool["parameters"], style_.open_objects);
      if (parameters.contains("properties")) {
        out_ += R"(,"parameters":)";
        append_json(out_, parameters);
      }
      out_ += '}';
      before = ',';
    }
    out_ += "]}]";
    const JsonRef choice = chat_["tool_choice"];
    if (choice.is_null()) return;
    out_ += R"(,"toolConfig":{"functionCallingConfig":{"mode":)";
    if (choice.is_object()) {
      out_ += R"("ANY","allowedFunctionNames":[)";
      append_quoted(out_, choice["name"].text());
      out_ += ']';
    } else {
      out_ += choice.text() == "required" ? R"("ANY")" : choice.text() == "none" ? R"("NONE")" : R"("AUTO")";
    }
    out_ += "}}";
  }

  void append_generation() {
    hob::JsonObject config;
    const auto copy = [&](JsonRef from, const char* key, const char* as) {
      if (from[key].is_number()) config[as] = from[key].value();
    };
    const JsonRef chat(chat_);
    copy(chat, "max_tokens", "maxOutputTokens");
    copy(chat, "temperature", "temperature");
    copy(chat, "top_p", "topP");
    copy(chat["extra"], "top_k", "topK");
    copy(chat["extra"], "seed", "seed");
    copy(chat["extra"], "presence_penalty", "presencePenalty");
    copy(chat["extra"], "frequency_penalty", "frequencyPenalty");
    hob::JsonArray stops;
    for (const auto& stop : chat["stop"].items())
      if (stops.size() < kMaxStops && !JsonRef(stop).text().empty()) stops.push_back(stop);
    if (!stops.empty()) config["stopSequences"] = std::move(stops);
    const JsonRef format = chat["response_format"];
    if (!has_tools() && format["type"].text().starts_with("json")) {
      config["responseMimeType"] = "application/json";
      JsonObject schema = gemini_schema(format["json_schema"]["schema"], style_.open_objects);
      if (schema.contains("properties") || schema["type"] != "OBJECT") config["responseSchema"] = std::move(schema);
    }
    hob::JsonObject thinking;
    if (style_.thinking_budget) thinking["thinkingBudget"] = *style_.thinking_budget;
    if (!style_.thinking_level.empty()) thinking["thinkingLevel"] = style_.thinking_level;
    if (style_.include_thoughts) thinking["includeThoughts"] = true;
    if (!thinking.empty()) config["thinkingConfig"] = std::move(thinking);
    if (config.empty()) return;
    out_ += R"(,"generationConfig":)";
    append_json(out_, config);
  }

  void append_safety() {
    if (style_.safety.empty() || chat_["extra"].contains("safetySettings")) return;
    out_ += R"(,"safetySettings":)";
    char before = '[';
    for (const char* category : {"HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT"}) {
      out_.append(1, before).append(R"({"category":"HARM_CATEGORY_)").append(category);
      out_.append(R"(","threshold":")").append(style_.safety).append("\"}");
      before = ',';
    }
    out_ += ']';
  }

  const hob::Json& chat_;
  const Style& style_;
  std::string out_;
};

}  // namespace detail

/// The body for a canonical chat. Throws invalid where nothing is asked.
inline std::string contents_body(const hob::Json& chat, const Style& style) { return detail::Body(chat, style).write(); }

}  // namespace provider_gemini
