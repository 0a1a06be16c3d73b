// Gemini through Google's Gemini API: https://ai.google.dev/api/generate-content.
#include <hob/plugin.hpp>

#include "request.hpp"

#include <cmath>
#include <utility>

namespace {

using hob::Error;
using hob::Exchange;
using hob::Json;
using hob::JsonRef;

struct Answer {
  hob::JsonArray parts;  // as they came, pieces of one text put together
  std::int64_t calls = 0;
  bool has_signature = false, has_text = false;
  hob::Usage usage;
  bool has_usage = false;
};

Answer& answer_of(Exchange& out) {
  if (!out.state.has_value()) out.state.emplace<Answer>();
  return std::any_cast<Answer&>(out.state);
}

/// Thoughts are paid as output; what the service's own tools read is paid as input.
void take_usage(JsonRef usage, bool is_last, Answer& answer, Exchange& out) {
  if (!usage.is_object()) return;
  const auto count = [&](const char* key) { return std::max<std::int64_t>(0, usage[key].integer()); };
  answer.usage.input_tokens = count("promptTokenCount") + count("toolUsePromptTokenCount");
  answer.usage.output_tokens = count("candidatesTokenCount") + count("thoughtsTokenCount");
  answer.usage.cached_tokens = count("cachedContentTokenCount");
  // Each chunk brings the running total: the first is told in case the stream breaks, the last because it is right.
  if (is_last || !answer.has_usage) out.usage(answer.usage);
  answer.has_usage = true;
}

void keep_part(JsonRef part, Answer& answer) {
  if (part["thoughtSignature"].is_text()) answer.has_signature = true;
  const bool is_plain = part["text"].is_text() && !part.contains("thoughtSignature");
  if (is_plain && part["thought"].boolean()) return;  // a summary for people
  if (is_plain && !answer.parts.empty()) {
    auto& last = answer.parts.back().as_object();
    if (!last.contains("thoughtSignature") && last.contains("text") && last["text"].is_string()) {
      last["text"].as_string().append(part["text"].text());
      return;
    }
  }
  hob::JsonObject kept = part.members();
  if (part["functionCall"].is_object()) kept["functionCall"].as_object().erase("args");  // they come back as the call's arguments
  answer.parts.push_back(std::move(kept));
}

std::string made_id(std::chrono::system_clock::time_point now, std::int64_t number) {
  return "call_" + std::to_string(now.time_since_epoch().count()) + "_" + std::to_string(number);
}

/// Whole seconds of "22s" or "10.69s", rounded up; 0: something else.
std::int64_t seconds_of(std::string_view duration) {
  if (duration.size() < 2 || duration.size() > 20 || !duration.ends_with('s')) return 0;
  double seconds = 0;
  const auto [end, fault] = std::from_chars(duration.data(), duration.data() + duration.size() - 1, seconds);
  if (fault != std::errc() || end != duration.data() + duration.size() - 1 || !(seconds > 0) || seconds > 1e6) return 0;
  return static_cast<std::int64_t>(std::ceil(seconds));
}

class Gemini final : public hob::HttpProvider {
  void configure() override {
    std::string base = config().get("base_url", "https://generativelanguage.googleapis.com");
    for (const std::string_view end : {"/", "/openai", "/v1beta", "/v1", "/"}) {  // as it is written for other clients
      while (base.ends_with(end)) base.resize(base.size() - end.size());
    }
    std::vector<std::pair<std::string, std::string>> headers{{"content-type", "application/json"}};
    const JsonRef key = config()["api_key"];
    if (key.is_object() || !key.text().empty()) headers.emplace_back("x-goog-api-key", "${secret:api_key}");
    for (const auto& member : config()["headers"].members()) {
      headers.emplace_back(member.key(), JsonRef(member.value()).text());
    }
    style_.thinking_budget.reset();
    if (config()["thinking_budget"].is_number()) style_.thinking_budget = config()["thinking_budget"].integer();
    style_.thinking_level = config().get("thinking_level", "");
    style_.include_thoughts = config().get("include_thoughts", false);
    style_.safety = config().get("safety", "");
    style_.open_objects = provider_gemini::OpenObjects::as_they_are;
    connect_timeout_ = std::chrono::seconds(config().get("connect_timeout_s", 10));
    stall_timeout_ = std::chrono::seconds(config().get("stall_timeout_s", 120));
    base_url_ = std::move(base) + "/" + config().get("api_version", "v1beta");
    headers_ = std::move(headers);
  }

