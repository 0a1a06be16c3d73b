#include "api/import_lines.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

constexpr std::size_t kLongestName = 512;
/// Members of a message that Hob itself wrote and that mean nothing in another house.
constexpr std::array<std::string_view, 4> kOwnMembers = {"conversation_id", "session_id", "turn_id", "channel"};
constexpr std::array<std::string_view, 10> kKnownMembers = {"id",   "conversation", "session", "time",        "role",
                                                            "text", "speaker",      "at",      "external_id", "attachments"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Error bad(std::string_view member, std::string_view why) {
  return {Code::invalid, std::string(member) + ": " + std::string(why)};
}

/// A name: text or a whole number; "" when it is absent or null.
Result<std::string> name_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (!value || value->is_null()) return std::string();
  std::string name;
  if (value->is_string())
    name = value->get_string();
  else if (value->is_int64() || value->is_uint64())
    name = json::serialize(*value);
  else
    return bad(member, "a text or a whole number is wanted");
  if (name.size() > kLongestName) return bad(member, "is longer than 512 bytes");
  return name;
}

Result<std::string> first_name(const json::object& object, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members)
    if (std::string name = TRY(name_of(object, member)); !name.empty()) return name;
  return std::string();
}

Result<std::string> role_of(const json::object& object) {
  const json::value* value = object.if_contains("role");
  if (!value || value->is_null()) return std::string("user");
  const std::string_view role = string_or(object, "role");
  for (const std::string_view known : {"user", "assistant", "tool", "system"})
    if (equals_ignore_case(role, known)) return std::string(known);
  return bad("role", "user, assistant, tool or system is wanted");
}

Result<std::optional<Time>> time_of(const json::object& object) {
  for (const std::string_view member : {"time", "at"}) {
    const json::value* value = object.if_contains(member);
    if (!value || value->is_null()) continue;
    if (value->is_string() && value->get_string().empty()) continue;
    if (!value->is_string()) return bad(member, "a time like 2026-11-21T08:15:30Z is wanted");
    const auto time = parse_time(value->get_string());
    if (time.has_error()) return bad(member, time.error().message);
    return std::optional<Time>(*time);
  }
  return std::optional<Time>();
}

Result<ImportedMessage> read_message(const json::object& object, std::string_view user_name, std::int64_t& unknown) {
  ImportedMessage item;
  Message& message = item.message;
  item.conversation = item.title = TRY(first_name(object, {"conversation", "conversation_id"}));
  if (item.conversation.empty()) return bad("conversation", "is missing");
  item.session = TRY(first_name(object, {"session", "session_id"}));
  message.external_id = TRY(first_name(object, {"external_id", "id"}));
  if (message.external_id.empty()) return bad("id", "is missing");
  const json::value* text = object.if_contains("text");
  if (!text || !text->is_string()) return bad("text", text ? "a text is wanted" : "is missing");
  message.text = text->get_string();
  message.role = TRY(role_of(object));
  item.at = TRY(time_of(object));
  const json::value* speaker = object.if_contains("speaker");
  if (speaker && !speaker->is_string() && !speaker->is_null()) return bad("speaker", "a name is wanted");
  message.speaker = string_or(object, "speaker");
  if (message.speaker.size() > kLongestName) return bad("speaker", "is longer than 512 bytes");
  if (message.speaker.empty() && message.role == "user") message.speaker = user_name;
  if (message.speaker.empty() && message.role == "assistant") message.speaker = "Hob";
  if (const json::value* attachments = object.if_contains("attachments"); attachments && !attachments->is_null()) {
    if (!attachments->is_array()) return bad("attachments", "a list is wanted");
    message.attachments = attachments->get_array();
  }
  if (const json::object* extra = object_at(object, "extra")) message.extra = *extra;
  json::object rest;
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (is_one_of(name, kKnownMembers) || is_one_of(name, kOwnMembers) || (name == "extra" && member.value().is_object())) continue;
    rest[name] = member.value();
  }
  unknown += static_cast<std::int64_t>(rest.size());
  if (!rest.empty()) message.extra["imported"] = std::move(rest);
  return item;
}

/// {"conversation","sessions","messages"}: the conversation is known by its id, for two may have one title.
Result<ImportLine> read_export(const json::object& object, const json::array& messages, std::string_view user_name) {
  const json::object* conversation = object_at(object, "conversation");
  if (!conversation) return bad("conversation", "an object is wanted beside messages");
  const std::string name(string_or(*conversation, "id"));
  if (name.empty() || name.size() > kLongestName) return bad("conversation.id", "is missing");
  ImportLine line;
  for (const json::value& value : messages) {
    const std::string where = "messages[" + std::to_string(line.messages.size()) + "]";
    const json::object* one = value.if_object();
    if (!one) return bad(where, "an object is wanted");
    auto item = read_message(*one, user_name, line.unknown_fields);
    if (item.has_error()) return item.error().with_context(where);
    item->conversation = name;
    item->title = string_or(*conversation, "title");
    line.messages.push_back(*std::move(item));
  }
  return line;
}

}  // namespace

Result<ImportLine> read_import_line(std::string_view line, std::string_view user_name) {
  const json::value value = TRY(parse_json(line));
  const json::object* object = value.if_object();
  if (!object) return Error{Code::invalid, "an object is wanted"};
  if (const json::array* messages = array_at(*object, "messages")) return read_export(*object, *messages, user_name);
  ImportLine read;
  read.messages.push_back(TRY(read_message(*object, user_name, read.unknown_fields)));
  return read;
}

bool next_line(std::string_view text, std::size_t& at, std::string_view& line) {
  if (at >= text.size()) return false;
  const std::size_t end = std::min(text.find('\n', at), text.size());
  line = text.substr(at, end - at);
  at = end + 1;
  return true;
}

}  // namespace hobd
