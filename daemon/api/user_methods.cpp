#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

namespace hobd {
namespace {

/// A user by id or by name.
awaitable<Result<User>> find_user(Users& users, std::string which) {
  auto user = co_await users.find(which);
  if (user.has_error() && user.error().code == Code::not_found) co_return co_await users.find_by_name(std::move(which));
  co_return user;
}

awaitable<Result<json::value>> list(UserContext context) {
  CO_TRY(const std::vector<User> users, co_await context.users->list());
  co_return list_json(users);
}

awaitable<Result<json::value>> add(UserContext context, MethodCall call) {
  const std::string name(string_or(call.params, "name"));
  CO_CHECK(check_user_name(name));
  CO_TRY(const User user, co_await context.users->ensure(name, bool_or(call.params, "admin")));
  co_return api_json(user);
}

awaitable<Result<json::value>> remove(UserContext context, MethodCall call) {
  CO_TRY(const User user, co_await find_user(*context.users, std::string(string_or(call.params, "user"))));
  if (user.id == call.who.user_id) co_return Error{Code::invalid, "params.user: you can't remove yourself"};
  CO_CHECK(co_await context.users->remove(user.id));
  context.access_changed();
  co_return json::object{{"removed", user.name}};
}

awaitable<Result<json::value>> whoami(MethodCall call) {
  const auto& scopes = call.who.scopes;
  co_return json::object{{"id", text_or_null(call.who.user_id)},
                         {"name", text_or_null(call.who.user_name)},
                         {"admin", call.who.is_admin()},
                         {"scopes", json::array(scopes.begin(), scopes.end())},
                         {"via", call.who.via}};
}

awaitable<Result<json::value>> identities(UserContext context) {
  CO_TRY(const std::vector<Identity> all, co_await context.users->list_identities());
  co_return list_json(all);
}

awaitable<Result<json::value>> approve(UserContext context, MethodCall call) {
  std::string user_id = call.who.user_id;
  if (const std::string_view which = string_or(call.params, "user"); !which.empty()) {
    CO_TRY(const User user, co_await find_user(*context.users, std::string(which)));
    user_id = user.id;
  }
  if (user_id.empty()) co_return Error{Code::invalid, "params.user: say whose identity it becomes"};
  CO_TRY(const Identity identity,
         co_await context.users->approve_identity(std::string(string_or(call.params, "code")), user_id));
  co_return api_json(identity);
}

awaitable<Result<json::value>> revoke(UserContext context, MethodCall call) {
  CO_CHECK(co_await context.users->remove_identity(std::string(string_or(call.params, "channel")),
                                                   std::string(string_or(call.params, "external_id"))));
  co_return json::object{{"revoked", true}};
}

}  // namespace

void add_user_methods(MethodTable& table, UserContext context) {
  const json::value user = result({{"id", "string", Need::required}, {"name", "string", Need::required}, {"admin", "boolean"}});
  table.add({.name = "user.list", .scope = "admin", .doc = "Everybody Hob knows.", .params = params({}), .result = list_result()},
            [context](MethodCall) { return list(context); });
  table.add({.name = "user.add",
             .scope = "admin",
             .doc = "Make a user; one who is there already is given back.",
             .params = params({{"name", "text", Need::required}, {"admin", "boolean"}}),
             .result = user,
             .positional = {"name"}},
            [context](MethodCall call) { return add(context, std::move(call)); });
  table.add({.name = "user.remove",
             .scope = "admin",
             .doc = "Remove a user and everything that is theirs, for good.",
             .params = params({{"user", "text", Need::required, "name or id"}}),
             .result = result({{"removed", "string"}}),
             .positional = {"user"}},
            [context](MethodCall call) { return remove(context, std::move(call)); });
  table.add({.name = "user.whoami",
             .doc = "Who you are here and what you may do.",
             .params = params({}),
             .result = result({{"id", "string|null"}, {"name", "string|null"}, {"scopes", "array"}})},
            [](MethodCall call) { return whoami(std::move(call)); });
  table.add({.name = "identity.list",
             .scope = "admin",
             .doc = "People as channels know them, and the pairing codes that wait.",
             .params = params({}),
             .result = list_result()},
            [context](MethodCall) { return identities(context); });
  table.add({.name = "identity.approve",
             .scope = "admin",
             .doc = "Give the person behind a pairing code to a user.",
             .params = params({{"code", "text", Need::required}, {"user", "string", Need::optional, "name or id; absent: you"}}),
             .result = result({{"channel", "string"}, {"external_id", "string"}, {"user_id", "string|null"}}),
             .positional = {"code", "user"}},
            [context](MethodCall call) { return approve(context, std::move(call)); });
  table.add({.name = "identity.revoke",
             .scope = "admin",
             .doc = "Forget a person of a channel: they need a pairing code again.",
             .params = params({{"channel", "text", Need::required}, {"external_id", "text", Need::required}}),
             .result = result({{"revoked", "boolean"}}),
             .positional = {"channel", "external_id"}},
            [context](MethodCall call) { return revoke(context, std::move(call)); });
}

}  // namespace hobd