  hob::HttpRequest request(const Json& chat) override {
    const bool streams = chat["stream"].boolean(true);
    hob::HttpRequest http = to_server("/" + model_path(chat["model"].text()) + (streams ? ":streamGenerateContent?alt=sse" : ":generateContent"));
    http.method = "POST";
    http.mode = streams ? hob::HttpMode::sse : hob::HttpMode::whole;
    http.timeout = std::chrono::milliseconds(0);  // the call's own deadline bounds it
    http.body = provider_gemini::contents_body(chat, style_);
    return http;
  }

  void event(const hob::SseEvent& event, Exchange& out) override { take_response(parsed(event.data, "an event"), out); }

  void whole(const hob::HttpResponse& response, Exchange& out) override {
    const Json body = parsed(response.body, "an answer");
    // Where "alt=sse" is ignored, the stream comes as one list.
    if (body.is_array()) {
      for (const auto& one : JsonRef(body).items()) take_response(one, out);
    } else {
      if (!body["candidates"].is_array() && body["error"].is_null() && body["promptFeedback"].is_null()) {
        throw Error{hob::unavailable, "the model server sent an answer without candidates: " + plain_excerpt(response.body)};
      }
      take_response(body, out);
    }
  }

  /// From then on an object without named members goes along as a text.
  bool adapt(const Json&, const hob::HttpResponse& refused) override {
    using provider_gemini::OpenObjects;
    if (refused.status != 400 || refused.body.find("should be non-empty for OBJECT") == std::string::npos) return false;
    return std::exchange(style_.open_objects, OpenObjects::as_text) != OpenObjects::as_text;
  }

  hob::HttpRequest models_request() override { return to_server("/models?pageSize=100"); }

  Json models(const hob::HttpResponse& response) override {
    const Json body = parsed(response.body, "a model list");
    hob::JsonArray models;
    for (const auto& item : body["models"].items()) {
      const JsonRef entry(item);
      const auto& methods = entry["supportedGenerationMethods"].items();
      const bool answers = methods.empty() || std::any_of(methods.begin(), methods.end(), [](const auto& method) {
        return JsonRef(method).text() == "generateContent";
      });
      std::string_view name = entry["name"].text();
      if (!answers || name.empty()) continue;
      if (name.starts_with("models/")) name.remove_prefix(7);
      hob::JsonObject model{{"id", name}};
      if (const std::int64_t window = entry["inputTokenLimit"].integer(); window > 0) model["context_window"] = window;
      models.push_back(std::move(model));
    }
    return Json{{"models", std::move(models)}};
  }

  hob::HttpRequest next_models_request(const hob::HttpResponse& response) override {
    const Json body = parsed(response.body, "a model list");
    const std::string token(body["nextPageToken"].text());
    if (token.empty()) return {};
    return to_server("/models?pageSize=100&pageToken=" + url_encoded(token));
  }

  std::string error_text(const hob::HttpResponse& response) override {
    const Json body = error_body(response);
    const std::string_view words = body["error"]["message"].text();
    return words.empty() ? plain_excerpt(response.body) : std::string(words.substr(0, 1000));
  }

  int meaning(const hob::HttpResponse& response) override {
    if (response.status != 400) return response.status;
    // A key that is wrong, and an account that must be paid for, are told as bad requests.
    const Json body = error_body(response);
    for (const auto& detail : body["error"]["details"].items())
      if (JsonRef(detail)["reason"].text().starts_with("API_KEY_")) return 401;
    return body["error"]["status"].text() == "FAILED_PRECONDITION" ? 402 : 400;
  }

  std::int64_t retry_after(const hob::HttpResponse& response) override {
    if (const std::int64_t seconds = HttpProvider::retry_after(response); seconds > 0) return seconds;
    const Json body = error_body(response);
    for (const auto& detail : body["error"]["details"].items())
      if (const std::int64_t seconds = seconds_of(JsonRef(detail)["retryDelay"].text()); seconds > 0) return seconds;
    return 0;
  }

