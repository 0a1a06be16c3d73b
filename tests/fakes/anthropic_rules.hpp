// What the Messages API refuses, in its words where they are known: https://platform.claude.com/docs/en/api/messages
// and https://platform.claude.com/docs/en/api/errors. Both versions of the API are served.
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

namespace fakes_anthropic {

namespace json = boost::json;

struct Refusal {
  int status;
  std::string type, message;
};

inline std::string type_of(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 504: return "timeout_error";
    case 529: return "overloaded_error";
    default: return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

[[noreturn]] inline void invalid(const std::string& message) { throw Refusal{400, "invalid_request_error", message}; }

inline std::string signature_of(std::string_view thoughts) { return "sig" + std::to_string(std::hash<std::string_view>()(thoughts)) + "=="; }

inline json::array blocks_of(const json::value& content) {
  if (content.is_array()) return content.get_array();
  return {json::object{{"type", "text"}, {"text", content}}};
}

inline std::string text_of(const json::value& content) {
  if (content.is_string()) return std::string(content.get_string());
  std::string text;
  for (const auto& block : content.as_array())
    if (block.at("type").as_string() == "text") text += block.at("text").as_string();
  return text;
}

inline void only(const json::object& object, const std::string& where, std::initializer_list<std::string_view> known) {
  for (const auto& member : object)
    if (std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end())
      invalid(where + std::string(member.key()) + ": Extra inputs are not permitted");
}
inline const json::value& need(const json::object& object, const std::string& where, const char* key) {
  const json::value* value = object.if_contains(key);
  if (!value) invalid(where + key + ": Field required");
  return *value;
}
inline bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }
inline bool is_name(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string_view::npos;
}

inline bool thinks(const json::object& request) {
  const json::value* thinking = request.if_contains("thinking");
  return thinking && thinking->at("type").as_string() != "disabled";
}
inline bool has_budget(const json::object& request) { return thinks(request) && request.at("thinking").at("type").as_string() == "enabled"; }
/// The models of version 4.7 and later, of which the stand-in has one.
inline bool is_newest(std::string_view model) { return model == "claude-sonnet-5"; }

class Checker {
 public:
  Checker(const json::object& request, std::string_view version) : request_(request), version_(version) {}

  void check() {
    only(request_, "", {"model", "messages", "max_tokens", "system", "tools", "tool_choice", "temperature", "top_p", "top_k", "stop_sequences", "stream",
                        "thinking", "metadata", "output_config", "service_tier", "cache_control", "container", "speed", "inference_geo"});
    if (need(request_, "", "model").as_string().empty()) invalid("model: String should have at least 1 character");
    if (need(request_, "", "max_tokens").as_int64() < 1) invalid("max_tokens: Input should be greater than or equal to 1");
    if (const json::value* system = request_.if_contains("system")) check_system(*system);
    if (const json::value* tools = request_.if_contains("tools")) check_tools(tools->as_array());
    check_choice();
    check_sampling();
    if (const json::value* output = request_.if_contains("output_config")) check_output(output->as_object());
    check_messages(need(request_, "", "messages").as_array());
    if (marks_ > 4) invalid("A maximum of 4 blocks with cache_control may be provided. Found " + std::to_string(marks_) + ".");
  }

 private:
  void mark(const json::object& block, const std::string& where) {
    const json::value* control = block.if_contains("cache_control");
    if (!control) return;
    only(control->as_object(), where + "cache_control.", {"type", "ttl"});
    if (control->at("type").as_string() != "ephemeral") invalid(where + "cache_control.type: Input should be 'ephemeral'");
    ++marks_;
  }

  void check_system(const json::value& system) {
    if (system.is_string()) return;
    for (const auto& block : system.as_array()) check_text(block.as_object(), "system.");
  }
  void check_text(const json::object& block, const std::string& where) {
    only(block, where, {"type", "text", "cache_control", "citations"});
    if (block.at("type").as_string() != "text") invalid(where + "type: Input should be 'text'");
    if (need(block, where, "text").as_string().empty()) invalid("messages: text content blocks must be non-empty");
    if (is_blank(block.at("text").as_string())) invalid("messages: text content blocks must contain non-whitespace text");
    mark(block, where);
  }

