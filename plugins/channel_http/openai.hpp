// OpenAI's wire format over Hob's methods: pure translation, no I/O.
//
// POST /v1/chat/completions becomes chat.send for the model "hob" (the whole assistant) and model.complete for
// any other (a bare model); POST /v1/embeddings becomes model.embed. Format: OpenAI API reference, "Chat Completions", "Embeddings".
#pragma once

#include <hob/plugin.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace channel_http {

struct Completion {
  std::string method;      // "chat.send" or "model.complete"
  hob::JsonObject params;  // of that method
  std::string model;       // as the client named it
  bool stream = false, include_usage = false;
};

/// Reads a request body. `admin`: whether "user" may name the user as "name/conversation". Throws
/// hob::Error{invalid} that names the member.
Completion read_completion(const hob::JsonObject& body, bool admin);

struct Embeddings {
  hob::JsonObject params;  // of model.embed
  std::string model;       // as the client named it
  bool in_base64 = false;
};
/// Reads the body of POST /v1/embeddings. Throws hob::Error{invalid} that names the member.
Embeddings read_embeddings(const hob::JsonObject& body);
/// The answer, from model.embed's result.
hob::JsonObject embeddings_json(const Embeddings& asked, const hob::JsonObject& result);

/// The fields that every chunk and the whole answer share.
struct AnswerHead {
  std::string id, model;
  std::int64_t created = 0;  // seconds since 1970
};

/// The whole answer, from the result of either method.
hob::JsonObject completion_json(const AnswerHead& head, const hob::JsonObject& result);

/// Stream chunks as lines of "data: {...}\n\n".
std::string role_chunk(const AnswerHead& head);
std::string text_chunk(const AnswerHead& head, std::string_view delta);
/// What follows the text: tool calls, the finish reason, usage when asked for, "[DONE]". `text_shown`: false when
/// no delta came, so that the text goes out here.
std::string last_chunks(const AnswerHead& head, const hob::JsonObject& result, bool text_shown, bool include_usage);

}  // namespace channel_http
