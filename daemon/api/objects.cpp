#include "api/objects.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace hobd {

json::value text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

json::object api_json(const Conversation& c) {
  return {{"id", c.id},
          {"title", c.title},
          {"channel", c.channel},
          {"thread", text_or_null(c.thread)},
          {"session_id", text_or_null(c.session_id)},
          {"message_count", c.message_count},
          {"created_at", format_time(c.created_at)},
          {"updated_at", format_time(c.updated_at)}};
}

json::object api_json(const Session& s) {
  json::object object{{"id", s.id}, {"conversation_id", s.conversation_id}, {"created_at", format_time(s.created_at)}};
  if (!s.label.empty()) object["label"] = s.label;
  return object;
}

json::object api_json(const Message& m) {
  json::object object{{"id", m.id},
                      {"conversation_id", m.conversation_id},
                      {"session_id", m.session_id},
                      {"turn_id", text_or_null(m.turn_id)},
                      {"role", m.role},
                      {"speaker", m.speaker},
                      {"text", m.text},
                      {"at", format_time(m.at)},
                      {"channel", m.channel},
                      {"external_id", text_or_null(m.external_id)},
                      {"attachments", m.attachments}};
  if (!m.extra.empty()) object["extra"] = m.extra;
  return object;
}

json::object api_json(const Step& s) {
  return {{"seq", s.seq}, {"kind", s.kind}, {"at", format_time(s.at)}, {"took_ms", s.took_ms}, {"data", s.data}};
}

json::object api_json(const Turn& t) {
  return {{"id", t.id},
          {"conversation_id", t.conversation_id},
          {"session_id", t.session_id},
          {"channel", t.channel},
          {"external_id", text_or_null(t.external_id)},
          {"message_id", t.message_id},
          {"reply_id", text_or_null(t.reply_id)},
          {"state", turn_state_name(t.state)},
          {"error", text_or_null(t.error)},
          {"usage", to_json(t.usage)},
          {"created_at", format_time(t.created_at)},
          {"updated_at", format_time(t.updated_at)}};
}

json::object api_json(const User& u) {
  return {{"id", u.id}, {"name", u.name}, {"admin", u.admin}, {"created_at", format_time(u.created_at)}};
}

json::object api_json(const Identity& i) {
  return {{"channel", i.channel},
          {"external_id", i.external_id},
          {"display_name", i.display_name},
          {"user_id", text_or_null(i.user_id)},
          {"pairing_code", text_or_null(i.pairing_code)},
          {"created_at", format_time(i.created_at)}};
}

json::object api_json(const ApiKey& k) {
  const auto time = [](const std::optional<Time>& at) { return text_or_null(at ? format_time(*at) : std::string{}); };
  json::array scopes(k.scopes.begin(), k.scopes.end());
  return {{"id", k.id},
          {"user_id", k.user_id},
          {"name", k.name},
          {"scopes", std::move(scopes)},
          {"created_at", format_time(k.created_at)},
          {"expires_at", time(k.expires_at)},
          {"last_used_at", time(k.last_used_at)}};
}

PageRequest page_request(const json::object& params) {
  return {.limit = static_cast<std::uint32_t>(int_or(params, "limit", 50)),
          .cursor = std::string(string_or(params, "cursor"))};
}

Result<void> need_user(const Principal& who) {
  if (who.user_id.empty())
    return Error{Code::denied, "this method acts for a user, and nobody is named: pass the call whose user asks"};
  return {};
}

Result<void> check_user_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= 128 && is_valid_utf8(name) && trim(name) == name &&
                    std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/'; });
  if (fits) return {};
  return Error{Code::invalid, "a user's name is 1 to 128 bytes of text without '/', control characters and outer spaces"};
}

bool may_name_channel(const Principal& who) {
  return who.is_admin() || who.via.starts_with("plugin:") || who.via.starts_with("channel:") || who.via == "http" ||
         who.via == "ws";
}

std::string default_channel(const Principal& who) {
  const std::size_t colon = who.via.find(':');
  return colon == std::string::npos ? who.via : who.via.substr(colon + 1);
}

}  // namespace hobd