  void check_tools(const json::array& tools) {
    std::set<std::string> names;
    for (const auto& item : tools) {
      const json::object& tool = item.as_object();
      only(tool, "tools.", {"name", "description", "input_schema", "cache_control", "type", "strict"});
      const std::string name(need(tool, "tools.", "name").as_string());
      if (!is_name(name, 128)) invalid("tools.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
      if (!names.insert(name).second) invalid("tools: Tool names must be unique.");
      const json::object& schema = need(tool, "tools.", "input_schema").as_object();
      if (need(schema, "tools.input_schema.", "type").as_string() != "object") invalid("tools.input_schema.type: Input should be 'object'");
      for (const char* key : {"oneOf", "allOf", "anyOf"})
        if (schema.contains(key)) invalid("tools.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level");
      mark(tool, "tools.");
    }
  }

  void check_choice() const {
    const json::value* choice = request_.if_contains("tool_choice");
    if (!choice) return;
    if (!request_.contains("tools")) invalid("tool_choice: may only be specified while providing tools");
    const json::object& object = choice->as_object();
    only(object, "tool_choice.", {"type", "name", "disable_parallel_tool_use"});
    const auto& type = object.at("type").as_string();
    if (type != "auto" && type != "any" && type != "tool" && type != "none") invalid("tool_choice: Input tag does not match any of the expected tags");
    if (type == "tool" && !has_tool(std::string(need(object, "tool_choice.", "name").as_string()))) invalid("Tool choice name is not among the tools");
    if (thinks(request_) && (type == "any" || type == "tool")) invalid("Thinking may not be enabled when tool_choice forces tool use.");
  }
  bool has_tool(const std::string& name) const {
    for (const auto& tool : request_.at("tools").as_array())
      if (tool.at("name").as_string() == name) return true;
    return false;
  }

  void check_sampling() const {
    const bool newest = is_newest(request_.at("model").as_string());
    for (const char* key : {"temperature", "top_p", "top_k"}) {
      if (!request_.contains(key)) continue;
      if (version_ >= "2026-10-21") invalid(std::string(key) + ": Extra inputs are not permitted");
      if (newest) invalid("`" + std::string(key) + "` is deprecated for this model.");
      if (thinks(request_)) invalid("`" + std::string(key) + "` may not be set when thinking is enabled.");
    }
    if (const json::value* value = request_.if_contains("temperature"); value && (value->to_number<double>() < 0 || value->to_number<double>() > 1))
      invalid("temperature: range: 0..1");
    if (request_.contains("temperature") && request_.contains("top_p") && request_.at("model").as_string().starts_with("claude-"))
      invalid("`temperature` and `top_p` cannot both be specified for this model. Please use only one.");
    if (const json::value* stops = request_.if_contains("stop_sequences"))
      for (const auto& stop : stops->as_array())
        if (is_blank(stop.as_string())) invalid("stop_sequences: each stop sequence must contain non-whitespace");
    if (!thinks(request_)) return;
    const json::object& thinking = request_.at("thinking").as_object();
    only(thinking, "thinking.", {"type", "budget_tokens", "display"});
    if (!has_budget(request_)) return;
    if (newest) invalid("\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.");
    const std::int64_t budget = need(thinking, "thinking.", "budget_tokens").as_int64();
    if (budget < 1024) invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
    if (budget >= request_.at("max_tokens").as_int64()) invalid("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }

  void check_messages(const json::array& messages) {
    if (messages.empty()) invalid("messages: at least one message is required");
    std::set<std::string> open;  // tool calls of the message before
    std::string role_before;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string where = "messages." + std::to_string(i) + ".";
      const json::object& message = messages[i].as_object();
      only(message, where, {"role", "content"});
      const std::string role(need(message, where, "role").as_string());
      if (role != "user" && role != "assistant")
        invalid("messages: Unexpected role \"" + role + "\". Allowed roles are \"user\" or \"assistant\".");
      if (i == 0 && role != "user") invalid("messages: first message must use the \"user\" role");
      if (role == role_before) invalid("messages: roles must alternate between \"user\" and \"assistant\", but found multiple \"" + role + "\" roles in a row");
      role_before = role;
      const json::value& content = need(message, where, "content");
      if (content.is_string() ? content.get_string().empty() : content.as_array().empty())
        invalid(where + "content: all messages must have non-empty content");
      open = role == "user" ? check_user(blocks_of(content), where, open) : check_assistant(blocks_of(content), where);
    }
    if (role_before == "assistant") {
      if (is_newest(request_.at("model").as_string()) || has_budget(request_))
        invalid("This model does not support assistant message prefill. The conversation must end with a user message.");
      const std::string text = text_of(messages.back().at("content"));
      if (!text.empty() && is_blank(std::string_view(text).substr(text.size() - 1)))
        invalid("messages: final assistant content cannot end with trailing whitespace");
    }
    if (has_budget(request_)) check_loop(messages);
  }

  /// Results come first and answer exactly the calls before.
  std::set<std::string> check_user(const json::array& blocks, const std::string& where, std::set<std::string> open) {
    bool is_past_results = false;
    for (const auto& item : blocks) {
      const json::object& block = item.as_object();
      const std::string type(need(block, where, "type").as_string());
      if (type == "tool_result") {
        only(block, where, {"type", "tool_use_id", "content", "is_error", "cache_control"});
        const std::string id(need(block, where, "tool_use_id").as_string());
        if (is_past_results || open.erase(id) == 0)
          invalid(where + "content: unexpected `tool_use_id` found in `tool_result` blocks: " + id +
                  ". Each `tool_result` block must have a corresponding `tool_use` block in the previous message.");
        if (const json::value* content = block.if_contains("content"); content && content->is_array())
          for (const auto& part : content->get_array()) check_part(part.as_object(), where);
        mark(block, where);
      } else {
        is_past_results = true;
        check_part(block, where);
      }
    }
    if (!open.empty()) invalid(where + "`tool_use` ids were found without `tool_result` blocks immediately after: " + *open.begin());
    return {};
  }
  void check_part(const json::object& block, const std::string& where) {
    const std::string type(need(block, where, "type").as_string());
    if (type == "text") return check_text(block, where);
    if (type != "image") invalid(where + "content: Input tag '" + type + "' found using 'type' does not match any of the expected tags");
    only(block, where, {"type", "source", "cache_control"});
    const json::object& source = need(block, where, "source").as_object();
    if (source.at("type").as_string() == "url") {
      only(source, where + "source.", {"type", "url"});
      if (!source.at("url").as_string().starts_with("https://")) invalid(where + "source.url: Only HTTPS URLs are supported.");
    } else {
      only(source, where + "source.", {"type", "media_type", "data"});
      static const std::set<std::string, std::less<>> kTypes = {"image/jpeg", "image/png", "image/gif", "image/webp"};
      if (!kTypes.contains(std::string_view(source.at("media_type").as_string()))) invalid(where + "source.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'");
      if (source.at("data").as_string().empty()) invalid(where + "source.data: image cannot be empty");
    }
    mark(block, where);
  }

  static void check_output(const json::object& output) {
    only(output, "output_config.", {"effort", "format"});
    const json::value* format = output.if_contains("format");
    if (!format) return;
    only(format->as_object(), "output_config.format.", {"type", "schema"});
    check_schema(need(format->as_object(), "output_config.format.", "schema").as_object());
  }
  static void check_schema(const json::object& schema) {
    const json::value* type = schema.if_contains("type");
    if (type && type->is_string() && type->get_string() == "object" && (!schema.contains("additionalProperties") || schema.at("additionalProperties") != json::value(false)))
      invalid("output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false");
    for (const char* bound : {"minimum", "maximum", "minLength", "maxLength", "multipleOf", "maxItems"})
      if (schema.contains(bound)) invalid(std::string("output_config.format.schema: property '") + bound + "' is not supported");
    if (const json::value* members = schema.if_contains("properties"))
      for (const auto& member : members->as_object()) check_schema(member.value().as_object());
    if (const json::value* items = schema.if_contains("items")) check_schema(items->as_object());
  }

  std::set<std::string> check_assistant(const json::array& blocks, const std::string& where) {
    std::set<std::string> calls;
    for (const auto& item : blocks) {
      const json::object& block = item.as_object();
      const std::string type(need(block, where, "type").as_string());
      if (type == "text") {
        check_text(block, where);
      } else if (type == "thinking") {
        only(block, where, {"type", "thinking", "signature"});
        if (need(block, where, "signature").as_string() != signature_of(block.at("thinking").as_string()))
          invalid(where + "content: Invalid `signature` in `thinking` block");
      } else if (type == "redacted_thinking") {
        only(block, where, {"type", "data"});
      } else if (type == "tool_use") {
        only(block, where, {"type", "id", "name", "input", "cache_control"});
        const std::string id(need(block, where, "id").as_string());
        if (!is_name(id, 1000)) invalid(where + "id: String should match pattern '^[a-zA-Z0-9_-]+$'");
        if (!need(block, where, "input").is_object()) invalid(where + "input: Input should be an object");
        if (!ids_.insert(id).second) invalid("messages: `tool_use` ids must be unique");
        calls.insert(id);
        if (!request_.contains("tools")) invalid("Requests which include `tool_use` or `tool_result` blocks must define tools");
        mark(block, where);
      } else {
        invalid(where + "content: Input tag '" + type + "' found using 'type' does not match any of the expected tags");
      }
    }
    return calls;
  }

  /// With a budget, each assistant message of the loop at the end begins with its thoughts.
  static void check_loop(const json::array& messages) {
    for (std::size_t i = messages.size(); i-- > 1;) {
      const json::array blocks = blocks_of(messages[i].at("content"));
      const std::string first(blocks[0].at("type").as_string());
      if (messages[i].at("role").as_string() == "user") {
        if (first != "tool_result") return;
      } else if (!first.ends_with("thinking")) {
        invalid("messages." + std::to_string(i) + ".content.0.type: Expected `thinking` or `redacted_thinking`, but found `" + first +
                "`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.");
      }
    }
  }

  const json::object& request_;
  const std::string_view version_;
  std::size_t marks_ = 0;
  std::set<std::string> ids_;  // of the tool calls so far
};

/// The request, if the service would take it.
inline json::object checked(const std::string& body, std::string_view version) {
  json::object request;
  try {
    request = json::parse(body).as_object();
  } catch (const std::exception&) {
    invalid("The request body is not valid JSON");
  }
  try {
    Checker(request, version).check();
  } catch (const Refusal&) {
    throw;
  } catch (const std::exception& error) {
    invalid(std::string("Input should be of another type: ") + error.what());
  }
  return request;
}

}  // namespace fakes_anthropic
