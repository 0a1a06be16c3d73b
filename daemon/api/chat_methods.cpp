#include "api/keys.hpp"
#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"

namespace hobd {
namespace {

/// Only those who speak for a transport may name it: an admin, a plugin, or a plugin's route on behalf of a user.
Result<std::vector<Message>> read_messages(const json::object& params, std::string_view key) {
  std::vector<Message> messages;
  const json::array* list = array_at(params, key);
  if (!list) return messages;
  for (const json::value& entry : *list) {
    const json::object* object = entry.if_object();
    if (!object) return Error{Code::invalid, "params." + std::string(key) + ": each entry is an object {role, text}"};
    Message message;
    message.role = string_or(*object, "role");
    message.text = string_or(*object, "text");
    message.speaker = string_or(*object, "speaker");
    if (message.role != "user" && message.role != "assistant" && message.role != "tool" && message.role != "system")
      return Error{Code::invalid,
                   "params." + std::string(key) + ": a role is user, assistant, tool or system, not \"" + message.role + "\""};
    if (const json::object* extra = object_at(*object, "extra")) message.extra = *extra;
    if (const json::array* attachments = array_at(*object, "attachments")) message.attachments = *attachments;
    messages.push_back(std::move(message));
  }
  return messages;
}

Result<SendRequest> read_send(const Principal& who, const json::object& params) {
  SendRequest request;
  request.user_id = who.user_id;
  request.user_name = who.user_name;
  request.channel = default_channel(who);
  if (const std::string_view channel = string_or(params, "channel"); !channel.empty()) {
    if (!may_name_channel(who)) return Error{Code::denied, "params.channel: only admins and plugins name the channel"};
    request.channel = channel;
  }
  request.external_id = string_or(params, "external_id");
  request.conversation_id = string_or(params, "conversation_id");
  request.thread = string_or(params, "thread");
  if (const json::value* session = params.if_contains("session_id")) {
    if (session->is_null()) {
      request.session.kind = SessionChoice::Kind::fresh;
    } else {
      request.session.kind = SessionChoice::Kind::given;
      request.session.id = string_or(params, "session_id");
    }
  }
  request.text = string_or(params, "message");
  request.model = string_or(params, "model");
  if (const json::array* attachments = array_at(params, "attachments")) request.attachments = *attachments;
  if (const json::array* tools = array_at(params, "client_tools")) request.client_tools = *tools;
  if (const json::object* sampling = object_at(params, "sampling")) request.sampling = *sampling;
  request.system = string_or(params, "system");
  request.history = TRY(read_messages(params, "history"));
  request.messages = TRY(read_messages(params, "messages"));
  if (request.text.empty() && request.messages.empty() && request.attachments.empty())
    return Error{Code::invalid, "params.message: it is empty, there is nothing to answer"};
  if (bool_or(params, "match_history")) request.fingerprint = conversation_fingerprint(request.history);
  request.promise_early = bool_or(params, "promise_early");
  return request;
}

/// A WebSocket was let in once and then sends turns: each is charged here. An event tells a client how long to wait.
Result<void> charge(const ChatContext& context, const MethodCall& call) {
  if (call.who.via != "ws" || !context.take_turn) return {};
  const auto wait = context.take_turn(call.who.user_id);
  if (wait.count() <= 0) return {};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  Error error{Code::overloaded, "over limits.requests_per_minute: try again in " + std::to_string(seconds) + " s"};
  call.on_event(json::object{
      {"event", "error"}, {"data", {{"status", code_name(error.code)}, {"message", error.message}, {"retry_after", seconds}}}});
  return error;
}

awaitable<Result<json::value>> send(ChatContext context, MethodCall call) {
  CO_CHECK(charge(context, call));
  Principal who = call.who;
  if (const std::string_view name = string_or(call.params, "as_user"); !name.empty()) {
    if (!who.is_admin()) co_return Error{Code::denied, "params.as_user: only an admin speaks for others"};
    CO_CHECK(check_user_name(name));
    CO_TRY(User user, co_await context.users->ensure(std::string(name), false));
    who.user_id = user.id;
    who.user_name = user.name;
  }
  CO_CHECK(need_user(who));
  CO_TRY(SendRequest request, read_send(who, call.params));
  std::function<void(const TurnEvent&)> on_event = [sink = std::move(call.on_event)](const TurnEvent& event) {
    sink(json::object{{"event", event.name}, {"data", event.data}});
  };
  CO_TRY(const TurnReply reply, co_await context.agent->send(std::move(request), std::move(on_event)));
  co_return to_json(reply);
}

awaitable<Result<json::value>> cancel(ChatContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_CHECK(context.agent->cancel(call.who.user_id, string_or(call.params, "turn_id")));
  co_return json::object{{"cancelled", true}};
}

}  // namespace

void add_chat_methods(MethodTable& table, ChatContext context) {
  table.add({.name = "chat.send",
             .scope = "chat",
             .doc = "Say something to Hob and get the reply; streams what happens on the way.",
             .params = params({{"message", "string", Need::required, "what is said"},
                               {"conversation_id", "string|null", Need::optional, "absent or null: a new conversation"},
                               {"session_id", "string|null", Need::optional, "absent: the latest; null: a fresh one"},
                               {"model", "string", Need::optional, "tier/fast, tier/smart or provider/model"},
                               {"attachments", "array"},
                               {"external_id", "string", Need::optional, "a repeat gets the first one's reply"},
                               {"thread", "string", Need::optional, "a place of the channel: one conversation each"},
                               {"channel", "string", Need::optional, "admins and plugins only"},
                               {"as_user", "string", Need::optional, "admins only: whose turn it is"},
                               {"client_tools", "array", Need::optional, "tools that the caller runs"},
                               {"sampling", "object", Need::optional, "temperature, max_tokens, ..."},
                               {"system", "string", Need::optional, "context of this turn only"},
                               {"history", "array", Need::optional, "earlier messages of a new conversation: {role, text, speaker?}"},
                               {"messages", "array", Need::optional, "stored in place of message: {role, text, extra?}"},
                               {"match_history", "boolean", Need::optional, "continue the conversation with this very history"},
                               {"promise_early", "boolean", Need::optional, "on disk before anything is answered"}}),
             .result = result({{"reply", "string", Need::required},
                               {"conversation_id", "string", Need::required},
                               {"session_id", "string", Need::required},
                               {"message_id", "string", Need::required},
                               {"turn_id", "string", Need::required},
                               {"tool_calls", "array"},
                               {"recalled", "array"},
                               {"notice", "string"},
                               {"usage", "object"}}),
             .streaming = true,
             .positional = {"message"}},
            [context](MethodCall call) { return send(context, std::move(call)); });
  table.add({.name = "chat.cancel",
             .scope = "chat",
             .doc = "Stop a running turn; what was said so far is kept.",
             .params = params({{"turn_id", "text", Need::required}}),
             .result = result({{"cancelled", "boolean"}}),
             .positional = {"turn_id"}},
            [context](MethodCall call) { return cancel(context, std::move(call)); });
}

}  // namespace hobd
