#include "api/keys.hpp"
#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// Whose keys are meant: the caller's, or for an admin anybody's.
awaitable<Result<User>> owner(UserContext context, const MethodCall& call) {
  const std::string which(string_or(call.params, "user"));
  if (which.empty()) {
    CO_CHECK(need_user(call.who));
    co_return co_await context.users->find(call.who.user_id);
  }
  if (!call.who.is_admin() && which != call.who.user_name && which != call.who.user_id)
    co_return Error{Code::denied, "params.user: only an admin manages the keys of others"};
  auto user = co_await context.users->find_by_name(which);
  if (user.has_error() && user.error().code == Code::not_found) co_return co_await context.users->find(which);
  co_return user;
}

/// The scopes of a new key: those asked for, or the user's own; never more than the caller holds.
Result<std::vector<std::string>> wanted_scopes(const MethodCall& call, const User& user) {
  std::vector<std::string> scopes;
  if (const json::array* asked = array_at(call.params, "scopes")) {
    for (const json::value& scope : *asked) {
      if (!scope.is_string()) return Error{Code::invalid, "params.scopes: each is a word such as \"chat\""};
      scopes.emplace_back(scope.get_string());
    }
  } else if (user.admin && call.who.is_admin()) {
    scopes = {"admin"};
  } else {
    scopes.assign(kUserScopes.begin(), kUserScopes.end());
  }
  for (const std::string& scope : scopes)
    if (scope.empty() || !call.who.may(scope))
      return Error{Code::denied, "params.scopes: \"" + scope + "\" is not yours to give"};
  return scopes;
}

awaitable<Result<json::value>> create(UserContext context, MethodCall call) {
  CO_TRY(const User user, co_await owner(context, call));
  ApiKey key;
  key.id = make_id("key");
  key.user_id = user.id;
  key.name = string_or(call.params, "name");
  key.created_at = context.clock->now();
  CO_TRY(key.scopes, wanted_scopes(call, user));
  if (const std::string_view ttl = string_or(call.params, "ttl"); !ttl.empty()) {
    CO_TRY(const std::chrono::milliseconds span, parse_duration(ttl));
    key.expires_at = key.created_at + span;
  }
  const std::string secret = make_api_key();
  key.hash = sha256_hex(secret);
  CO_CHECK(co_await context.users->add_key(key));
  json::object answer = api_json(key);
  answer["user"] = user.name;
  answer["key"] = secret;
  co_return answer;
}

awaitable<Result<json::value>> list(UserContext context, MethodCall call) {
  std::string user_id;
  if (!call.who.is_admin() || !string_or(call.params, "user").empty()) {
    CO_TRY(const User user, co_await owner(context, call));
    user_id = user.id;
  }
  CO_TRY(const std::vector<ApiKey> keys, co_await context.users->list_keys(user_id));
  co_return list_json(keys);
}

awaitable<Result<json::value>> revoke(UserContext context, MethodCall call) {
  const std::string key_id(string_or(call.params, "key_id"));
  if (!call.who.is_admin()) {
    CO_CHECK(need_user(call.who));
    CO_TRY(const std::vector<ApiKey> own, co_await context.users->list_keys(call.who.user_id));
    const bool is_own = std::any_of(own.begin(), own.end(), [&](const ApiKey& key) { return key.id == key_id; });
    if (!is_own) co_return Error{Code::not_found, "no key " + key_id + " of yours"};
  }
  CO_CHECK(co_await context.users->remove_key(key_id));
  context.access_changed();
  co_return json::object{{"revoked", key_id}};
}

}  // namespace

void add_key_methods(MethodTable& table, UserContext context) {
  table.add({.name = "key.create",
             .scope = "keys",
             .doc = "Make an API key; it is shown this once and never again.",
             .params = params({{"name", "string", Need::optional, "what it is for"},
                               {"user", "string", Need::optional, "name or id; absent: you"},
                               {"scopes", "array", Need::optional, "absent: all that the user may do"},
                               {"ttl", "string", Need::optional, "how long it lives, such as 30d; absent: for ever"}}),
             .result = result({{"id", "string", Need::required}, {"key", "string", Need::required}}),
             .positional = {"name"}},
            [context](MethodCall call) { return create(context, std::move(call)); });
  table.add({.name = "key.list",
             .scope = "keys",
             .doc = "Your API keys (an admin: everybody's), without the keys themselves.",
             .params = params({{"user", "string"}}),
             .result = list_result()},
            [context](MethodCall call) { return list(context, std::move(call)); });
  table.add({.name = "key.revoke",
             .scope = "keys",
             .doc = "Make an API key useless at once.",
             .params = params({{"key_id", "text", Need::required}}),
             .result = result({{"revoked", "string"}}),
             .positional = {"key_id"}},
            [context](MethodCall call) { return revoke(context, std::move(call)); });
}

}  // namespace hobd
