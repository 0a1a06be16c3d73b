// What the Gemini API refuses, in its words where they are known: https://ai.google.dev/api/generate-content and
// https://ai.google.dev/gemini-api/docs/thought-signatures.
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

namespace fakes_gemini {

namespace json = boost::json;

struct Refusal {
  int status;
  std::string code, message;
  json::array details = {};
};

inline std::string code_of(int status) {
  switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 500: return "INTERNAL";
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return "INVALID_ARGUMENT";
  }
}

[[noreturn]] inline void invalid(const std::string& message) { throw Refusal{400, "INVALID_ARGUMENT", message}; }

/// Protobuf's JSON reader refuses any member that it does not know.
inline void only(const json::object& object, const std::string& where, std::initializer_list<std::string_view> known) {
  for (const auto& member : object)
    if (std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end())
      invalid("Invalid JSON payload received. Unknown name \"" + std::string(member.key()) + "\" at '" + where + "': Cannot find field.");
}
inline bool one_of(std::string_view text, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

inline std::string signature_of(std::string_view call) { return "sig" + std::to_string(std::hash<std::string_view>()(call)); }
constexpr std::string_view kNoSignature = "skip_thought_signature_validator";

class Checker {
 public:
  Checker(const json::object& request, bool wants_signatures) : request_(request), wants_signatures_(wants_signatures) {}

  void check() {
    only(request_, "", {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"});
    if (!request_.contains("contents") || request_.at("contents").as_array().empty())
      invalid("* GenerateContentRequest.contents: contents is not specified");
    if (const json::value* system = request_.if_contains("systemInstruction")) check_system(system->as_object());
    check_tools();
    check_generation();
    check_safety();
    check_contents(request_.at("contents").as_array());
  }

 private:
  static void check_system(const json::object& system) {
    only(system, "system_instruction", {"parts", "role"});
    for (const auto& part : system.at("parts").as_array()) only(part.as_object(), "system_instruction.parts[0]", {"text"});
  }

  void check_tools() {
    if (const json::value* tools = request_.if_contains("tools"))
      for (const auto& tool : tools->as_array()) {
        only(tool.as_object(), "tools[0]", {"functionDeclarations"});
        for (const auto& one : tool.at("functionDeclarations").as_array()) check_function(one.as_object());
      }
    const json::value* config = request_.if_contains("toolConfig");
    if (!config) return;
    only(config->as_object(), "tool_config", {"functionCallingConfig"});
    const json::object& calling = config->at("functionCallingConfig").as_object();
    only(calling, "tool_config.function_calling_config", {"mode", "allowedFunctionNames"});
    const std::string mode(calling.at("mode").as_string());
    if (!one_of(mode, {"AUTO", "ANY", "NONE", "VALIDATED"})) invalid("Invalid value at 'tool_config.function_calling_config.mode'");
    const json::value* allowed = calling.if_contains("allowedFunctionNames");
    if (!allowed) return;
    if (mode != "ANY") invalid("Allowed function names should only be set when function calling mode is ANY.");
    for (const auto& name : allowed->as_array())
      if (!functions_.contains(std::string(name.as_string()))) invalid("allowed_function_names: " + std::string(name.as_string()) + " is not declared");
  }
  void check_function(const json::object& one) {
    only(one, "tools[0].function_declarations[0]", {"name", "description", "parameters"});
    const std::string name(one.at("name").as_string());
    const bool is_name = !name.empty() && name.size() <= 64 && !std::isdigit(static_cast<unsigned char>(name[0])) &&
                         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-") == std::string::npos;
    if (!is_name) invalid("Invalid function name. Must start with a letter or an underscore.");
    if (!functions_.insert(name).second) invalid("Duplicate function declaration found: " + name);
    if (const json::value* parameters = one.if_contains("parameters")) {
      if (!parameters->as_object().contains("properties")) invalid("parameters.properties: should be non-empty for OBJECT type");
      check_schema(parameters->as_object(), "tools[0].function_declarations[0].parameters");
    }
  }
  static void check_schema(const json::object& schema, const std::string& where) {
    only(schema, where, {"type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required", "minProperties",
                         "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering", "default", "items", "minimum", "maximum"});
    const json::value* kind = schema.if_contains("type");
    const std::string type = kind ? std::string(kind->as_string()) : "";
    if (!one_of(type, {"", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})) invalid("Invalid value at '" + where + ".type': " + type);
    if (type.empty() && !schema.contains("anyOf")) invalid(where + ": missing field type");
    if (schema.contains("enum")) {
      if (type != "STRING") invalid(where + ".enum: only allowed for STRING type");
      for (const auto& value : schema.at("enum").as_array())
        if (value.as_string().empty()) invalid(where + ".enum[0]: cannot be empty");
    }
    if (type == "STRING" && schema.contains("format") && !one_of(schema.at("format").as_string(), {"enum", "date-time"}))
      invalid(where + ".format: only 'enum' and 'date-time' are supported for STRING type");
    if (type == "ARRAY" && !schema.contains("items")) invalid(where + ".items: missing field");
    if (schema.contains("items")) check_schema(schema.at("items").as_object(), where + ".items");
    if (schema.contains("anyOf"))
      for (const auto& one : schema.at("anyOf").as_array()) check_schema(one.as_object(), where + ".any_of[0]");
    if (schema.contains("properties")) {
      if (schema.at("properties").as_object().empty()) invalid(where + ".properties: should be non-empty for OBJECT type");
      for (const auto& member : schema.at("properties").as_object()) check_schema(member.value().as_object(), where + ".properties[0].value");
    }
    if (schema.contains("required"))
      for (const auto& name : schema.at("required").as_array())
        if (!schema.contains("properties") || !schema.at("properties").as_object().contains(name.as_string()))
          invalid(where + ".required[0]: property is not defined");
  }

  void check_generation() const {
    const json::value* value = request_.if_contains("generationConfig");
    if (!value) return;
    const json::object& config = value->as_object();
    only(config, "generation_config", {"maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "responseMimeType", "responseSchema", "seed",
                                       "presencePenalty", "frequencyPenalty", "candidateCount", "thinkingConfig"});
    if (config.contains("temperature") && (config.at("temperature").to_number<double>() < 0 || config.at("temperature").to_number<double>() > 2))
      invalid("* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].");
    if (config.contains("stopSequences") && config.at("stopSequences").as_array().size() > 5) invalid("stop_sequences: at most 5");
    if (config.contains("responseMimeType") && request_.contains("tools"))
      invalid("Function calling with a response mime type: 'application/json' is unsupported");
    if (config.contains("responseSchema")) {
      if (!config.contains("responseMimeType")) invalid("response_schema needs response_mime_type application/json");
      check_schema(config.at("responseSchema").as_object(), "generation_config.response_schema");
    }
    if (config.contains("thinkingConfig"))
      only(config.at("thinkingConfig").as_object(), "generation_config.thinking_config", {"thinkingBudget", "thinkingLevel", "includeThoughts"});
  }

  void check_safety() const {
    const json::value* settings = request_.if_contains("safetySettings");
    if (!settings) return;
    for (const auto& one : settings->as_array()) {
      only(one.as_object(), "safety_settings[0]", {"category", "threshold"});
      if (!one_of(one.at("category").as_string(), {"HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT", "HARM_CATEGORY_DANGEROUS_CONTENT"}))
        invalid("Invalid value at 'safety_settings[0].category'");
    }
  }

  void check_contents(const json::array& contents) const {
    std::vector<const json::object*> open;  // calls of the turn before
    for (std::size_t i = 0; i < contents.size(); ++i) {
      const std::string where = "contents[" + std::to_string(i) + "]";
      const json::object& content = contents[i].as_object();
      only(content, where, {"role", "parts"});
      const std::string role = content.contains("role") ? std::string(content.at("role").as_string()) : "user";
      if (role != "user" && role != "model") invalid("Please use a valid role: user, model.");
      if (i == 0 && role != "user") invalid("Please ensure that the first turn is a user turn");
      if (!content.contains("parts") || content.at("parts").as_array().empty()) invalid("* GenerateContentRequest." + where + ".parts: contents.parts must not be empty.");
      std::vector<const json::object*> calls, results;
      for (const auto& item : content.at("parts").as_array()) check_part(item.as_object(), where, calls, results);
      if (results.size() != open.size())
        invalid("Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.");
      for (const json::object* result : results) check_result(*result, open);
      if (!calls.empty() && role != "model") invalid("Please ensure that function call turn comes immediately after a user turn or after a function response turn.");
      if (wants_signatures_ && !calls.empty() && i > newest_user_turn(contents)) check_signature(*calls.front(), i);
      open = calls;
    }
    if (!open.empty()) invalid("Please ensure that function call turn is followed by a function response turn.");
  }

  static std::size_t newest_user_turn(const json::array& contents) {
    std::size_t turn = 0;
    for (std::size_t i = 0; i < contents.size(); ++i)
      for (const auto& part : contents[i].at("parts").as_array())
        if (contents[i].as_object().contains("role") && contents[i].at("role").as_string() == "user" && part.as_object().contains("text")) turn = i;
    return turn;
  }

  static void check_part(const json::object& part, const std::string& where, std::vector<const json::object*>& calls, std::vector<const json::object*>& results) {
    only(part, where + ".parts[0]", {"text", "thought", "thoughtSignature", "inlineData", "fileData", "functionCall", "functionResponse"});
    int kinds = 0;
    for (const char* kind : {"text", "inlineData", "fileData", "functionCall", "functionResponse"}) kinds += part.contains(kind);
    if (kinds != 1) invalid("* " + where + ".parts[0].data: required oneof field 'data' must have one initialized field");
    if (part.contains("text") && part.at("text").as_string().empty() && !part.contains("thoughtSignature"))
      invalid("Unable to submit request because it must have a text parameter");
    if (part.contains("inlineData")) {
      only(part.at("inlineData").as_object(), where + ".inline_data", {"mimeType", "data"});
      if (!part.at("inlineData").at("mimeType").as_string().starts_with("image/")) invalid("Unsupported MIME type");
      const auto& data = part.at("inlineData").at("data").as_string();
      if (data.empty() || std::string_view(data).find_first_of(" \t\n,:;") != std::string_view::npos) invalid("Base64 decoding failed");
    }
    if (part.contains("functionCall")) {
      only(part.at("functionCall").as_object(), where + ".function_call", {"id", "name", "args"});
      if (!part.at("functionCall").at("args").is_object()) invalid("Invalid value at 'args': not an object");
      calls.push_back(&part);
    }
    if (part.contains("functionResponse")) {
      only(part.at("functionResponse").as_object(), where + ".function_response", {"id", "name", "response"});
      if (!part.at("functionResponse").at("response").is_object()) invalid("Invalid value at 'response': not an object");
      results.push_back(&part.at("functionResponse").as_object());
    }
  }
  static void check_result(const json::object& result, std::vector<const json::object*>& open) {
    const auto fits = std::find_if(open.begin(), open.end(), [&](const json::object* part) {
      const json::object& call = part->at("functionCall").as_object();
      return call.at("name") == result.at("name") && (!call.contains("id") || (result.contains("id") && call.at("id") == result.at("id")));
    });
    if (fits == open.end()) invalid("function_response.name or id does not fit any function call of the turn before");
  }
  static void check_signature(const json::object& part, std::size_t turn) {
    const std::string name(part.at("functionCall").at("name").as_string());
    const json::value* signature = part.if_contains("thoughtSignature");
    if (!signature)
      invalid("Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly. Function call `" + name +
              "` in the `" + std::to_string(turn) + ".` content block.");
    const std::string expected = signature_of(name + json::serialize(part.at("functionCall").at("args")));
    if (std::string_view(signature->as_string()) != expected && std::string_view(signature->as_string()) != kNoSignature) invalid("Corrupted thought signature.");
  }

  const json::object& request_;
  bool wants_signatures_;
  std::set<std::string> functions_;
};

/// The request, if the service would take it.
inline json::object checked(const std::string& body, bool wants_signatures) {
  json::object request;
  try {
    request = json::parse(body).as_object();
  } catch (const std::exception&) {
    invalid("Invalid JSON payload received. Unexpected token.");
  }
  try {
    Checker(request, wants_signatures).check();
  } catch (const Refusal&) {
    throw;
  } catch (const std::exception& error) {
    invalid(std::string("Invalid value: ") + error.what());
  }
  return request;
}

}  // namespace fakes_gemini
