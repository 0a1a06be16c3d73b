#include "agent/context.hpp"

#include "base/clock.hpp"
#include "base/sent_text.hpp"
#include "base/text.hpp"
#include "memory/pii.hpp"
#include "models/image_part.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace hobd {
namespace {

constexpr std::size_t kBytesPerToken = 4;
constexpr std::string_view kCutMark = "\n[… cut here: the message is longer than the model's context takes]";

json::object plain_message(std::string_view role, std::string_view content) {
  json::object message;
  message["role"] = role;
  message["content"] = content;
  return message;
}

std::string cut_to(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  return std::string(utf8_prefix(text, bytes)) + std::string(kCutMark);
}

/// Images of a message as parts; attachments of other kinds are named, since the model can't see them.
json::value content_of(const Message& message, std::size_t bytes) {
  std::string text = cut_to(message.role == "user" ? own_words(message.text) : message.text, bytes);
  json::array images;
  for (const json::value& value : message.attachments) {
    const json::object* attachment = value.if_object();
    if (attachment && is_image(*attachment)) {
      images.push_back(*attachment);
    } else {
      const std::string_view name = attachment ? string_or(*attachment, "name", string_or(*attachment, "type", "file")) : "file";
      text += (text.empty() ? "[attached: " : "\n[attached: ") + std::string(name) + "]";
    }
  }
  if (images.empty()) return json::value(json::string(text));
  json::array parts;
  json::object words;
  words["type"] = "text";
  words["text"] = text;
  parts.push_back(std::move(words));
  for (json::value& image : images) parts.push_back(std::move(image));
  return parts;
}

json::object chat_message(const Message& message, std::size_t bytes) {
  json::object object;
  object["role"] = message.role;
  object["content"] = content_of(message, bytes);
  object["at"] = format_time(message.at);  // for provider_offline, which quotes; servers never get it
  if (const json::array* calls = array_at(message.extra, "tool_calls")) object["tool_calls"] = *calls;
  if (const std::string_view id = string_or(message.extra, "tool_call_id"); !id.empty()) object["tool_call_id"] = id;
  for (const char* key : {"carry", "carry_of"})
    if (const json::value* kept = message.extra.if_contains(key)) object[key] = *kept;
  return object;
}

/// The messages that a model is shown, without commands and their replies, beginning with a user's: a tool result or
/// an answer must not stand there without what it answers.
std::vector<const Message*> shown(const std::vector<Message>& recent) {
  std::set<std::string_view> command_turns;
  for (const Message& message : recent)
    if (message.role == "user" && is_command(message.text)) command_turns.insert(message.turn_id);
  std::vector<const Message*> kept;
  for (const Message& message : recent) {
    if (!message.turn_id.empty() && command_turns.contains(message.turn_id)) continue;
    if (kept.empty() && message.role != "user") continue;
    kept.push_back(&message);
  }
  return kept;
}

void append_paragraph(std::string& text, std::string_view more) {
  if (!text.empty() && !more.empty()) text += "\n\n";
  text += more;
}

/// What was recalled, marked off from the message that it stands before. A recalled text can't end the mark.
std::string fence(std::string recalled) {
  constexpr std::string_view kEnd = "</recalled>";
  for (std::size_t at = 0; (at = recalled.find(kEnd, at)) != std::string::npos;) recalled.replace(at, kEnd.size(), "(/recalled)");
  while (recalled.ends_with('\n')) recalled.pop_back();
  return "<recalled>\n" + recalled + "\n</recalled>";
}

json::array parts_of(const json::value& content) {
  if (const json::array* parts = content.if_array()) return *parts;
  json::object text;
  text["type"] = "text";
  text["text"] = content;
  return {std::move(text)};
}

/// `before` and `content` as one content: text while both are, else parts.
json::value joined(const json::value& before, const json::value& content) {
  if (before.is_string() && content.is_string()) {
    std::string text(before.get_string());
    append_paragraph(text, content.get_string());
    return json::value(json::string(text));
  }
  json::array parts = parts_of(before);
  for (json::value& part : parts_of(content)) parts.push_back(std::move(part));
  return parts;
}

void put_before(json::value& content, std::string text) { content = joined(json::value(json::string(text)), content); }

/// Adds a message. The templates of Mistral, Gemma and others refuse two of one role in a row, as a turn
/// that failed leaves them, so such two become one.
void append(json::array& messages, json::object message) {
  json::object* before = messages.back().if_object();
  const std::string_view role = string_or(message, "role");
  const bool joins = before && role != "tool" && string_or(*before, "role") == role && !before->contains("tool_calls") &&
                     !message.contains("tool_calls");
  if (!joins) {
    messages.push_back(std::move(message));
    return;
  }
  message["content"] = joined(before->at("content"), message["content"]);
  *before = std::move(message);
}

json::array merged_tools(const json::array& own, const json::array& clients) {
  std::map<std::string, json::value> by_name;
  for (const json::array* tools : {&own, &clients})
    for (const json::value& tool : *tools)
      if (const json::object* object = tool.if_object()) by_name.insert_or_assign(std::string(string_or(*object, "name")), tool);
  json::array merged;
  for (auto& [name, tool] : by_name) merged.push_back(std::move(tool));
  return merged;
}

}  // namespace

