// The WebSockets of /ws. In: {"action":"chat"|"cancel"|"ping"|"subscribe"|"get_memory"|"list_files", ...}; out:
// {"event":"...","data":{...}} with the event names of POST /chat/stream, and pong, memory, files, error, message.
#pragma once

#include <hob/plugin.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace channel_http {

class Sockets {
 public:
  /// Accepts the socket and serves it until it closes. A socket remembers its conversation, so that a chat
  /// without conversation_id goes on.
  void accept(hob::Request request, hob::Responder out, hob::Methods methods);
  /// hob.channel send(): pushes a message to every subscribed socket of the user it is for; unavailable when
  /// none is open.
  hob::Json push(const hob::Json& message);

 private:
  struct Socket;
  static void receive(const std::shared_ptr<Socket>& socket, std::string_view text);
  static void chat(const std::shared_ptr<Socket>& socket, const hob::JsonObject& body);
  static void invoke(const std::shared_ptr<Socket>& socket, const char* method, const hob::JsonObject& params, const char* event);
  /// `retry_after` in seconds; 0: nothing is said of it.
  static void error(Socket& socket, hob::Code code, std::string_view message, std::int64_t retry_after = 0);

  std::unordered_map<hob_id, std::shared_ptr<Socket>> open_;  // shared with the callbacks of running operations
};

}  // namespace channel_http
