// What everything that speaks to a server of OpenAI's API shares: where it is, how it is asked, what its refusals say.
#pragma once

#include <hob/plugin.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace provider_openai {

using hob::Json;
using hob::JsonRef;

/// The words of an error object, in the shapes servers use.
inline std::string error_words(JsonRef body) {
  for (const JsonRef words : {body["error"]["message"], body["error"], body["message"], body["detail"],
                              body["detail"][0]["msg"]}) {
    if (words.is_text()) return std::string(words.text().substr(0, 1000));
  }
  if (body[0].is_object()) return error_words(body[0]);  // a list around the object
  return "";
}

/// The server's own words in a refused answer.
inline std::string error_text(const hob::HttpResponse& response) {
  try {
    const std::string words = error_words(Json::parse(response.body));
    if (!words.empty()) return words;
  } catch (const hob::Error&) {
    return hob::plain_excerpt(response.body);  // no JSON: a proxy's page, or plain words
  }
  return hob::plain_excerpt(response.body);
}

/// An answer of the server as JSON. Throws unavailable: it is none.
inline Json parsed(std::string_view text, const char* what) {
  try {
    return Json::parse(text);
  } catch (const hob::Error&) {
    std::string shown = hob::plain_excerpt(text);
    if (shown.empty()) shown = "it is empty";
    throw hob::Error{hob::unavailable, "the model server sent " + std::string(what) + " that is not JSON: " + shown};
  }
}

/// Whether an answer of status 200 is an error: an object of its own, or vLLM's, which is one as a whole.
inline bool is_error(const Json& body) { return !body["error"].is_null() || body["object"].text() == "error"; }

/// An error inside an answer of status 200: OpenRouter and proxies put the status into its code.
inline hob::Error refused(const Json& body) {
  const JsonRef error = body["error"].is_null() ? JsonRef(body) : body["error"];
  const std::int64_t code = error["code"].integer();
  std::string words = error_words(body);
  if (words.empty()) words = hob::plain_excerpt(body.dump());
  if (code < 400 || code > 599) return {hob::unavailable, "the model server answered with an error: " + words};
  hob::HttpResponse response;
  response.status = static_cast<int>(code);
  return hob::http_failure(response, words);
}

/// Where the server is and what each request carries, as the plugin's config says.
struct Server {
  std::string base_url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds connect_timeout{}, stall_timeout{};

  static Server read(const Json& config) {
    Server server;
    server.base_url = config.get("base_url", "https://api.openai.com/v1");
    while (server.base_url.ends_with('/')) server.base_url.pop_back();
    server.headers = {{"content-type", "application/json"}};
    const JsonRef key = config["api_key"];
    if (key.is_object() || !key.text().empty()) server.headers.emplace_back("authorization", "Bearer ${secret:api_key}");
    const std::string organization = config.get("organization", "");
    if (!organization.empty()) server.headers.emplace_back("openai-organization", organization);
    for (const auto& member : config["headers"].members())
      server.headers.emplace_back(member.key(), JsonRef(member.value()).text());
    server.connect_timeout = std::chrono::seconds(config.get("connect_timeout_s", 10));
    server.stall_timeout = std::chrono::seconds(config.get("stall_timeout_s", 120));
    return server;
  }

  hob::HttpRequest request(std::string_view path) const {
    hob::HttpRequest http;
    http.url = base_url + std::string(path);
    http.headers = headers;
    http.connect_timeout = connect_timeout;
    http.stall_timeout = stall_timeout;
    return http;
  }
};

}  // namespace provider_openai