json::object build_chat(const ContextParts& parts) {
  const std::size_t each_recent = parts.budget.each_recent * kBytesPerToken;
  std::string system = parts.persona;
  append_paragraph(system, parts.blocks);
  append_paragraph(system, parts.system);
  append_paragraph(system, parts.summary);
  json::array messages{json::value(nullptr)};  // the system message, once it is whole
  for (const Message* message : shown(parts.recent)) {
    if (message->role == "system")
      append_paragraph(system, message->text);
    else
      append(messages, chat_message(*message, each_recent));
  }
  messages.front() = plain_message("system", system);
  json::object last = chat_message(parts.message, parts.budget.message * kBytesPerToken);
  if (last["content"].is_string()) last["text"] = last["content"];
  std::vector<RecalledItem> items = parts.recalled;
  for (RecalledItem& item : items) item.text = redact_pii(item.text, parts.redact);
  if (std::string recalled = render_recalled(items, parts.budget.recalled * kBytesPerToken); !recalled.empty())
    put_before(last["content"], fence(std::move(recalled)));
  append(messages, std::move(last));

  json::object chat;
  for (const auto& [key, value] : parts.sampling)
    if (key != "model" && key != "messages" && key != "tools" && key != "stream") chat[key] = value;
  if (json::array tools = merged_tools(parts.tools, parts.client_tools); !tools.empty())
    chat["tools"] = std::move(tools);
  else
    chat.erase("tool_choice");
  chat["messages"] = std::move(messages);
  chat["stream"] = true;
  if (!items.empty()) {
    json::array recalled;
    for (const RecalledItem& item : items) recalled.push_back(to_json(item));
    chat["recalled"] = std::move(recalled);
  }
  chat["user_id"] = parts.user_id;
  return chat;
}

json::object tool_calls_message(const ModelAnswer& answer) {
  json::object message = plain_message("assistant", answer.text);
  json::array calls;
  for (const ModelToolCall& call : answer.tool_calls) {
    json::object one;
    one["id"] = call.id;
    one["name"] = call.name;
    // Servers and their chat templates parse it: what no one can read would fail the whole request. Its result quotes it.
    one["arguments"] = parse_json_object(call.arguments).has_value() ? std::string_view(call.arguments) : std::string_view("{}");
    calls.push_back(std::move(one));
  }
  message["tool_calls"] = std::move(calls);
  put_carry(message, answer);
  return message;
}

void put_carry(json::object& message, const ModelAnswer& answer) {
  if (answer.carry.empty()) return;
  message["carry"] = answer.carry;
  message["carry_of"] = answer.usage.model;
}

json::object tool_result_message(std::string_view call_id, std::string_view content) {
  json::object message = plain_message("tool", content);
  message["tool_call_id"] = call_id;
  return message;
}

void add_note(json::array& messages, std::string_view note) {
  if (messages.empty()) return;
  json::value& content = messages.back().as_object()["content"];
  content = joined(content.is_null() ? json::value("") : content, json::value(json::string(note)));
}

}  // namespace hobd
