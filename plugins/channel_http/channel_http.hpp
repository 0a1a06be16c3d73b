// The plugin: routes that translate HTTP to methods, and the WebSockets that are open.
#pragma once

#include "sockets.hpp"

#include <hob/plugin.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace channel_http {

class HttpChannel final : public hob::Plugin {
 private:
  using ReadParams = std::function<void(const hob::Request&, hob::JsonObject& params)>;
  using Render = std::function<hob::Response(const hob::Json& result)>;

  void setup() override;
  void pages();
  void lists();
  void memory_routes();
  void chat_routes();
  void openai_routes();

  /// A route that is one method: its parameters read from the request, its result passed on unparsed.
  void pass(std::string_view pattern, std::string method, ReadParams read);
  /// Calls a method and answers with what `render` makes of its result.
  void start(std::string_view method, const hob::JsonObject& params, hob_id as_call, hob::Responder out, Render render);
  /// Calls a method and answers with its result, unparsed.
  void start_text(std::string_view method, const hob::JsonObject& params, hob_id as_call, hob::Responder out);
  /// POST /chat: {"chunk"} events.
  void chat_chunks(hob_id call, const hob::JsonObject& params, hob::Responder out);
  /// POST /chat/stream: named events.
  void chat_events(hob_id call, const hob::JsonObject& params, hob::Responder out);
  /// POST /v1/chat/completions.
  void complete(hob::Request request, hob::Responder out);

  Sockets sockets_;
};

}  // namespace channel_http
