#include "openai.hpp"

#include <array>

namespace channel_http {
namespace {

using hob::Error;
using hob::JsonArray;
using hob::JsonObject;
using hob::JsonValue;

const JsonValue* member(const JsonObject& object, std::string_view key) {
  const JsonValue* value = object.if_contains(key);
  return value && !value->is_null() ? value : nullptr;
}

std::string_view text_of(const JsonValue* value) {
  const boost::json::string* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

bool flag(const JsonObject& object, std::string_view key, const std::string& where) {
  const JsonValue* value = member(object, key);
  if (!value) return false;
  if (!value->is_bool()) throw Error{hob::invalid, where + " must be true or false"};
  return value->get_bool();
}

/// A message in the form that chat.send takes: {role, text, extra?, attachments?}.
JsonObject read_message(const JsonValue& value, const std::string& where) {
  const JsonObject* message = value.if_object();
  if (!message) throw Error{hob::invalid, where + " must be an object"};
  std::string role(text_of(member(*message, "role")));
  if (role == "developer") role = "system";
  if (role != "system" && role != "user" && role != "assistant" && role != "tool")
    throw Error{hob::invalid, where + ".role must be system, developer, user, assistant or tool"};

  std::string text;
  JsonArray attachments;
  const JsonValue* content = member(*message, "content");
  if (!content && role == "assistant") content = member(*message, "refusal");  // what the model said in its place
  if (content && content->is_string()) {
    text = content->get_string();
  } else if (content && content->is_array()) {
    for (const JsonValue& part : content->get_array()) {
      const JsonObject* object = part.if_object();
      const std::string_view type = object ? text_of(member(*object, "type")) : std::string_view();
      if (type == "text" || type == "refusal") {
        if (!text.empty()) text += "\n";
        text += text_of(member(*object, type));
      } else if (type == "image_url") {
        const JsonValue* image = member(*object, "image_url");
        const std::string_view url = image && image->is_object() ? text_of(member(image->get_object(), "url")) : text_of(image);
        if (url.empty()) throw Error{hob::invalid, where + ".content: an image_url part needs image_url.url"};
        attachments.push_back(JsonObject{{"type", "image"}, {"url", url}});
      } else {
        throw Error{hob::invalid, where + ".content: parts of type text and image_url are taken, not \"" + std::string(type) + "\""};
      }
    }
  } else if (content) {
    throw Error{hob::invalid, where + ".content must be a text or an array of parts"};
  }

  JsonObject extra;
  if (const JsonValue* calls = member(*message, "tool_calls"); calls && role == "assistant") {
    JsonArray list;
    if (!calls->is_array()) throw Error{hob::invalid, where + ".tool_calls must be an array"};
    for (const JsonValue& call : calls->get_array()) {
      const JsonObject* object = call.if_object();
      const JsonValue* function = object ? member(*object, "function") : nullptr;
      if (!function || !function->is_object()) throw Error{hob::invalid, where + ".tool_calls: each needs a function"};
      list.push_back(JsonObject{{"id", text_of(member(*object, "id"))},
                                {"name", text_of(member(function->get_object(), "name"))},
                                {"arguments", text_of(member(function->get_object(), "arguments"))}});
    }
    extra["tool_calls"] = std::move(list);
  }
  if (role == "tool") {
    const std::string_view id = text_of(member(*message, "tool_call_id"));
    if (id.empty()) throw Error{hob::invalid, where + ".tool_call_id is missing"};
    extra["tool_call_id"] = id;
  }
  if (!content && !extra.contains("tool_calls")) throw Error{hob::invalid, where + ".content is missing"};

  JsonObject out{{"role", role}, {"text", text}};
  if (!extra.empty()) out["extra"] = std::move(extra);
  if (!attachments.empty()) out["attachments"] = std::move(attachments);
  return out;
}

JsonArray read_tools(const JsonValue& tools) {
  const JsonArray* list = tools.if_array();
  if (!list) throw Error{hob::invalid, "tools must be an array"};
  JsonArray out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = "tools[" + std::to_string(i) + "]";
    const JsonObject* tool = (*list)[i].if_object();
    const JsonValue* function = tool ? member(*tool, "function") : nullptr;
    if (!function || !function->is_object() || text_of(member(*tool, "type")) != "function")
      throw Error{hob::invalid, where + " must be {\"type\":\"function\",\"function\":{...}}"};
    const JsonObject& f = function->get_object();
    if (text_of(member(f, "name")).empty()) throw Error{hob::invalid, where + ".function.name is missing"};
    JsonObject entry{{"name", text_of(member(f, "name"))}, {"description", text_of(member(f, "description"))}};
    const JsonValue* parameters = member(f, "parameters");
    entry["parameters"] = parameters ? *parameters : JsonValue(JsonObject{{"type", "object"}, {"properties", JsonObject{}}});
    out.push_back(std::move(entry));
  }
  return out;
}

/// What a model takes besides messages, under the names of the canonical chat request.
JsonObject read_sampling(const JsonObject& body) {
  JsonObject out;
  for (const char* key : {"temperature", "top_p", "response_format"})
    if (const JsonValue* value = member(body, key)) out[key] = *value;
  for (const char* key : {"max_tokens", "max_completion_tokens"})
    if (const JsonValue* value = member(body, key)) {
      if (!value->is_int64() || value->get_int64() <= 0) throw Error{hob::invalid, std::string(key) + " must be a positive integer"};
      out["max_tokens"] = *value;
    }
  JsonObject extra;  // what some models take and others do not
  for (const char* key : {"parallel_tool_calls", "seed", "frequency_penalty", "presence_penalty", "logit_bias", "reasoning_effort", "verbosity"})
    if (const JsonValue* value = member(body, key)) extra[key] = *value;
  if (!extra.empty()) out["extra"] = std::move(extra);
  if (const JsonValue* stop = member(body, "stop")) out["stop"] = stop->is_string() ? JsonValue(JsonArray{*stop}) : *stop;
  if (const JsonValue* choice = member(body, "tool_choice")) {
    const JsonObject* named = choice->if_object();
    const JsonValue* function = named ? member(*named, "function") : nullptr;
    if (choice->is_string())
      out["tool_choice"] = *choice;
    else if (function && function->is_object())
      out["tool_choice"] = JsonObject{{"name", text_of(member(function->get_object(), "name"))}};
    else
      throw Error{hob::invalid, "tool_choice must be none, auto, required or {\"type\":\"function\",\"function\":{\"name\":...}}"};
  }
  return out;
}

/// Splits the client's messages into what chat.send takes: the system text, the history and the new part.
void split_messages(JsonArray messages, bool has_thread, JsonObject& params) {
  std::string system;
  JsonArray rest;
  for (JsonValue& message : messages) {
    JsonObject& object = message.get_object();
    if (object.at("role").get_string() == "system") {
      if (!system.empty()) system += "\n\n";
      system += object.at("text").get_string();
    } else {
      rest.push_back(std::move(object));
    }
  }
  if (rest.empty()) throw Error{hob::invalid, "messages holds nothing to answer: end it with a user message"};
  std::size_t first_new = rest.size() - 1;
  const auto role = [&](std::size_t i) -> std::string_view { return rest[i].get_object().at("role").get_string(); };
  if (role(first_new) == "assistant") throw Error{hob::invalid, "the last message must be from user or tool, not assistant"};
  while (role(first_new) == "tool" && first_new > 0 && role(first_new - 1) == "tool") --first_new;

  if (role(rest.size() - 1) == "tool") {
    params["messages"] = JsonArray(rest.begin() + std::ptrdiff_t(first_new), rest.end());
    params["message"] = "";
  } else {
    JsonObject& last = rest.back().get_object();
    params["message"] = last.at("text");
    if (const JsonValue* attachments = last.if_contains("attachments")) params["attachments"] = *attachments;
  }
  if (!has_thread) {
    rest.erase(rest.begin() + std::ptrdiff_t(first_new), rest.end());
    params["history"] = std::move(rest);
    params["match_history"] = true;
  }
  if (!system.empty()) params["system"] = system;
}

/// The messages as the canonical chat request has them.
JsonArray canonical(const JsonArray& messages) {
  JsonArray out;
  for (const JsonValue& value : messages) {
    const JsonObject& message = value.get_object();
    JsonObject entry{{"role", message.at("role")}};
    if (const JsonValue* attachments = message.if_contains("attachments")) {
      JsonArray parts;
      if (!message.at("text").get_string().empty()) parts.push_back(JsonObject{{"type", "text"}, {"text", message.at("text")}});
      for (const JsonValue& part : attachments->get_array()) parts.push_back(part);
      entry["content"] = std::move(parts);
    } else {
      entry["content"] = message.at("text");
    }
    if (const JsonValue* extra = message.if_contains("extra"))
      for (const auto& [key, part] : extra->get_object()) entry[key] = part;
    out.push_back(std::move(entry));
  }
  return out;
}

JsonObject usage_json(const JsonObject& result) {
  const JsonValue* found = member(result, "usage");
  const JsonObject usage = found && found->is_object() ? found->get_object() : JsonObject{};
  const auto count = [&](const char* key) -> std::int64_t {
    const JsonValue* value = member(usage, key);
    return value && value->is_int64() ? value->get_int64() : 0;
  };
  return {{"prompt_tokens", count("input_tokens")},
          {"completion_tokens", count("output_tokens")},
          {"total_tokens", count("input_tokens") + count("output_tokens")},
          {"prompt_tokens_details", JsonObject{{"cached_tokens", count("cached_tokens")}}}};
}

std::string_view finish_reason(const JsonObject& result, bool calls) {
  if (calls) return "tool_calls";
  const std::string_view stop = text_of(member(result, "stop"));
  if (stop == "length") return "length";
  return stop == "filtered" ? "content_filter" : "stop";
}

/// chat.send answers with "reply" and "client_tool_calls", model.complete with "text" and "tool_calls".
std::string_view answer_text(const JsonObject& result) {
  return text_of(member(result, result.contains("reply") ? "reply" : "text"));
}

JsonArray answer_calls(const JsonObject& result, bool with_index) {
  JsonArray out;
  const JsonValue* calls = member(result, result.contains("reply") ? "client_tool_calls" : "tool_calls");
  if (!calls || !calls->is_array()) return out;
  for (const JsonValue& value : calls->get_array()) {
    const JsonObject& call = value.as_object();
    const JsonValue& arguments = call.at("arguments");
    JsonObject entry{{"id", call.at("id")}, {"type", "function"},
                     {"function", JsonObject{{"name", call.at("name")},
                                             {"arguments", arguments.is_string() ? arguments : JsonValue(boost::json::serialize(arguments))}}}};
    if (with_index) entry["index"] = std::int64_t(out.size());
    out.push_back(std::move(entry));
  }
  return out;
}

std::string base64_of(const JsonArray& vector) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (const JsonValue& number : vector) {
    const float value = number.to_number<float>();
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k) three = (three << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[(three >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

std::string line(const AnswerHead& head, JsonArray choices, const JsonObject* usage = nullptr) {
  JsonObject chunk{{"id", head.id}, {"object", "chat.completion.chunk"}, {"created", head.created}, {"model", head.model},
                   {"choices", std::move(choices)}};
  if (usage) chunk["usage"] = *usage;
  return "data: " + boost::json::serialize(chunk) + "\n\n";
}

std::string delta_line(const AnswerHead& head, JsonObject delta, JsonValue finish = nullptr) {
  return line(head, JsonArray{JsonObject{{"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", std::move(finish)}}});
}

}  // namespace

Completion read_completion(const JsonObject& body, bool admin) {
  Completion completion;
  completion.model = text_of(member(body, "model"));
  if (completion.model.empty()) throw Error{hob::invalid, "model is missing: \"hob\", \"tier/fast\", \"tier/smart\" or \"<provider>/<model>\""};
  completion.stream = flag(body, "stream", "stream");
  if (const JsonValue* options = member(body, "stream_options")) {
    if (!options->is_object()) throw Error{hob::invalid, "stream_options must be an object"};
    completion.include_usage = flag(options->get_object(), "include_usage", "stream_options.include_usage");
  }
  if (const JsonValue* n = member(body, "n"); n && !(n->is_int64() && n->get_int64() == 1))
    throw Error{hob::invalid, "n must be 1: one answer a request"};
  const JsonValue* list = member(body, "messages");
  if (!list || !list->is_array() || list->get_array().empty()) throw Error{hob::invalid, "messages must be an array that is not empty"};
  JsonArray messages;
  for (std::size_t i = 0; i < list->get_array().size(); ++i)
    messages.push_back(read_message(list->get_array()[i], "messages[" + std::to_string(i) + "]"));

  JsonObject sampling = read_sampling(body);
  JsonArray tools;
  if (const JsonValue* given = member(body, "tools")) tools = read_tools(*given);

  if (completion.model != "hob") {
    completion.method = "model.complete";
    JsonObject chat = std::move(sampling);
    chat["messages"] = canonical(messages);
    chat["stream"] = completion.stream;
    if (!tools.empty()) chat["tools"] = std::move(tools);
    completion.params = {{"model", completion.model}, {"chat", std::move(chat)}, {"channel", "openai"}};
    return completion;
  }

  completion.method = "chat.send";
  completion.params["channel"] = "openai";
  std::string thread(text_of(member(body, "user")));
  if (const std::size_t slash = thread.find('/'); admin && slash != std::string::npos) {
    completion.params["as_user"] = thread.substr(0, slash);
    thread.erase(0, slash + 1);
  }
  if (!thread.empty()) completion.params["thread"] = thread;
  split_messages(std::move(messages), !thread.empty(), completion.params);
  if (!tools.empty()) completion.params["client_tools"] = std::move(tools);
  if (!sampling.empty()) completion.params["sampling"] = std::move(sampling);
  return completion;
}

Embeddings read_embeddings(const JsonObject& body) {
  Embeddings asked;
  asked.model = text_of(member(body, "model"));
  if (asked.model.empty()) throw Error{hob::invalid, "model is missing: \"tier/embed\", an embedder plugin or \"<provider>/<model>\""};
  const JsonValue* input = member(body, "input");
  if (!input) throw Error{hob::invalid, "input is missing: a text, or a list of them"};
  if (member(body, "dimensions")) throw Error{hob::invalid, "dimensions: vectors come as long as the model makes them"};
  const std::string_view format = text_of(member(body, "encoding_format"));
  if (!format.empty() && format != "float" && format != "base64") throw Error{hob::invalid, "encoding_format must be float or base64"};
  asked.in_base64 = format == "base64";
  asked.params = {{"model", asked.model}, {"input", *input}, {"channel", "openai"}};
  return asked;
}

JsonObject embeddings_json(const Embeddings& asked, const JsonObject& result) {
  JsonArray data;
  for (const JsonValue& vector : result.at("vectors").as_array()) {
    JsonObject entry{{"object", "embedding"}, {"index", std::int64_t(data.size())}};
    entry["embedding"] = asked.in_base64 ? JsonValue(base64_of(vector.as_array())) : vector;
    data.push_back(std::move(entry));
  }
  const JsonValue tokens = result.at("usage").at("input_tokens");
  return {{"object", "list"}, {"data", std::move(data)}, {"model", asked.model}, {"usage", JsonObject{{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
}

JsonObject completion_json(const AnswerHead& head, const JsonObject& result) {
  JsonArray calls = answer_calls(result, false);
  const bool has_calls = !calls.empty();
  const std::string_view text = answer_text(result);
  JsonObject message{{"role", "assistant"}, {"refusal", nullptr}};
  message["content"] = has_calls && text.empty() ? JsonValue(nullptr) : JsonValue(text);
  if (has_calls) message["tool_calls"] = std::move(calls);
  return {{"id", head.id}, {"object", "chat.completion"}, {"created", head.created}, {"model", head.model},
          {"choices", JsonArray{JsonObject{{"index", 0}, {"message", std::move(message)}, {"logprobs", nullptr},
                                           {"finish_reason", finish_reason(result, has_calls)}}}},
          {"usage", usage_json(result)}};
}

std::string role_chunk(const AnswerHead& head) { return delta_line(head, {{"role", "assistant"}, {"content", ""}}); }

std::string text_chunk(const AnswerHead& head, std::string_view delta) { return delta_line(head, {{"content", delta}}); }

std::string last_chunks(const AnswerHead& head, const JsonObject& result, bool text_shown, bool include_usage) {
  std::string out;
  if (const std::string_view text = answer_text(result); !text_shown && !text.empty()) out += text_chunk(head, text);
  JsonArray calls = answer_calls(result, true);
  const bool has_calls = !calls.empty();
  if (has_calls) out += delta_line(head, {{"tool_calls", std::move(calls)}});
  out += delta_line(head, {}, JsonValue(finish_reason(result, has_calls)));
  if (include_usage) {
    const JsonObject usage = usage_json(result);
    out += line(head, {}, &usage);
  }
  return out + "data: [DONE]\n\n";
}

}  // namespace channel_http
