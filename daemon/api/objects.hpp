// The objects of the API as JSON (conversations, messages, turns, users, ...), and the small readers that
// methods share.
#pragma once

#include "api/method_table.hpp"
#include "store/records.hpp"

namespace hobd {

json::object api_json(const Conversation& conversation);
json::object api_json(const Session& session);
json::object api_json(const Message& message);
json::object api_json(const Step& step);
json::object api_json(const Turn& turn);  // without steps
json::object api_json(const User& user);
json::object api_json(const Identity& identity);
json::object api_json(const ApiKey& key);  // without the hash

/// "" as null: absent ids and times in answers.
json::value text_or_null(std::string_view text);

/// `limit` and `cursor` of a list method.
PageRequest page_request(const json::object& params);

/// {"items":[...],"next_cursor":...}
template <class T>
json::object list_json(const Page<T>& page) {
  json::array items;
  for (const T& item : page.items) items.push_back(api_json(item));
  return {{"items", std::move(items)}, {"next_cursor", text_or_null(page.next)}};
}
template <class T>
json::object list_json(const std::vector<T>& all) {
  return list_json(Page<T>{all, {}});
}

/// denied when the caller is a plugin that asks for itself: the method acts for a person.
Result<void> need_user(const Principal& who);

/// The channel that a caller's turns and model calls belong to when it names none: "http", "socket", a plugin's instance.
std::string default_channel(const Principal& who);
/// Whether it may name another one.
bool may_name_channel(const Principal& who);

/// A user's name: 1..128 bytes of UTF-8 without '/' and control characters.
Result<void> check_user_name(std::string_view name);

}  // namespace hobd