  void take_response(JsonRef response, Exchange& out) {
    Answer& answer = answer_of(out);
    if (response["error"].is_object()) throw refused(response);
    out.model(response["modelVersion"].text());
    const JsonRef candidate = response["candidates"][0];
    for (const auto& part : candidate["content"]["parts"].items()) take_part(part, answer, out);
    const std::string_view reason = candidate["finishReason"].text();
    take_usage(response["usageMetadata"], !reason.empty() || out.has_stopped(), answer, out);
    if (const std::string_view blocked = response["promptFeedback"]["blockReason"].text(); !blocked.empty()) {
      std::string words(response["promptFeedback"]["blockReasonMessage"].text());
      throw Error{hob::invalid, "the model server blocked the prompt (" + std::string(blocked) + ")" + (words.empty() ? "" : ": " + words)};
    }
    if (!reason.empty() && !out.has_stopped()) end_answer(reason, candidate["finishMessage"].text(), answer, out);
  }

  void take_part(JsonRef part, Answer& answer, Exchange& out) {
    if (!part.is_object()) return;
    keep_part(part, answer);
    const std::string_view text = part["text"].text();
    if (part["thought"].boolean()) return out.reasoning(text);
    answer.has_text = answer.has_text || !text.empty();
    out.text(text);
    const JsonRef call = part["functionCall"];
    if (!call.is_object()) return;
    const std::string_view id = call["id"].text();
    const std::string arguments = call["args"].is_object() ? boost::json::serialize(call["args"].value()) : "{}";
    out.tool_call(answer.calls, id.empty() ? made_id(now(), answer.calls) : std::string(id), call["name"].text(), arguments);
    ++answer.calls;
  }

  static void end_answer(std::string_view reason, std::string_view words, Answer& answer, Exchange& out) {
    static constexpr std::string_view kFilters[] = {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
                                                    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"};
    if (answer.has_signature && answer.calls > 0) out.carry(hob::JsonObject{{"gemini", answer.parts}});
    if (reason == "MAX_TOKENS") return out.stop("length");
    if (std::find(std::begin(kFilters), std::end(kFilters), reason) != std::end(kFilters)) return out.stop("filtered");
    // MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, OTHER and such: what there is may be whole; with nothing, it failed.
    if (reason != "STOP" && answer.calls == 0 && !answer.has_text) {
      throw Error{hob::unavailable, "the model ended without an answer (" + std::string(reason) + ")" + (words.empty() ? "" : ": " + std::string(words.substr(0, 500)))};
    }
    out.stop(answer.calls > 0 ? "tool_calls" : "end");
  }

  hob::HttpRequest to_server(std::string_view path) const {
    hob::HttpRequest http;
    http.url = base_url_ + std::string(path);
    http.headers = headers_;
    http.connect_timeout = connect_timeout_;
    http.stall_timeout = stall_timeout_;
    return http;
  }

  static std::string url_encoded(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~").find(c) != std::string_view::npos;
      if (is_plain) {
        out += c;
      } else {
        out.append(1, '%').append(1, kDigits[static_cast<unsigned char>(c) >> 4]).append(1, kDigits[static_cast<unsigned char>(c) & 15]);
      }
    }
    return out;
  }
  /// "gemini-2.5-pro", or with its collection: "tunedModels/mine".
  static std::string model_path(std::string_view model) {
    const std::size_t slash = model.find('/');
    if (slash == std::string_view::npos) return "models/" + url_encoded(model);
    return url_encoded(model.substr(0, slash)) + "/" + url_encoded(model.substr(slash + 1));
  }

  static Json parsed(std::string_view text, const char* what) {
    try {
      return Json::parse(text);
    } catch (const Error&) {
      std::string shown = plain_excerpt(text);
      if (shown.empty()) shown = "it is empty";
      throw Error{hob::unavailable, "the model server sent " + std::string(what) + " that is not JSON: " + shown};
    }
  }
  /// The object around the error; null where the body is none, say a proxy's page.
  static Json error_body(const hob::HttpResponse& response) {
    try {
      Json body = Json::parse(response.body);
      if (body[0].is_object()) return Json(body[0].value());
      return body;
    } catch (const Error&) {
      return {};
    }
  }

  Error refused(JsonRef body) {
    hob::HttpResponse response;
    const std::int64_t code = body["error"]["code"].integer();
    response.status = code >= 400 && code <= 599 ? static_cast<int>(code) : 500;
    response.body = boost::json::serialize(body.value());
    return failure(response);
  }

  std::string base_url_;
  std::vector<std::pair<std::string, std::string>> headers_;
  provider_gemini::Style style_;
  std::chrono::milliseconds connect_timeout_{}, stall_timeout_{};
};

}  // namespace
HOB_PLUGIN("provider_gemini", Gemini)
