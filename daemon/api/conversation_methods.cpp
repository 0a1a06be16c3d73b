#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/buffer.hpp"

namespace hobd {
namespace {

// An export is one answer, and an answer is one line of at most 16 MiB.
constexpr std::size_t kMaxExport = 12 << 20;

std::string id_of(const MethodCall& call) { return std::string(string_or(call.params, "conversation_id")); }

awaitable<Result<json::value>> list(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Page<Conversation> page,
         co_await context.store->conversations().list(call.who.user_id, page_request(call.params)));
  co_return list_json(page);
}

awaitable<Result<json::value>> get(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Conversations& conversations = context.store->conversations();
  CO_TRY(const Conversation conversation, co_await conversations.find(call.who.user_id, id_of(call)));
  CO_TRY(const std::vector<Session> sessions, co_await conversations.sessions(call.who.user_id, conversation.id));
  CO_TRY(const Page<Message> messages,
         co_await conversations.messages(call.who.user_id, conversation.id,
                                         std::string(string_or(call.params, "session_id")), page_request(call.params)));
  json::object object = api_json(conversation);
  object["sessions"] = list_json(sessions)["items"];
  object["messages"] = list_json(messages);
  co_return object;
}

awaitable<Result<json::value>> create(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Conversation conversation,
         co_await context.store->conversations().create(call.who.user_id, std::string(string_or(call.params, "title")),
                                                        call.who.via, std::string{}));
  co_return api_json(conversation);
}

awaitable<Result<json::value>> remove(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  // Its turns end first: one that runs on would find nothing to end in.
  if (context.agent) co_await context.agent->cancel_conversation(call.who.user_id, id_of(call));
  CO_CHECK(co_await context.store->conversations().remove(call.who.user_id, id_of(call)));
  if (context.router) context.router->forget_answers();
  co_return json::object{{"deleted", true}};
}

awaitable<Result<json::value>> reset(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Session session, co_await context.store->conversations().reset(call.who.user_id, id_of(call)));
  co_return json::object{{"conversation_id", session.conversation_id}, {"session_id", session.id}};
}

awaitable<Result<json::value>> summarize(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Conversation conversation, co_await context.store->conversations().find(call.who.user_id, id_of(call)));
  CO_TRY(const SessionSummary summary, co_await context.buffers->summarize(call.who.user_id, conversation.session_id));
  co_return json::object{{"conversation_id", conversation.id},
                         {"session_id", summary.session_id},
                         {"summary", summary.text},
                         {"upto_message_id", summary.upto_message_id},
                         {"messages", summary.messages},
                         {"from", format_time(summary.from)},
                         {"to", format_time(summary.to)},
                         {"by", summary.by}};
}

awaitable<Result<json::value>> fork(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const Conversation conversation,
         co_await context.store->conversations().fork(call.who.user_id, id_of(call),
                                                      std::string(string_or(call.params, "message_id"))));
  co_return api_json(conversation);
}

awaitable<Result<json::value>> export_all(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  Conversations& conversations = context.store->conversations();
  CO_TRY(const Conversation conversation, co_await conversations.find(call.who.user_id, id_of(call)));
  CO_TRY(const std::vector<Session> sessions, co_await conversations.sessions(call.who.user_id, conversation.id));
  json::array messages;
  std::size_t bytes = 0;
  PageRequest request{.limit = 500, .cursor = {}};
  do {
    CO_TRY(Page<Message> page,
           co_await conversations.messages(call.who.user_id, conversation.id, std::string{}, request));
    for (const Message& message : page.items) {
      bytes += message.text.size() + 512;
      messages.push_back(api_json(message));
    }
    if (bytes > kMaxExport)
      co_return Error{Code::overloaded, "the conversation is too long for one export: page through conversation.get"};
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty());
  json::object object{{"conversation", api_json(conversation)}};
  object["sessions"] = list_json(sessions)["items"];
  object["messages"] = std::move(messages);
  co_return object;
}

const SchemaField kWhich{"conversation_id", "text", Need::required};

}  // namespace

void add_conversation_methods(MethodTable& table, StoreContext context) {
  const auto add = [&](MethodSpec spec, auto function) {
    spec.scope = "conversations";
    table.add(std::move(spec), [context, function](MethodCall call) { return function(context, std::move(call)); });
  };
  const json::value conversation = result({{"id", "string", Need::required}, {"title", "string"}});
  add({.name = "conversation.list",
       .doc = "Your conversations, the latest first.",
       .params = params({{"limit", "limit"}, {"cursor", "string"}}),
       .result = list_result()},
      list);
  add({.name = "conversation.get",
       .doc = "One conversation with a page of its messages, in time order.",
       .params = params({kWhich, {"session_id", "string", Need::optional, "only this session's messages"}, {"limit", "limit"}, {"cursor", "string"}}),
       .result = result({{"id", "string", Need::required}, {"sessions", "array"}, {"messages", "object", Need::required}}),
       .positional = {"conversation_id"}},
      get);
  add({.name = "conversation.create",
       .doc = "Begin an empty conversation.",
       .params = params({{"title", "string"}}),
       .result = conversation,
       .positional = {"title"}},
      create);
  add({.name = "conversation.delete",
       .doc = "Remove a conversation with its messages and turns, for good.",
       .params = params({kWhich}),
       .result = result({{"deleted", "boolean"}}),
       .positional = {"conversation_id"}},
      remove);
  add({.name = "conversation.reset",
       .doc = "Begin a fresh session: the model no longer sees what was said before; the record stays.",
       .params = params({kWhich}),
       .result = result({{"conversation_id", "string"}, {"session_id", "string"}}),
       .positional = {"conversation_id"}},
      reset);
  add({.name = "conversation.summarize",
       .doc = "Put all that was said in the latest session into its summary, which the model sees from then on in place of the messages.",
       .params = params({kWhich}),
       .result = result({{"summary", "string", Need::required},
                         {"upto_message_id", "string", Need::required, "the last message that it stands for"},
                         {"messages", "integer"},
                         {"by", "string", Need::optional, "model, or extract: made of the user's own sentences"}}),
       .positional = {"conversation_id"}},
      summarize);
  add({.name = "conversation.fork",
       .doc = "A new conversation with a copy of the messages up to one of them.",
       .params = params({kWhich, {"message_id", "string", Need::optional, "the last one copied; absent: all of the latest session"}}),
       .result = conversation,
       .positional = {"conversation_id", "message_id"}},
      fork);
  add({.name = "conversation.export",
       .doc = "A whole conversation: sessions and all messages.",
       .params = params({kWhich}),
       .result = result({{"conversation", "object"}, {"sessions", "array"}, {"messages", "array"}}),
       .positional = {"conversation_id"}},
      export_all);
}

}  // namespace hobd
