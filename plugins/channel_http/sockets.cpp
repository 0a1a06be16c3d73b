#include "sockets.hpp"

namespace channel_http {

using hob::Code;
using hob::Error;
using hob::Json;
using hob::JsonObject;
using hob::JsonValue;

namespace {

constexpr int kMaxRunning = 16;  // turns and queries of one socket at once

constexpr const char* kCodeNames[] = {"ok", "internal", "not_found", "invalid", "denied",
                                      "cancelled", "timeout", "unavailable", "unsupported", "overloaded"};

}  // namespace

struct Sockets::Socket {
  hob::WebSocket out;
  hob::Methods methods;
  std::string user_id, conversation_id;
  std::string turn_id;  // of the latest chat
  bool subscribed = false;
  int running = 0;
};

void Sockets::error(Socket& socket, Code code, std::string_view message, std::int64_t retry_after) {
  JsonObject data{{"status", kCodeNames[code]}, {"message", message}};
  if (retry_after > 0) data["retry_after"] = retry_after;
  socket.out.send(boost::json::serialize(JsonObject{{"event", "error"}, {"data", std::move(data)}}));
}

void Sockets::accept(hob::Request request, hob::Responder out, hob::Methods methods) {
  const hob_id id = out.call();
  auto socket = std::make_shared<Socket>(Socket{out.accept(), methods, std::string(request.user()["id"].text()), {}, {}, false, 0});
  open_.emplace(id, socket);
  std::weak_ptr<Socket> weak = socket;  // the socket holds the listener: no cycle
  socket->out.on_message([weak](bool is_text, std::string_view data) {
    const auto self = weak.lock();
    if (!self) return;
    if (is_text)
      receive(self, data);
    else
      error(*self, hob::unsupported, "send text messages: {\"action\":\"chat\",\"message\":\"...\"}");
  });
  socket->out.on_gone([this, id] {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    const auto self = found->second;
    open_.erase(found);
    self->out.close();
  });
}

void Sockets::receive(const std::shared_ptr<Socket>& socket, std::string_view text) {
  Json message;
  try {
    message = Json::parse(text, 32);
    if (!message.is_object()) throw Error{hob::invalid, "a message must be a JSON object"};
  } catch (const Error& fault) {
    return error(*socket, fault.code, fault.message);
  }
  JsonObject& body = message.as_object();
  const std::string action(message["action"].text());
  if (action == "ping") {
    socket->out.send(R"({"event":"pong","data":{}})");
  } else if (action == "subscribe") {
    socket->subscribed = true;
    socket->out.send(R"({"event":"subscribed","data":{}})");
  } else if (socket->running >= kMaxRunning) {
    error(*socket, hob::overloaded, "too many requests are running on this socket: wait for their done");
  } else if (action == "chat") {
    chat(socket, body);
  } else if (action == "cancel") {
    const std::string_view turn = message["turn_id"].text(socket->turn_id);
    if (turn.empty()) return error(*socket, hob::invalid, "nothing to cancel: give turn_id");
    invoke(socket, "chat.cancel", {{"turn_id", turn}}, "cancelled");
  } else if (action == "get_memory") {
    const std::string_view query = message["query"].text(message["q"].text());
    if (query.empty()) return error(*socket, hob::invalid, "get_memory needs query: what to look for");
    invoke(socket, "memory.search", {{"q", query}}, "memory");
  } else if (action == "list_files") {
    invoke(socket, "workspace.files", {}, "files");
  } else {
    error(*socket, hob::invalid, "unknown action \"" + action + "\": chat, cancel, ping, subscribe, get_memory and list_files are known");
  }
}

void Sockets::chat(const std::shared_ptr<Socket>& socket, const JsonObject& body) {
  JsonObject params{{"channel", "ws"}, {"promise_early", true}};
  for (const char* name : {"message", "session_id", "model", "attachments"})
    if (const JsonValue* value = body.if_contains(name)) params[name] = *value;
  if (!params.contains("message")) return error(*socket, hob::invalid, "message is missing: {\"action\":\"chat\",\"message\":\"...\"}");
  const JsonValue* conversation = body.if_contains("conversation_id");
  if (conversation && !conversation->is_null())
    params["conversation_id"] = *conversation;
  else if (!conversation && !socket->conversation_id.empty())
    params["conversation_id"] = socket->conversation_id;
  if (const JsonValue* id = body.if_contains("id"); id && id->is_string()) params["external_id"] = *id;

  ++socket->running;
  const auto retry_after = std::make_shared<std::int64_t>(0);  // shared by the two callbacks
  // Events go to the client as they are; only the first is read, for the conversation's id, and an error's wait.
  try {
    socket->methods.start(
        "chat.send", boost::json::serialize(params), socket->out.id(),
        [socket, retry_after](std::string_view event) {
          if (event.starts_with(R"({"event":"session")")) {
            const Json session = Json::parse(event);
            socket->conversation_id = session["data"]["conversation_id"].text();
            socket->turn_id = session["data"]["turn_id"].text();
          }
          if (event.starts_with(R"({"event":"error")")) *retry_after = Json::parse(event)["data"]["retry_after"].integer();
          // The end comes with the result, so that it is said once.
          if (event.starts_with(R"({"event":"done")") || event.starts_with(R"({"event":"error")")) return;
          socket->out.send(event);
        },
        [socket, retry_after](Code code, std::string_view result) {
          --socket->running;
          if (code != hob::ok) return error(*socket, code, result, *retry_after);
          socket->out.send(R"({"event":"done","data":)" + std::string(result) + "}");
        });
  } catch (const Error& fault) {
    --socket->running;
    error(*socket, fault.code, fault.message);
  }
}

void Sockets::invoke(const std::shared_ptr<Socket>& socket, const char* method, const JsonObject& params, const char* event) {
  ++socket->running;
  socket->methods.start(method, boost::json::serialize(params), socket->out.id(), nullptr, [socket, event](Code code, std::string_view result) {
    --socket->running;
    if (code != hob::ok) return error(*socket, code, result);
    socket->out.send(std::string(R"({"event":")") + event + R"(","data":)" + std::string(result) + "}");
  });
}

Json Sockets::push(const Json& message) {
  const std::string_view user = message["to"]["id"].text();
  const std::string text = boost::json::serialize(JsonObject{{"event", "message"}, {"data", message}});
  int reached = 0;
  for (const auto& [id, socket] : open_)
    if (socket->subscribed && socket->user_id == user && socket->out.send(text)) ++reached;
  if (reached == 0) throw Error{hob::unavailable, "no subscribed WebSocket of this user is open"};
  return Json{{"message_id", message["id"].value()}};
}

}  // namespace channel_http
